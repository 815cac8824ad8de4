"""The backend on Sanic. What is raised in a socket's handler comes after the 101; a refusal needs a middleware. A
route with subprotocols refuses who offers none (400), so this one names none."""

import asyncio
import time

from behaviour import CLOSE, DENIAL, GREETING, LIMIT, answer, asked, note, ping_seconds, port, reply, words_of
from sanic import Sanic, response
from sanic.exceptions import Unauthorized

app = Sanic("backend")
app.config.WEBSOCKET_MAX_SIZE = LIMIT
app.config.WEBSOCKET_PING_INTERVAL = ping_seconds
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0


@app.on_request
async def deny(request):
    _, do = asked(request.query_string)
    if do == "deny":
        status, body, fields = DENIAL
        return response.raw(body, status=status, headers=fields)


@app.websocket("/api/ws/<name>")
async def serve(request, socket, name):
    token, do = asked(request.query_string)
    if do == "refuse":
        raise Unauthorized("log in")
    if do in ("greet", "shut"):
        if do == "greet":
            await socket.send(GREETING)
        await socket.close(*CLOSE)
        return
    try:
        while True:
            text = await socket.recv()
            if text is None:
                return
            more = await answered(text, request, socket, token)
            if more is None:
                return
            await socket.send(more)
    except asyncio.CancelledError:
        note("closed", token, None, "cancelled")
        raise


async def answered(text, request, socket, token):
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
            return reply(" ".join(request.headers.getall("sec-websocket-protocol", [])))
        case _:
            return answer(others[0])


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=port, single_process=True, access_log=False, motd=False)
