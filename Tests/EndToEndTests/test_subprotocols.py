"""Subprotocols where no backend of the client's own selects one."""

import pytest
from websockets.sync.client import connect

from harness import MIGRATION, merged, new_token


def selected(proxy, path: str, *offered: str) -> str | None:
    """What the proxy selects. A client that is given what it did not offer raises."""
    uri = f"ws://127.0.0.1:{proxy.port}{path}?session_token={new_token()}"
    with connect(uri, subprotocols=offered or None, compression=None) as client:
        return client.subprotocol


def test_the_unified_endpoint_selects_the_first_of_its_own_that_is_offered(start_proxy):
    proxy = start_proxy({"unified": {"protocols": ["chat.v2", "chat.v1"]}})
    assert selected(proxy, "/api/ws/agent", "chat.v1", "chat.v2") == "chat.v2"
    assert selected(proxy, "/api/ws/agent", "chat.v1", "other") == "chat.v1"
    assert selected(proxy, "/api/ws/agent", "other") is None
    assert selected(proxy, "/api/ws/agent") is None


def test_an_old_endpoint_keeps_its_backends_choice_after_its_route_has_moved(start_proxy, odd_backend):
    backend = odd_backend("choosy")
    changes = {"phase": "migrate", "unified": {"protocols": ["v3"]}}
    proxy = start_proxy(merged(MIGRATION, changes), legacy=backend.port)
    assert selected(proxy, "/api/ws/guide", "v1", "v2", "v3") == "v3", "the backend's, which takes the last"
    assert selected(proxy, "/api/ws/guide", "v1", "v2") == "v2"
    proxy.serve("guide", "unified")
    assert selected(proxy, "/api/ws/guide", "v1", "v2") == "v2"
    assert selected(proxy, "/api/ws/guide", "v3", "v2") == "v2", "its latest choice"
    assert selected(proxy, "/api/ws/guide") is None
    # Nobody has asked that backend: the endpoint's clients get one that they know.
    proxy.serve("liaison/content", "unified")
    assert selected(proxy, "/api/ws/liaison/content", "v1", "v3") == "v3", "one of unified.protocols"
    assert selected(proxy, "/api/ws/liaison/content", "v1", "v2") == "v1"


def test_a_backend_that_selects_none_is_remembered_so(start_proxy):
    proxy = start_proxy(merged(MIGRATION, {"phase": "migrate"}))
    assert selected(proxy, "/api/ws/guide", "v1") is None
    proxy.serve("guide", "unified")
    assert selected(proxy, "/api/ws/guide", "v1") is None


@pytest.mark.parametrize("source", ["header:sec-websocket-protocol", "header:Sec-WebSocket-Key"])
def test_the_handshakes_own_fields_are_no_place_for_a_token(start_proxy, source):
    proxy = start_proxy()
    for changes in ({"session": {"token": [source]}}, {"upstream_defaults": {"credential": source}}):
        proxy.write(changes)
        assert "belongs to the handshake itself and carries no token" in proxy.cli("check", str(proxy.file), code=1)
    proxy.write()
