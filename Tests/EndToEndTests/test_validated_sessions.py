"""Sessions whose tokens are validated: by their signature, and by the team's own session service."""

import base64
import contextlib
import json
import re
import subprocess
import sys
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness import Proxy, address, configuration, free_port, is_error, merged, until
from harness.fixtures import proxies
from harness.issuer import Issuer, Key
from harness.processes import http_get
from harness.proxy import REPOSITORY
from harness.tokens import new_token, remember

SERVED_BY_UNIFIED = {"routes": {"guide": {"served_by": "unified"}, "liaison/{pillar}": {"served_by": "unified"}}}


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as made:
        yield made


@pytest.fixture
def started(backends, issuer, tmp_path):
    """Starts a proxy with these settings of `session`, and of what else."""
    issuer.keys, issuer.body = [Key("one")], None
    with proxies(tmp_path) as start:

        def with_session(session: dict, changes: dict | None = None):
            settings = configuration(backends.legacy.port, backends.unified.port, changes)
            return start(merged(settings, {"session": session}))

        yield with_session


@pytest.fixture
def by_token(started, issuer):
    return started(issuer.by_token())


@contextlib.contextmanager
def refused(status: int, code: str):
    """The handshake is answered so, and says why in JSON."""
    with pytest.raises(InvalidStatus) as failure:
        yield
    answer = failure.value.response
    assert answer.status_code == status, answer
    assert json.loads(answer.body)["error"]["code"] == code
    assert ("Retry-After" in answer.headers) == (status == 503)


def closed(client) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as failure:
        while True:
            client.receive_text()
    return failure.value.rcvd.code, failure.value.rcvd.reason


def test_a_good_token_is_let_in_and_others_are_not(by_token, issuer):
    key, stranger = issuer.keys[0], Key("one")
    with by_token.connect(key.token("anna")) as client:
        assert client.ask("guide", "hello")["message"] == "guide: hello"
    for token in [
        stranger.token("anna"),
        key.token("anna", seconds=-5),
        key.token("anna", exp=None),
        key.token("anna", aud="others"),
        key.token("anna", iss="https://elsewhere.example.com"),
        key.token("anna", nbf=time.time() + 60),
        key.token("anna", sid=None),
        key.token("anna", kid="nobody"),
        new_token("opaque"),
        "x" * 12000,
    ]:
        with refused(401, "session_refused"):
            by_token.connect(token)
    with refused(401, "token_required"):
        by_token.connect()
    log = by_token.log
    assert "client turned away" in log


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_other_algorithms(started, issuer, algorithm):
    issuer.keys = [Key("other", algorithm)]
    proxy = started(issuer.by_token())
    with proxy.connect(issuer.keys[0].token("anna")) as client:
        assert client.ask("guide", "hello")["message"] == "guide: hello"


def test_two_tokens_of_one_session_are_one_session(by_token, issuer, legacy):
    key = issuer.keys[0]
    first, second = key.token("shared", 500), key.token("shared", 900)
    with by_token.connect(first) as one, by_token.connect(second) as two:
        one.ask("guide", "1")
        two.ask("guide", "2")
        assert by_token.state("status")["now"]["sessions"] == 1
        with by_token.connect(key.token("another")) as three:
            three.ask("guide", "3")
            assert by_token.state("status")["now"]["sessions"] == 2
    seen = legacy.seen(second)
    assert seen["dialled"] == 1, "the connection is the session's, dialled with its newest token"
    assert legacy.seen(first)["dialled"] == 0


def test_keys_are_rotated_while_sockets_come(by_token, issuer):
    old, new = issuer.keys[0], Key("two")
    with by_token.connect(old.token("anna")) as client:
        # The issuer signs with a key that nobody has fetched yet.
        issuer.keys = [old, new]
        before = issuer.fetches
        by_token.connect(new.token("bert")).close()
        assert issuer.fetches == before + 1, "an unknown key is looked for at once"
        assert client.ask("guide", "still here")["message"] == "guide: still here"
        for _ in range(5):
            with refused(401, "session_refused"):
                by_token.connect(Key("three").token("carl"))
        assert issuer.fetches == before + 1, "and not again and again"


def test_keys_stay_when_their_url_is_down(by_token, issuer):
    port = issuer.port
    issuer.stop()
    try:
        by_token.connect(issuer.keys[0].token("anna")).close()
    finally:
        issuer.port = port
        issuer.start()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys":7}', b"x" * 3_000_000, b'{"keys":[{"kty":"oct","k":"AAAA"}]}'])
def test_a_set_of_keys_that_is_none_lets_nobody_in_and_is_said(started, issuer, body):
    issuer.body = body or b" "
    proxy = started(issuer.by_token())
    # No verdict on the token: nobody knows the keys.
    with refused(503, "validation_unavailable"):
        proxy.connect(issuer.keys[0].token("anna"))
    assert "keys for tokens cannot be read" in proxy.log and issuer.jwks in proxy.log
    with refused(401, "session_refused"):
        proxy.connect(new_token())


def test_a_token_that_expires_in_mid_conversation(started, issuer, legacy):
    key = issuer.keys[0]
    proxy = started(issuer.by_token() | {"expiry": {"notice": "2s", "grace": "20s"}})
    with proxy.connect(key.token("anna", 4)) as client:
        gate = legacy.gate()
        client.send("guide", gate.text)
        gate.reached()
        assert client.receive()["type"] == "session_expiring"
        until(lambda: proxy.state("status")["total"]["credentials_expired"] == 1, "the token has had its time", 10)
        assert is_error(client.ask("guide", "too late"), "session_expired", sent=False)
        gate.open()
        assert client.receive()["message"] == f"guide: {gate.text}"
        assert client.receive()["type"] == "session_expired"
        assert closed(client) == (1008, "session expired")


def test_a_refresh_keeps_the_socket(started, issuer, legacy):
    key = issuer.keys[0]
    proxy = started(issuer.by_token())
    newer = key.token("anna", 600)
    with proxy.connect(key.token("anna", 3)) as client:
        client.ask("guide", "1")
        refresh = {"type": "session_refresh", "session_token": newer}
        client.send_text(json.dumps(refresh | {"session_token": key.token("bert", 600)}))
        assert is_error(client.receive(), "refresh_refused")
        client.send_text(json.dumps(refresh | {"session_token": Key("one").token("anna", 600)}))
        assert is_error(client.receive(), "refresh_refused")
        client.send_text(json.dumps(refresh))
        answer = client.receive()
        assert answer["type"] == "session_refreshed" and 590 <= answer["expires_in"] <= 600
        time.sleep(4)  # Past the end of the first one.
        assert client.ask("guide", "2")["message"] == "guide: 2"
        assert client.ask("content", "3")["message"] == "content: 3"
    assert legacy.seen(newer)["dialled"] == 1, "what is dialled from now on shows the newer token"
    assert not any("session_refresh" in str(connection["texts"]) for connection in legacy.texts(newer))


def test_a_token_in_a_subprotocol(started, issuer, legacy):
    key = issuer.keys[0]
    proxy = started(issuer.by_token() | {"token": ["protocol", "query:session_token"]})
    token = key.token("anna")
    hidden = "shunt.token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    remember(hidden)
    with proxy.connect(subprotocols=["shunt.v1", hidden]) as client:
        assert client.socket.subprotocol == "shunt.v1"
        assert client.ask("guide", "hello")["message"] == "guide: hello"
    assert legacy.seen(token)["dialled"] == 1
    for offers in (["shunt.v1", hidden, hidden.replace("shunt.token.", "shunt.token.A")], ["shunt.v1", "shunt.token.AAAAA"]):
        with pytest.raises(InvalidStatus) as failure:
            proxy.connect(subprotocols=offers)
        assert failure.value.response.status_code in (400, 401)


def test_frontends_that_understand_only_a_close(started, issuer):
    proxy = started(
        issuer.by_token(),
        {
            "unified": {"refuse": {"close": 4001}},
            "legacy_defaults": {"refuse": {"close": 4003}},
            "routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}},
        },
    )
    for path, code in (("/api/ws/agent", 4001), ("/api/ws/guide", 4003)):
        for token in (Key("one").token("anna"), None):
            client = proxy.connect(token, path=path)
            assert closed(client)[0] == code


def test_old_endpoints_may_be_exempt(started, issuer):
    proxy = started(
        issuer.by_token(),
        {"legacy_defaults": {"validate": "none"}, "routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}}},
    )
    with proxy.connect(new_token(), path="/api/ws/guide") as client:
        client.send_text('{"message":"hello"}')
        assert "hello" in client.receive_text()
    with refused(401, "session_refused"):
        proxy.connect(new_token())


def test_a_session_service_decides(started, issuer):
    proxy = started(issuer.by_service())
    good, banned, odd = new_token("good"), new_token("banned"), new_token("odd")
    issuer.sessions |= {good: {"sid": "anna", "sub": "u1"}, banned: 403, odd: 500}
    with proxy.connect(good) as client:
        assert client.ask("guide", "hello")["message"] == "guide: hello"
    asked = issuer.questions.count(good)
    proxy.connect(good).close()
    assert issuer.questions.count(good) == asked == 1, "an answer is kept for a while"
    with refused(403, "session_refused"):
        proxy.connect(banned)
    with refused(401, "session_refused"):
        proxy.connect(new_token("unknown"))
    with refused(503, "validation_unavailable"):
        proxy.connect(odd)


@pytest.mark.parametrize("mode", ["refuse", "admit_known"])
def test_a_session_service_that_is_down_is_no_verdict(started, issuer, mode):
    proxy = started(issuer.by_service(on_failure=mode, cache="0s"))
    known, unknown = new_token("known"), new_token("unknown")
    issuer.sessions |= {known: {"sid": "anna"}, unknown: {"sid": "bert"}}
    proxy.connect(known).close()
    port = issuer.port
    issuer.stop()
    try:
        if mode == "admit_known":
            proxy.connect(known).close()
        else:
            with refused(503, "validation_unavailable"):
                proxy.connect(known)
        with refused(503, "validation_unavailable"):
            proxy.connect(unknown)
    finally:
        issuer.port = port
        issuer.start()


def test_one_question_at_a_time_for_one_token(started, issuer):
    proxy = started(issuer.by_service(cache="60s"))
    token = new_token("crowd")
    issuer.sessions[token] = {"sid": "crowd"}
    clients = [proxy.connect(token) for _ in range(20)]
    for client in clients:
        client.close()
    assert issuer.questions.count(token) == 1


def test_on_the_other_side_too(started, issuer, unified):
    token = issuer.keys[0].token("anna")
    proxy = started(issuer.by_token(), SERVED_BY_UNIFIED)
    with proxy.connect(token) as client:
        client.send_text(address("guide", "hello"))
        assert "hello" in client.receive()["message"]


def recipes() -> list[str]:
    """The pieces of configuration and code of the documentation's page, as they stand there."""
    page = (REPOSITORY / "Sources/shunt/Documentation.docc/Sessions.md").read_text()
    return re.findall(r"^```(?:yaml|python|js)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@contextlib.contextmanager
def written(directory, backends, session: str):
    """A proxy whose `session` is the page's own text."""
    proxy = Proxy(directory / "recipe", configuration(backends.legacy.port, backends.unified.port))
    others = "\n".join(f"{key}: {json.dumps(value)}" for key, value in proxy.configuration.items())
    proxy.file.write_text(session + "\n" + others)
    proxy.start()
    yield proxy
    proxy.stop()


def test_the_recipe_of_a_session_service_works_as_written(backends, tmp_path):
    settings = next(each for each in recipes() if "with: http" in each)
    (tmp_path / "sessions.py").write_text(next(each for each in recipes() if "FastAPI" in each))
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "sessions:app", "--port", str(port), "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL)
    try:
        until(lambda: http_get(port, "/session")[0] == 422, "the service answers", 30)
        assert "127.0.0.1:9000" in settings
        with written(tmp_path, backends, settings.replace("9000", str(port))) as proxy:
            with proxy.connect(remember("a-token")) as client:
                assert client.ask("guide", "hello")["message"] == "guide: hello"
            with refused(401, "session_refused"):
                proxy.connect(new_token())
    finally:
        server.terminate()
        server.wait()


def test_the_recipe_of_signed_tokens_works_as_written(backends, issuer, tmp_path):
    issuer.keys, issuer.body = [Key("one", "RS256"), Key("two")], None
    settings = next(each for each in recipes() if "with: jwt" in each)
    url = "https://id.example.com/.well-known/jwks.json"
    assert url in settings
    with written(tmp_path, backends, settings.replace(url, issuer.jwks)) as proxy:
        for key in issuer.keys:
            with proxy.connect(key.token("anna")) as client:
                assert client.ask("guide", "hello")["message"] == "guide: hello"
        with refused(401, "session_refused"):
            proxy.connect(Key("three").token("anna"))


def test_a_tenant_moves_while_the_others_stay(started, issuer, legacy, unified):
    key = issuer.keys[0]
    proxy = started(
        issuer.by_token(),
        {
            "upstream_defaults": {"pass_identity": {"x-user-id": "user", "x-tenant-id": "tenant"}},
            "routes": {"guide": {"overrides": [{"tenant": "acme", "served_by": "unified"}]}},
        },
    )
    ours, others = key.token("anna", tid="acme"), key.token("bert", tid="globex")
    for token in (ours, others):
        with proxy.connect(token, headers={"X-Tenant-Id": "forged", "x_tenant_id": "forged"}) as client:
            client.ask("guide", "hello")
    assert (legacy.seen(ours)["dialled"], unified.seen(ours)["dialled"]) == (0, 1)
    assert (legacy.seen(others)["dialled"], unified.seen(others)["dialled"]) == (1, 0)
    for backend, token, tenant, user in ((unified, ours, "acme", "user-anna"), (legacy, others, "globex", "user-bert")):
        headers = dict(backend.seen(token)["connections"][0]["headers"])
        assert headers["x-tenant-id"] == tenant and headers["x-user-id"] == user
        assert "forged" not in json.dumps(headers)
    rows = until(lambda: proxy.state("usage", "--by", "tenant")["rows"], "the use is written down", 20)
    assert {row["tenant"] for row in rows} >= {"acme", "globex"}


def test_a_kicked_user_comes_back_with_a_new_token_only(started, issuer, legacy):
    key = issuer.keys[0]
    proxy = started(issuer.by_token())
    old, other = key.token("anna", iat=int(time.time()) - 60), key.token("bert")
    gate = legacy.gate()
    with proxy.connect(old) as client, proxy.connect(other) as bystander:
        client.send("guide", gate.text)
        gate.reached()
        shown = proxy.state("sessions", "--user", "user-anna")["sessions"]
        assert len(shown) == 1 and shown[0]["sockets"] == 1
        assert "1 socket(s)" in proxy.cli("kick", "--user", "user-anna", "--block", "600", "--reason", "test")
        assert is_error(client.receive(), "session_expired", sent=True)
        assert closed(client) == (1008, "session ended")
        gate.open()
        assert bystander.ask("guide", "still here")["message"] == "guide: still here"
    with refused(401, "session_refused"):
        proxy.connect(old)
    time.sleep(1.1)  # The time of a token is in whole seconds.
    with proxy.connect(key.token("anna")) as client:
        assert client.ask("guide", "again")["message"] == "guide: again"
    audit = proxy.cli("audit")
    assert "kick" in audit and "test" in audit and "user-anna" not in audit
    name = proxy.state("sessions", "--user", "user-anna")["sessions"][0]["name"]
    assert name in proxy.cli("kick", name)
    assert "no session" in proxy.cli("kick", "0123456789abcdef")
    for wrong in (["kick"], ["kick", name, "--user", "x"], ["kick", name, "--block", "-1"]):
        proxy.cli(*wrong, code=64)
