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


async def idle(
    proxy, until, what: str, faster: float = 10, path: str | None = None
) -> tuple[str, list[SocketService]]:
    """Five sockets of one old client, idle until something is so of each of them."""
    token = new_token("idle")
    services = [SocketService(proxy, token, agent, faster, path) for agent in AGENTS]
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


UNIFIED = "/api/ws/agent"
BEATING = {"unified": {"heartbeat": {"send": {"type": "heartbeat"}, "every": "200ms"}}}


def test_an_idle_page_on_the_unified_endpoint_does_not_storm_where_the_proxy_beats(start_proxy, legacy, unified):
    # As above: its patience is 2.5 s.
    proxy = start_proxy(merged(MIXED, BEATING))
    twice = lambda service: service.heartbeats >= 2  # noqa: E731
    token, services = asyncio.run(idle(proxy, twice, "two heartbeats", faster=4, path=UNIFIED))
    assert [service.reconnects for service in services] == [0] * 5
    assert all(message["type"] == "heartbeat" for service in services for message in service.heard)
    received = [text for backend in (legacy, unified) for each in backend.texts(token) for text in each["texts"]]
    assert received == [], "its heartbeats go no further"


def test_an_idle_page_is_calm_though_its_backend_s_own_beats_are_answered_for_it(start_proxy):
    backend = UnifiedBackend("--no-limits", "--heartbeat", "0.2")

    async def page(proxy, token):
        service = SocketService(proxy, token, "guide", 4, UNIFIED)
        try:
            await condition(lambda: service.connects, "the page connects")
            await service.socket.send('{"agent_type":"guide","message":"hi"}')
            await condition(lambda: service.heartbeats >= 2, "two heartbeats", 40)
        finally:
            await service.stop()
        return service

    try:
        backend.ready()
        url = {"upstream": {"url": f"ws://127.0.0.1:{backend.port}{UNIFIED}"}}
        proxy = start_proxy(merged(merged(MIXED, BEATING), {"unified": url, "routes": {"guide": {"served_by": "unified"}}}))
        token = new_token("page")
        service = asyncio.run(page(proxy, token))
        assert service.reconnects == 0
        assert [message["message"] for message in service.heard if message["type"] == "message"] == ["unified guide: hi"]
        assert backend.seen(token)["connections"][0]["messages"] > 2, "its beats are answered by the proxy"
    finally:
        backend.stop()


def test_an_idle_page_storms_where_nobody_beats(start_proxy):
    proxy = start_proxy(MIXED)
    often = lambda service: service.reconnects > 3  # noqa: E731
    _, services = asyncio.run(idle(proxy, often, "more than three reconnects", path=UNIFIED))
    assert all(service.reconnects > 3 for service in services)


PING = {"ping": {"answer": {"type": "pong", "id": "{id}"}}, "heartbeat": "drop"}


@pytest.mark.parametrize("value", ["7", "1.50e3", '"\\u00e9\\/"', '{ "a": [1,  2] }'])
def test_a_ping_is_answered_with_its_own_id_byte_for_byte_also_after_the_route_has_moved(
    start_proxy, legacy, unified, value
):
    proxy = start_proxy(
        merged(MIGRATION, {"unified": {"absorb": PING}, "legacy_defaults": {"heartbeat": {"absorb": PING}}})
    )
    token = new_token("ping")
    old, new = proxy.connect(token, path=LEGACY_PATHS["guide"]), proxy.connect(token)
    for side in ("legacy", "unified"):
        proxy.serve("guide", side)
        for client in (old, new):
            client.send_text('{"type":"heartbeat"}')
            client.send_text('{"id": %s, "type":"ping","agent_type":"guide"}' % value)
            assert client.receive_text() == '{"type":"pong","id":%s}' % value
            client.send_text('{"type":"ping"}')
            assert client.receive_text() == '{"type":"pong"}'
    received = [text for backend in (legacy, unified) for each in backend.texts(token) for text in each["texts"]]
    assert received == []
    for client in (old, new):
        client.close()


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
