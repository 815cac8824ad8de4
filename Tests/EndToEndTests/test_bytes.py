"""What is on the wire of a handshake is bytes: kept apart, compared and passed on as they are."""

import json
import threading

import pytest

from harness import MIGRATION, RawSocket, frame, merged, new_token, request, until
from harness.odd_backends import text_frame
from harness.raw_backend import RawBackend, Visit

# Latin-1, as many gateways send names. To a reader of UTF-8 they are the same text: M\ufffdller.
MUELLER, MOELLER = b"M\xfcller", b"M\xf6ller"

PLACES = {
    "header": ({"token": ["header:x-remote-user"]}, "header:x-remote-user"),
    "cookie": ({"token": ["cookie:session"]}, "cookie:session"),
    "query": ({"token": ["query:session_token"]}, "query:session_token"),
    "query, raw": ({"token": ["query:session_token"]}, "query:session_token"),
}


def carrying(place: str, token: bytes) -> bytes:
    """A handshake that carries the token there."""
    base = request(f"/api/ws/agent?mark={new_token()}")
    match place:
        case "header":
            return base.replace(b"\r\n\r\n", b"\r\nX-Remote-User: " + token + b"\r\n\r\n")
        case "cookie":
            return base.replace(b"\r\n\r\n", b"\r\nCookie: a=b; session=" + token + b"\r\n\r\n")
        case "query":
            escaped = b"".join(b"%%%02X" % byte if byte > 0x7F else bytes([byte]) for byte in token)
            return base.replace(b" HTTP", b"&session_token=" + escaped + b" HTTP")
        case _:
            return base.replace(b" HTTP", b"&session_token=" + token + b" HTTP")


def carried(place: str, visit: Visit) -> bytes:
    match place:
        case "header":
            return visit.values("x-remote-user")[0]
        case "cookie":
            return visit.values("cookie")[0].split(b"session=")[1]
        case _:
            return visit.target.split(b"session_token=")[1]


def sent_as(place: str, token: bytes) -> bytes:
    return carrying(place, token).split(b"session_token=")[1].split(b" ")[0] if "query" in place else token


@pytest.mark.parametrize("place", PLACES)
def test_two_tokens_that_differ_in_one_byte_are_two_sessions(start_proxy, place):
    session, credential = PLACES[place]
    gate = threading.Event()
    waiting = threading.Semaphore(0)

    def script(visit: Visit):
        visit.send(visit.upgrade())
        while True:
            message = json.loads(visit.next_message())["message"]
            if message == "wait":
                waiting.release()
                gate.wait(30)
            visit.send(text_frame(json.dumps({"type": "response", "message": f"to {carried(place, visit)!r}"})))

    with RawBackend(script) as backend:
        changes = {"session": session, "routes": {"guide": {"legacy": {"upstream": {"credential": credential}}}}}
        proxy = start_proxy(changes, legacy=backend.port)

        def client(token: bytes) -> RawSocket:
            raw = RawSocket(proxy.port)
            raw.send(carrying(place, token))
            assert raw.response(has_body=False)[0] == 101
            return raw

        # The first leaves before it is answered: its reply waits for its return.
        with client(MUELLER) as first:
            first.send(frame(1, b'{"message":"wait"}'))
            assert waiting.acquire(timeout=20)
        until(lambda: proxy.state("status")["now"]["clients"] == 0, "the client is gone")
        gate.set()
        with client(MOELLER) as second:
            second.send(frame(1, b'{"message":"hello"}'))
            assert second.next_message()["message"] == f"to {sent_as(place, MOELLER)!r}"
        with client(MUELLER) as first:
            assert first.next_message()["message"] == f"to {sent_as(place, MUELLER)!r}"
        assert [carried(place, visit) for visit in backend.visits] == [
            sent_as(place, MUELLER),
            sent_as(place, MOELLER),
        ]


@pytest.fixture(params=["managed", "raw"])
def manner(request):
    return request.param


def passthrough(manner: str) -> dict:
    return merged(
        MIGRATION,
        {
            "legacy_defaults": {"passthrough": manner},
            "routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}},
        },
    )


NAMES = b"X-Name: M\xfcller\r\nCookie: a=\xe9; session=\xff\xfe\r\nX-Forwarded-For: \xe4, 192.0.2.1\r\n"


def test_what_passes_through_passes_byte_for_byte(start_proxy, manner):
    def script(visit: Visit):
        visit.send(visit.upgrade(b"X-Greeting: Gr\xfc\xdfe\t!", b"Set-Cookie: a=\xe9", b"X-Empty:"))
        visit.send(text_frame(visit.next_message().decode()))

    with RawBackend(script) as backend:
        proxy = start_proxy(passthrough(manner), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            good = request("/api/ws/guide?x=%FFz&y=\xfc&session_token=%FFz&z=e%CC%81")
            raw.send(good.replace(b"\r\n\r\n", b"\r\n" + NAMES + b"\r\n"))
            head, _, raw.buffer = raw._until(b"\r\n\r\n").partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
            for line in (b"X-Greeting: Gr\xfc\xdfe\t!", b"Set-Cookie: a=\xe9", b"X-Empty: "):
                assert line in lines
            raw.send(frame(1, b"hello"))
            assert raw.next_frame() == (1, b"hello")
        [visit] = backend.visits
        assert visit.target == b"/api/ws/guide?x=%FFz&y=\xfc&session_token=%FFz&z=e%CC%81"
        assert visit.values("x-name") == [b"M\xfcller"]
        assert visit.values("cookie") == [b"a=\xe9; session=\xff\xfe"]
        assert visit.values("x-forwarded-for") == [b"\xe4, 192.0.2.1, 127.0.0.1"]


def test_a_value_of_a_path_passes_byte_for_byte(start_proxy, manner):
    def script(visit: Visit):
        visit.send(visit.upgrade())
        visit.send(text_frame(visit.next_message().decode()))

    with RawBackend(script) as backend:
        proxy = start_proxy(passthrough(manner), legacy=backend.port)
        for value in ("gr%F6n", "gr\xf6n", "e%CC%81"):
            with RawSocket(proxy.port) as raw:
                raw.upgrade(f"/api/ws/liaison/{value}")
                assert backend.visits[-1].target == f"/api/ws/liaison/{value}".encode("latin-1")
        for value in ("%C0%AE%C0%AE", "%2e%2e"):
            with RawSocket(proxy.port) as raw:
                raw.send(request(f"/api/ws/liaison/{value}"))
                assert raw.refusal() == (404, "unknown_path")


def test_a_refusal_is_the_backend_s_own_to_the_byte(start_proxy, manner):
    refusal = b"HTTP/1.1 403 Zut\xe9\r\nX-Why: d\xe9j\xe0\r\nSet-Cookie: a=\xff\r\nContent-Length: 3\r\n\r\n\xe9\x00\xff"
    with RawBackend(lambda visit: visit.send(refusal)) as backend:
        proxy = start_proxy(passthrough(manner), legacy=backend.port)
        with RawSocket(proxy.port) as raw:
            raw.send(request("/api/ws/guide"))
            head, _, raw.buffer = raw._until(b"\r\n\r\n").partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            assert lines[0] == b"HTTP/1.1 403 Zut\xe9"
            for line in (b"X-Why: d\xe9j\xe0", b"Set-Cookie: a=\xff", b"Content-Length: 3", b"Connection: close"):
                assert line in lines
            assert raw._exactly(3) == b"\xe9\x00\xff"


def test_client_apps_that_differ_in_one_byte_are_two(start_proxy, same_day):
    proxy = start_proxy(merged(MIGRATION, {"store": {"flush": "1s"}, "client": {"app": ["query:client"]}}))
    for app in ("M%FCller", "M%F6ller", "e%CC%81", "%C3%A9"):
        with proxy.connect(query=f"session_token={new_token()}&client={app}", path="/api/ws/guide") as client:
            client.send_text('{"message":"hello"}')
            client.receive()
    rows = proxy.state("usage", "--by", "app", "--endpoint", "/api/ws/guide")["rows"]
    assert {row["app"]: row["messages"] for row in rows} == dict.fromkeys(
        ["M\\xFCller", "M\\xF6ller", "e\u0301", "\u00e9"], 1
    )
