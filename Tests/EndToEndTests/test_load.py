"""Numbered messages under load: nothing lost, doubled or mismatched."""

import asyncio
import json
from collections import Counter

from harness import AGENTS, address, new_token

CLIENTS = 50
EACH = 200
AT_ONCE = 8


def test_ten_thousand_numbered_messages(proxy):
    agents = list(AGENTS)

    async def client(number: int):
        token = new_token(f"numbered{number // 2}") if number % 2 else None
        turns = asyncio.Semaphore(AT_ONCE)
        heard = Counter()
        async with proxy.dial(token) as socket:

            async def write():
                for count in range(EACH):
                    await turns.acquire()
                    agent = agents[count % len(agents)]
                    await socket.send(address(agent, f"{number}/{count}", conversation_id=f"{number}/{count}"))
                    # A client may say a hundred a second.
                    await asyncio.sleep(0.012)

            async def read():
                for _ in range(EACH):
                    reply = json.loads(await asyncio.wait_for(socket.recv(), 30))
                    turns.release()
                    count = int(reply["conversation_id"].split("/")[1])
                    agent = agents[count % len(agents)]
                    assert reply["message"] == f"{agent}: {number}/{count}", reply
                    heard[reply["conversation_id"]] += 1

            await asyncio.gather(write(), read())
        return heard

    async def everybody():
        return await asyncio.gather(*(client(number) for number in range(CLIENTS)))

    total = sum(asyncio.run(everybody()), Counter())
    assert len(total) == CLIENTS * EACH
    assert set(total.values()) == {1}


def test_clients_that_come_and_go_leave_nothing_behind(proxy, legacy):
    crowd = new_token("brief")

    async def visit(number: int):
        async with proxy.dial() as socket:
            await socket.send(address("guide", crowd + str(number)))
            if number % 3:
                reply = json.loads(await asyncio.wait_for(socket.recv(), 20))
                assert reply["message"] == f"guide: {crowd}{number}"

    async def everybody():
        for start in range(0, 300, 50):
            await asyncio.gather(*(visit(number) for number in range(start, start + 50)))

    asyncio.run(everybody())
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "and the proxy is well")
