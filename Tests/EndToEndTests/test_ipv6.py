"""Clients and backends with addresses of IPv6."""

import json
import socket
import struct

import pytest

from harness import RawSocket, frame, merged, new_token, request, until
from harness.odd_backends import text_frame
from harness.raw_backend import RawBackend
from test_tls import echoing

CLIENT = "2001:db8::9"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def say_it_back(visit):
    """The first message."""
    visit.send(visit.upgrade())
    visit.send(text_frame(visit.next_message().decode()))
    visit.socket.recv(1)


@pytest.fixture
def backend():
    """An agent that only ::1 leads to."""

    with RawBackend(say_it_back, host="::1") as backend:
        yield backend


def settings(backend, **listen) -> dict:
    return merged(echoing(backend.port, host="[::1]"), {"listen": {"clients": ["[::1]"], **listen}})


def speaks(raw: RawSocket, path: str):
    raw.upgrade(path)
    raw.send(frame(1, json.dumps({"agent_type": "echo", "message": "hello"}).encode()))
    assert raw.next_message()["message"] == "hello"


@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.parametrize("way", ["agent", "managed", "raw"])
def test_a_client_reaches_its_backend(start_proxy, start_secured, certificates, backend, kind, way):
    proxy = (start_proxy if kind == "plain" else start_secured)(settings(backend))
    with RawSocket(proxy.port, host="::1") as raw:
        if kind == "tls":
            raw.secure(certificates.client(), "::1")
        speaks(raw, f"/api/ws/{way}?session_token={new_token()}")
    until(lambda: backend.visits, "it is dialled")
    assert backend.visits[0].values("x-forwarded-for") == [b"::1"]
    if way == "agent":
        assert backend.visits[0].values("host") == [f"[::1]:{backend.port}".encode()]


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_a_proxy_in_front_names_the_client(start_proxy, start_secured, certificates, backend, kind):
    start = start_proxy if kind == "plain" else start_secured
    proxy = start(settings(backend, proxy_protocol=True, trusted_proxies=["::1/128"]))
    addresses = socket.inet_pton(socket.AF_INET6, CLIENT) * 2 + struct.pack("!HH", 4711, 443)
    with RawSocket(proxy.port, host="::1") as raw:
        raw.send(SIGNATURE + b"\x21\x21" + struct.pack("!H", len(addresses)) + addresses)
        if kind == "tls":
            raw.secure(certificates.client(), "::1")
        speaks(raw, f"/api/ws/managed?session_token={new_token()}")
    assert backend.visits[0].values("x-forwarded-for") == [CLIENT.encode()]
    # Everybody who comes from there speaks for somebody.
    with RawSocket(proxy.port, host="::1") as raw:
        raw.send(request())
        assert raw.refusal() == (400, "bad_request")


def test_each_address_counts_its_own_clients(start_proxy, backend):
    proxy = start_proxy(merged(settings(backend), {"limits": {"connections_per_address": 1}}))
    with RawSocket(proxy.port, host="::1") as first, RawSocket(proxy.port) as other:
        first.upgrade(f"/api/ws/agent?session_token={new_token()}")
        other.upgrade(f"/api/ws/agent?session_token={new_token()}")
        with RawSocket(proxy.port, host="::1") as second:
            second.send(request(f"/api/ws/agent?session_token={new_token()}"))
            assert second.refusal() == (429, "too_many_connections")


@pytest.mark.parametrize(("name", "is_right"), [("first", True), ("elsewhere", False)])
def test_a_certificate_must_name_the_address_of_a_url(start_proxy, certificates, name, is_right):
    """No name is asked for, and none is needed."""

    with RawBackend(say_it_back, certificates.server(name), host="::1") as backend:
        tls = {"ca": certificates.path("ca.pem")}
        wanted = echoing(backend.port, "wss", "[::1]", tls=tls, exchange={"queue": {"timeout": "300ms"}})
        proxy = start_proxy(wanted)
        with proxy.connect(new_token()) as client:
            client.send_text(json.dumps({"agent_type": "echo", "message": "hello"}))
            answer = client.receive()
        assert (answer.get("message") == "hello") == is_right, answer
        assert bool(backend.visits) == is_right, "who is somebody else is told nothing"
        if not is_right:
            assert "certificate is for somebody else" in proxy.log
            assert "server_name" in proxy.log, "the log says what to do"
