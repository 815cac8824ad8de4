"""What a team would write with FastAPI in an afternoon: each client has one socket here, and one to each agent that it
talks with, at the agent's own path. Replies say which agent they are from."""

import asyncio
import json
import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

BACKEND = os.environ["BACKEND"]

app = FastAPI()


class Client:
    def __init__(self, socket: WebSocket):
        self.socket = socket
        self.agents: dict[str, ClientConnection] = {}
        self.readers: set[asyncio.Task] = set()

    async def hear(self, text: str):
        try:
            name = json.loads(text)["agent_type"]
            if not name.isalnum():
                raise ValueError(name)
        except (ValueError, KeyError, TypeError, AttributeError):
            await self.tell({"type": "error", "code": "bad_message"})
            return
        try:
            agent = self.agents.get(name) or await self.dial(name)
            await agent.send(text)
        except (OSError, WebSocketException):
            self.agents.pop(name, None)
            await self.tell({"type": "error", "code": "agent_lost", "agent_type": name})

    async def dial(self, name: str) -> ClientConnection:
        agent = await connect(f"ws://127.0.0.1:{BACKEND}/ws/{name}", compression=None, max_size=16 << 20)
        self.agents[name] = agent
        reader = asyncio.create_task(self.answer(name, agent))
        self.readers.add(reader)
        reader.add_done_callback(self.readers.discard)
        return agent

    async def answer(self, name: str, agent: ClientConnection):
        async for text in agent:
            reply = json.loads(text)
            reply["agent_type"] = name
            await self.tell(reply)

    async def tell(self, message: dict):
        await self.socket.send_text(json.dumps(message, separators=(",", ":")))

    async def leave(self):
        for reader in list(self.readers):
            reader.cancel()
        await asyncio.gather(*(agent.close() for agent in self.agents.values()), return_exceptions=True)


@app.websocket("/api/ws/agent")
async def talk(socket: WebSocket):
    await socket.accept()
    client = Client(socket)
    try:
        while True:
            await client.hear(await socket.receive_text())
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        await client.leave()
