"""Queues and rates: what is too much is said at once, with a code, and nothing is lost in silence."""

import time

import pytest
from websockets.exceptions import ConnectionClosed

from harness import MIGRATION, is_error, merged, new_token


def test_a_full_queue_is_an_error_at_once(start_proxy, legacy):
    proxy = start_proxy({"upstream_defaults": {"exchange": {"queue": {"messages": 3}}}})
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "connected")
        gate = legacy.gate()
        client.send("guide", gate.text, conversation_id="0")
        for number in range(1, 8):
            client.send("guide", f"{number}", conversation_id=f"{number}")
        refused = [client.receive() for _ in range(4)]
        assert all(is_error(reply, "queue_full", sent=False) for reply in refused), "before the slow reply"
        assert [reply["conversation_id"] for reply in refused] == ["4", "5", "6", "7"]
        gate.open()
        answered = [client.receive() for _ in range(4)]
        assert all(reply["type"] == "message" for reply in answered)
        assert [reply["conversation_id"] for reply in answered] == ["0", "1", "2", "3"]
        client.send("content", "free")
        assert client.receive()["message"] == "content: free"


def test_the_queue_is_bounded_in_bytes_and_always_takes_one(start_proxy, legacy):
    proxy = start_proxy({"upstream_defaults": {"exchange": {"queue": {"bytes": "64KiB"}}}})
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "connected")
        gate = legacy.gate()
        client.send("guide", gate.text)
        big = "b" * 100_000
        client.send("guide", big)
        client.send("guide", "one too many")
        assert is_error(client.receive(), "queue_full", sent=False)
        gate.open()
        assert client.receive()["message"] == f"guide: {gate.text}"
        assert client.receive()["message"] == "guide: " + big


def test_a_client_that_floods_is_slowed_by_errors_not_cut(start_proxy):
    proxy = start_proxy({"limits": {"messages_per_second": 10}})
    with proxy.connect(new_token()) as client:
        started = time.monotonic()
        for number in range(60):
            client.send("guide", f"{number}", conversation_id=f"{number}")
        heard = [client.receive() for _ in range(60)]
        answered = [reply for reply in heard if reply["type"] == "message"]
        refused = [reply for reply in heard if is_error(reply, "rate_limited", sent=False)]
        assert len(answered) + len(refused) == 60
        most = 21 + 10 * (time.monotonic() - started)
        assert 20 <= len(answered) <= most, "the burst is twice the rate"
        assert all(reply["retry_after"] >= 0 for reply in refused)
        assert all(reply["agent_type"] == "guide" and reply["conversation_id"] for reply in refused)
        order = [int(reply["conversation_id"]) for reply in answered]
        assert order == sorted(set(order)), "those that were taken are answered once, in order"
    with proxy.connect(new_token()) as other:
        other.hears_nothing_but("guide", "another socket has its own budget")


def test_the_pace_of_an_upstream_makes_messages_wait(start_proxy):
    changes = {"routes": {"guide": {"legacy": {"upstream": {"pace": ["5/1s"]}}}}}
    with start_proxy(changes).connect(new_token()) as client:
        started = time.monotonic()
        for number in range(10):
            client.send("guide", f"{number}")
        assert [client.receive()["message"] for _ in range(10)] == [f"guide: {n}" for n in range(10)]
        assert time.monotonic() - started > 0.9, "five at once, five a second later"


def test_a_pace_that_would_take_too_long_is_an_error_at_once(start_proxy):
    upstream = {"pace": ["3/1m"], "exchange": {"queue": {"timeout": "8s"}}}
    proxy = start_proxy({"routes": {"guide": {"legacy": {"upstream": upstream}}}})
    token = new_token()
    with proxy.connect(token) as client:
        for number in range(3):
            client.hears_nothing_but("guide", f"{number}")
        started = time.monotonic()
        error = client.ask("guide", "one too many")
        assert is_error(error, "rate_limited", sent=False)
        assert error["retry_after"] > 0
        assert time.monotonic() - started < 6, "before the queue's own timeout"
        client.hears_nothing_but("content", "another route has its own pace")
    with proxy.connect(token) as again:
        assert is_error(again.ask("guide", "a new socket does not help"), "rate_limited", sent=False)


def test_an_idle_client_is_closed(start_proxy):
    proxy = start_proxy({"limits": {"idle_timeout": "3s"}})
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "hello")
        started = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            client.receive(15)
        assert closed.value.rcvd.code in (1000, 1001), "closed in good order"
        assert time.monotonic() - started < 15


def test_an_idle_old_client_is_closed_once_its_route_has_moved(start_proxy):
    proxy = start_proxy(merged(MIGRATION, {"limits": {"idle_timeout": "1s"}}))
    with proxy.connect(new_token(), path="/api/ws/guide") as client:
        client.hears_nothing_but("guide", "hello")
        # Passed through it has outlived its idle time: its backend says when it has been silent too long.
        with pytest.raises(TimeoutError):
            client.receive_text(2)
        proxy.serve("guide", "unified")
        with pytest.raises(ConnectionClosed) as closed:
            client.receive(15)
        assert closed.value.rcvd.code == 1001
