"""Changes by hand: each shows what it does, asks why, and really does it."""

import pytest
from harness import new_token
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def side(client) -> str:
    return "unified" if client.ask("guide", "who?")["message"].startswith("unified ") else "legacy"


def test_a_route_is_toggled_with_a_reason(page, proxy):
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path="/api/ws/guide") as old:
        assert side(client) == "legacy"
        old.send_text('{"message":"old"}')
        old.receive()
        page.until(lambda: page.cell("guide", "Sockets") == "1", "the old socket is seen")
        page.press("guide", "unified")
        effects = page.effects()
        assert "1 socket of old clients is open on /api/ws/guide." in effects
        assert "Every session goes to unified" in effects and "The file says legacy" in effects
        page.screenshot("dialog")
        page.apply()
        page.says("dialog .problem", "Say why")
        assert side(client) == "legacy", "nothing happens without a reason"
        page.apply("the new backend is ready", "Zoë")
        page.dialog_closes()
        page.until(lambda: page.served_by("guide") == "Unified", "the row shows it")
        assert side(client) == "unified", "and so it is"
    entry = proxy.state("audit")["entries"][0]
    assert (entry["reason"], entry["by"], entry["subject"]) == ("the new backend is ready", "Zoë", "guide")
    page.says("#events-list", "the new backend is ready")
    why = "override by Zoë: the new backend is ready · the file says legacy"
    page.until(lambda: why in page.cell("guide", "Served by"), "and why")
    page.pick("#events-which", "audit")
    page.says("#events-list", "guide: legacy → unified by Zoë: the new backend is ready")


def test_a_share_is_set_and_taken_back(page, proxy):
    page.press("liaison/content", "share")
    page.write("dialog input[type=number]", "37.5")
    page.says("dialog .move .to", "37.5%")
    assert "38 % of all sessions go to unified" in page.effects()
    page.apply("a third and a bit")
    page.dialog_closes()
    page.until(lambda: page.served_by("liaison/content") == "37.5%", "the row shows the share")
    assert proxy.route("liaison/content")["served_by"] == "37.5%"
    page.press("liaison/content", "share")
    page.click('dialog input[value="file"]')
    assert "The override 37.5% ends." in page.effects()
    page.apply("enough seen")
    page.dialog_closes()
    page.until(lambda: page.served_by("liaison/content") == "Legacy", "the file counts again")
    page.says("#events-list", "a third and a bit")
    page.says("#events-list", "enough seen")
    assert "override" not in proxy.route("liaison/content")


@pytest.mark.console("412")
def test_somebody_elses_change_is_seen_before_ones_own_is_made(page, proxy):
    page.press("guide", "unified")
    proxy.serve("guide", "25%")
    page.apply("I saw legacy")
    page.says("dialog .problem", "Somebody else changed something meanwhile. Nothing was done.")
    page.until(lambda: page.texts("dialog .move b") == ["25%", "unified"], "how things are now")
    assert proxy.route()["served_by"] == "25%"
    page.apply()
    page.dialog_closes()
    assert proxy.route()["served_by"] == "unified"


def test_a_route_is_paused_and_resumed(page, proxy):
    with proxy.connect(new_token()) as client:
        page.press("guide", "pause")
        assert "Its messages wait in bounded queues" in page.effects()
        page.apply("the backend moves")
        page.dialog_closes()
        page.until(lambda: page.button("guide", "resume").text == "Resume", "the row shows it")
        client.send("guide", "patience")
        page.until(lambda: page.cell("guide", "Waiting") == "1", "the message that waits is seen")
        page.press("guide", "resume")
        assert "1 waiting message is sent" in page.effects()
        page.apply("it has moved")
        page.dialog_closes()
        assert "patience" in client.receive()["message"]


def test_a_phase_says_what_moves_and_what_does_not(start_proxy, open_page):
    proxy = start_proxy({"routes": {"guide": {"hold": "legacy"}}})
    page = open_page(proxy).is_live()
    page.click("[data-phase=deprecate]")
    page.dialog_is_ready()
    said = page.text("dialog .review")
    assert "Routes that move (4)" in said and "guide stays legacy hold" in said
    assert "4 routes move" in page.effects() and "1 route will not move" in page.effects()
    page.screenshot("phase")
    page.apply("all is ready")
    page.dialog_closes()
    page.until(lambda: page.all("[data-phase=deprecate][aria-current=step]"), "the phase is shown")
    page.says("#phase-why", "set by hand; the file says migrate")
    assert proxy.state("status")["phase"] == "deprecate"
    page.until(lambda: page.served_by("liaison/content") == "Unified", "routes follow")
    assert page.served_by("guide") == "Legacy"


def test_a_toggle_needs_no_mouse(page, proxy):
    keys = page.driver.switch_to.active_element
    for _ in range(60):
        keys = page.driver.switch_to.active_element
        if page.run("return document.activeElement.matches('[data-want=unified]')"):
            break
        keys.send_keys(Keys.TAB)
    assert page.run("return document.activeElement.closest('tr').querySelector('.name').textContent") == "guide"
    outline = page.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "who has the focus is seen"
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.dialog_is_ready()
    for _ in range(20):
        if page.run("return document.activeElement.id") == "reason":
            break
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
    page.driver.switch_to.active_element.send_keys("by keyboard")
    for _ in range(5):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        if page.driver.switch_to.active_element.get_attribute("type") == "submit":
            break
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.dialog_closes()
    assert proxy.route()["override"]["reason"] == "by keyboard"
    assert page.run("return document.activeElement.dataset.want") == "unified", "the focus is back where it was"
    assert page.text("#announce"), "and what was done is said"
    page.press("guide", "legacy")
    page.driver.find_element(By.CSS_SELECTOR, "dialog").send_keys(Keys.ESCAPE)
    page.dialog_closes()
    assert proxy.route()["served_by"] == "unified", "Escape changes nothing"
