"""Answers to a dial as servers of the field give them, and as they should not."""

import json

import pytest

from harness import MIGRATION, RawSocket, frame, merged, new_token, request
from harness.odd_backends import text_frame
from harness.raw import problem
from harness.raw_backend import RawBackend, Visit


def passthrough(manner: str = "managed") -> dict:
    changes = {
        "legacy_defaults": {"passthrough": manner},
        "routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}},
    }
    return merged(MIGRATION, changes)


def answering(visit: Visit):
    visit.send(visit.upgrade())
    while True:
        words = json.loads(visit.next_message())["message"]
        visit.send(text_frame(json.dumps({"type": "response", "message": words})))


def test_a_subprotocol_that_was_not_offered_passes_in_raw(start_proxy):
    def choosing(visit: Visit):
        visit.send(visit.upgrade(b"Sec-WebSocket-Protocol: chat.v9"))
        visit.send(text_frame(visit.next_message().decode()))

    with RawBackend(choosing) as backend:
        proxy = start_proxy(passthrough("raw"), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            raw.send(request("/api/ws/guide"))
            status, headers, _ = raw.response(has_body=False)
            assert (status, headers["sec-websocket-protocol"]) == (101, "chat.v9")
            raw.send(frame(1, b"hello"))
            assert raw.next_frame() == (1, b"hello")


def test_elsewhere_refusal_and_log_name_it(start_proxy):
    def choosing(visit: Visit):
        visit.send(visit.upgrade(b"Sec-WebSocket-Protocol: chat.v9"))
        visit.socket.recv(1)

    with RawBackend(choosing) as backend:
        proxy = start_proxy(passthrough(), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            raw.send(request("/api/ws/guide", sec_websocket_protocol="chat.v1"))
            status, headers, body = raw.response()
            assert status == 502
            assert problem(headers, body)["code"] == "upstream_unavailable"
            assert 'the subprotocol "chat.v9" was not offered' in problem(headers, body)["message"]
        with proxy.connect(new_token()) as client:
            client.send("guide", "hello")
            assert client.receive()["code"] == "upstream_unavailable"
        [line, *_] = [line for line in proxy.log.splitlines() if "dial failed" in line]
        assert "badHandshake" in line and "chat.v9" in line


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 101 Switching", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=repr)
def test_an_end_instead_of_an_answer_is_a_bad_handshake_and_the_message_waits(start_proxy, words):
    def starting(visit: Visit):
        if len(backend.visits) > 2:
            answering(visit)
        visit.send(words)

    with RawBackend(starting) as backend:
        proxy = start_proxy(legacy=backend.port)
        with proxy.connect(new_token()) as client:
            client.send("guide", "hello")
            assert client.receive()["message"] == "hello"
        lines = [line for line in proxy.log.splitlines() if "dial failed" in line]
        assert lines and all("badHandshake" in line for line in lines), lines
        assert "before an answer" in lines[0]


def test_interim_answers_are_passed_over(start_proxy):
    def hinting(visit: Visit):
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        answering(visit)

    with RawBackend(hinting) as backend:
        proxy = start_proxy(passthrough(), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            raw.upgrade("/api/ws/guide")
            raw.send(frame(1, b'{"message":"hello"}'))
            assert raw.next_message()["message"] == "hello"


def test_more_interim_answers_are_named(start_proxy):
    def chattering(visit: Visit):
        visit.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5)
        answering(visit)

    with RawBackend(chattering) as backend:
        proxy = start_proxy(passthrough(), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            raw.send(request("/api/ws/guide"))
            assert raw.response()[0] == 502
        assert 'problem="more than 4 interim answers (1xx)"' in proxy.log, proxy.log


REFUSALS = {
    "no fields at all": (b"HTTP/1.1 403 Access denied\r\n\r\n", 403, b""),
    "no reason": (b"HTTP/1.1 403 \r\ncontent-length: 2\r\n\r\nno", 403, b"no"),
    "no reason, no space": (b"HTTP/1.1 403\r\ncontent-length: 2\r\n\r\nno", 403, b"no"),
    "to the end": (b"HTTP/1.0 401 Who\r\nContent-Type: text/plain\r\n\r\nwho are you", 401, b"who are you"),
    "chunked": (b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 500, b"abcd"),
    "a 200 dressed as an upgrade": (
        b"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
        200,
        b"",
    ),
}


@pytest.mark.parametrize("manner", ["managed", "raw"])
def test_refusals_are_told_as_they_are(start_proxy, manner):
    answers = iter(REFUSALS.values())
    current = []

    with RawBackend(lambda visit: visit.send(current[-1])) as backend:
        proxy = start_proxy(passthrough(manner), legacy=backend.port)
        for answer, status, body in answers:
            current.append(answer)
            with RawSocket(proxy.port) as raw:
                raw.send(request("/api/ws/guide"))
                got, headers, text = raw.response()
                assert (got, text) == (status, body), answer
                assert headers["connection"] == "close"
                assert "transfer-encoding" not in headers and "upgrade" not in headers
                assert raw.is_ended()
