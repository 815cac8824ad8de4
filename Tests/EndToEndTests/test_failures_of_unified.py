"""The unified backend is killed while it serves old and new clients: sockets stay, every message has one outcome, and
after the restart all goes on by itself."""

import asyncio
import time

import pytest

from harness import MIGRATION, UnifiedBackend, chatting, configuration, merged

COLLAPSED = merged(
    MIGRATION,
    {
        "upstream_defaults": {"exchange": {"queue": {"timeout": "3s"}}},
        "routes": {"guide": {"served_by": "unified"}, "liaison/{pillar}": {"served_by": "unified"}},
    },
)
REFUSALS = {"upstream_lost", "upstream_unavailable", "queue_timeout"}
AGENTS = ["guide", "content"]
KILLS = 3
# From the moment when the backend answers again to the first reply for everybody.
SECONDS_TO_RECOVER = 15


@pytest.fixture
def doomed():
    """A unified backend that may be killed."""
    backend = UnifiedBackend("--no-limits").ready()
    yield backend
    backend.stop()


def at(port: int, changes: dict) -> dict:
    """The settings with the unified backend at another port."""
    upstream = configuration(0, port)["unified"]["upstream"]["url"]
    return merged(changes, {"unified": {"upstream": {"url": upstream}}})


async def come_back(backend, *crowds):
    """Starts it again on its port; everybody who asked is served by it within seconds."""
    before = {chatter: chatter.sides.copy() for crowd in crowds for chatter in crowd}
    await asyncio.to_thread(backend.restart)
    started = time.monotonic()
    for chatter, sides in before.items():
        await chatter.hears(
            lambda chatter=chatter, sides=sides: all(
                chatter.sides[agent, "unified"] > sides[agent, "unified"] for agent in chatter.agents
            ),
            "the unified backend serves again",
            SECONDS_TO_RECOVER - (time.monotonic() - started),
        )


def test_a_unified_backend_that_is_killed_costs_only_what_it_had(start_proxy, doomed):
    proxy = start_proxy(at(doomed.port, COLLAPSED))

    async def talk():
        async with chatting(proxy, new=3, old=3, agents=AGENTS, refusals=REFUSALS) as crowd:
            await crowd.each_hears(10)
            assert not crowd.refused, "while the backend was there nobody was refused"
            for _ in range(KILLS):
                before = {chatter: len(chatter.refused) for chatter in crowd}
                doomed.kill()
                await crowd.all_hear(
                    lambda chatter, before=before: len(chatter.refused) > before[chatter], "everybody is refused"
                )
                await come_back(doomed, crowd)
                await crowd.each_hears()
                crowd.have_no_problems()
            since = len(crowd.refused)
            await crowd.each_hears(20)
            assert len(crowd.refused) == since, "nothing is refused any more"
            await crowd.finish()
            return crowd

    crowd = asyncio.run(talk())
    crowd.outcomes_agree_with(doomed)
    assert any(refusal.sent for refusal in crowd.refused), "what it had is lost, and said to be"
    assert any(not refusal.sent for refusal in crowd.refused), "the rest may be sent again"
    for refusal in crowd.refused:
        assert refusal.sent is (refusal.code == "upstream_lost"), refusal
    assert all(chatter.sides.total() for chatter in crowd)


def test_with_fallback_the_legacy_backend_serves_whom_the_unified_one_has_not_answered(start_proxy, legacy, doomed):
    fallback = {"routes": {"guide": {"fallback": "legacy"}, "liaison/{pillar}": {"fallback": "legacy"}}}
    proxy = start_proxy(at(doomed.port, merged(COLLAPSED, fallback)))

    async def talk():
        async with chatting(proxy, new=1, old=2, agents=AGENTS, refusals=REFUSALS) as known:
            await known.each_hears(5)
            doomed.kill()
            await known.all_hear(lambda chatter: chatter.refused, "those who know the unified backend are refused")
            async with chatting(proxy, new=2, old=2, agents=AGENTS) as fresh:
                await fresh.each_hears(10)
                for chatter in fresh:
                    assert chatter.sides.keys() == {(agent, "legacy") for agent in chatter.agents}, chatter
                for chatter in known:
                    assert {side for _, side in chatter.sides} == {"unified"}, "it stays where it was answered"
                await come_back(doomed, known, fresh)
                await fresh.each_hears(10)
                for chatter in fresh:
                    assert set(chatter.last_side.values()) == {"unified"}, "the fallback pins nobody"
                await known.finish()
                await fresh.finish()
                return known, fresh

    known, fresh = asyncio.run(talk())
    known.outcomes_agree_with(legacy, doomed)
    fresh.outcomes_agree_with(legacy, doomed)
