"""Tokens, and a proxy that goes away while the page is open."""

import pytest
from harness import new_token

from browser import Dashboard

TOKENS = {"admin": {"tokens": {"read": "reader-of-all", "write": "writer-of-all"}}}


@pytest.fixture
def guarded(start_proxy):
    return start_proxy(TOKENS)


@pytest.fixture
def asking(open_page, guarded) -> Dashboard:
    page = open_page(guarded)
    page.until(lambda: page.shows("#signin"), "the page asks for a token")
    return page


@pytest.mark.console("401")
def test_a_wrong_token_is_refused_and_asked_for_again(asking):
    assert not asking.shows("#page"), "nothing is shown to who has no token"
    asking.write("#token", "guess")
    asking.click("#signin button")
    asking.says("#token-problem", "not one of this proxy's")
    assert asking.shows("#signin") and not asking.shows("#page")
    asking.write("#token", "writer-of-all")
    asking.click("#signin button")
    asking.is_live()
    assert not asking.shows("#signin")
    assert "writer-of-all" not in asking.storage(), "the token is kept in the tab's session alone"
    asking.driver.refresh()
    asking.is_live()
    asking.click("#leave")
    asking.until(lambda: asking.shows("#signin"), "the token is forgotten")


@pytest.mark.console("401")
def test_a_read_token_shows_everything_and_changes_nothing(asking, guarded):
    asking.write("#token", "reader-of-all")
    asking.click("#signin button")
    asking.is_live()
    asking.says("#readonly", "This token may read only")
    controls = asking.all("#routes-table tbody button, #phases button")
    assert len(controls) > 20 and not any(each.is_enabled() for each in controls)
    asking.says("#summary", "legacy endpoint")
    asking.screenshot("read-only")


@pytest.mark.console("401")
def test_a_write_token_makes_changes(asking, guarded):
    asking.write("#token", "writer-of-all")
    asking.click("#signin button")
    asking.is_live()
    assert not asking.shows("#readonly")
    asking.press("guide", "unified")
    asking.apply("with a token")
    asking.dialog_closes()
    asking.until(lambda: asking.served_by("guide") == "Unified", "it is done")
    status, answer, _ = guarded.admin("GET", "/audit", Authorization="Bearer reader-of-all")
    assert status == 200 and answer["entries"][0]["reason"] == "with a token"


@pytest.mark.console("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "503")
def test_a_restart_is_seen_and_gone_by_itself(page, proxy):
    page.driver.execute_script("window.isTheSamePage = true")
    proxy.stop()
    page.says("#stale", "No data since")
    assert page.text("#link") == "no data"
    assert float(page.run("return getComputedStyle(document.getElementById('page')).opacity")) < 1
    assert page.all("#routes-table tbody tr"), "what was known stays"
    page.screenshot("stale")
    proxy.write({"routes": {"guide": {"served_by": "unified"}}})
    proxy.start()
    page.until(lambda: not page.shows("#stale") and page.text("#link") == "live", "the page recovers", 30)
    page.until(lambda: page.served_by("guide") == "Unified", "the new process has read another file")
    with proxy.connect(new_token()) as client:
        client.ask("guide", "hello")
        page.until(lambda: page.text("#tile-sockets .big") == "1", "and shows what is now")
    assert page.run("return window.isTheSamePage")


@pytest.mark.console("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
def test_a_change_while_nobody_answers_says_so(page, proxy):
    page.press("guide", "unified")
    proxy.stop()
    page.apply("too late")
    page.says("dialog .problem", "the proxy does not answer")
