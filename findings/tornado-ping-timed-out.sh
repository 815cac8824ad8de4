#!/usr/bin/env bash
# Tornado 6.6.1, Python 3.11 (the client is websockets 17.4).
#
# With websocket_ping_interval set, Tornado closes a healthy client whose message it is still handling. While a coroutine
# on_message awaits, Tornado reads nothing from that socket, so it does not see the pongs that the client sends at once,
# and its own keepalive takes the client for dead after websocket_ping_timeout (by default the interval). The close has
# code 1000, normal closure, with the reason "ping timed out": a client that looks at codes takes it for a normal end,
# and the reply of the call is lost. The same client is fine when it is idle, or when the answer takes less time.
#
# Seen (pings every second):
#   idle for 4 s, then a call of 0 s: reply
#   a call of 0.5 s: reply
#   a call of 4 s: closed 1000 ping timed out
#
# Exits 1 where that has changed. It needs the network for PyPI, and a quarter of a minute.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tornado==6.6.1 websockets==17.4
cd "$work"

cat >server.py <<'EOF'
import asyncio
import sys

from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Handler(WebSocketHandler):
    async def on_message(self, message):
        await asyncio.sleep(float(message))
        await self.write_message("reply")


async def main():
    Application([("/", Handler)], websocket_ping_interval=1).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
EOF

cat >show.py <<'EOF'
import asyncio
import socket
import subprocess
import sys

import websockets


async def talk(port, idle, seconds):
    """What a client hears that answers pings at once, as this library does by itself."""
    for _ in range(100):
        try:
            client = await websockets.connect(f"ws://127.0.0.1:{port}/", ping_interval=None, proxy=None)
            break
        except OSError:
            await asyncio.sleep(0.1)
    try:
        await asyncio.sleep(idle)
        await client.send(str(seconds))
        return await asyncio.wait_for(client.recv(), 15)
    except websockets.ConnectionClosed as closed:
        return f"closed {closed.rcvd.code} {closed.rcvd.reason}" if closed.rcvd else "cut"
    finally:
        await client.close()


async def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "server.py", str(port)], stderr=subprocess.DEVNULL)
    try:
        print("idle for 4 s, then a call of 0 s:", await talk(port, 4, 0))
        print("a call of 0.5 s:", await talk(port, 0, 0.5))
        print("a call of 4 s:", await talk(port, 0, 4))
    finally:
        server.kill()
        server.wait()


asyncio.run(main())
EOF

cat >expected <<'EOF'
idle for 4 s, then a call of 0 s: reply
a call of 0.5 s: reply
a call of 4 s: closed 1000 ping timed out
EOF
env -u http_proxy -u https_proxy venv/bin/python -W ignore show.py | tee seen
if ! cmp -s seen expected; then
    echo "that has changed; it was:" && cat expected
    exit 1
fi
