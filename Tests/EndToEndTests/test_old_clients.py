"""Clients of the field behind the proxy: their storms end, their lost replies arrive, and collapsed onto the unified
backend they never meet its limits."""

import asyncio
import time

import pytest

from harness import (
    AGENTS,
    LEGACY_PATHS,
    MIGRATION,
    SocketService,
    UnifiedBackend,
    UnifiedHook,
    is_error,
    merged,
    new_token,
)

# Guide is passed through, the liaisons are collapsed.
MIXED = merged(MIGRATION, {"routes": {"guide": {"served_by": "legacy"}, "liaison/{pillar}": {"served_by": "unified"}}})
HEARTBEAT = {"absorb": ["heartbeat", "ping"], "send": '{"type":"heartbeat"}', "every": "200ms"}


async def condition(check, what: str, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.01)


async def idle(proxy, until, what: str, faster: float = 10) -> tuple[str, list[SocketService]]:
    """Five sockets of one old client, idle until something is so of each of them."""
    token = new_token("idle")
    services = [SocketService(proxy, token, agent, faster) for agent in AGENTS]
    try:
        await condition(lambda: all(until(service) for service in services), what, 40)
    finally:
        for service in services:
            await service.stop()
    return token, services


def test_an_idle_old_client_does_not_storm_where_the_proxy_beats(start_proxy, legacy, unified):
    # Its patience is 2.5 s here, far more than between two beats of the proxy, and it beats itself each 7.5 s.
    proxy = start_proxy(MIXED | {"legacy_defaults": {"heartbeat": HEARTBEAT}})
    token, services = asyncio.run(idle(proxy, lambda service: service.heartbeats >= 2, "two heartbeats", faster=4))
    assert [service.reconnects for service in services] == [0] * 5
    assert all(message["type"] == "heartbeat" for service in services for message in service.heard)
    received = [text for backend in (legacy, unified) for each in backend.texts(token) for text in each["texts"]]
    assert received == [], "its heartbeats go no further"


def test_an_idle_old_client_storms_where_nobody_beats(start_proxy):
    proxy = start_proxy(MIXED | {"legacy_defaults": {"heartbeat": "off"}})
    _, services = asyncio.run(idle(proxy, lambda service: service.reconnects > 3, "more than three reconnects"))
    assert all(service.reconnects > 3 for service in services)


@pytest.mark.parametrize("side", ["legacy", "unified"])
def test_the_hook_that_drops_its_socket_on_each_switch_gets_every_reply_once(start_proxy, side):
    served = {"routes": {"guide": {"served_by": side}, "liaison/{pillar}": {"served_by": side}}}
    proxy = start_proxy(merged(MIGRATION, served))
    hook = UnifiedHook(proxy, new_token("hook"))
    order = ("content", "guide", "insights", "operations", "business_outcomes")
    texts = {agent: f"/slow 120 {agent}" for agent in order}
    asyncio.run(hook.converse(texts))
    prefix = "unified " if side == "unified" else ""
    expected = sorted(f"{prefix}{agent}: {text}" for agent, text in texts.items())
    assert hook.sockets == 5
    assert sorted(reply["message"] for reply in hook.heard) == expected


@pytest.fixture
def limited():
    """The unified backend with its limits: 10 messages a second, 100 a minute and 5 sockets for each token."""
    backend = UnifiedBackend().ready()
    yield backend
    backend.stop()


def test_five_collapsed_sockets_never_meet_the_unified_backend_s_limits(start_proxy, limited):
    upstream = {
        "url": f"ws://127.0.0.1:{limited.port}/api/ws/agent",
        "pace": ["9/s", "90/1m"],
        "exchange": {"queue": {"messages": 200}},
    }
    served = {"routes": {"guide": {"served_by": "unified"}, "liaison/{pillar}": {"served_by": "unified"}}}
    proxy = start_proxy(merged(MIGRATION, served | {"unified": {"upstream": upstream}}))
    token = new_token("busy")
    sockets = {agent: proxy.connect(token, path=path) for agent, path in LEGACY_PATHS.items()}
    for number in range(20):
        for client in sockets.values():
            client.send_text('{"message":"number %d"}' % number)
    refused = 0
    for agent, client in sockets.items():
        answered = []
        for _ in range(20):
            reply = client.receive(30)
            if is_error(reply, "rate_limited", sent=False):
                assert reply["retry_after"] > 0
                refused += 1
            else:
                answered.append(reply["message"])
        assert answered == [f"unified {agent}: number {number}" for number in range(len(answered))]
    assert refused == 10, "what is above the minute's ninety is refused by the proxy, and sent to nobody"
    seen = limited.seen(token)
    assert (seen["dialled"], seen["most_open"]) == (1, 1), "five sockets over one connection"
    assert seen["connections"][0]["close_code"] is None
    assert seen["connections"][0]["messages"] == 90
    for client in sockets.values():
        client.close()
