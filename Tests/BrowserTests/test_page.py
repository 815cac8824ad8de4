"""The page by itself: what it shows, to whom, and that it stays within its own house."""

import re
import threading

import pytest
from harness import LEGACY_PATHS, new_token
from harness.client import ROUTES

SECTIONS = ["overview", "routes", "verdicts", "usage", "pools", "events"]

# How readable each piece of text is: its colour against what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const rgb = (text, under) => {
  canvas.fillStyle = `rgb(${under})`; canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
};
const light = (colour) => colour.map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
const white = [255, 255, 255];
const behind = (node) => (node ? rgb(getComputedStyle(node).backgroundColor, behind(node.parentElement)) : white);
const found = [];
for (const node of document.querySelectorAll('body *')) {
  const text = [...node.childNodes].filter((each) => each.nodeType === 3).map((each) => each.data.trim()).join('');
  if (!text || node.disabled || node.closest('[disabled], .unseen, noscript') || !node.checkVisibility()) continue;
  const style = getComputedStyle(node);
  const ground = behind(node);
  const ink = rgb(node instanceof SVGElement ? style.fill : style.color, ground);
  const [high, low] = [light(ink), light(ground)].sort((left, right) => right - left);
  const ratio = (high + 0.05) / (low + 0.05);
  if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)} (${node.className})`);
}
return found;
"""

# Controls and pictures that a screen reader has no name for.
UNNAMED = """
return [...document.querySelectorAll('input, select, button, [role=img]')]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.labels?.length || each.getAttribute('aria-label') || each.innerText?.trim()))
  .map((each) => each.outerHTML);
"""

# What reaches beyond the window.
TOO_WIDE = """
return [...document.querySelectorAll('main *')]
  .filter((each) => each.checkVisibility() && !each.closest('.unseen'))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 90));
"""


@pytest.fixture
def talkers(proxy):
    """Old and new clients that ask again and again until the test ends."""
    done = threading.Event()

    def talk(agent: str, old: bool):
        headers = {"x-client-name": "web" if old else "web-next", "x-client-version": "2.1" if old else "3.0"}
        path = LEGACY_PATHS[agent] if old else "/api/ws/agent"
        with proxy.connect(new_token(), path=path, headers=headers) as client:
            while not done.wait(0.05):
                client.ask(agent, "hello")

    threads = [
        threading.Thread(target=talk, args=case)
        for case in [("guide", True), ("guide", False), ("content", True), ("content", False)]
    ]
    for thread in threads:
        thread.start()
    yield threads
    done.set()
    for thread in threads:
        thread.join()


def test_the_page_opens_with_its_landmarks_and_loads_nothing_from_elsewhere(page):
    assert page.driver.title == "Shunt"
    assert page.texts("nav a") == ["Overview", "Routes", "Endpoints", "Clients", "Pools", "Events"]
    for section in SECTIONS:
        page.until(lambda section=section: page.shows(f"#{section} h2"), f"{section} is shown")
    assert len(page.all("main")) == len(page.all("h1")) == 1
    names = [row.split("\n")[0] for row in page.texts("#routes-table tbody tr")]
    assert names == list(ROUTES.values())
    assert page.all("[aria-label='Phase of the migration'] [aria-current=step][data-phase=migrate]")
    origins = page.run("return performance.getEntriesByType('resource').map((each) => new URL(each.name).origin)")
    assert set(origins) == {page.address}
    assert page.run(UNNAMED) == []


def test_the_short_path_leads_to_the_page(open_page, proxy):
    page = open_page(proxy, "/dashboard").is_live()
    assert page.driver.current_url == page.address + "/"


def test_what_clients_do_is_seen_without_reloading(page, talkers):
    page.says("#tile-rate dd", " legacy")
    page.until(lambda: float(page.cell("guide", "Legacy msg/s").replace("–", "0")) > 1, "guide's messages are counted")
    page.until(lambda: page.cell("guide", "Legacy p50 / p99").endswith("ms"), "and timed")
    page.until(lambda: page.cell("guide", "Sockets") == "1", "the old socket is seen")
    page.says("#tile-served", "0 %")
    # As many old as new, but for rounded rates.
    half = re.compile(r"(?<![\d.])(4\d|5\d|60)(\.\d+)? %")
    page.until(lambda: half.search(page.text("#tile-clients")), "half of them are new")
    page.until(lambda: page.all("#live-chart .line.legacy"), "the chart is drawn")
    assert "messages a second by legacy" in page.one("#live-chart svg").get_attribute("aria-label")
    page.says("#pools-table", "guide")
    page.until(lambda: [each for each in page.texts("#pools-table tbody tr") if each.split()[3] != "0"], "connections")
    page.screenshot("light")
    page.media(dark=True)
    page.screenshot("dark")


def test_text_is_readable_by_day_and_by_night(page, talkers):
    page.until(lambda: page.cell("guide", "Legacy p50 / p99").endswith("ms"), "there is something to read")
    for dark in (False, True):
        page.media(dark=dark)
        assert page.run(CONTRAST) == []
        page.press("guide", "share")
        assert page.run(CONTRAST) == []
        page.one("dialog .buttons button").click()


def test_a_proxy_that_nobody_uses_says_so(page):
    page.says("#summary", "None of the 6 legacy endpoints is in use")
    page.says("#tile-served", "no messages now")
    page.says("#usage-table", "Nobody said anything in this time.")
    page.says("#days-chart", "nothing was counted yet")
    page.says("#verdict-list", "too short")
    page.screenshot("empty")


@pytest.mark.parametrize("width", [380, 320])
def test_a_phone_needs_no_sideways_scroll(page, talkers, width):
    page.media(width=width, height=800)
    page.until(lambda: page.cell("guide", "Legacy p50 / p99").endswith("ms"), "there is something to see")
    page.says("#usage-table", "web")
    size = page.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert size == [width, width]
    assert page.run(TOO_WIDE) == []
    if width == 380:
        page.screenshot("phone")
    page.press("guide", "share")
    box = page.one("dialog").rect
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    if width == 380:
        page.screenshot("phone-dialog")


def test_of_a_thousand_routes_a_part_is_shown_and_any_is_found(start_proxy, open_page, legacy_url):
    routes = {
        f"agent{number:04}": {
            "match": {"agent_type": f"agent{number:04}"},
            "legacy": {"path": f"/api/ws/many/{number:04}", "upstream": {"url": legacy_url}},
        }
        for number in range(1000)
    }
    page = open_page(start_proxy({"routes": routes})).is_live()
    assert len(page.all("#routes-table tbody tr")) == 200
    page.says("#routes-table .foot", "200 of 1,005 rows")
    page.write("#routes-filter", "agent0999")
    page.until(lambda: len(page.all("#routes-table tbody tr")) == 1, "the filter finds one of them")
    page.press("agent0999", "share")
    page.one("dialog .buttons button").click()
    page.write("#routes-filter", "")
    page.click("#routes-table .foot button")
    page.until(lambda: len(page.all("#routes-table tbody tr")) == 400, "more are shown")
    size = page.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert size[0] == size[1]


@pytest.fixture
def legacy_url(backends):
    return f"ws://127.0.0.1:{backends.legacy.port}/api/ws/guide"
