"""Clients that only listen: greeted by whoever serves them, before they speak."""

import pytest

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
