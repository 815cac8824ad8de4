"""Everybody connects in the same instant, as after every restart: that is the normal case, and nobody is refused for it.
Who is refused for something else hears why, and is counted."""

import re
import socket
import threading

import pytest

from harness import RawSocket, frame, new_token, request, storm, until
from harness.odd_backends import accept_key
from harness.processes import free_port, http_get

LEGACY = {"routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}}}


def refusals(proxy) -> dict[str, int]:
    """By their code, as the metrics count them."""
    status, text = http_get(proxy.admin_port, "/metrics", timeout=20)
    assert status == 200
    found = re.findall(r'^shunt_handshakes_refused_total\{code="(\w+)"\} (\d+)', text.decode(), re.MULTILINE)
    return {code: int(count) for code, count in found}


def everybody_path(path: str = "/api/ws/agent") -> str:
    return f"{path}?session_token={new_token()}-%d"


def test_two_thousand_clients_in_the_same_instant_are_served_with_the_defaults(start_proxy):
    proxy = start_proxy()

    def then(outcome):
        assert len(outcome.served) == 2000, outcome
        with proxy.connect(new_token()) as client:
            client.hears_nothing_but("guide", "while they are all there")

    # All have connected before the first one asks: all two thousand handshakes are under way.
    storm(proxy.port, 2000, everybody_path(), within=60, trip=1, then=then)
    assert refusals(proxy) == {}


def test_where_there_is_no_room_at_the_door_accepting_pauses_and_all_are_served(start_proxy):
    proxy = start_proxy({"limits": {"handshakes": {"bytes": "256KiB"}}})
    outcome = storm(proxy.port, 400, everybody_path(), within=60)
    assert len(outcome.served) == 400, outcome
    assert refusals(proxy) == {}


def test_slow_half_handshakes_keep_nobody_out_and_are_told_so(start_proxy):
    proxy = start_proxy({"limits": {"handshakes": {"bytes": "256KiB"}, "handshake_timeout": "10m"}})
    half = [RawSocket(proxy.port) for _ in range(80)]
    for number, slow in enumerate(half):
        # Silent ones, and some that have said half of what they should.
        slow.send(request()[: number % 3 * 20])
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "served behind eighty of them")
    count = until(lambda: refusals(proxy).get("handshake_too_slow"), "they are counted")
    assert half[0].refusal() == (503, "handshake_too_slow"), "the first is the slowest"
    assert half[0].is_ended()
    assert set(refusals(proxy)) == {"handshake_too_slow"} and count <= 80
    for slow in half:
        slow.socket.close()


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"connections": 100}, "503 overloaded"),
        ({"connections_per_address": 100}, "429 too_many_connections"),
    ],
    ids=str,
)
def test_whoever_is_refused_in_a_storm_hears_it_and_is_counted(start_proxy, limits, code):
    proxy = start_proxy({"limits": limits})
    # Frames behind the request lie unread when the refusal is sent: the end of such a connection must be no reset.
    behind = frame(9, bytes(125)) * 30
    outcome = storm(proxy.port, 600, everybody_path(), addresses=1, within=60, behind=behind)
    assert len(outcome.served) == 100, outcome
    assert outcome.refused == {code: 500}, outcome
    assert refusals(proxy) == {code.split()[1]: 500}


def test_a_refusal_arrives_though_the_client_is_still_sending(start_proxy):
    proxy = start_proxy()
    with RawSocket(proxy.port, receive_buffer=4096) as raw:
        raw.send(request(sec_websocket_version="8"))
        # Far more than the systems hold between the two ends.
        for _ in range(200):
            raw.send(frame(2, bytes(65536)))
        assert raw.refusal() == (426, "unsupported_version")


AT_EACH_STAGE = {
    "no request": (b"", "handshake_timeout"),
    "half a request": (b"GET /api/ws/agent HTTP/1.1\r\nHost: x\r\n", "handshake_timeout"),
    "no HTTP": (b"EHLO x\r\n\r\n", "bad_request"),
    "too large": (request(x_large="b" * 20_000), "head_too_large"),
    "a bad handshake": (request(drop=("sec-websocket-key",)), "bad_handshake"),
    "a foreign page": (request(origin="https://evil.example"), "origin_refused"),
    "a backend that is not there": (request("/api/ws/gone"), "upstream_unavailable"),
}


def test_refusals_are_counted_by_their_code_at_whatever_stage(start_proxy):
    gone = {"match": {"agent_type": "gone"}, "legacy": {"path": "/api/ws/gone"}}
    gone["legacy"]["upstream"] = {"url": f"ws://127.0.0.1:{free_port()}/api/ws/gone"}
    proxy = start_proxy({"routes": {"gone": gone}, "limits": {"handshake_timeout": "300ms"}})
    expected = {}
    for name, (data, code) in AT_EACH_STAGE.items():
        with RawSocket(proxy.port) as raw:
            raw.send(data)
            assert raw.refusal()[1] == code, name
            assert raw.is_ended(), name
        expected[code] = expected.get(code, 0) + 1
        assert refusals(proxy) == expected, name


def test_a_backend_s_own_refusal_is_counted_as_such(start_proxy, odd_backend):
    backend = odd_backend("broken")
    proxy = start_proxy(LEGACY, legacy=backend.port)
    with RawSocket(proxy.port) as raw:
        raw.send(request("/api/ws/guide"))
        assert raw.response()[0] == 503
        assert raw.is_ended()
    assert refusals(proxy) == {"upstream_refused": 1}


class UnhurriedBackend:
    """Accepts one connection after the other and takes its time with each. Stopped by itself with the test."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.listener = socket.create_server(("127.0.0.1", free_port()), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        self.sockets = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.stopped.wait(self.seconds):
            try:
                accepted = self.listener.accept()[0]
                self.sockets.append(accepted)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += accepted.recv(65536)
                answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                accepted.sendall(f"{answer}Sec-WebSocket-Accept: {accept_key(head)}\r\n\r\n".encode())
            except OSError:
                return

    def stop(self):
        self.stopped.set()
        self.listener.close()
        for accepted in self.sockets:
            accepted.close()


def test_a_storm_on_a_legacy_endpoint_waits_for_a_backend_that_is_slow_to_accept(start_proxy):
    backend = UnhurriedBackend(0.004)
    try:
        # Those who wait for the backend take no room from those who come: there is room for 32.
        proxy = start_proxy(LEGACY | {"limits": {"handshakes": {"bytes": "256KiB"}}}, legacy=backend.port)
        served_meanwhile = threading.Event()

        def another():
            # The other endpoint's clients do not wait for that backend.
            if len(storm(proxy.port, 100, everybody_path(), within=30).served) == 100:
                served_meanwhile.set()

        crowd = threading.Thread(target=another)
        crowd.start()
        outcome = storm(proxy.port, 500, everybody_path("/api/ws/guide"), within=60)
        crowd.join()
        assert len(outcome.served) == 500, outcome
        assert served_meanwhile.is_set()
        assert refusals(proxy) == {}
    finally:
        backend.stop()

