"""A page that shows its token in a subprotocol, and a newer one on the open socket."""

import base64
import re

import pytest
from harness import configuration, merged
from harness.fixtures import proxies
from harness.issuer import Issuer, Key
from harness.proxy import REPOSITORY
from harness.tokens import remember

TALK = """
const [port, token, newer, done] = arguments;
const said = [];
const hide = (token) => btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const socket = new WebSocket(`ws://127.0.0.1:${port}/api/ws/agent`, ["shunt.v1", "shunt.token." + hide(token)]);
const end = (why) => done({ said, why, protocol: socket.protocol });
socket.onopen = () => socket.send(JSON.stringify({ agent_type: "guide", message: "hello" }));
socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    said.push(message);
    if (message.message === "guide: hello" && newer) {
        socket.send(JSON.stringify({ type: "session_refresh", session_token: newer }));
    } else if (message.type === "session_refreshed") {
        // Past the end of the first token.
        setTimeout(() => socket.send(JSON.stringify({ agent_type: "guide", message: "again" })), 4000);
    } else if (message.message === "guide: again") {
        end("answered");
    }
};
socket.onclose = (event) => end([event.code, event.reason]);
"""


@pytest.fixture
def issuer():
    with Issuer() as made:
        made.keys = [Key("one")]
        yield made


@pytest.fixture
def proxy(backends, issuer, tmp_path):
    session = issuer.by_token() | {"token": ["protocol"], "expiry": {"notice": "2s"}}
    settings = configuration(backends.legacy.port, backends.unified.port, {"unified": {"refuse": {"close": 4001}}})
    with proxies(tmp_path) as start:
        yield start(merged(settings, {"session": session}))


@pytest.fixture
def talk(driver, proxy):
    """What a page of the proxy's own origin hears."""
    driver.set_script_timeout(30)

    def talk(token: str, newer: str | None = None) -> dict:
        remember(base64.urlsafe_b64encode(token.encode()).decode().rstrip("="))
        driver.get(f"http://127.0.0.1:{proxy.port}/healthz")
        return driver.execute_async_script(TALK, proxy.port, token, newer)

    yield talk
    driver.get("about:blank")


def test_a_page_refreshes_its_session(talk, issuer, backends):
    key = issuer.keys[0]
    heard = talk(key.token("anna", 3), key.token("anna", 600))
    assert heard["why"] == "answered", heard
    assert heard["protocol"] == "shunt.v1"
    kinds = [message["type"] for message in heard["said"]]
    assert "session_refreshed" in kinds and "session_expired" not in kinds


def test_a_page_that_does_not_is_told_and_closed(talk, issuer):
    heard = talk(issuer.keys[0].token("anna", 3))
    kinds = [message["type"] for message in heard["said"]]
    assert kinds[-2:] == ["session_expiring", "session_expired"]
    assert heard["why"] == [4001, "session expired"]


def test_a_page_with_a_bad_token_sees_the_close_code(talk):
    heard = talk(Key("one").token("anna"))
    assert heard["said"] == []
    assert heard["why"] == [4001, "session_refused"]


def test_the_page_s_code_in_the_documentation_is_this():
    page = (REPOSITORY / "Sources/shunt/Documentation.docc/Sessions.md").read_text()
    code = re.search(r"^```js\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1]
    assert 'btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")' in code
    assert '["shunt.v1", `shunt.token.${hidden}`]' in code
