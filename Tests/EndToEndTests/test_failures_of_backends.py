"""Backends that are down, deaf, silent or no backends at all. Every message is answered or refused with a code, and
the routes of other backends never notice."""

import asyncio
import json
import time

import pytest

from harness import LegacyBackend, address, free_port, is_error, merged, new_token, until
from harness.processes import http_get

REFUSALS = {
    "queue_full", "queue_timeout", "overloaded", "upstream_unavailable", "upstream_lost", "timeout",
}  # fmt: skip


def guide_upstream(**settings) -> dict:
    """Settings of the guide's backend, the sick one. The others are as patient as ever: they answer everything."""
    return {"routes": {"guide": {"legacy": {"upstream": settings}}}}


HASTY = {
    **guide_upstream(
        pool={"connect_timeout": "500ms", "handshake_timeout": "500ms"},
        exchange={"timeout": "1s", "queue": {"timeout": "1s"}},
        keepalive={"every": "500ms", "timeout": "500ms"},
        breaker={"failures": 3, "open": "500ms"},
    ),
    # The less a machine has to do, the more a user of `Load` says: none of that is too much.
    "limits": {"messages_per_second": 2000},
}


class Load:
    """Users that ask one agent after the other and note what they hear."""

    def __init__(self, proxy, agents: list[str], users: int, pause: float = 0.02):
        self.proxy = proxy
        self.agents = agents
        self.users = users
        self.pause = pause
        self.ends = 0.0
        self.heard: dict[str, list[tuple[float, str]]] = {agent: [] for agent in agents}

    async def run(self, seconds: float):
        """For so many seconds, unless `ends` is changed meanwhile."""
        self.ends = time.monotonic() + seconds
        await asyncio.gather(*(self._user(number) for number in range(self.users)))

    async def _user(self, number: int):
        token = new_token(f"load{number}")
        async with self.proxy.dial(token) as socket:
            waiting: dict[str, asyncio.Future] = {}

            async def read():
                async for text in socket:
                    reply = json.loads(text)
                    waiting.pop(reply["conversation_id"]).set_result(reply)

            async def ask(agent: str):
                count = 0
                while time.monotonic() < self.ends:
                    conversation = f"{agent}-{count}"
                    waiting[conversation] = asyncio.get_running_loop().create_future()
                    future = waiting[conversation]
                    await socket.send(address(agent, f"{number}/{count}", conversation_id=conversation))
                    reply = await asyncio.wait_for(future, 10)
                    if reply["type"] == "message":
                        assert reply["message"] == f"{agent}: {number}/{count}"
                        self.heard[agent].append((time.monotonic(), "answered"))
                    else:
                        assert reply["code"] in REFUSALS, reply
                        assert isinstance(reply["sent"], bool)
                        self.heard[agent].append((time.monotonic(), reply["code"]))
                    count += 1
                    await asyncio.sleep(self.pause)

            reader = asyncio.create_task(read())
            await asyncio.gather(*(ask(agent) for agent in self.agents))
            reader.cancel()
            assert not waiting, "a message without an outcome"

    def outcomes(self, agent: str, since: float = 0) -> set[str]:
        return {outcome for moment, outcome in self.heard[agent] if moment >= since}


def test_a_backend_killed_and_restarted_under_load(start_proxy, legacy):
    guide = LegacyBackend().ready()
    # Once it is back it is to answer everything too, so it is given time for that.
    patient = guide_upstream(
        exchange={"timeout": "8s", "queue": {"timeout": "1s"}}, keepalive={"every": "30s", "timeout": "30s"}
    )
    proxy = start_proxy(merged(HASTY, patient), legacy=guide.port, liaison=legacy.port)
    load = Load(proxy, ["guide", "content", "insights"], users=10)
    moments = {}

    async def scenario():
        running = asyncio.create_task(load.run(60))
        await asyncio.sleep(1)
        moments["killed"] = time.monotonic()
        guide.kill()
        await asyncio.sleep(2)
        guide.start()
        while (await asyncio.to_thread(http_get, guide.port, "/health"))[0] != 200:
            await asyncio.sleep(0.02)
        moments["back"] = time.monotonic()
        load.ends = moments["back"] + 7
        await running

    try:
        asyncio.run(scenario())
    finally:
        guide.stop()
    for agent in ("content", "insights"):
        assert load.outcomes(agent) == {"answered"}, "other routes stay at 100 %"
        assert len(load.heard[agent]) > 500
    refused = load.outcomes("guide", since=moments["killed"]) - {"answered"}
    assert refused, "while it was down, messages were refused"
    assert load.outcomes("guide", since=moments["back"] + 5) == {"answered"}, "refusals stop within 5 s"
    assert "answered" in {outcome for moment, outcome in load.heard["guide"] if moment < moments["killed"]}


@pytest.mark.parametrize(
    "manner, codes",
    [
        ("silent", {"queue_timeout", "upstream_unavailable"}),
        ("unwilling", {"queue_timeout", "upstream_unavailable"}),
        ("broken", {"queue_timeout", "upstream_unavailable"}),
        ("forged", {"queue_timeout", "upstream_unavailable"}),
        ("deaf", {"timeout", "upstream_lost"}),
    ],
)
def test_a_backend_that_is_none(start_proxy, legacy, odd_backend, manner, codes):
    backend = odd_backend(manner)
    proxy = start_proxy(HASTY, legacy=backend.port, liaison=legacy.port)
    load = Load(proxy, ["guide", "content"], users=5)
    asyncio.run(load.run(3))
    assert load.outcomes("content") == {"answered"}, "other routes stay at 100 %"
    assert load.outcomes("guide") <= REFUSALS
    assert load.outcomes("guide") & codes, load.outcomes("guide")
    with proxy.connect(new_token()) as client:
        error = client.ask("guide", "hello")
        assert error["code"] in REFUSALS
        assert error["sent"] is (error["code"] in {"timeout", "upstream_lost"})


def test_a_port_where_nobody_listens(start_proxy, legacy):
    proxy = start_proxy(HASTY, legacy=free_port(), liaison=legacy.port)
    with proxy.connect(new_token()) as client:
        started = time.monotonic()
        error = client.ask("guide", "hello", conversation_id="c")
        assert error["code"] in {"upstream_unavailable", "queue_timeout"}
        assert is_error(error, error["code"], sent=False)
        assert error["conversation_id"] == "c"
        assert time.monotonic() - started < 10
        client.hears_nothing_but("content", "hello")
    assert proxy.log.count("\n") < 200, "a backend that is down does not flood the log"


def test_a_backend_that_never_reads_large_messages_is_bounded(start_proxy, legacy, odd_backend):
    backend = odd_backend("deaf")
    proxy = start_proxy(HASTY, legacy=backend.port, liaison=legacy.port)
    before = proxy.resident_bytes
    with proxy.connect(new_token()) as client:
        for number in range(20):
            client.send("guide", "m" * 900_000, conversation_id=f"{number}")
        codes = set()
        for _ in range(20):
            reply = client.receive(30)
            assert reply["type"] == "error"
            codes.add(reply["code"])
        assert codes <= REFUSALS
        assert proxy.resident_bytes - before < 150 << 20
        client.hears_nothing_but("content", "hello")


def test_a_backend_that_is_dead_behind_its_socket_is_noticed_by_pings(start_proxy, legacy, odd_backend):
    # Deaf backends answer no ping, idle or not: after a while the proxy dials anew.
    backend = odd_backend("deaf")
    proxy = start_proxy(HASTY, legacy=backend.port, liaison=legacy.port)
    with proxy.connect(new_token()) as client:
        for _ in range(3):
            error = client.ask("guide", "hello")
            assert error["code"] in {"timeout", "upstream_lost", "upstream_unavailable", "queue_timeout"}
        until(lambda: backend.accepted >= 2, "it dials anew")


def test_refusals_of_a_handshake_hurt_only_that_session(start_proxy, legacy):
    # The legacy server refuses this path with 403 for everybody; it is not down for it.
    changes = guide_upstream(url=f"ws://127.0.0.1:{legacy.port}/api/ws/none")
    with start_proxy(merged(HASTY, changes)).connect(new_token()) as client:
        error = client.ask("guide", "hello")
        assert error["code"] == "session_expired"
        assert error["sent"] is False
        client.hears_nothing_but("content", "hello")
