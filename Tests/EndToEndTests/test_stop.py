"""Stopping: what is under way finishes, everybody is told, nothing hangs."""

import asyncio
import json
import signal
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from harness import (
    AGENTS,
    LEGACY_PATHS,
    MIGRATION,
    Proxy,
    chatting,
    configuration,
    is_error,
    merged,
    new_token,
    until,
)
from harness.processes import http_get

DRAIN = {"drain": {"exchanges": "5s", "spread": "300ms", "limit": "10s"}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_exchanges_in_flight_finish_before_sockets_close_with_1012(start_proxy, number):
    proxy = start_proxy(DRAIN)
    proxy.stopped_by_test = True
    with proxy.connect(new_token()) as busy, proxy.connect(new_token()) as idle:
        idle.hears_nothing_but("content", "hello")
        busy.hears_nothing_but("guide", "hello")
        busy.send("guide", "/slow 1000")
        busy.hears_nothing_but("content", "the slow one is on its way")
        proxy.signal(number)
        assert busy.receive()["message"] == "guide: /slow 1000"
        for client in (busy, idle):
            with pytest.raises(ConnectionClosed) as closed:
                client.receive()
            assert closed.value.rcvd.code == 1012
    assert proxy.process.wait(15) == 0
    proxy.assert_no_token_logged()


def test_the_admin_listener_tells_of_the_stop_until_the_process_ends(start_proxy, legacy):
    proxy = start_proxy({"drain": {"exchanges": "20s", "spread": "100ms", "limit": "30s"}})
    lines = proxy.log.splitlines()
    ready = next(number for number, line in enumerate(lines) if " ready " in line)
    for words in ("admin listening", " listening "):
        assert any(words in line for line in lines[:ready]), f"ready comes behind {words!r}"
    proxy.stopped_by_test = True
    with proxy.connect(new_token()) as client:
        gate = legacy.gate()
        client.send("guide", gate.text)
        gate.reached()
        assert http_get(proxy.admin_port, "/readyz")[0] == 200
        proxy.signal()
        until(lambda: http_get(proxy.admin_port, "/readyz")[0] == 503, "it says that it is not ready")
        status, page = http_get(proxy.admin_port, "/metrics")
        assert status == 200 and b"shunt_draining 1" in page
        assert http_get(proxy.admin_port, "/healthz")[0] == 200
        assert proxy.state("status")["draining"] is True
        assert "shunt_client_messages_total" in page.decode()
        gate.open()
        assert client.receive()["message"] == f"guide: {gate.text}"
    last = 0
    while proxy.running:
        last = http_get(proxy.admin_port, "/metrics")[0] or last
    assert last == 200 and proxy.process.wait(1) == 0
    log = proxy.log.splitlines()
    assert " stopped" in log[-1] or any(" stopped" in line for line in log[-3:])


def test_new_messages_and_new_clients_are_refused_while_it_stops(start_proxy, legacy):
    proxy = start_proxy({"drain": {"exchanges": "20s", "spread": "300ms", "limit": "30s"}})
    proxy.stopped_by_test = True
    with proxy.connect(new_token()) as client:
        gate = legacy.gate()
        client.send("guide", gate.text)
        gate.reached()
        proxy.signal()

        def refuses():
            try:
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=1) as probe:
                    probe.sendall(b"GET /api/ws/agent HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
                    return b"503" in probe.recv(1000)
            except OSError:
                return True

        until(refuses, "no new client is let in")

        def is_too_late():
            return is_error(client.ask("insights", "too late"), "draining", sent=False)

        until(is_too_late, "new messages are refused")
        gate.open()
        assert client.receive()["message"] == f"guide: {gate.text}"
    assert proxy.process.wait(30) == 0


def test_the_hard_limit_ends_exchanges_that_do_not(start_proxy):
    proxy = start_proxy({"drain": {"exchanges": "500ms", "spread": "100ms", "limit": "2s"}})
    proxy.stopped_by_test = True
    with proxy.connect(new_token()) as client:
        client.send("guide", "/slow 60000")
        client.hears_nothing_but("content", "on its way")
        started = time.monotonic()
        proxy.signal()
        error = client.receive()
        assert error["type"] == "error" and error["code"] in {"draining", "upstream_lost", "timeout"}
        with pytest.raises(ConnectionClosed):
            client.receive()
        assert proxy.process.wait(10) == 0
        assert time.monotonic() - started < 6


def test_a_stop_in_the_middle_of_flips_under_load_doubles_and_loses_nothing(start_proxy, legacy, unified):
    changes = {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}}
    proxy = start_proxy(merged(MIGRATION, changes))

    async def flip(count: int):
        """Flips until the proxy stops to take changes."""
        for turn in range(count):
            side = ("unified", "legacy")[turn % 2]
            status, _ = await asyncio.to_thread(proxy.try_to_serve, "guide", side)
            if status != 200:
                return status
        return None

    async def ask_slowly(socket, message: dict) -> str:
        await socket.send(json.dumps(message | {"message": "/slow 1000"}))
        async with asyncio.timeout(20):
            return json.loads(await socket.recv())["message"]

    async def closed(socket) -> int:
        """The close code; until then nothing more is heard."""
        with pytest.raises(ConnectionClosed) as end:
            await socket.recv()
        return end.value.rcvd.code

    async def talk():
        tokens = [new_token("slow") for _ in range(2)]
        async with (
            proxy.dial(tokens[0]) as new,
            proxy.dial(tokens[1], LEGACY_PATHS["guide"]) as old,
            chatting(proxy, new=4, old=3, agents=["guide", "operations"], refusals={"draining"}) as crowd,
        ):
            await flip(6)
            await crowd.each_hears()
            slow = [
                asyncio.create_task(ask_slowly(new, AGENTS["guide"])),
                asyncio.create_task(ask_slowly(old, {})),
            ]

            def under_way():
                # A backend may know a client that said nothing to it: an old one listens.
                seen = [backend.texts(token) for token in tokens for backend in (legacy, unified)]
                return sum(any(connection["texts"] for connection in each) for each in seen) == 2

            await asyncio.to_thread(until, under_way, "the slow ones are with a backend")
            flips = asyncio.create_task(flip(1000))
            await crowd.each_hears()
            proxy.begin_stop()
            for answer in slow:
                assert (await answer).removeprefix("unified ") == "guide: /slow 1000", "what is under way ends well"
            for socket in (new, old):
                assert await closed(socket) == 1012
            await crowd.all_hear(lambda chatter: chatter.close_code is not None, "all sockets are closed")
            assert {chatter.close_code for chatter in crowd} == {1012}
            assert await flips in (503, 0), "a proxy that stops takes no changes"
            crowd.have_no_problems()
            return crowd

    crowd = asyncio.run(talk())
    proxy.ends(15)
    crowd.outcomes_agree_with(legacy, unified)
    assert all(not refusal.sent for refusal in crowd.refused), "what was sent was answered"


def test_a_second_signal_ends_it_at_once(start_proxy):
    proxy = start_proxy({"drain": {"exchanges": "60s", "limit": "60s"}})
    with proxy.connect(new_token()) as client:
        client.send("guide", "/slow 60000")
        client.hears_nothing_but("content", "on its way")
        proxy.begin_stop()
        until(lambda: is_error(client.ask("content", "too late"), "draining"), "it drains")
        until(lambda: "draining" in proxy.log, "and says so")

        def ended() -> bool:
            # It listens for a second signal only a moment after it began to drain: who is impatient sends another.
            if proxy.running:
                proxy.signal()
            return not proxy.running

        until(ended, "the second signal cuts", 15)
        proxy.ends(code=1)
        with pytest.raises(ConnectionClosed):
            client.receive()
    assert "second signal" in proxy.log


def test_an_address_in_use_is_an_error_that_says_so(start_proxy, backends, tmp_path):
    first = start_proxy()
    second = Proxy(tmp_path / "second", configuration(backends.legacy.port, backends.unified.port))
    second.file.write_text(second.file.read_text().replace(str(second.port), str(first.port)))
    with pytest.raises(AssertionError, match="the proxy ended"):
        second.port = 1
        second.start()
    assert second.process.returncode not in (0, None) and second.process.returncode > 0, "an error, not a crash"
    assert str(first.port) in second.log


def test_a_bad_configuration_is_an_error_that_says_where(backends, tmp_path):
    settings = configuration(backends.legacy.port, backends.unified.port)
    settings["routes"]["guide"]["servd_by"] = "legacy"
    bad = Proxy(tmp_path / "bad", settings)
    with pytest.raises(AssertionError, match="the proxy ended"):
        bad.start()
    assert bad.process.returncode == 1
    assert "servd_by" in bad.log and "served_by" in bad.log


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_token_is_in_the_log_whatever_its_level(start_proxy, log_format):
    proxy = start_proxy({"log": {"level": "trace", "format": log_format}})
    token = new_token()
    with proxy.connect(token) as client:
        client.ask("content", "/crash")
        client.ask("guide", "/close 4001")
        client.ask("guide", "hello")
        client.send_text("{")
        client.receive()
    with proxy.connect(headers={"Authorization": f"Bearer {token}", "Cookie": f"session={token}"}) as client:
        client.hears_nothing_but("guide", "hello")
    proxy.stop()
    assert len(proxy.log.splitlines()) > 3, "it did log"
