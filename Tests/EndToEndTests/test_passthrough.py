"""A legacy endpoint that is passed through: what the backend says and does is what its client sees, in both manners."""

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness import LEGACY_PATHS, MIGRATION, RawSocket, free_port, merged, new_token, request, until
from harness.echo import EchoBackend

PATH = "/api/ws/echo"


@pytest.fixture(scope="module")
def echo():
    backend = EchoBackend()
    yield backend
    backend.stop()


def settings(manner: str, echo_port: int) -> dict:
    def endpoint(name: str, port: int) -> dict:
        return {
            "match": {"agent_type": name},
            "legacy": {
                "path": f"/api/ws/{name}",
                "aliases": [f"/api/ws/agent/api/ws/{name}"],
                "upstream": {"url": f"ws://127.0.0.1:{port}/api/ws/{name}"},
            },
        }

    routes = {"echo": endpoint("echo", echo_port), "down": endpoint("down", free_port())}
    return merged(MIGRATION, {"legacy_defaults": {"passthrough": manner}, "routes": routes})


@pytest.fixture(params=["managed", "raw"])
def manner(request):
    return request.param


@pytest.fixture
def proxy(start_proxy, manner, echo):
    return start_proxy(settings(manner, echo.port))


def test_text_and_binary_pass_unchanged(proxy):
    with proxy.connect(new_token(), path=PATH) as client:
        for message in ("hello", "", "no json {", "ü" * 70000, b"", b"\x00\xff" * 40000, "[1,2]", '{"message":1}'):
            client.send_text(message)
            assert client.receive_text() == message


def test_fragments_arrive_as_one_message_both_ways(proxy):
    with proxy.connect(new_token(), path=PATH) as client:
        client.send_text(["fr", "agm", "ents"])
        assert client.receive_text() == "one two three"
        client.send_text([b"a" * 70000, b"b", b""])
        assert client.receive_text() == b"a" * 70000 + b"b"


@pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (1008, "policy"), (4001, "log in again"), (4999, "")])
def test_close_code_and_reason_pass_both_ways(proxy, echo, code, reason):
    with proxy.connect(new_token(), path=PATH) as client:
        client.send_text(f"close {code} {reason}")
        with pytest.raises(ConnectionClosed) as closed:
            client.receive_text()
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)
    told = (code, f"{reason} by client {proxy.port}")
    with proxy.connect(new_token(), path=PATH) as client:
        client.send_text("hello")
        client.receive_text()
        client.socket.close(*told)
    until(lambda: told in echo.closes, "the backend is told the same")


@pytest.mark.parametrize("status", [302, 401, 403, 404, 503])
def test_a_refused_handshake_is_the_backend_s_own(proxy, status):
    with RawSocket(proxy.port) as client:
        client.send(request(f"{PATH}?refuse={status}"))
        answered, headers, body = client.response()
    assert (answered, body) == (status, b"the backend's own words\n")
    assert headers["x-reason"] == "because"
    if status == 302:
        assert headers["location"] == "https://login.example.com/?next=%2Fchat"


def test_the_subprotocol_is_the_one_that_the_backend_chose(proxy):
    for offered, chosen in ((["v1.chat"], "v1.chat"), (["v1.chat", "v2.chat"], "v2.chat")):
        with proxy.connect(new_token(), path=PATH, subprotocols=offered) as client:
            assert client.socket.subprotocol == chosen


def test_extensions_pass_end_to_end_only_where_frames_do(proxy, manner):
    with proxy.connect(new_token(), path=PATH) as client:
        compressed = "permessage-deflate" in client.socket.response.headers.get("Sec-WebSocket-Extensions", "")
        assert compressed == (manner == "raw")
        for message in ("compressible " * 10000, b"x" * 100000, "short"):
            client.send_text(message)
            assert client.receive_text() == message


@pytest.mark.parametrize("path", [PATH, "/api/ws/agent/api/ws/echo"])
def test_the_raw_query_passes_byte_for_byte_and_aliases_lead_to_the_same(proxy, echo, path):
    token = new_token()
    query = f"a=%2f+%20b&&session_token={token}&flag&empty=&%41=1&q=%C3%BC"
    with proxy.connect(query=query, path=path) as client:
        client.send_text("hello")
        client.receive_text()
    assert echo.requests[-1].path == f"{PATH}?{query}"


def test_fields_of_the_client_s_handshake_reach_the_backend(proxy, echo):
    fields = {"Cookie": "a=b; c=d", "Authorization": "Basic eDp5", "X-Tenant": "acme", "X-Forwarded-For": "10.9.8.7"}
    origin = f"http://127.0.0.1:{proxy.port}"
    with proxy.connect(new_token(), path=PATH, headers=fields, origin=origin) as client:
        client.send_text("hello")
        client.receive_text()
    headers = echo.requests[-1].headers
    assert headers["Cookie"] == "a=b; c=d"
    assert headers["Authorization"] == "Basic eDp5"
    assert headers["X-Tenant"] == "acme"
    assert headers["Origin"] == origin
    assert headers["X-Forwarded-For"].endswith("127.0.0.1")
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Host"] == f"127.0.0.1:{proxy.port}"


def test_a_backend_that_is_down_is_a_502(proxy):
    with pytest.raises(InvalidStatus) as refused:
        proxy.connect(new_token(), path="/api/ws/down")
    assert refused.value.response.status_code == 502


def test_pings_are_answered_while_the_socket_is_idle(proxy):
    with proxy.connect(new_token(), path=PATH) as client:
        assert client.socket.ping().wait(5)


@pytest.mark.parametrize("unlisted", ["forward", "refuse"])
def test_values_that_a_route_does_not_list(start_proxy, echo, unlisted):
    changes = {"routes": {"liaison/{pillar}": {"legacy": {"unlisted": unlisted}}}}
    proxy = start_proxy(merged(MIGRATION, changes))
    path = LEGACY_PATHS["content"].replace("content", "other")
    if unlisted == "refuse":
        with pytest.raises(InvalidStatus) as refused:
            proxy.connect(new_token(), path=path)
        assert refused.value.response.status_code == 404
        return
    with proxy.connect(new_token(), path=path) as client, pytest.raises(ConnectionClosed) as closed:
        client.receive_text()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4004, "Invalid pillar: other")
