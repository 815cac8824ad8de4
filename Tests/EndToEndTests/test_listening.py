"""Clients that only listen: greeted by whoever serves them, before they speak."""

import pytest
from websockets.exceptions import InvalidStatus

from harness import new_token, until
from harness.processes import http_get


@pytest.fixture
def start(odd_backend, start_proxy):
    """Starts a proxy before a unified backend that greets each connection."""

    def start(**upstream):
        backend = odd_backend("chatty", pushes=1)
        settings = {"url": f"ws://127.0.0.1:{backend.port}/", "pushes": {"welcome": {"greeting": True}}, **upstream}
        guide = {"served_by": "unified", "legacy": {"path": "/api/ws/guide"}}
        return backend, start_proxy({"unified": {"upstream": settings}, "routes": {"guide": guide}})

    return start


@pytest.mark.parametrize("path, dial", [("/api/ws/guide", {}), ("/api/ws/agent", {"dial": "on_connect"})])
def test_a_client_that_waits_for_the_greeting_gets_it_before_it_speaks(start, path, dial):
    backend, proxy = start(**dial)
    token = new_token()
    with proxy.connect(token, path=path) as first:
        assert first.receive()["type"] == "welcome"
        with proxy.connect(token, path=path) as second:
            assert second.receive()["type"] == "welcome", "the next tab waits for it, too"
            assert second.ask("guide", "hello")["message"] == "guide: hello"
        assert backend.accepted == 1


def test_a_client_of_the_unified_endpoint_dials_nobody_by_default(start):
    backend, proxy = start()
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("content", "hello")
        assert backend.accepted == 0


def test_keep_dials_again_when_the_backend_has_closed(start):
    backend, proxy = start(dial="keep")
    backend.manner, backend.closes = "closing", 1012
    with proxy.connect(new_token()) as client:
        until(lambda: backend.accepted >= 3, "it dials again and again, though nobody says anything")
        backend.manner = "chatty"
        assert client.receive(30)["type"] == "welcome"
    assert http_get(proxy.port, "/healthz")[0] == 200


def test_an_old_client_that_only_listens_hears_the_backend_that_its_route_has_now(odd_backend, start_proxy):
    backends = [odd_backend("chatty", pushes=1) for _ in range(2)]

    def guide(backend) -> dict:
        upstream = {"url": f"ws://127.0.0.1:{backend.port}/"}
        return {"routes": {"guide": {"legacy": {"path": "/api/ws/guide", "upstream": upstream}}}}

    proxy = start_proxy(guide(backends[0]))
    with proxy.connect(new_token(), path="/api/ws/guide") as client:
        assert client.receive()["type"] == "welcome"
        proxy.reload(guide(backends[1]))
        assert client.receive()["type"] == "welcome", "of the new one, though it said nothing"
        assert client.ask("guide", "hello")["message"] == "guide: hello"


def test_a_connection_for_a_silent_client_without_a_token_takes_a_place(odd_backend, start_proxy):
    backend = odd_backend("chatty", pushes=1)
    upstream = {"url": f"ws://127.0.0.1:{backend.port}/", "pushes": {"welcome": {"greeting": True}}}
    guide = {"served_by": "unified", "legacy": {"path": "/api/ws/guide"}}
    proxy = start_proxy({"limits": {"connections": 3}, "unified": {"upstream": upstream}, "routes": {"guide": guide}})
    first = proxy.connect(None, path="/api/ws/guide")
    assert first.receive()["type"] == "welcome"
    with proxy.connect(None, path="/api/ws/guide") as second:
        until(lambda: "limit" in proxy.log, "there is no room to dial for the second one")
        with pytest.raises(InvalidStatus) as refused:
            proxy.connect(None, path="/api/ws/guide")
        assert refused.value.response.status_code == 503
        first.close()
        assert second.receive()["type"] == "welcome", "there is room now, and it is tried again"
    with proxy.connect(new_token(), path="/api/ws/guide") as known:
        assert known.receive()["type"] == "welcome"
