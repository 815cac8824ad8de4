"""`ready` and `on_open`: what is said on each new connection to a backend that wants to be told whose it is, before
any client's message, on each way that reads messages."""

import pytest

from harness import RawSocket, is_error, merged, new_token, request, until
from harness.raw import problem

HELLO = {"send": {"type": "hello", "token": "{token}", "as": "{session}"}, "reply": {"type": "joined"}}
STATEFUL = {
    "ready": {"type": "system", "timeout": "2s"},
    "on_open": [merged(HELLO, {"after": "ready"})],
    "pool": {"lifetime": "1s"},
    "closes": {4001: "auth"},
}

FAST = {"limits": {"messages_per_second": 100000}, "unified": {"upstream": {"pace": []}}}


@pytest.fixture(params=["fan-out", "relay", "collapse"])
def start(request, odd_backend, start_proxy):
    """Starts a proxy before a backend of that manner, and tells how a client of it connects."""

    def start(manner: str, changes: dict = {}):  # noqa: B006
        backend = odd_backend(manner)
        upstream = merged(STATEFUL, {"url": f"ws://127.0.0.1:{backend.port}/"})
        upstream = merged(upstream, changes)
        if request.param == "fan-out":
            proxy = start_proxy(merged(FAST, {"routes": {"guide": {"legacy": {"upstream": upstream}}}}))
        else:
            guide = {"served_by": "unified", "legacy": {"path": "/api/ws/guide"}}
            unified = merged({"pushes": {"system": "drop"}}, upstream)
            proxy = start_proxy(merged(FAST, {"unified": {"upstream": unified}, "routes": {"guide": guide}}))
        path = "/api/ws/guide" if request.param == "collapse" else "/api/ws/agent"
        return backend, lambda token: proxy.connect(token, path=path)

    return start


def test_a_stateful_backend_survives_its_connections_lifetimes(start):
    backend, connect = start("stateful")
    token = new_token()
    with connect(token) as client:
        asked = 0
        while len(backend.hellos) < 3:
            reply = client.ask("guide", f"{asked}")
            assert reply["message"] == f"guide: {asked}", reply
            asked += 1
            assert asked < 100_000
    assert backend.strangers == 0
    assert {hello["token"] for hello in backend.hellos} == {token}
    assert len({hello["as"] for hello in backend.hellos}) == 1


def test_a_backend_that_never_greets_is_a_dial_that_failed(start):
    backend, connect = start("chatty", {"ready": {"timeout": "300ms"}})
    with connect(new_token()) as client:
        assert is_error(client.ask("guide", "hello"), "upstream_unavailable", sent=False)
    assert backend.answered == 0


def test_a_backend_that_closes_meanwhile_costs_no_message(start):
    backend, connect = start("closing", {"ready": "none", "on_open": [], "closes": {4004: "limit"}})
    backend.closes = 4004
    with connect(new_token()) as client:
        client.send("guide", "hello")
        until(lambda: backend.accepted >= 2, "it is tried again")
        backend.closes = None
        assert client.receive(30)["message"] == "guide: hello"


def test_a_token_that_no_message_can_carry_is_refused_at_the_handshake(start_proxy):
    upstream = {"url": "ws://127.0.0.1:9/", "on_open": [HELLO]}
    proxy = start_proxy({"routes": {"guide": {"legacy": {"upstream": upstream}}}})
    with RawSocket(proxy.port) as raw:
        raw.send(request("/api/ws/agent?session_token=M%FCller"))
        status, headers, body = raw.response()
    assert (status, problem(headers, body)["code"]) == (400, "token_malformed")
