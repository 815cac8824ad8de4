"""A route that changes side a hundred times under load, on the same sockets throughout."""

import asyncio

import pytest

from harness import MIGRATION, chatting, merged

FLIPS = 100


def variant(proxy, legacy, turn: int) -> dict:
    """What the file says after the reload of this turn: each time something else is changed."""
    changes: dict = {}
    if turn % 3 != 0:
        url = f"ws://127.0.0.1:{legacy.port}/api/ws/liaison/operations?generation={turn}"
        changes = {"routes": {"liaison/{pillar}": {"only": {"operations": {"legacy": {"upstream": {"url": url}}}}}}}
    if turn % 2 != 0:
        upstream = {"url": f"ws://127.0.0.1:{legacy.port}/api/ws/guide"}
        added = {
            "match": {"agent_type": f"added{turn}"},
            "legacy": {"path": f"/api/ws/added{turn}", "upstream": upstream},
        }
        changes = merged(changes, {"routes": {f"added{turn}": added}})
    return changes


@pytest.mark.parametrize("workers", [1, 2])
def test_a_route_flipped_a_hundred_times_with_reloads_loses_nothing(start_proxy, legacy, workers):
    changes = {"listen": {"workers": workers}, "phase": "migrate", "routes": {"guide": {"pin": "exchange"}}}
    proxy = start_proxy(merged(MIGRATION, changes))

    async def flip():
        async with chatting(proxy, new=3, old=3, agents=["guide", "operations"]) as crowd:
            await crowd.each_hears()
            for turn in range(FLIPS):
                side = ("unified", "legacy")[turn % 2]
                await asyncio.to_thread(proxy.serve, "guide", side)
                # A reload takes its time, so the two sides have the same number of them.
                if turn % 10 == 5 - turn // 10 % 2:
                    await asyncio.to_thread(proxy.reload, variant(proxy, legacy, turn // 10))
                await crowd.each_hears()
            await crowd.finish()
            sides = crowd.sides("guide")
            assert min(sides.values()) >= 0.3 * sides.total(), sides
            assert crowd.sides("operations")["unified"] == 0, "the other route stayed"

    asyncio.run(flip())
