"""Backends that accept first and close at once, as those of the field do: `sent` is true only of what may have been
read, on each way that reads messages."""

import json

import pytest

from harness import is_error, merged, new_token, until
from harness.processes import http_get

MEANINGS = {"closes": {4001: "auth", 4003: "refuse", 4004: "limit", 4401: "auth"}}


@pytest.fixture(params=["fan-out", "relay", "collapse"])
def way(request, odd_backend, start_proxy):
    """How a client reaches the guide, with a backend that closes at the 101."""

    class Way:
        name = request.param
        backend = odd_backend("closing", closes=4004, reason="Connection limit")
        upstream = "guide" if request.param == "fan-out" else "unified"

        @staticmethod
        def start(**settings):
            url = f"ws://127.0.0.1:{Way.backend.port}/"
            upstream = merged(MEANINGS, {"url": url, **settings})
            if Way.name == "fan-out":
                return start_proxy({"routes": {"guide": {"legacy": {"upstream": upstream}}}})
            guide = {"served_by": "unified", "legacy": {"path": "/api/ws/guide"}}
            return start_proxy({"unified": {"upstream": upstream}, "routes": {"guide": guide}})

        @staticmethod
        def connect(proxy, token):
            return proxy.connect(token, path="/api/ws/guide" if Way.name == "collapse" else "/api/ws/agent")

    return Way


def test_limit_burns_no_message(way):
    proxy = way.start()
    with way.connect(proxy, new_token()) as client:
        for number in range(5):
            client.send("guide", f"{number}")
        until(lambda: way.backend.accepted >= 3, "it is tried again and again")
        assert way.backend.accepted < 40, "one dial for each backoff"
        way.backend.closes = None
        replies = [client.receive(30) for _ in range(5)]
    assert [reply.get("message") for reply in replies] == [f"guide: {number}" for number in range(5)], replies
    assert way.backend.answered == 5, "none of them twice"
    line = f"upstream closed code=4004 means=limit reason=\"Connection limit\" upstream={way.upstream}"
    assert line in proxy.log, proxy.log


@pytest.mark.parametrize("code, error", [(4003, "upstream_unavailable"), (4401, "session_expired")])
def test_what_nobody_read_was_not_sent(way, code, error):
    way.backend.closes = code
    proxy = way.start()
    with way.connect(proxy, new_token()) as client:
        for number in range(2):
            client.send("guide", f"{number}")
        for _ in range(2):
            assert is_error(client.receive(), error, sent=False)
    samples = http_get(proxy.admin_port, "/metrics")[1].decode().splitlines()
    counted = f'shunt_upstream_closes_total{{upstream="{way.upstream}",code="{code}"}}'
    assert any(sample.startswith(counted) for sample in samples), [s for s in samples if "closes" in s]


def test_a_message_too_large_for_the_backend_is_told_so_and_not_sent_again(way):
    way.backend.closes, way.backend.reads = 1009, 1
    proxy = way.start(exchange={"retry": "safe"})
    with way.connect(proxy, new_token()) as client:
        client.send("guide", "large " * 1000)
        assert is_error(client.receive(), "message_too_large", sent=True)
        until(lambda: "code=1009" in proxy.log, "the log says it")
        assert way.backend.accepted == 1


def test_a_reason_that_shows_the_token_is_not_logged(way):
    token = new_token()
    way.backend.closes, way.backend.reason = 4003, f"Bad token {token}"
    proxy = way.start()
    with way.connect(proxy, token) as client:
        client.send("guide", "hello")
        assert is_error(client.receive(), "upstream_unavailable", sent=False)
    until(lambda: "upstream closed" in proxy.log, "the log says it")
    assert token not in proxy.log
    assert json.dumps("(left out: it shows the token)") in proxy.log
