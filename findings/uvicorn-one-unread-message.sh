#!/usr/bin/env bash
# uvicorn 0.54.0 with websockets 17.4 and wsproto 1.3.2, Python 3.11.
#
# While the application is busy with one message, ONE further message that it has not read yet stops uvicorn reading the
# socket, with its default implementation (websockets-sansio) and with wsproto. The client's pongs then wait behind it
# unread, so that uvicorn's own keepalive takes the client, which answers every ping at once, for dead: close 1011 and no
# reply. With the defaults (20 s and 20 s) that is what happens to a call of 40 s behind which the client says one more
# thing. The older implementation, --ws websockets (deprecated), reads on: the same client gets both replies.
#
# Seen (pings every second, answers due within one; each message takes the application 4 s):
#   websockets-sansio, one message:  reply
#   websockets-sansio, two messages: closed 1011 keepalive ping timeout
#   wsproto, one message:  reply
#   wsproto, two messages: closed 1011 keepalive ping timeout
#   websockets, one message:  reply
#   websockets, two messages: reply, reply
#
# Exits 1 where that has changed. It needs the network for PyPI, and half a minute.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    uvicorn==0.54.0 websockets==17.4 wsproto==1.3.2 h11==0.16.0 click==8.5.1
cd "$work"

cat >app.py <<'EOF'
import asyncio


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        await asyncio.sleep(4)
        await send({"type": "websocket.send", "text": "reply"})
EOF

cat >show.py <<'EOF'
import asyncio
import socket
import subprocess
import sys

import websockets


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def talk(port, messages):
    """What a client hears that answers pings at once, as this library does by itself."""
    for _ in range(100):
        try:
            client = await websockets.connect(f"ws://127.0.0.1:{port}/", ping_interval=None, proxy=None)
            break
        except OSError:
            await asyncio.sleep(0.1)
    for number in range(messages):
        await client.send(f"message {number}")
    heard = []
    try:
        while len(heard) < messages:
            heard.append(await asyncio.wait_for(client.recv(), 15))
    except websockets.ConnectionClosed as closed:
        heard.append(f"closed {closed.rcvd.code} {closed.rcvd.reason}" if closed.rcvd else "cut")
    await client.close()
    return ", ".join(heard)


async def main():
    for implementation in ("websockets-sansio", "wsproto", "websockets"):
        port = free_port()
        options = ["--ws", implementation, "--ws-ping-interval", "1", "--ws-ping-timeout", "1"]
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "critical", *options]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            print(f"{implementation}, one message: ", await talk(port, 1))
            print(f"{implementation}, two messages:", await talk(port, 2))
        finally:
            server.kill()
            server.wait()


asyncio.run(main())
EOF

cat >expected <<'EOF'
websockets-sansio, one message:  reply
websockets-sansio, two messages: closed 1011 keepalive ping timeout
wsproto, one message:  reply
wsproto, two messages: closed 1011 keepalive ping timeout
websockets, one message:  reply
websockets, two messages: reply, reply
EOF
env -u http_proxy -u https_proxy venv/bin/python -W ignore show.py | tee seen
if ! cmp -s seen expected; then
    echo "that has changed; it was:" && cat expected
    exit 1
fi
