"""Compressed messages (permessage-deflate, RFC 7692): towards clients and towards backends, each by its own handshake."""

import contextlib
import json
import os
import random
import zlib

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.sync.client import connect

from harness import MIGRATION, RawSocket, frame, merged, new_token, request, until
from harness.echo import EchoBackend
from harness.raw_backend import RawBackend

PATH = "/api/ws/echo"
ON = {"min_bytes": 1}
OFFER = "permessage-deflate"


@pytest.fixture(scope="module")
def echo():
    backend = EchoBackend()
    yield backend
    backend.stop()


@pytest.fixture(scope="module")
def plain_echo():
    """One that knows no extension."""
    backend = EchoBackend(compression=None)
    yield backend
    backend.stop()


def settings(port: int, client: dict | str, upstream: dict | str, changes: dict | None = None) -> dict:
    route = {
        "match": {"agent_type": "echo"},
        "legacy": {
            "path": PATH,
            "compression": client,
            "upstream": {"url": f"ws://127.0.0.1:{port}{PATH}", "compression": upstream},
        },
    }
    return merged(merged(MIGRATION, {"routes": {"echo": route}}), changes or {})


def connected(proxy, path: str = PATH, compression: str | None = "deflate", extensions: list | None = None):
    uri = f"ws://127.0.0.1:{proxy.port}{path}?session_token={new_token()}"
    return connect(uri, compression=compression, extensions=extensions, max_size=None)


def agreed(client) -> str | None:
    return client.response.headers.get("Sec-WebSocket-Extensions")


def deflated(payload: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def messages() -> list[str | bytes]:
    """Every size around the lengths of frames and windows; such as compress well, hardly and not at all."""
    dice = random.Random(1)
    result: list[str | bytes] = []
    for size in (0, 1, 16, 64, 125, 126, 127, 256, 1024, 4096, 8192, 16384, 32768, 65535, 65536, 131072):
        result.append(("words and words again, " * (size // 20 + 1))[:size])
        result.append(dice.randbytes(size))
        result.append("".join(dice.choice("äöüß€x") for _ in range(size // 3)))
    return result


def test_it_is_off_unless_the_file_says_so(start_proxy, echo):
    proxy = start_proxy(settings(echo.port, "off", "off"))
    for path in (PATH, "/api/ws/agent"):
        with connected(proxy, path) as client:
            assert agreed(client) is None
    assert all("Sec-WebSocket-Extensions" not in asked.headers for asked in echo.requests[-1:])


@pytest.mark.parametrize("legs", ["client", "upstream", "both"])
@pytest.mark.parametrize("takeover", [False, True])
def test_all_messages_pass_unchanged_whoever_compresses(start_proxy, echo, legs, takeover):
    on = ON | {"context_takeover": takeover}
    proxy = start_proxy(settings(echo.port, on if legs != "upstream" else "off", on if legs != "client" else "off"))
    with connected(proxy) as client:
        assert (agreed(client) is not None) == (legs != "upstream")
        asked = echo.requests[-1].headers.get("Sec-WebSocket-Extensions")
        assert (asked is not None) == (legs != "client")
        for message in messages():
            client.send(message)
            assert client.recv(timeout=20) == message
        client.send(["fr", "agm", "", "ents"])
        assert client.recv(timeout=20) == "one two three"
        client.send([b"a" * 70000, b"b", b""])
        assert client.recv(timeout=20) == b"a" * 70000 + b"b"


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("takeover", [False, True])
def test_all_windows_are_kept_to_both_ways(start_proxy, bits, takeover):
    on = ON | {"context_takeover": takeover, "window_bits": bits, "level": 9}
    asked = {"server_max_window_bits": bits, "client_max_window_bits": bits}
    backend = EchoBackend(compression=None, extensions=[ServerPerMessageDeflateFactory(**asked)])
    try:
        proxy = start_proxy(settings(backend.port, on, on))
        with connected(proxy, compression=None, extensions=[ClientPerMessageDeflateFactory(**asked)]) as client:
            assert f"server_max_window_bits={bits}" in agreed(client)
            assert f"client_max_window_bits={bits}" in agreed(client)
            assert ("no_context_takeover" not in agreed(client)) == takeover
            for message in messages():
                client.send(message)
                assert client.recv(timeout=20) == message
    finally:
        backend.stop()


def test_on_the_unified_endpoint_agents_answer_whoever_compresses(start_proxy):
    proxy = start_proxy({"unified": {"compression": ON}})
    for compression in ("deflate", None):
        with connected(proxy, "/api/ws/agent", compression) as client:
            assert (agreed(client) is not None) == (compression is not None)
            for agent in ("guide", "liaison"):
                text = f"{agent} " * 500
                client.send(json.dumps({"agent_type": agent, "pillar": "content", "message": text}))
                until(lambda text=text: text in client.recv(timeout=10), "the reply")
    plain = proxy.metric('shunt_compressed_messages_bytes_total{direction="out",form="plain"}')
    wire = proxy.metric('shunt_compressed_messages_bytes_total{direction="out",form="wire"}')
    assert 0 < wire < plain / 4, "replies that repeat themselves are sent in less"
    until(lambda: proxy.metric("shunt_compressed_connections") == 0, "nobody is left")


def test_short_messages_go_as_they_are(start_proxy, plain_echo):
    proxy = start_proxy(settings(plain_echo.port, {"min_bytes": 100}, "off"))
    with RawSocket(proxy.port).upgrade(f"{PATH}?session_token={new_token()}", sec_websocket_extensions=OFFER) as client:
        client.send(frame(1, b"x" * 99))
        assert client.next_frame() == (1, b"x" * 99)
        client.send(frame(1, b"x" * 100))
        first, _ = client._exactly(2)
        assert first == 0xC1, "compressed"


@pytest.mark.parametrize(
    ("offer", "sent", "code"),
    [
        # Nobody agreed on it.
        (None, frame(1, deflated(b"hello"), reserved=4), 1002),
        # On a control frame, on a continuation, with another bit.
        (OFFER, frame(9, b"", reserved=4), 1002),
        (OFFER, frame(1, b"\x00", fin=False, reserved=4) + frame(0, b"\x00", reserved=4), 1002),
        (OFFER, frame(1, deflated(b"hello"), reserved=6), 1002),
        # No DEFLATE; one that is cut off; what comes of it is no UTF-8.
        (OFFER, frame(1, b"\x06", reserved=4), 1007),
        (OFFER, frame(1, deflated(b"hello" * 9)[:-3], reserved=4), 1007),
        (OFFER, frame(1, deflated(b"\xff\xfe"), reserved=4), 1007),
    ],
    ids=["unagreed", "ping", "continuation", "two bits", "no deflate", "cut off", "no text"],
)
@pytest.mark.parametrize("path", [PATH, "/api/ws/agent"])
def test_who_breaks_the_rules_is_told_so(start_proxy, plain_echo, offer, sent, code, path):
    proxy = start_proxy(settings(plain_echo.port, ON, "off", {"unified": {"compression": ON}}))
    fields = {"sec_websocket_extensions": offer} if offer else {}
    with RawSocket(proxy.port).upgrade(f"{path}?session_token={new_token()}", **fields) as client:
        client.send(sent)
        assert client.close_code() == code


def test_a_ping_between_the_parts_of_a_compressed_message_is_answered_first(start_proxy, plain_echo):
    proxy = start_proxy(settings(plain_echo.port, {"min_bytes": 1000}, "off"))
    with RawSocket(proxy.port).upgrade(f"{PATH}?session_token={new_token()}", sec_websocket_extensions=OFFER) as client:
        packed = deflated(b"hello, hello, hello")
        client.send(frame(1, packed[:4], fin=False, reserved=4))
        client.send(frame(9, b"there?"))
        assert client.next_frame() == (10, b"there?")
        client.send(frame(0, packed[4:]))
        assert client.next_frame() == (1, b"hello, hello, hello")


def test_a_bomb_is_a_big_message_and_takes_no_memory(start_proxy, plain_echo):
    # What it is told besides is short.
    on = {"min_bytes": "64KiB"}
    limits = {"limits": {"message": "1MiB"}, "unified": {"compression": on}}
    proxy = start_proxy(settings(plain_echo.port, on, "off", limits))
    bomb = frame(1, deflated(bytes(100 << 20)), reserved=4)
    assert len(bomb) < 200_000
    before = proxy.resident_bytes
    for path in (PATH, "/api/ws/agent") * 4:
        with RawSocket(proxy.port).upgrade(
            f"{path}?session_token={new_token()}", sec_websocket_extensions=OFFER
        ) as client:
            client.send(bomb)
            assert client.close_code() == 1009
    assert proxy.resident_bytes < before + (16 << 20)


def test_who_comes_when_there_is_no_room_is_simply_not_given_it(start_proxy, plain_echo):
    proxy = start_proxy(settings(plain_echo.port, ON | {"max_connections": 2}, "off"))
    with connected(proxy) as first, connected(proxy) as second, connected(proxy) as third:
        assert [agreed(client) is not None for client in (first, second, third)] == [True, True, False]
        third.send("hello")
        assert third.recv(timeout=10) == "hello"
        assert proxy.metric("shunt_compression_refused_total") == 1
        assert proxy.metric("shunt_compressed_connections") == 2
    until(lambda: proxy.metric("shunt_compressed_connections") == 0, "they are gone")
    with connected(proxy) as later:
        assert agreed(later) is not None


def test_its_memory_is_a_quarter_of_limits_memory_at_most(start_proxy, plain_echo):
    # With takeover and the largest windows a socket keeps about 300 KiB.
    changes = {"limits": {"memory": "16MiB", "message": "64KiB"}}
    on = ON | {"context_takeover": True, "window_bits": 15}
    proxy = start_proxy(settings(plain_echo.port, on, "off", changes))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(proxy)) for _ in range(16)]
        assert [agreed(client) is not None for client in clients] == [True] * 13 + [False] * 3
        for client in clients:
            client.send("hello " * 50)
            assert client.recv(timeout=10) == "hello " * 50


def test_raw_sockets_agree_with_their_backend_alone(start_proxy, echo):
    changes = {"legacy_defaults": {"passthrough": "raw", "heartbeat": "off"}}
    proxy = start_proxy(settings(echo.port, "off", "off", changes))
    with connected(proxy) as client:
        assert agreed(client) is not None
        client.send("hello " * 500)
        assert client.recv(timeout=10) == "hello " * 500
    assert proxy.metric("shunt_compressed_connections") == 0


def test_an_answer_that_was_not_offered_fails_the_dial(start_proxy):
    for answer in (
        "permessage-deflate; server_no_context_takeover; unknown",
        "permessage-deflate",
        "permessage-bzip2",
    ):

        def script(visit, answer=answer):
            visit.send(visit.upgrade().replace(b"\r\n\r\n", f"\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n".encode()))

        with RawBackend(script) as backend:
            proxy = start_proxy(settings(backend.port, "off", ON))
            with RawSocket(proxy.port) as client:
                client.send(request(f"{PATH}?session_token={new_token()}"))
                assert client.refusal() == (502, "upstream_unavailable")
            assert "was not offered" in proxy.log or "bad_handshake" in proxy.log


def test_a_reload_counts_for_sockets_that_come_from_then_on(start_proxy, plain_echo):
    proxy = start_proxy(settings(plain_echo.port, "off", "off"))
    with connected(proxy) as before:
        changed = {"routes": {"echo": {"legacy": {"compression": ON}}}, "unified": {"compression": ON}}
        proxy.reload(changed, says="compression")
        with connected(proxy) as after, connected(proxy, "/api/ws/agent") as unified:
            assert agreed(before) is None
            assert agreed(after) is not None and agreed(unified) is not None
            for client in (before, after):
                client.send("hello " * 50)
                assert client.recv(timeout=10) == "hello " * 50


def test_a_socket_that_is_cut_in_the_middle_of_a_compressed_message_gives_its_room_back(start_proxy, plain_echo):
    proxy = start_proxy(settings(plain_echo.port, ON | {"context_takeover": True}, "off"))
    for _ in range(5):
        with RawSocket(proxy.port).upgrade(
            f"{PATH}?session_token={new_token()}", sec_websocket_extensions=OFFER
        ) as client:
            client.send(frame(2, os.urandom(5000), fin=False, reserved=4)[:-100])
            client.reset()
    until(lambda: proxy.metric("shunt_compressed_connections") == 0, "nobody is left")
    with pytest.raises(ConnectionClosed), connected(proxy) as client:
        client.send("close 4001 bye")
        client.recv(timeout=10)
