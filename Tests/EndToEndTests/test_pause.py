"""Routes that are paused, resumed and reconnected while clients talk: everybody stays, what waits is bounded, nothing
is lost, and the other routes never notice."""

import asyncio
import time

import pytest

from harness import LEGACY_PATHS, MIGRATION, LegacyBackend, chatting, is_error, merged, new_token, until

QUEUE = {"exchange": {"queue": {"messages": 3, "timeout": "30s"}}}
BOUNDED = merged(MIGRATION, {"upstream_defaults": QUEUE})
PATIENT = merged(MIGRATION, {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}})
WINDOW = 2


@pytest.fixture
def guide():
    """A backend of the guide's own, that may be killed."""
    backend = LegacyBackend().ready()
    yield backend
    backend.stop()


async def done(call, *arguments):
    return await asyncio.to_thread(call, *arguments)


def connections(proxy, upstream: str) -> int:
    """How many connections the proxy holds to an upstream."""
    pools = [pool for pool in proxy.state("pools")["pools"] if pool["upstream"] == upstream]
    return sum(pool["dialling"] + pool["ready"] + pool["retired"] for pool in pools)


async def all_wait(proxy, crowd):
    """Nothing of a paused route is under way any more: all that its clients may ask at once waits."""

    def waiting():
        return proxy.route()["counts"]["waiting"] == WINDOW * len(crowd)

    await done(until, waiting, "everything waits")
    return sum(chatter.replies for chatter in crowd)


@pytest.mark.parametrize("meanwhile", ["restart", "reconnect and restart", "move"])
def test_a_backend_moves_behind_a_pause_and_nothing_is_lost(start_proxy, legacy, guide, meanwhile):
    proxy = start_proxy(PATIENT, legacy=guide.port, liaison=legacy.port)

    async def talk():
        async with (
            chatting(proxy, new=3, old=3, agents=["guide"], window=WINDOW) as paused,
            chatting(proxy, new=2, old=2, agents=["content"], window=WINDOW) as others,
        ):
            for side in ("unified", "legacy"):
                await paused.each_hears()
                await done(proxy.cli, "pause", "guide", "--reason", meanwhile)
                before = await all_wait(proxy, paused)
                if meanwhile == "move":
                    await done(proxy.cli, "set", "guide", side)
                else:
                    if meanwhile.startswith("reconnect"):
                        await done(proxy.cli, "reconnect", "guide")
                        await done(until, lambda: connections(proxy, "guide") == 0, "no connection is left")
                    paused.outcomes_agree_with(guide)
                    await done(guide.restart)
                await others.each_hears(10)
                assert sum(chatter.replies for chatter in paused) == before, "a paused route sends nothing"
                assert proxy.route()["paused"]
                await done(proxy.cli, "resume", "guide")
                await paused.each_hears(2 * WINDOW)
                if meanwhile == "move":
                    assert {chatter.last_side["guide"] for chatter in paused} == {side}
            await paused.finish()
            await others.finish()
            return paused

    paused = asyncio.run(talk())
    if meanwhile != "move":
        paused.outcomes_agree_with(guide)


def test_connections_are_replaced_under_load_and_nothing_is_lost(start_proxy, legacy, unified):
    proxy = start_proxy(merged(MIGRATION, {"routes": {"liaison/{pillar}": {"served_by": "unified"}}}))
    rounds = 10

    async def talk():
        async with chatting(proxy, new=4, old=2, agents=["guide", "content", "insights"]) as crowd:
            for _ in range(rounds):
                await crowd.each_hears()
                await done(proxy.cli, "reconnect", "guide")
                await done(proxy.cli, "reconnect", "liaison/content")
            await crowd.finish()
            return crowd

    crowd = asyncio.run(talk())
    crowd.outcomes_agree_with(legacy, unified)
    for token in {chatter.token for chatter in crowd if not chatter.old}:
        for backend in (legacy, unified):
            seen = backend.seen(token)
            assert seen["dialled"] > rounds / 2, "they were replaced"
            assert seen["most_open"] <= 3, "one after the other"


def test_a_paused_route_holds_what_fits_and_refuses_the_rest_at_once(start_proxy):
    proxy = start_proxy(BOUNDED)
    with proxy.connect(new_token()) as client, proxy.connect(new_token()) as other:
        client.hears_nothing_but("guide", "before")
        proxy.cli("pause", "guide")
        started = time.monotonic()
        for number in range(6):
            client.send("guide", f"number {number}", conversation_id=f"c{number}")
        for number in range(3, 6):
            error = client.receive()
            assert is_error(error, "route_paused", sent=False), error
            assert (error["agent_type"], error["conversation_id"]) == ("guide", f"c{number}")
        assert time.monotonic() - started < 20, "far before the queue's timeout"
        client.hears_nothing_but("content", "another route of the same socket")
        other.send("guide", "another session has room of its own")
        other.hears_nothing_but("content", "so it waits")
        assert proxy.route()["counts"]["waiting"] == 4
        proxy.cli("resume", "guide")
        for number in range(3):
            reply = client.receive()
            assert (reply["message"], reply["conversation_id"]) == (f"guide: number {number}", f"c{number}")
        assert other.receive()["message"] == "guide: another session has room of its own"
        client.hears_nothing_but("guide", "after")


def test_what_waits_for_too_long_is_refused_once(start_proxy):
    changes = {"upstream_defaults": {"exchange": {"queue": {"timeout": "500ms"}}}}
    proxy = start_proxy(merged(MIGRATION, changes))
    with proxy.connect(new_token()) as client:
        proxy.cli("pause", "guide")
        assert is_error(client.ask("guide", "too long"), "route_paused", sent=False)
        proxy.cli("resume", "guide")
        client.hears_nothing_but("guide", "after")


@pytest.mark.parametrize("side", ["legacy", "unified"])
def test_an_old_client_stays_through_a_pause(start_proxy, side):
    # Served by the legacy backend it is not read while it waits; served by the unified one it is told in its own shape.
    proxy = start_proxy(merged(BOUNDED, {"routes": {"guide": {"served_by": side}}}))
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        old.send_text('{"message":"before"}')
        before = old.receive()["message"]
        proxy.cli("pause", "guide")
        for number in range(200):
            old.send_text('{"message":"number %d"}' % number)
        refused = 0
        if side == "unified":
            while refused < 197:
                error = old.receive()
                assert is_error(error, "route_paused", sent=False), error
                refused += 1
        until(lambda: 3 <= proxy.route()["counts"]["waiting"] <= 200 - refused, "they wait")
        proxy.cli("resume", "guide")
        for number in range(200 - refused):
            assert old.receive()["message"] == before.replace("before", f"number {number}")
        old.send_text('{"message":"after"}')
        assert old.receive()["message"] == before.replace("before", "after")


def test_a_pause_by_the_api_says_what_it_did_and_ends_with_the_process(start_proxy):
    proxy = start_proxy(MIGRATION)
    status, answer, _ = proxy.admin("POST", "/routes/guide/pause", {"reason": "moving"})
    assert (status, answer["changed"]) == (200, ["guide: paused"])
    status, again, _ = proxy.admin("POST", "/routes/guide/pause", {})
    assert (status, again["changed"], again["revision"]) == (200, [], answer["revision"])
    status, problem, _ = proxy.admin("POST", "/routes/guidee/pause", {})
    assert (status, problem["code"], problem["meant"]) == (404, "unknown_route", "guide")
    assert proxy.route()["paused"] and not proxy.route("liaison/content")["paused"]
    assert "moving" in proxy.cli("audit")
    proxy.stop()
    proxy.start()
    assert not proxy.route()["paused"]


def test_a_stop_refuses_what_waits_for_a_resume(start_proxy):
    proxy = start_proxy(merged(MIGRATION, {"drain": {"exchanges": "500ms"}}))
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        proxy.cli("pause", "guide")
        client.send("guide", "waits")
        old.send_text('{"message":"waits"}')
        until(lambda: proxy.route()["counts"]["waiting"] == 2, "both wait")
        proxy.begin_stop()
        for each in (client, old):
            assert is_error(each.receive(), "draining", sent=False)
    proxy.ends(15)
