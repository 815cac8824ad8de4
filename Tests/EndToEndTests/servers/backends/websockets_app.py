"""The backend on the websockets library alone. SIGTERM is handled as its documentation shows."""

import asyncio
import signal
import time
from urllib.parse import urlsplit

from behaviour import (
    CLOSE,
    DENIAL,
    FIELDS,
    GREETING,
    LIMIT,
    answer,
    asked,
    chosen,
    note,
    ping_seconds,
    port,
    reply,
    words_of,
)
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


def before(connection, request):
    _, do = asked(urlsplit(request.path).query)
    if do == "refuse":
        return connection.respond(401, "log in\n")
    if do == "deny":
        status, body, fields = DENIAL
        response = connection.respond(status, body.decode())
        response.headers.update(fields)
        return response


def after(connection, request, response):
    if asked(urlsplit(request.path).query)[1] == "fields":
        for name, value in FIELDS:
            response.headers[name] = value


def select(connection, offered):
    """A list of subprotocols instead would refuse who offers none (400)."""
    return chosen(offered)


async def converse(socket):
    token, do = asked(urlsplit(socket.request.path).query)
    if do in ("greet", "shut"):
        if do == "greet":
            await socket.send(GREETING)
        await socket.close(*CLOSE)
        return
    try:
        while True:
            text = await answered(await socket.recv(), socket, token)
            if text is None:
                return
            await socket.send(text)
    except ConnectionClosed:
        note("closed", token, socket.close_code, socket.close_reason)


async def answered(text, socket, token):
    word, others = words_of(text)
    match word:
        case "/raise":
            raise RuntimeError("asked to")
        case "/return":
            return None
        case "/close":
            await socket.close(int(others[0]), " ".join(others[1:]))
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
            return reply(" ".join(socket.request.headers.get_all("sec-websocket-protocol")))
        case _:
            return answer(others[0])


async def main():
    options = {"max_size": LIMIT, "ping_interval": ping_seconds, "close_timeout": 1}
    hooks = {"process_request": before, "process_response": after, "select_subprotocol": select}
    async with serve(converse, "127.0.0.1", port, **options, **hooks) as server:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
        await server.wait_closed()


asyncio.run(main())
