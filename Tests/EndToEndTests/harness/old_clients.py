"""Clients as they are in the field, written after what was measured of them, their clocks running `faster`."""

import asyncio
import contextlib
import itertools
import json
import time

from websockets.exceptions import InvalidStatus, WebSocketException

from .client import AGENTS, LEGACY_PATHS


class SocketService:
    """The old frontend's socket service, on one legacy endpoint, or wherever `path` leads.

    It numbers and dates each message, sends a JSON heartbeat every 30 s, and reconnects instead if nothing arrived in
    the last 10 s, which it also looks at whenever it has connected. On any close it tries five times, doubling its
    patience from 1 s."""

    def __init__(self, proxy, token: str, agent: str, faster: float, path: str | None = None):
        self.proxy, self.token, self.agent, self.faster = proxy, token, agent, faster
        self.path = path or LEGACY_PATHS[agent]
        self.heard: list[dict] = []
        self.connects = 0
        self.heartbeats = 0
        self.last_heard = time.monotonic()
        self.socket = None
        self.task = asyncio.create_task(self.run())

    @property
    def reconnects(self) -> int:
        return max(0, self.connects - 1)

    def dated(self, message: dict) -> dict:
        return message | {"id": f"msg_{time.monotonic_ns()}", "timestamp": time.time()}

    async def run(self):
        attempt = 0
        while attempt < 5:
            with contextlib.suppress(WebSocketException, OSError, TimeoutError, InvalidStatus):
                offer = self.proxy.dial(self.token, self.path)
                async with asyncio.timeout(10):
                    self.socket = await offer
                self.connects += 1
                attempt = 0
                try:
                    await self.hold()
                finally:
                    await self.socket.close()
            await asyncio.sleep(min(30, 2**attempt) / self.faster)
            attempt += 1

    async def hold(self):
        listening = asyncio.create_task(self.listen())
        try:
            while self.is_fresh() and not listening.done():
                await asyncio.wait([listening], timeout=30 / self.faster)
                if self.is_fresh() and not listening.done():
                    await self.socket.send(json.dumps(self.dated({"type": "heartbeat", "data": {"alive": True}})))
                    self.heartbeats += 1
        finally:
            listening.cancel()

    def is_fresh(self) -> bool:
        return time.monotonic() - self.last_heard < 10 / self.faster

    async def listen(self):
        with contextlib.suppress(WebSocketException):
            async for text in self.socket:
                self.last_heard = time.monotonic()
                self.heard.append(json.loads(text))

    async def stop(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


class UnifiedHook:
    """The old unified hook: right after it sent to another agent it drops its socket, and dials again 150 ms later. What
    it says next carries the previous agent's conversation id, and to the guide a stale pillar."""

    def __init__(self, proxy, token: str):
        self.proxy, self.token = proxy, token
        self.heard: list[dict] = []
        self.sockets = 0

    async def converse(self, texts: dict[str, str], seconds: float = 20):
        """Sends one text to each agent, a socket each, then listens on one more until all is answered."""
        conversation = None
        pillars = itertools.chain([None], (AGENTS[agent].get("pillar") for agent in texts))
        for (agent, text), stale in zip(texts.items(), pillars, strict=False):
            message = ({"pillar": stale} if stale else {}) | AGENTS[agent] | {"message": text}
            if conversation:
                message["conversation_id"] = conversation
            socket = await self.proxy.dial(self.token)
            self.sockets += 1
            listening = asyncio.create_task(self.listen(socket))
            await socket.send(json.dumps(message))
            await socket.close()
            await listening
            conversation = f"conversation_of_{agent}"
            await asyncio.sleep(0.15)
        async with asyncio.timeout(seconds), self.proxy.dial(self.token) as socket:
            while len(self.heard) < len(texts):
                self.heard.append(json.loads(await socket.recv()))

    async def listen(self, socket):
        with contextlib.suppress(WebSocketException):
            async for text in socket:
                self.heard.append(json.loads(text))
