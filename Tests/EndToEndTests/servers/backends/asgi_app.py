"""The backend as a plain ASGI application: for uvicorn, hypercorn and granian."""

import asyncio
import time

from behaviour import CLOSE, DENIAL, FIELDS, GREETING, answer, asked, chosen, note, reply, words_of


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await serve(scope, receive, send)


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def serve(scope, receive, send):
    token, do = asked(scope["query_string"].decode())
    await receive()
    if do == "refuse":
        await send({"type": "websocket.close", "code": 4003, "reason": "nobody hears this"})
    elif do == "deny":
        status, body, fields = DENIAL
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        fields = [(name.encode(), value.encode()) for name, value in FIELDS] if do == "fields" else []
        await send({"type": "websocket.accept", "subprotocol": chosen(scope["subprotocols"]), "headers": fields})
        if do in ("greet", "shut"):
            if do == "greet":
                await send({"type": "websocket.send", "text": GREETING})
            await send({"type": "websocket.close", "code": CLOSE[0], "reason": CLOSE[1]})
        else:
            await converse(scope, receive, send, token)


async def converse(scope, receive, send, token):
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            note("closed", token, message.get("code"), message.get("reason") or "")
            return
        word, others = words_of(message["text"])
        match word:
            case "/raise":
                raise RuntimeError("asked to")
            case "/return":
                return
            case "/close":
                await send({"type": "websocket.close", "code": int(others[0]), "reason": " ".join(others[1:])})
                return
            case "/big":
                text = reply("x" * int(others[0]))
            case "/sleep":
                note("busy", token)
                await asyncio.sleep(float(others[0]))
                text = answer("slept")
            case "/block":
                note("busy", token)
                time.sleep(float(others[0]))
                text = answer("blocked")
            case "/offered":
                text = reply(" ".join(scope["subprotocols"]))
            case _:
                text = answer(others[0])
        await send({"type": "websocket.send", "text": text})
