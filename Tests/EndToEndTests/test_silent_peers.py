"""Peers that answer no ping: busy ones, which live, and hosts that are gone, which are noticed."""

import json
import time

import pytest

from harness import RawSocket, frame, merged, new_token, until
from harness.namespaces import namespace

HASTY = {
    "upstream_defaults": {"keepalive": {"every": "300ms", "timeout": "300ms"}},
    "limits": {"client_ping": {"every": "300ms", "timeout": "1s"}},
}
# Many times the keepalive: what is to be cut for its silence is cut by then.
LONG = 3.0
ENDPOINT = {"routes": {"guide": {"legacy": {"path": "/api/ws/guide"}}}}


def test_a_backend_that_reads_nothing_while_it_computes_is_waited_for(start_proxy, odd_backend):
    backend = odd_backend("busy")
    proxy = start_proxy(HASTY, legacy=backend.port)
    with proxy.connect(new_token()) as client:
        client.send("guide", "compute")
        until(lambda: backend.computing, "it computes")
        time.sleep(LONG)
        backend.finish()
        assert client.receive()["message"] == "guide: compute"
        client.hears_nothing_but("guide", "next")
    assert backend.accepted == 1, "over one and the same connection"


def test_what_blocks_one_session_cuts_no_other_sockets(start_proxy, odd_backend):
    backend = odd_backend("blocked")
    proxy = start_proxy(merged(HASTY, ENDPOINT), legacy=backend.port)
    others = [proxy.connect(new_token(), path="/api/ws/guide") for _ in range(10)]
    try:
        for client in others:
            assert client.ask("guide", "hello")["message"] == "guide: hello"
        with proxy.connect(new_token(), path="/api/ws/guide") as client:
            client.send("guide", "compute")
            until(lambda: backend.computing, "it computes")
            time.sleep(LONG)
            backend.finish()
            assert client.receive()["message"] == "guide: compute"
        for client in others:
            assert client.ask("guide", "still there")["message"] == "guide: still there"
        assert backend.accepted == 11
    finally:
        for client in others:
            client.close()


def test_an_idle_connection_that_answers_no_ping_is_replaced_and_nobody_notices(start_proxy, odd_backend):
    backend = odd_backend("blocked")
    breaker = {"upstream_defaults": {"breaker": {"failures": 1}}}
    proxy = start_proxy(merged(HASTY, breaker), legacy=backend.port)
    with proxy.connect(new_token()) as idle, proxy.connect(new_token()) as busy:
        idle.hears_nothing_but("guide", "hello")
        busy.send("guide", "compute")
        until(lambda: backend.computing, "it computes")

        def ready() -> int:
            return next(pool["ready"] for pool in proxy.state("pools")["pools"] if pool["upstream"] == "guide")

        until(lambda: ready() == 1, "the idle one is retired")
        backend.finish()
        assert busy.receive()["message"] == "guide: compute"
        idle.hears_nothing_but("guide", "hello again")
    # A loaded machine may have made it seem silent once more.
    assert backend.accepted >= 3
    assert "breaker" not in proxy.log


def test_a_client_that_does_not_read_and_acknowledges_lives(start_proxy, odd_backend):
    """Its window is full for more than twice the timeout; then it reads all that was said to it."""
    backend = odd_backend("lavish")
    proxy = start_proxy(merged(HASTY, ENDPOINT), legacy=backend.port)
    with RawSocket(proxy.port, receive_buffer=4096) as client:
        client.upgrade(f"/api/ws/guide?session_token={new_token()}")
        for _ in range(12):
            client.send(frame(1, b'{"message":"more"}'))
        time.sleep(LONG)
        messages = 0
        while messages < 12:
            opcode, payload = client.next_frame()
            assert opcode in (1, 9), (opcode, payload[:100])
            messages += opcode == 1 and len(json.loads(payload)["message"]) == 1 << 20


@pytest.fixture
def other_host():
    with namespace() as made:
        yield made


def test_a_backend_whose_host_is_gone_is_noticed(start_proxy, odd_backend, other_host):
    backend = odd_backend("busy", host=other_host.there, namespace=other_host)
    changes = {
        "routes": {"guide": {"legacy": {"upstream": {"url": f"ws://{other_host.there}:{backend.port}/api/ws/guide"}}}},
        "upstream_defaults": {"keepalive": {"every": "500ms", "timeout": "1s"}, "exchange": {"timeout": "60s"}},
    }
    with start_proxy(changes).connect(new_token()) as client:
        client.hears_nothing_but("guide", "hello")
        client.send("guide", "compute")
        until(lambda: backend.computing, "it computes")
        other_host.unplug()
        error = client.receive(20)
        assert (error["code"], error["sent"]) == ("upstream_lost", True)


def test_a_client_whose_host_is_gone_is_noticed(start_proxy, other_host):
    proxy = start_proxy(HASTY | {"listen": {"clients": [other_host.here]}})
    socket = other_host.call(lambda: RawSocket(proxy.port, host=other_host.here))
    with socket:
        socket.upgrade(f"/api/ws/agent?session_token={new_token()}")
        until(lambda: proxy.state("status")["now"]["clients"] == 1, "it is connected")
        other_host.unplug()
        until(lambda: proxy.state("status")["now"]["clients"] == 0, "it is noticed", 20)
