"""A backend's first words and last, in one packet with its 101: all of them arrive, and in order."""

import json
import socket
import struct

import pytest

from harness import MIGRATION, RawSocket, frame, merged, new_token, request, until
from harness.odd_backends import text_frame
from harness.processes import http_get
from harness.raw_backend import RawBackend, Visit

ROUNDS = 20


def close_frame(code: int) -> bytes:
    return bytes([0x88, 2]) + struct.pack("!H", code)


def leaving(visit: Visit):
    """101, a message, a close and the end, as granian and Sanic do it."""
    visit.send(visit.upgrade() + text_frame('{"type":"welcome"}') + close_frame(4001))
    visit.socket.shutdown(socket.SHUT_WR)
    # Until the proxy ends its side: no reset takes away what it has not read.
    while visit.socket.recv(1 << 16):
        pass


@pytest.mark.parametrize("manner", ["managed", "raw"])
def test_a_client_that_is_passed_through_hears_all_of_it(start_proxy, manner):
    with RawBackend(leaving) as backend:
        changes = {
            "legacy_defaults": {"passthrough": manner},
            "routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}},
        }
        proxy = start_proxy(merged(MIGRATION, changes), legacy=backend.port)
        for _ in range(ROUNDS):
            with RawSocket(proxy.port) as raw:
                raw.send(request(f"/api/ws/guide?session_token={new_token()}"))
                assert raw.response(has_body=False)[0] == 101
                assert raw.next_message() == {"type": "welcome"}
                assert raw.close_code() == 4001


def test_in_fan_out_the_close_code_says_what_it_says(start_proxy):
    def refusing(visit: Visit):
        leaving(visit)

    with RawBackend(refusing) as backend:
        upstream = {"closes": {"4001": "auth"}, "pushes": {"welcome": "forward"}}
        proxy = start_proxy({"routes": {"guide": {"legacy": {"upstream": upstream}}}}, legacy=backend.port)
        for _ in range(ROUNDS):
            with RawSocket(proxy.port) as raw:
                raw.upgrade(f"/api/ws/agent?session_token={new_token()}")
                raw.send(frame(1, b'{"message":"hello"}'))
                heard = raw.next_message()
                if heard["type"] == "welcome":
                    heard = raw.next_message()
                assert heard["code"] == "session_expired", heard


def test_what_a_client_says_behind_its_request_and_before_its_end_is_carried(start_proxy):
    heard = []

    def listening(visit: Visit):
        visit.send(visit.upgrade())
        while True:
            heard.append(json.loads(visit.next_message())["message"])
            visit.send(text_frame('{"type":"response","message":"ok"}'))

    with RawBackend(listening) as backend:
        proxy = start_proxy(legacy=backend.port)
        tokens = [new_token() for _ in range(ROUNDS)]
        for number, token in enumerate(tokens):
            with RawSocket(proxy.port) as raw:
                words = frame(1, json.dumps({"message": f"{number}"}).encode())
                raw.send(request(f"/api/ws/agent?session_token={token}") + words)
                raw.socket.shutdown(socket.SHUT_WR)
        # The replies wait for their sessions: a socket that comes before the other is gone has no right to them.
        waiting = f"\nshunt_parked_replies {ROUNDS}\n"
        until(lambda: waiting in http_get(proxy.admin_port, "/metrics")[1].decode(), "all are answered")
        for token in tokens:
            with RawSocket(proxy.port) as raw:
                raw.upgrade(f"/api/ws/agent?session_token={token}")
                assert raw.next_message()["message"] == "ok"
        assert sorted(map(int, heard)) == list(range(ROUNDS))
