"""Frames as RFC 6455 does and does not allow them."""

import random
import struct

import pytest

from harness import RawSocket, frame, new_token

HELLO = b'{"agent_type":"guide","message":"hello"}'

VIOLATIONS = {
    "an unmasked frame": (frame(1, HELLO, masked=False), 1002),
    "a reserved bit": (frame(1, HELLO, reserved=4), 1002),
    "a reserved opcode": (frame(3, b""), 1002),
    "a reserved control opcode": (frame(11, b""), 1002),
    "a long ping": (frame(9, b"x" * 126), 1002),
    "a fragmented ping": (frame(9, b"x", fin=False), 1002),
    "a continuation of nothing": (frame(0, HELLO), 1002),
    "a message inside a message": (frame(1, b"{", fin=False) + frame(1, HELLO), 1002),
    "a length of more bytes than needed": (frame(1, b"", length=b"\xfe\x00\x05")[:8] + b"12345", 1002),
    "a 64-bit length of 2^63": (frame(1, b"", length=b"\xff" + struct.pack("!Q", 1 << 63)), {1002, 1009}),
    "a 64-bit length of 2^63 - 1": (frame(1, b"", length=b"\xff" + struct.pack("!Q", (1 << 63) - 1)), 1009),
    "a length over the limit": (frame(1, b"", length=b"\xff" + struct.pack("!Q", (16 << 20) + 1)), 1009),
    "bytes that are no UTF-8": (frame(1, b'{"message":"\xff\xfe"}'), 1007),
    "a surrogate in UTF-8": (frame(1, b'{"message":"\xed\xa0\x80"}'), 1007),
    "an overlong encoding": (frame(1, b'{"message":"\xc0\xaf"}'), 1007),
    "text that ends inside a character": (frame(1, b'{"message":"\xc3'), 1007),
    "a close payload of one byte": (frame(8, b"\x03"), 1002),
    "the close code 1005": (frame(8, struct.pack("!H", 1005)), 1002),
    "the close code 1006": (frame(8, struct.pack("!H", 1006)), 1002),
    "the close code 999": (frame(8, struct.pack("!H", 999)), 1002),
    "the close code 2000": (frame(8, struct.pack("!H", 2000)), 1002),
    "a close reason that is no UTF-8": (frame(8, struct.pack("!H", 1000) + b"\xff"), 1007),
}


def connected(proxy) -> RawSocket:
    return RawSocket(proxy.port).upgrade(f"/api/ws/agent?session_token={new_token()}")


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_closes_the_socket_with_its_code(proxy, name):
    data, expected = VIOLATIONS[name]
    with connected(proxy) as raw:
        raw.send(data)
        assert raw.close_code() in (expected if isinstance(expected, set) else {expected})
        assert raw.is_ended()


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1011, 3000, 4000, 4999])
def test_a_close_is_answered_with_its_own_code(proxy, code):
    with connected(proxy) as raw:
        raw.send(frame(8, struct.pack("!H", code) + b"goodbye"))
        assert raw.close_code() == code
        assert raw.is_ended()


def test_a_close_without_code_is_answered(proxy):
    with connected(proxy) as raw:
        raw.send(frame(8))
        assert raw.close_code() in (1005, 1000)
        assert raw.is_ended()


def test_fragments_become_one_message_even_within_a_character(proxy):
    text = '{"agent_type":"guide","message":"née 😀"}'.encode()
    with connected(proxy) as raw:
        for index, byte in enumerate(text):
            raw.send(frame(1 if index == 0 else 0, bytes([byte]), fin=index == len(text) - 1))
        assert raw.next_message()["message"] == "guide: née 😀"


def test_a_ping_between_fragments_is_answered_at_once(proxy):
    with connected(proxy) as raw:
        raw.send(frame(1, HELLO[:10], fin=False) + frame(9, b"now"))
        assert raw.next_frame() == (10, b"now")
        raw.send(frame(0, HELLO[10:]))
        assert raw.next_message()["message"] == "guide: hello"


def test_fragments_count_together_against_the_limit(start_proxy):
    with connected(start_proxy({"limits": {"message": "64KiB"}})) as raw:
        raw.send(frame(1, b"x" * 40_000, fin=False))
        raw.send(frame(0, b"x" * 40_000, fin=True))
        assert raw.close_code() == 1009


def test_an_unasked_pong_is_ignored(proxy):
    with connected(proxy) as raw:
        raw.send(frame(10, b"who asked") + frame(1, HELLO))
        assert raw.next_message()["message"] == "guide: hello"


def test_a_fragmented_binary_message_is_refused_as_a_message(proxy):
    with connected(proxy) as raw:
        raw.send(frame(2, HELLO[:5], fin=False) + frame(0, HELLO[5:]))
        assert raw.next_message()["code"] == "binary_unsupported"
        raw.send(frame(1, HELLO))
        assert raw.next_message()["message"] == "guide: hello"


def test_many_messages_in_one_packet_are_all_answered_in_order(proxy):
    with connected(proxy) as raw:
        raw.send(b"".join(frame(1, b'{"message":"%d"}' % number) for number in range(60)))
        assert [raw.next_message()["message"] for _ in range(60)] == [f"guide: {n}" for n in range(60)]


def test_a_client_that_resets_its_connection_hurts_nobody(proxy):
    for _ in range(20):
        raw = connected(proxy)
        raw.send(frame(1, HELLO))
        raw.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER with no time: close resets
        raw.socket.close()
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "all is well")


@pytest.mark.parametrize("seed", range(10))
def test_garbage_ends_its_own_socket_and_nothing_else(proxy, seed):
    chance = random.Random(seed)
    for _ in range(20):
        with connected(proxy) as raw:
            try:
                for _ in range(5):
                    garbage = chance.randbytes(chance.randrange(1, 300))
                    kind = chance.randrange(3)
                    raw.send([garbage, frame(1, garbage), frame(chance.randrange(16), garbage[:125])][kind])
            except ConnectionError:
                pass
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "all is well")
