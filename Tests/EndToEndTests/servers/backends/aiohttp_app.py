"""The backend on aiohttp."""

import asyncio
import time

from aiohttp import WSMsgType, web
from behaviour import (
    CLOSE,
    DENIAL,
    FIELDS,
    GREETING,
    LIMIT,
    PROTOCOLS,
    answer,
    asked,
    note,
    port,
    reply,
    words_of,
)


async def serve(request: web.Request) -> web.StreamResponse:
    token, do = asked(request.query_string)
    if do == "refuse":
        return web.Response(status=401, text="log in\n", headers={"x-reason": "because"})
    if do == "deny":
        status, body, fields = DENIAL
        return web.Response(status=status, body=body, headers=fields)
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=LIMIT)
    for name, value in FIELDS if do == "fields" else ():
        socket.headers.add(name, value)
    await socket.prepare(request)
    if do in ("greet", "shut"):
        if do == "greet":
            await socket.send_str(GREETING)
        await socket.close(code=CLOSE[0], message=CLOSE[1].encode())
        return socket
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
        text = await answered(message.data, request, socket, token)
        if text is None:
            return socket
        await socket.send_str(text)
    note("closed", token, socket.close_code, "")
    return socket


async def answered(text: str, request: web.Request, socket: web.WebSocketResponse, token: str) -> str | None:
    word, others = words_of(text)
    match word:
        case "/raise":
            raise RuntimeError("asked to")
        case "/return":
            return None
        case "/close":
            await socket.close(code=int(others[0]), message=" ".join(others[1:]).encode())
            return None
        case "/big":
            return reply("x" * int(others[0]))
        case "/sleep":
            note("busy", token)
            await asyncio.sleep(float(others[0]))
            return answer("slept")
        case "/block":
            note("busy", token)
            time.sleep(float(others[0]))
            return answer("blocked")
        case "/offered":
            return reply(" ".join(request.headers.getall("sec-websocket-protocol", [])))
        case _:
            return answer(others[0])


app = web.Application()
app.router.add_get("/api/ws/{name}", serve)
web.run_app(app, host="127.0.0.1", port=port, shutdown_timeout=2, print=None)
