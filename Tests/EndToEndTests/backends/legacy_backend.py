"""The legacy agents of the field under FastAPI and uvicorn: a guide and four liaisons, each with its own socket."""

import argparse
import asyncio
import json

import uvicorn
from commands import carry_out, serve_gates, with_extra
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from ledger import Ledger

PILLARS = ("content", "insights", "operations", "business_outcomes")

app = FastAPI()
ledger = Ledger()
ledger.serve(app)
serve_gates(app)
history: dict[tuple[str, str], list[dict]] = {}


def guide_reply(words: str) -> dict:
    return {
        "type": "response",
        "message": words,
        "agent_type": "guide",
        "response": words,
        "intent": "general_inquiry",
        "suggested_routes": ["/pillars/content"],
    }


def guide_failure(text: str) -> dict:
    message = "Failed to process message: " + text
    return {"type": "error", "message": message, "agent_type": "guide", "conversation_id": None}


def liaison_reply(words: str, pillar: str, token: str) -> dict:
    return {
        "type": "chat_response",
        "agent_type": "liaison",
        "pillar": pillar,
        "message": words,
        "session_token": token,
        "session_id": "session_of_" + pillar,
        "intent": {"intent": "general", "confidence": 0.9},
        "orchestrator_response": None,
    }


def liaison_failure(pillar: str, token: str) -> dict:
    return {
        "type": "error",
        "agent_type": "liaison",
        "pillar": pillar,
        "message": "I encountered an error processing your message. Please try again.",
        "session_token": token,
        "error": "the agent failed",
    }


async def converse(websocket: WebSocket, token: str, reply, failure, record):
    """The loop of one socket: strictly one message after the other, until the agent throws."""
    try:
        while True:
            original = await websocket.receive_text()
            record.texts.append(original[:200])
            request = json.loads(original)
            text = request.get("message")
            if not text:
                await websocket.send_json({"type": "error", "message": "Message is required"})
                continue
            turn = await carry_out(text, original, websocket, token)
            if turn.fails:
                await websocket.send_json(failure(text))
            elif turn.replies:
                for _ in range(turn.times):
                    await websocket.send_text(with_extra(reply(text + turn.padding), turn))
    except WebSocketDisconnect:
        raise
    except Exception as problem:
        await websocket.send_json({"type": "error", "message": f"Internal error: {problem}"})
        # The loop is gone, the socket is not: it reads on and never answers again.
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006)) from None


async def serve(websocket: WebSocket, greet, reply, failure):
    token = websocket.query_params.get("session_token") or "anonymous"
    await websocket.accept()
    record = ledger.open(websocket, token)
    code = None
    try:
        await greet(websocket, token)
        await converse(websocket, token, lambda words: reply(words, token), lambda text: failure(text, token), record)
    except WebSocketDisconnect as gone:
        code = gone.code
    except RuntimeError:
        # The client went while it was being answered.
        pass
    finally:
        ledger.close(record, code)


@app.websocket("/api/ws/guide")
async def guide(websocket: WebSocket):
    async def greet(websocket, token):
        pass

    await serve(
        websocket, greet, lambda words, token: guide_reply("guide: " + words), lambda text, token: guide_failure(text)
    )


@app.websocket("/api/ws/liaison/{pillar}")
async def liaison(websocket: WebSocket, pillar: str):
    if pillar not in PILLARS:
        await websocket.accept()
        await websocket.close(code=4004, reason=f"Invalid pillar: {pillar}")
        return

    async def greet(websocket, token):
        lines = history.get((token, pillar))
        if lines:
            await websocket.send_json(
                {
                    "type": "conversation_restored",
                    "agent_type": f"{pillar}_liaison",
                    "pillar": pillar,
                    "messages": lines,
                    "message_count": len(lines),
                }
            )

    def reply(words, token):
        lines = history.setdefault((token, pillar), [])
        lines.append({"role": "user", "content": words[:40], "timestamp": "2026-01-01T00:00:00"})
        del lines[:-10]
        return liaison_reply(f"{pillar}: {words}", pillar, token)

    await serve(websocket, greet, reply, lambda text, token: liaison_failure(pillar, token))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(
        uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=arguments.port, log_level="warning", backlog=4096)
        ).serve()
    )
