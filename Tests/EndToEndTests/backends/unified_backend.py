"""The unified agent of the field under FastAPI and uvicorn: one path for all agents."""

import argparse
import asyncio
import json
import time
import uuid
from collections import defaultdict, deque

import uvicorn
from commands import carry_out, serve_gates, with_extra
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from ledger import Ledger

PILLARS = ("content", "insights", "operations", "business_outcomes")
SOCKETS_OF_TOKEN = 5
SOCKETS_IN_ALL = 1000
IN_SECOND = 10
IN_MINUTE = 100

app = FastAPI()
ledger = Ledger()
ledger.serve(app)
serve_gates(app)
sockets: dict[str, int] = defaultdict(int)
times: dict[str, deque] = defaultdict(deque)
settings = argparse.Namespace(greet=True, heartbeat=30.0, limits=True)


def admitted(token: str) -> bool:
    """Counts a message of the token against ten a second and a hundred a minute."""
    now = time.monotonic()
    window = times[token]
    while window and now - window[0] > 60:
        window.popleft()
    if len(window) >= IN_MINUTE or sum(now - moment < 1 for moment in window) >= IN_SECOND:
        return False
    window.append(now)
    return True


def guide_reply(words: str, conversation: str) -> dict:
    return {
        "type": "response",
        "message": words,
        "agent_type": "guide",
        "response": words,
        "intent": "general_inquiry",
        "suggested_routes": [],
        "conversation_id": conversation,
    }


def liaison_reply(words: str, pillar: str, conversation: str) -> dict:
    return {
        "success": True,
        "response": words,
        "conversation_id": conversation,
        "agent": f"{pillar}_liaison",
        "agent_type": "liaison",
        "pillar": pillar,
    }


async def refuse(websocket: WebSocket, words: str, agent: str, **members):
    await websocket.send_json({"type": "error", "message": words, "agent_type": agent, **members})


async def answer(websocket: WebSocket, token: str, original: str):
    request = json.loads(original)
    if request.get("type") == "heartbeat":
        return
    agent = request.get("agent_type") or "guide"
    conversation = request.get("conversation_id")
    if settings.limits and not admitted(token):
        words = "Rate limit exceeded. Please slow down your requests."
        await refuse(websocket, words, agent, conversation_id=conversation)
        await websocket.close(code=4029, reason="Rate limit exceeded")
        raise WebSocketDisconnect(4029)
    text = request.get("message")
    if not text:
        return await refuse(websocket, "Message is required", agent)
    if agent not in ("guide", "liaison"):
        return await refuse(websocket, f"Unknown agent_type: {agent}", agent)
    pillar = request.get("pillar")
    if agent == "liaison" and not pillar:
        return await refuse(websocket, "Pillar is required for liaison agent", agent)
    if agent == "liaison" and pillar not in PILLARS:
        return await refuse(websocket, f"Liaison Agent for pillar '{pillar}' not available", agent)
    turn = await carry_out(text, original, websocket, token)
    conversation = conversation or f"conversation_{uuid.uuid4().hex}"
    words = text + turn.padding
    if turn.fails:
        await refuse(websocket, f"Failed to process message: {text}", agent)
    elif turn.replies:
        for _ in range(turn.times):
            if agent == "guide":
                reply = guide_reply("unified guide: " + words, conversation)
            else:
                reply = liaison_reply(f"unified {pillar}: {words}", pillar, conversation)
            await websocket.send_text(with_extra(reply, turn))


async def beat(websocket: WebSocket, connection: str):
    while True:
        await asyncio.sleep(settings.heartbeat)
        await websocket.send_json(
            {"type": "heartbeat", "action": "ping", "timestamp": time.time(), "connection_id": connection}
        )


@app.websocket("/api/ws/agent")
async def unified(websocket: WebSocket):
    token = websocket.query_params.get("session_token") or "anonymous"
    await websocket.accept()
    if sum(sockets.values()) >= SOCKETS_IN_ALL:
        return await websocket.close(code=4005, reason="Too many connections")
    if sockets[token] >= SOCKETS_OF_TOKEN:
        return await websocket.close(code=4004, reason="Too many connections for this session")
    sockets[token] += 1
    record = ledger.open(websocket, token)
    connection = f"unified_agent_{token}_{uuid.uuid4().hex[:8]}"
    heart = None
    try:
        if settings.greet:
            await websocket.send_json(
                {"type": "system", "message": "Connected", "agent_type": "guide", "connection_id": connection}
            )
            heart = asyncio.create_task(beat(websocket, connection))
        while True:
            original = await websocket.receive_text()
            record.texts.append(original[:200])
            await answer(websocket, token, original)
    except WebSocketDisconnect as gone:
        record.close_code = gone.code
    except RuntimeError:
        # The client went while it was being answered.
        pass
    except Exception as problem:
        await refuse(websocket, f"Internal error: {problem}", "guide")
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass
    finally:
        if heart:
            heart.cancel()
        sockets[token] -= 1
        ledger.close(record, record.close_code)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--heartbeat", type=float, default=30.0, help="seconds")
    parser.add_argument("--no-greeting", dest="greet", action="store_false")
    parser.add_argument("--no-limits", dest="limits", action="store_false")
    settings = parser.parse_args()
    asyncio.run(
        uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=settings.port, log_level="warning", backlog=4096)
        ).serve()
    )
