"""Chromium, driven by selenium, and the dashboard as a person sees it."""

import base64
import json
import os
import shutil
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / ".build/screenshots"


def start_browser(downloads: Path) -> webdriver.Chrome:
    """A headless Chromium with a profile of its own; Debian's, unless CHROMIUM and CHROMEDRIVER name others."""
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1366,900"]:
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


class Dashboard:
    """The page in a browser. Whatever is waited for is asked again and again until it is so."""

    def __init__(self, driver: webdriver.Chrome, port: int):
        self.driver = driver
        self.address = f"http://127.0.0.1:{port}"

    def open(self, path: str = "/") -> "Dashboard":
        self.driver.get(self.address + path)
        return self

    def until(self, condition, what: str, seconds: float = 20):
        wait = WebDriverWait(
            self.driver, seconds, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
        )
        return wait.until(lambda _: condition(), f"not within {seconds} s: {what}")

    def is_live(self) -> "Dashboard":
        """Waits for the first sample and the first look at the routes."""
        self.until(
            lambda: self.text("#link") == "live" and self.all("#routes-table tbody tr"), "the page is live with routes"
        )
        return self

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Of the first such element, as it is rendered; empty where there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector: str) -> list[str]:
        return self.run("return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)", selector)

    def shows(self, selector: str) -> bool:
        return any(each.is_displayed() for each in self.all(selector))

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def says(self, selector: str, part: str, seconds: float = 20):
        self.until(lambda: part in self.text(selector), f"{selector} says {part!r}", seconds)

    def write(self, selector: str, text: str):
        self.one(selector).send_keys(Keys.CONTROL + "a", Keys.NULL, Keys.DELETE, text)

    def pick(self, selector: str, value: str):
        self.one(f'{selector} option[value="{value}"]').click()

    def click(self, selector: str):
        self.until(lambda: self.one(selector).is_enabled(), f"{selector} can be clicked")
        self.scroll_to(self.one(selector))
        self.one(selector).click()

    def scroll_to(self, element: WebElement):
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)

    # The routes

    def row(self, route: str) -> WebElement:
        path = f'//*[@id="routes-table"]//tbody/tr[.//*[@class="name" and text()="{route}"]]'
        return self.driver.find_element(By.XPATH, path)

    def cell(self, route: str, label: str) -> str:
        """What a route's row says under a header, such as `Legacy msg/s`."""
        return self.run(
            'return arguments[0].querySelector(`[data-label="${arguments[1]}"]`).innerText', self.row(route), label
        )

    def button(self, route: str, name: str) -> WebElement:
        return self.row(route).find_element(By.CSS_SELECTOR, f'[data-want="{name}"], [data-action="{name}"]')

    def press(self, route: str, name: str):
        """Presses a button of a route's row, and waits until the dialog has looked at what it would do."""
        self.scroll_to(self.button(route, name))
        self.button(route, name).click()
        self.dialog_is_ready()

    def served_by(self, route: str) -> str:
        return self.row(route).find_element(By.CSS_SELECTOR, '[aria-pressed="true"]').text

    # The dialog

    def dialog_is_ready(self):
        self.until(lambda: self.all("dialog[open] .effects li"), "the dialog says what happens")

    def effects(self) -> str:
        return " ".join(self.texts("dialog .effects li"))

    def apply(self, reason: str | None = None, author: str | None = None):
        if reason is not None:
            self.write("#reason", reason)
        if author is not None:
            self.write("#author", author)
        self.click("dialog button[type=submit]")

    def dialog_closes(self):
        self.until(lambda: not self.all("dialog[open]"), "the change is done and its dialog closed")

    # How it looks

    def media(self, *, dark: bool = False, width: int = 1366, height: int = 900):
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def screenshot(self, name: str):
        """The whole page, for people to look at: kept as .build/screenshots/NAME.png."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], 6000), "scale": 1}
        image = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
        )
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(image["data"]))

    def console_errors(self) -> list[str]:
        """Errors and violations of the content policy since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "ERROR")]

    def storage(self) -> str:
        script = "return [{...localStorage}, document.cookie, location.href, document.body.innerHTML]"
        return json.dumps(self.run(script))
