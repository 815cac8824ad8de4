#!/usr/bin/env bash
# aiohttp 3.14.5 and daphne 4.2.3 (on autobahn 26.10.2); uvicorn 0.54.0 (wsproto 1.3.2) beside them; Python 3.11 (the
# client is websockets 17.4).
#
# A client closes with 1001 or 4001 and the reason "bye". RFC 6455, 5.5.1: who answers a close frame typically echoes its
# status code. aiohttp and daphne answer every code with 1000 and no reason. A browser's CloseEvent has the code of the
# frame that came from the server: a page that closes with 4001 ("I log out") and looks at `event.code` sees 4001 with
# one backend and 1000 with the other.
#
# Seen (the code of the client's close frame -> what the server's has):
#   aiohttp: 1001 -> 1000, 4001 -> 1000
#   daphne: 1001 -> 1000, 4001 -> 1000
#   uvicorn: 1001 -> 1001 bye, 4001 -> 4001 bye
#
# Exits 1 where that has changed. It needs the network for PyPI, and some seconds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aiohttp==3.14.5 daphne==4.2.3 autobahn==26.10.2 \
    uvicorn==0.54.0 wsproto==1.3.2 websockets==17.4
cd "$work"

cat >asgi.py <<'EOF'
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.disconnect":
            return
EOF

cat >own.py <<'EOF'
import asyncio
import sys

from aiohttp import web


async def handler(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


async def main():
    application = web.Application()
    application.router.add_get("/", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


asyncio.run(main())
EOF

cat >show.py <<'EOF'
import socket
import subprocess
import sys
import time

from websockets.sync.client import connect

SERVERS = {
    "aiohttp": ["own.py"],
    "daphne": ["-m", "daphne", "-b", "127.0.0.1", "-p"],
    "uvicorn": ["-m", "uvicorn", "--ws", "wsproto", "--port"],
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port, code):
    """The code of the close frame with which the server answers a client's."""
    for _ in range(200):
        try:
            client = connect(f"ws://127.0.0.1:{port}/", proxy=None)
            break
        except OSError:
            time.sleep(0.1)
    client.close(code, "bye")
    answered = client.protocol.close_rcvd
    if answered is None:
        return "cut"
    return str(int(answered.code)) + (" " + answered.reason if answered.reason else "")


for name, command in SERVERS.items():
    port = free_port()
    application = [] if command[0] == "own.py" else ["asgi:app"]
    server = subprocess.Popen(
        [sys.executable, *command, str(port), *application], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        print(f"{name}: 1001 -> {answer(port, 1001)}, 4001 -> {answer(port, 4001)}")
    finally:
        server.terminate()
        server.wait()
EOF

cat >expected <<'EOF'
aiohttp: 1001 -> 1000, 4001 -> 1000
daphne: 1001 -> 1000, 4001 -> 1000
uvicorn: 1001 -> 1001 bye, 4001 -> 4001 bye
EOF
env -u http_proxy -u https_proxy venv/bin/python -W ignore show.py | tee seen
if ! cmp -s seen expected; then
    echo "that has changed; it was:" && cat expected
    exit 1
fi
