"""Sockets that ask numbered questions without end and hold each answer to its number, its shape and its owner."""

import asyncio
import contextlib
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from websockets.exceptions import ConnectionClosed

from .client import AGENTS, LEGACY_PATHS, is_error
from .tokens import new_token

ANSWER = re.compile(r"(unified )?(\w+): (\w+) (\w+) (\d+)")
UNASKED = ("heartbeat", "conversation_restored")


class Refusal(NamedTuple):
    """A question that ended in an error of the proxy, which does not say in which number; `sent`: whether a backend may
    have it."""

    agent: str
    code: str
    sent: bool


class Chatter:
    """One client socket: on the unified endpoint with several agents, or an old client's with one. Errors with a code
    of `refusals` are outcomes like answers."""

    numbers = itertools.count(1)

    def __init__(
        self, socket, token: str, agents: list[str], *, old: bool, window: int = 2, refusals: Collection[str] = ()
    ):
        self.socket = socket
        self.token = token
        self.name = f"chatter{next(self.numbers)}"
        self.agents = agents
        self.old = old
        self.room = asyncio.Semaphore(window)
        self.asked: Counter[str] = Counter()
        # The last number that was answered, and how many have an outcome.
        self.answered: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.heard: set[str] = set()
        self.sides: Counter[tuple[str, str]] = Counter()
        self.last_side: dict[str, str] = {}
        self.refusals = refusals
        self.refused: list[Refusal] = []
        self.problems: list[str] = []
        self.close_code: int | None = None
        self.stopping = False
        self.tasks = [asyncio.create_task(self.talk()), asyncio.create_task(self.listen())]

    def text(self, agent: str, number: int) -> str:
        return f"{self.name} {agent} {number}"

    async def talk(self):
        with contextlib.suppress(ConnectionClosed):
            for agent in itertools.cycle(self.agents):
                await self.room.acquire()
                if self.stopping:
                    return
                self.asked[agent] += 1
                message = {"message": self.text(agent, self.asked[agent])}
                await self.socket.send(json.dumps(message if self.old else AGENTS[agent] | message))

    async def listen(self):
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self.judge(json.loads(text), text)
        self.close_code = self.socket.close_code

    def judge(self, reply: dict, text: str):
        if reply.get("type") in UNASKED:
            return
        if reply.get("code") in self.refusals:
            self.judge_refusal(reply, text)
            return
        found = ANSWER.fullmatch(str(reply.get("message")))
        if not found:
            self.problems.append(f"no answer: {text[:300]}")
            return
        side = "unified" if found[1] else "legacy"
        agent, number = found[4], int(found[5])
        if found[3] != self.name or found[2] != agent or agent not in self.agents:
            self.problems.append(f"misdelivered: {text[:300]}")
        elif number <= self.answered[agent]:
            self.problems.append(f"duplicated or reordered: {number} after {self.answered[agent]}: {text[:300]}")
        elif number > self.outcomes[agent] + 1:
            self.problems.append(f"lost or reordered: {number} after {self.answered[agent]}: {text[:300]}")
        elif not self.has_shape(reply, agent):
            self.problems.append(f"shape: {text[:300]}")
        self.answered[agent] = max(number, self.answered[agent])
        self.heard.add(self.text(agent, number))
        self.sides[agent, side] += 1
        self.last_side[agent] = side
        self.ended(agent)

    def judge_refusal(self, reply: dict, text: str):
        """One of the proxy's own errors that this test provokes."""
        agent = next((each for each in self.agents if self.old or AGENTS[each].items() <= reply.items()), None)
        if agent is None or not is_error(reply, reply["code"]) or not isinstance(reply.get("sent"), bool):
            self.problems.append(f"shape: {text[:300]}")
            return
        self.refused.append(Refusal(agent, reply["code"], reply["sent"]))
        self.ended(agent)

    def ended(self, agent: str):
        """A question has its outcome, an answer or a refusal."""
        self.outcomes[agent] += 1
        if self.outcomes[agent] > self.asked[agent]:
            self.problems.append(f"more outcomes than questions for {agent}: {self.outcomes[agent]}")
        self.room.release()

    def has_shape(self, reply: dict, agent: str) -> bool:
        if not self.old:
            return (
                reply.get("type") == "message"
                and reply.get("agent_type") == AGENTS[agent]["agent_type"]
                and reply.get("pillar") == AGENTS[agent].get("pillar")
                and bool(reply.get("conversation_id"))
            )
        if agent == "guide":
            return reply.get("type") == "response" and reply.get("response") == reply["message"]
        return reply.get("type") == "chat_response" and reply.get("pillar") == agent

    @property
    def unanswered(self) -> dict[str, list[str]]:
        """By agent: the texts that were asked and not answered."""
        return {
            agent: [text for number in range(1, count + 1) if (text := self.text(agent, number)) not in self.heard]
            for agent, count in self.asked.items()
        }

    @property
    def outstanding(self) -> int:
        """How many questions have no outcome yet."""
        return self.asked.total() - self.outcomes.total()

    @property
    def replies(self) -> int:
        return self.outcomes.total()

    async def hears(self, condition, what: str, seconds: float = 20):
        """Waits until the condition holds, while everybody goes on talking."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self}"
            await asyncio.sleep(0.002)

    async def finish(self):
        """Asks no more, waits for what is outstanding, and tells whether all was well and the socket still open."""
        self.stopping = True
        self.room.release()
        await self.hears(lambda: self.problems or self.close_code or not self.outstanding, "all is answered")
        assert not self.problems, self.problems[:5]
        assert self.close_code is None, self
        assert not self.outstanding, self

    def __str__(self):
        state = f"close={self.close_code} sides={dict(self.sides)} problems={self.problems[:3]}"
        return f"{self.name} {self.agents} {state}"


class Crowd(list):
    """Several chatters at once."""

    async def all_hear(self, condition, what: str, seconds: float = 30):
        for chatter in self:
            await chatter.hears(lambda chatter=chatter: condition(chatter), what, seconds)

    async def each_hears(self, more: int = 2):
        """Every chatter gets some more replies, so whatever was done before has had its effect on it."""
        goals = {chatter: chatter.replies + more for chatter in self if chatter.close_code is None}
        for chatter, goal in goals.items():
            await chatter.hears(
                lambda chatter=chatter, goal=goal: chatter.replies >= goal or chatter.problems, f"{more} more replies"
            )
        self.have_no_problems()

    def have_no_problems(self):
        problems = [problem for chatter in self for problem in chatter.problems]
        assert not problems, problems[:5]

    async def finish(self):
        for chatter in self:
            await chatter.finish()

    @property
    def refused(self) -> list[Refusal]:
        return [refusal for chatter in self for refusal in chatter.refused]

    def outcomes_agree_with(self, *backends):
        """No backend was given a question twice, and of those that it was given and that were not answered each was
        refused as sent."""
        for chatter in self:
            given = Counter(
                str(json.loads(text).get("message"))
                for backend in backends
                for connection in backend.texts(chatter.token)
                for text in connection["texts"]
            )
            twice = [text for text, count in given.items() if count > 1 and text.startswith(f"{chatter.name} ")]
            assert not twice, f"{chatter}: given to a backend twice: {twice[:3]}"
            for agent, texts in chatter.unanswered.items():
                lost = [text for text in texts if text in given]
                sent = sum(refusal.sent for refusal in chatter.refused if refusal.agent == agent)
                assert len(lost) <= sent, f"{chatter}: given to a backend, and neither answered nor refused: {lost[:3]}"

    def sides(self, agent: str) -> Counter[str]:
        total: Counter[str] = Counter()
        for chatter in self:
            for (each, side), count in chatter.sides.items():
                if each == agent:
                    total[side] += count
        return total


@contextlib.asynccontextmanager
async def chatting(
    proxy, *, new: int, old: int, agents: list[str] | None = None, window: int = 2, refusals: Collection[str] = ()
):
    """Sessions of new clients with one socket each, and of old ones with a socket for each agent, all talking."""
    agents = agents or list(AGENTS)
    manner = {"window": window, "refusals": refusals}
    async with contextlib.AsyncExitStack() as stack:
        crowd = Crowd()
        for _ in range(new):
            token = new_token("new")
            socket = await stack.enter_async_context(proxy.dial(token))
            crowd.append(Chatter(socket, token, agents, old=False, **manner))
        for _ in range(old):
            token = new_token("old")
            for agent in agents:
                socket = await stack.enter_async_context(proxy.dial(token, LEGACY_PATHS[agent]))
                crowd.append(Chatter(socket, token, [agent], old=True, **manner))
        try:
            yield crowd
        finally:
            for chatter in crowd:
                for task in chatter.tasks:
                    task.cancel()
