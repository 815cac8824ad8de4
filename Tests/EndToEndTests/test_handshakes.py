"""Handshakes as hostile or merely odd clients make them."""

import json

import pytest

from harness import RawSocket, frame, new_token, request
from harness.processes import http_get
from harness.raw import problem

REFUSED = {
    "a path that nobody has": (request("/nowhere"), 404),
    "a trailing slash": (request("/api/ws/agent/"), 404),
    "another case": (request("/API/ws/agent"), 404),
    "plain GET": (request(drop=("upgrade", "connection", "sec-websocket-key", "sec-websocket-version")), 426),
    "version 8": (request(sec_websocket_version="8"), 426),
    "no version": (request(drop=("sec-websocket-version",)), 426),
    "no key": (request(drop=("sec-websocket-key",)), 400),
    "a short key": (request(sec_websocket_key="c2hvcnQ="), 400),
    "a key that is no base64": (request(sec_websocket_key="????????????????????????"), 400),
    "two keys": (
        request().replace(b"\r\n\r\n", b"\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
        400,
    ),
    "no Host": (request(drop=("host",)), 400),
    "two Hosts": (request().replace(b"\r\n\r\n", b"\r\nhost: elsewhere\r\n\r\n"), 400),
    "POST": (request(method="POST"), 405),
    "HTTP/1.0": (request(version="HTTP/1.0"), {400, 426, 505}),
    "upgrade to something else": (request(upgrade="h2c"), {400, 426}),
    "a Connection field without upgrade": (request(connection="keep-alive"), {400, 426}),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\r\n\r\n", 400),
    "an origin that is not allowed": (request(origin="https://evil.example"), 403),
    "the null origin": (request(origin="null"), 403),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_handshake_says_why_and_ends(proxy, name):
    data, expected = REFUSED[name]
    with RawSocket(proxy.port) as raw:
        raw.send(data)
        status, headers, body = raw.response()
        assert status in (expected if isinstance(expected, set) else {expected})
        problem(headers, body)
        if status == 426:
            assert headers.get("sec-websocket-version") == "13" or headers.get("upgrade", "").lower() == "websocket"
        if status == 405:
            assert "GET" in headers["allow"]
        assert raw.is_ended(), "a refused handshake leaves no tunnel open"


def test_frames_behind_a_refused_handshake_go_nowhere(proxy):
    with RawSocket(proxy.port) as raw:
        raw.send(request(sec_websocket_version="8") + frame(1, b'{"message":"x"}'))
        status, _, _ = raw.response()
        assert status == 426
        assert raw.is_ended()


@pytest.mark.parametrize(
    "fields",
    [
        {"connection": "keep-alive, Upgrade"},
        {"connection": "KEEP-ALIVE,UPGRADE"},
        {"upgrade": "WebSocket"},
        {"upgrade": "h2c, websocket"},
        {"sec_websocket_protocol": "chat, superchat"},
        {"sec_websocket_extensions": "permessage-deflate; client_max_window_bits, x-unknown"},
        {"origin": "http://127.0.0.1"},
    ],
    ids=str,
)
def test_handshakes_that_are_only_unusual_are_accepted(proxy, fields):
    with RawSocket(proxy.port) as raw:
        raw.send(request(f"/api/ws/agent?session_token={new_token()}", **fields))
        status, headers, _ = raw.response(has_body=False)
        assert status == 101
        assert "sec-websocket-extensions" not in headers
        assert "sec-websocket-protocol" not in headers
        raw.send(frame(1, b'{"message":"hello"}'))
        assert raw.next_message()["message"] == "guide: hello"


def test_the_accept_key_is_that_of_rfc_6455(proxy):
    with RawSocket(proxy.port) as raw:
        raw.send(request(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="))
        status, headers, _ = raw.response(has_body=False)
        assert status == 101
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers["upgrade"].lower() == "websocket"
        assert headers["connection"].lower() == "upgrade"


def test_a_message_in_the_same_packet_as_the_handshake_is_answered(proxy):
    with RawSocket(proxy.port) as raw:
        raw.send(request(f"/api/ws/agent?session_token={new_token()}") + frame(1, b'{"message":"early"}'))
        assert raw.response(has_body=False)[0] == 101
        assert raw.next_message()["message"] == "guide: early"


def test_a_handshake_in_single_bytes_is_accepted(proxy):
    with RawSocket(proxy.port) as raw:
        for byte in request(f"/api/ws/agent?session_token={new_token()}"):
            raw.send(bytes([byte]))
        assert raw.response(has_body=False)[0] == 101
        for byte in frame(1, b'{"message":"slowly"}'):
            raw.send(bytes([byte]))
        assert raw.next_message()["message"] == "guide: slowly"


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        request(x_large="b" * 200_000),
        request().replace(b"\r\n\r\n", b"\r\n" + b"x-many: c\r\n" * 5000 + b"\r\n"),
    ],
    ids=["a long target", "a long field", "many fields"],
)
def test_a_handshake_without_measure_is_refused(proxy, data):
    with RawSocket(proxy.port) as raw:
        try:
            raw.send(data)
            status = raw.response()[0]
        except (ConnectionError, EOFError):
            status = None
        assert status in (None, 400, 414, 431)


def test_a_handshake_that_is_never_finished_is_ended(start_proxy):
    proxy = start_proxy({"limits": {"handshake_timeout": "300ms"}})
    with RawSocket(proxy.port) as silent, RawSocket(proxy.port) as half:
        half.send(b"GET /api/ws/agent HTTP/1.1\r\nHost: x\r\n")
        assert silent.is_ended()
        assert half.is_ended()


@pytest.mark.parametrize("path", ["/healthz", "/health", "/api/health"])
def test_health_is_answered(proxy, path):
    status, body = http_get(proxy.port, path)
    assert status == 200
    assert json.loads(body)


def test_an_origin_of_the_list_is_admitted_and_the_refusal_names_the_remedy(start_proxy):
    proxy = start_proxy({"listen": {"origins": ["https://app.example.com", "https://*.example.org"]}})
    for origin, status in {
        "https://app.example.com": 101,
        "https://a.example.org": 101,
        "https://app.example.com.evil.example": 403,
        "http://app.example.com": 403,
    }.items():
        with RawSocket(proxy.port) as raw:
            raw.send(request(origin=origin))
            got, headers, body = raw.response(has_body=status != 101)
            assert got == status, origin
            if status == 403:
                assert origin in problem(headers, body)["message"]
    assert "https://app.example.com.evil.example" in proxy.log


def test_a_client_without_a_token_is_refused_where_anonymous_ones_are(start_proxy):
    proxy = start_proxy({"session": {"anonymous": "deny"}})
    with RawSocket(proxy.port) as raw:
        raw.send(request("/api/ws/agent?session_token=undefined"))
        assert raw.refusal() == (401, "token_required")
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "with a token")


def test_more_connections_of_a_session_than_allowed_are_refused(start_proxy):
    proxy = start_proxy({"limits": {"connections_per_session": 2}})
    token = new_token()
    with proxy.connect(token) as first, proxy.connect(token) as second:
        with RawSocket(proxy.port) as third:
            third.send(request(f"/api/ws/agent?session_token={token}"))
            status, _, _ = third.response(has_body=False)
            # Refused at the handshake, or closed right after it: never served.
            assert status in (429, 503) or third.close_code() in (1008, 1013)
        first.hears_nothing_but("guide", "one")
        second.hears_nothing_but("guide", "two")


def test_more_connections_than_allowed_are_refused_until_one_leaves(start_proxy):
    proxy = start_proxy({"limits": {"connections_per_address": 3}})
    clients = [proxy.connect(new_token()) for _ in range(3)]
    with RawSocket(proxy.port) as fourth:
        fourth.send(request())
        try:
            status = fourth.response()[0]
        except (EOFError, ConnectionError):
            status = None
        assert status in (None, 429, 503)
    for client in clients:
        client.hears_nothing_but("guide", "still here")
        client.close()


HELD = {
    "a bare LF": (request().replace(b"\r\nupgrade", b"\nupgrade"), (400, "bad_request")),
    "a folded line": (request().replace(b"\r\n\r\n", b"\r\nx-a: b\r\n c\r\n\r\n"), (400, "bad_request")),
    "a space before the colon": (request().replace(b"\r\n\r\n", b"\r\nx-a : b\r\n\r\n"), (400, "bad_request")),
    "a name that is no token": (request().replace(b"\r\n\r\n", b"\r\nx(a: b\r\n\r\n"), (400, "bad_request")),
    "a NUL": (request().replace(b"\r\n\r\n", b"\r\nx-a: b\0c\r\n\r\n"), (400, "bad_request")),
    "two spaces": (request().replace(b"GET ", b"GET  "), (400, "bad_request")),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, "bad_request")),
    "a body": (request(content_length="3") + b"abc", (400, "bad_handshake")),
    "a chunked body": (request(transfer_encoding="chunked") + b"0\r\n\r\n", (400, "bad_handshake")),
    "no length": (request(content_length="-1"), (400, "bad_handshake")),
    "101 fields": (request().replace(b"\r\n\r\n", b"\r\n" + b"x-a: b\r\n" * 97 + b"\r\n"), (431, "head_too_large")),
    "a value beyond 16 KiB": (request(x_large="b" * (16 << 10)), (431, "head_too_large")),
}


@pytest.mark.parametrize("name", HELD)
def test_what_two_readers_could_understand_differently_is_refused(proxy, name):
    data, expected = HELD[name]
    with RawSocket(proxy.port) as raw:
        raw.send(data)
        assert raw.refusal() == expected
        assert raw.is_ended()


def test_the_limits_of_a_head_are_those_that_are_documented(proxy):
    fields = "".join(f"x-{number}: b\r\n" for number in range(94))
    large = request(x_large="b" * ((16 << 10) - 1)).replace(b"\r\n\r\n", b"\r\n" + fields.encode() + b"\r\n")
    with RawSocket(proxy.port) as raw:
        raw.send(large)
        assert raw.response(has_body=False)[0] == 101
