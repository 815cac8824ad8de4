"""The whole migration by the command line alone, while old and new clients talk all the time."""

import asyncio
import json

import pytest
from websockets.exceptions import InvalidStatus

from harness import AGENTS, LEGACY_PATHS, MIGRATION, ROUTES, chatting, new_token


def by(crowd, agent: str, side: str):
    """Whether every socket that talks to the agent is served by that side now."""
    return all(chatter.last_side[agent] == side for chatter in crowd if agent in chatter.agents)


async def sides_of_new_sessions(proxy, agent: str, count: int) -> set[str]:
    """Who serves sessions that begin now."""
    sides = set()
    for _ in range(count):
        async with proxy.dial(new_token()) as socket:
            await socket.send(json.dumps(AGENTS[agent] | {"message": "hello"}))
            reply = json.loads(await socket.recv())
            sides.add("unified" if reply["message"].startswith("unified ") else "legacy")
    return sides


def test_the_whole_migration_by_command_line_loses_nothing(start_proxy, legacy, unified):
    proxy = start_proxy(MIGRATION | {"phase": "parallel"})

    async def cli(*arguments: str) -> str:
        return await asyncio.to_thread(proxy.cli, *arguments)

    async def migrate():
        async with chatting(proxy, new=4, old=2) as crowd:
            new = [chatter for chatter in crowd if not chatter.old]
            old = [chatter for chatter in crowd if chatter.old]
            offered = old[0].socket.request.headers["Sec-WebSocket-Extensions"]
            assert "permessage-deflate" in offered
            await crowd.each_hears()
            assert all(by(crowd, agent, "legacy") for agent in AGENTS)

            await cli("phase", "migrate", "--yes", "--reason", "begin")
            await crowd.each_hears()
            assert all(by(crowd, agent, "legacy") for agent in AGENTS), "migrate alone moves nobody"

            for turn, agent in enumerate(AGENTS):
                for share in ("1%", "10%", "50%"):
                    await cli("set", ROUTES[agent], share, "--reason", f"step {share}")
                    await crowd.each_hears()
                if turn == 0:
                    assert await sides_of_new_sessions(proxy, agent, 40) == {"legacy", "unified"}
                await cli("set", ROUTES[agent], "100%")
                await crowd.each_hears(12)
                assert by(crowd, agent, "unified"), agent
                if turn == 1:
                    await cli("set", ROUTES[agent], "legacy", "--reason", "rolled back")
                    await crowd.each_hears(12)
                    assert by(crowd, agent, "legacy"), "the rollback"
                    assert all(by(crowd, each, "unified") for each in list(AGENTS)[:1]), "only that route"
                    await cli("set", ROUTES[agent], "unified")
                    await crowd.each_hears(12)
                    assert by(crowd, agent, "unified")

            await cli("phase", "deprecate", "--yes")
            await crowd.each_hears(12)
            assert all(by(crowd, agent, "unified") for agent in AGENTS)
            assert all(chatter.close_code is None for chatter in crowd), "no socket was closed on the way"

            await cli("phase", "complete", "--yes")
            for chatter in old:
                await chatter.hears(lambda chatter=chatter: chatter.close_code is not None, "the old socket is closed")
                assert chatter.close_code == 4410, chatter
            crowd.have_no_problems()
            for agent, path in LEGACY_PATHS.items():
                with pytest.raises(InvalidStatus) as refused:
                    async with proxy.dial(new_token(), path):
                        pass
                assert refused.value.response.status_code == 410, agent
            for chatter in new:
                await chatter.finish()
            return crowd

    crowd = asyncio.run(migrate())
    crowd.outcomes_agree_with(legacy, unified)
    shares = {route["name"]: route for route in proxy.state("routes")["routes"]}
    assert len(shares) == 5
    assert proxy.state("phase")["phase"] == "complete"
