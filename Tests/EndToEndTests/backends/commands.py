"""What the text of a message provokes, so that a test can have each failure of the field on demand."""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from fastapi import FastAPI, WebSocket

# Values that decoding and encoding again would change: kept byte for byte by whoever does neither.
EXOTIC = (
    r'{"big":123456789012345678901234567890,"small":1e-400,"float":1.10,"zero":-0.0,"escapes":"\u00e9\ud83d\ude00\/\u0000",'
    r'"twice":1,"twice":2,"spaced" : [ 1 , 2 ]}'
)


# Agents that wait until a test opens their gate, and how many wait at each.
gates: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
waiting: Counter[str] = Counter()


def serve_gates(app: FastAPI):
    @app.get("/_gates/{name}")
    async def at_gate(name: str):
        return {"waiting": waiting[name]}

    @app.post("/_gates/{name}")
    async def open_gate(name: str):
        gates[name].set()
        return {}


class AgentException(Exception):
    """The agent itself threw; the server's loop dies of it."""


@dataclass
class Turn:
    """How one message is answered."""

    replies: bool = True
    fails: bool = False
    times: int = 1
    padding: str = ""
    extra: dict[str, str] = field(default_factory=dict)


async def carry_out(text: str, original: str, websocket: WebSocket, token: str) -> Turn:
    """Does what the text asks for before the reply, and says how the reply is to be."""
    words = text.split(" ")
    argument = words[1] if len(words) > 1 else ""
    turn = Turn()
    match words[0]:
        case "/slow":
            await asyncio.sleep(int(argument) / 1000)
        case "/gate":
            waiting[argument] += 1
            await gates[argument].wait()
        case "/crash":
            raise AgentException("the agent threw")
        case "/fail":
            turn.fails = True
        case "/big":
            turn.padding = "x" * int(argument)
        case "/push":
            await websocket.send_text('{"type":"agent_status","status":"thinking"}')
        case "/close":
            await websocket.close(code=int(argument), reason="closed on request")
            turn.replies = False
        case "/silent":
            turn.replies = False
        case "/twice":
            turn.times = 2
        case "/binary":
            await websocket.send_bytes(b"binary")
            turn.replies = False
        case "/array":
            await websocket.send_text("[1,2,3]")
            turn.replies = False
        case "/send":
            # The rest of the text goes out as it is, instead of a reply.
            await websocket.send_text(text.removeprefix("/send "))
            turn.replies = False
        case "/exotic":
            turn.extra["exotic"] = EXOTIC
        case "/whoami":
            turn.extra["whoami"] = json.dumps(
                {
                    "token": token,
                    "path": websocket.url.path,
                    "query": websocket.scope["query_string"].decode("latin-1"),
                    "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in websocket.scope["headers"]],
                }
            )
        case "/raw":
            turn.extra["received"] = json.dumps(original)
    return turn


def with_extra(reply: dict, turn: Turn) -> str:
    """The reply as text, with members whose values are JSON text already."""
    text = json.dumps(reply)
    for name, value in turn.extra.items():
        text = text[:-1] + f',"{name}":{value}}}'
    return text
