"""The demo's chat page in a real browser, talking through a real proxy."""

import os
import re
import sys
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEndTests"))
from harness.processes import free_port, http_get, until  # noqa: E402
from harness.proxy import DemoProxy  # noqa: E402

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".build/screenshots"
SIZES = {"laptop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The demo without clients of its own, its chat page at `.page`."""
    proxy = DemoProxy(tmp_path_factory.mktemp("chat"))
    port = free_port()
    proxy.page = f"http://127.0.0.1:{port}/"
    proxy.start("--demo", "--chat-port", str(port))
    until(lambda: http_get(port, "/settings.json")[0] == 200, "the page is there")
    yield proxy
    if not proxy.stopped_by_test:
        proxy.stop()


@pytest.fixture(scope="module")
def chromium():
    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    driver = os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield browser
    browser.quit()


class Page:
    def __init__(self, browser, url: str):
        self.browser, self.url = browser, url
        self.look("light", "laptop")
        self.load()

    def load(self, url: str | None = None):
        self.browser.get(url or self.url)
        until(lambda: self.all("#agents input"), "the agents are listed")

    def look(self, scheme: str, size: str):
        width, height = SIZES[size]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def all(self, selector: str):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def be(self, kind: str):
        self.one(f"input[name=kind][value={kind}]").click()

    def say(self, agent: str, words: str):
        self.one(f"input[name=agent][value='{agent}']").click()
        self.one("#message").send_keys(words, Keys.ENTER)

    def entries(self, kind: str) -> list[str]:
        return [each.text for each in self.all(f".entry.{kind} .words")]

    def ask(self, agent: str, words: str) -> str:
        """Says it and returns what is answered next."""
        before = len(self.entries("reply"))
        self.say(agent, words)
        return until(lambda: self.entries("reply")[before:], f"{agent} answers {words}")[0]

    def socket(self, name: str):
        return until(lambda: [each for each in self.all(".socket") if each.text.startswith(name + "\n")], name)[0]

    def state(self, name: str) -> str:
        return self.socket(name).find_element(By.CSS_SELECTOR, ".state").text

    def ended(self, name: str) -> str:
        until(lambda: self.state(name) == "closed", f"{name} is closed")
        return self.socket(name).find_element(By.CSS_SELECTOR, ".socket-end").text

    def press(self, name: str):
        self.socket(name).find_element(By.CSS_SELECTOR, ".socket-button").click()

    def token(self) -> str:
        return self.one("#token").get_property("value")

    def complaints(self) -> list[str]:
        return [line["message"] for line in self.browser.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def page(served, chromium):
    page = Page(chromium, served.page)
    page.complaints()
    yield page
    assert page.complaints() == []


AGENTS = ["guide", "liaison/content", "liaison/insights", "liaison/operations", "liaison/business_outcomes"]


def test_a_new_client_talks_to_all_agents_over_one_socket(page):
    for agent in AGENTS:
        assert page.ask(agent, "hello") == f"{agent.split('/')[-1]}: hello"
    assert len(page.all(".socket")) == 1
    assert page.state("all agents") == "open"
    assert page.one("#socket-count").text == "1 open"


def test_an_old_client_opens_a_socket_for_each_agent(page):
    page.be("old")
    for agent in AGENTS:
        assert page.ask(agent, "hello") == f"{agent.split('/')[-1]}: hello"
    assert [page.state(agent) for agent in AGENTS] == ["open"] * 5
    assert page.one("#socket-count").text == "5 open"


def test_raw_json_is_shown_on_demand(page):
    page.ask("liaison/content", "hello")
    raw = page.one(".entry.reply .raw")
    assert not raw.find_element(By.TAG_NAME, "pre").is_displayed()
    raw.find_element(By.TAG_NAME, "summary").click()
    text = raw.find_element(By.TAG_NAME, "pre").text
    assert '"message":"content: hello"' in text and '"pillar":"content"' in text


def test_what_agents_say_is_text_and_never_markup(page):
    hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script><b>bold</b>'
    assert page.ask("guide", hostile) == f"guide: {hostile}"
    assert page.all("#log img, #log script, #log .words b") == []
    assert page.browser.title == "Chat through Shunt"


def test_an_error_is_told_from_a_reply(page):
    page.say("guide", "/fail")
    assert until(lambda: page.entries("bad"), "the error is shown") == ["Failed to process message: /fail"]
    assert page.one(".entry.bad .tag").text.startswith("error")
    assert page.ask("guide", "still there?") == "guide: still there?"


def test_a_close_is_shown_with_code_and_reason_and_a_button_reconnects(page):
    page.be("old")
    page.say("guide", "/close 4001")
    ended = page.ended("guide")
    assert "4001" in ended and "“closed on request”" in ended and "not answered" in ended
    page.press("guide")
    until(lambda: page.state("guide") == "open", "it is open again")
    assert page.ask("guide", "back") == "guide: back"
    page.press("guide")
    assert "1000" in page.ended("guide") or "1005" in page.ended("guide")


def test_a_closed_endpoint_and_the_refusal_behind_it_are_said(served, page):
    page.be("old")
    page.ask("guide", "hello")
    served.cli("phase", "complete", "--reason", "test", "--yes")
    try:
        assert "4410" in page.ended("guide")
        page.press("guide")
        until(lambda: "1006" in page.ended("guide"), "the refusal is shown")
        page.be("new")
        assert page.ask("guide", "hello again") == "guide: hello again"
    finally:
        served.cli("phase", "parallel", "--reason", "test", "--yes")
    # The browser itself complains about the refused handshake, naming its URL.
    assert [text for text in page.complaints() if "410" not in text] == []


def test_the_token_is_in_no_url_of_the_page_and_stored_nowhere(page):
    token = page.token()
    assert re.fullmatch(r"chat-[0-9a-f]{16}", token)
    page.ask("guide", "hello")
    page.one("#token").send_keys(Keys.ENTER)
    assert page.browser.current_url == page.url
    script = "return [localStorage.length, sessionStorage.length, document.cookie, document.body.innerText]"
    local, session, cookie, text = page.browser.execute_script(script)
    assert (local, session, cookie) == (0, 0, "")
    assert token not in text
    assert page.browser.execute_async_script("indexedDB.databases().then((all) => arguments[0](all.length))") == 0
    page.load()
    assert page.token() != token


def test_the_backend_sees_the_token_of_the_field(page):
    field = page.one("#token")
    field.clear()
    field.send_keys("a token & more")
    page.ask("guide", "/whoami")
    page.one(".entry.reply summary").click()
    assert '"token":"a token & more"' in page.one(".entry.reply pre").text


def test_a_new_session_begins_without_sockets_of_the_old_one(page):
    page.ask("guide", "hello")
    before = page.token()
    page.one("#another").click()
    assert page.token() != before
    page.ended("all agents")
    assert page.ask("guide", "hello") == "guide: hello"


def test_it_is_usable_by_keyboard_alone(page):
    def focused():
        return page.browser.execute_script("return document.activeElement.id || document.activeElement.value")

    def tab():
        page.browser.switch_to.active_element.send_keys(Keys.TAB)

    page.one("body").send_keys(Keys.TAB)
    for _ in range(20):
        if focused() == "message":
            break
        tab()
    assert focused() == "message"
    page.browser.switch_to.active_element.send_keys("by hand", Keys.ENTER)
    until(lambda: page.entries("reply") == ["guide: by hand"], "it is answered")
    assert focused() == "message"


def test_every_field_and_button_has_a_name(page):
    page.ask("guide", "hello")
    for element in page.all("input, button, summary, [role=log]"):
        if element.is_displayed():
            assert element.accessible_name, element.get_attribute("outerHTML")


def test_big_replies_are_cut_for_the_eye(page):
    page.say("guide", "/big 200000")
    words = until(lambda: page.entries("reply"), "it is answered", 20)[0]
    assert len(words) < 5000 and "characters in all" in words


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off_or_unreadable(page, scheme, size):
    page.look(scheme, size)
    page.load()
    page.ask("liaison/business_outcomes", "word " * 30 + "w" * 120)
    page.be("old")
    page.ask("guide", "hello")
    page.say("guide", "/close 4001")
    page.ended("guide")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.browser.save_screenshot(str(SCREENSHOTS / f"chat-{scheme}-{size}.png"))
    wide, seen = page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
    for selector in (".words", ".hint", ".state", ".entry-head", "legend", "h2", "#send", "summary", ".socket-end"):
        for element in page.all(selector)[:3]:
            if element.is_displayed():
                assert contrast(page.browser, element) >= 4.5, f"{selector} in {scheme}"


def contrast(browser, element) -> float:
    """Of an element's text with what lies behind it (WCAG 2.2, contrast ratio)."""
    text, behind = browser.execute_script(
        """
        const colour = (css) => {
          const canvas = new OffscreenCanvas(1, 1).getContext('2d')
          canvas.fillStyle = css
          canvas.fillRect(0, 0, 1, 1)
          return [...canvas.getImageData(0, 0, 1, 1).data]
        }
        let back = arguments[0]
        while (back.parentElement && colour(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement
        return [colour(getComputedStyle(arguments[0]).color), colour(getComputedStyle(back).backgroundColor)]
        """,
        element,
    )

    def luminance(colour):
        parts = [each / 255 for each in colour[:3]]
        parts = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(text), luminance(behind)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
