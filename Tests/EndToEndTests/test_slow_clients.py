"""Clients that do not read."""

import time

import pytest

from harness import RawSocket, frame, new_token, until

CLIENTS = 1000
MEBIBYTE = 1 << 20


@pytest.mark.timeout(180)
def test_a_thousand_clients_that_never_read_are_bounded(start_proxy, odd_backend):
    """Each is sent megabyte after megabyte; what the proxy keeps for them stays within `unread_by_client` and one
    message each, and they are closed. A client that reads is served all the while."""
    backend = odd_backend("lavish")
    memory = 768 * MEBIBYTE
    limits = {"unread_by_client": "256KiB", "memory": "768MiB", "connections_per_address": 5000}
    drain = {"exchanges": "1s", "spread": "100ms", "limit": "5s"}
    # The backend of this test takes its time to shake a thousand hands.
    upstreams = {"pool": {"connect_timeout": "60s", "handshake_timeout": "60s"}}
    changes = {"limits": limits, "drain": drain, "upstream_defaults": upstreams}
    proxy = start_proxy(changes, legacy=backend.port)
    before = proxy.resident_bytes
    most = before
    clients = []
    try:
        for number in range(CLIENTS):
            raw = RawSocket(proxy.port, receive_buffer=4096)
            raw.upgrade(f"/api/ws/agent?session_token={new_token()}")
            raw.send(b"".join(frame(1, b'{"agent_type":"guide","message":"more"}') for _ in range(2)))
            clients.append(raw)
            if number % 20 == 0:
                most = max(most, proxy.resident_bytes)
        answered = quiet = 0
        while quiet < 30:
            quiet = quiet + 1 if answered == backend.answered else 0
            answered = backend.answered
            most = max(most, proxy.resident_bytes)
            time.sleep(0.1)
        assert most - before > 200 * MEBIBYTE, "they were sent more than the system's own buffers hold"
        # On each connection a reply may be on its way in, which is not whole yet.
        assert most - before < memory + CLIENTS * MEBIBYTE, (
            f"{(most - before) / MEBIBYTE:.0f} MiB for {CLIENTS} clients"
        )
    finally:
        for raw in clients:
            raw.socket.close()

    def served():
        with proxy.connect(new_token()) as client:
            client.send("guide", "hello")
            return len(client.receive().get("message", "")) == MEBIBYTE

    until(served, "once they are gone everybody is served", 20)


def test_a_client_that_does_not_read_is_closed_and_others_are_served(start_proxy):
    proxy = start_proxy({"limits": {"unread_by_client": "64KiB"}})
    with RawSocket(proxy.port, receive_buffer=4096) as deaf:
        deaf.upgrade(f"/api/ws/agent?session_token={new_token()}")
        for _ in range(30):
            deaf.send(frame(1, b'{"agent_type":"guide","message":"/big 1000000"}'))
        with proxy.connect(new_token()) as client:
            for number in range(50):
                client.hears_nothing_but("guide", f"{number}")
        until(lambda: closed(deaf), "the proxy gave it up", 40)


def closed(raw: RawSocket) -> bool:
    """Whether the proxy ended the connection, found out by writing: reading would relieve it."""
    try:
        raw.send(frame(9, b""))
        return False
    except OSError:
        return True


def test_a_slow_tab_does_not_hold_back_another_tab_of_its_session(proxy):
    token = new_token()
    with RawSocket(proxy.port, receive_buffer=4096) as deaf:
        deaf.upgrade(f"/api/ws/agent?session_token={token}")
        deaf.send(frame(1, b'{"agent_type":"guide","message":"/big 3000000"}'))
        with proxy.connect(token) as client:
            for number in range(20):
                client.hears_nothing_but("guide", f"{number}")
                client.hears_nothing_but("content", f"{number}")


def test_unfinished_messages_count_against_the_memory_limit(start_proxy):
    proxy = start_proxy({"limits": {"memory": "256MiB"}})
    before = proxy.resident_bytes
    unfinished = frame(1, b"x" * (15 * MEBIBYTE))[: 14 * MEBIBYTE]
    clients = []
    try:
        for _ in range(40):
            raw = RawSocket(proxy.port).upgrade()
            clients.append(raw)
            try:
                raw.send(unfinished)
            except ConnectionError:
                pass  # refused, as it should be
        assert proxy.resident_bytes - before < (256 + 128) * MEBIBYTE
    finally:
        for raw in clients:
            raw.socket.close()
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "and the proxy is well")
