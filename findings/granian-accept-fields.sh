#!/usr/bin/env bash
# granian 2.8.9, Python 3.11 (uvicorn 0.54.0 with websockets 17.4 beside it, for comparison).
#
# 1. The `headers` of an ASGI `websocket.accept` never reach the client under granian: all are dropped without a word, a
#    cookie set at the handshake too. uvicorn sends them, as the specification of ASGI has it.
# 2. A denial (`websocket.http.response.start` with status 429) goes out with the fields of an accepted handshake:
#    Connection: upgrade, Upgrade: websocket and Sec-WebSocket-Accept.
#
# Seen:
#   uvicorn accepts: 101, set-cookie: a=1, x-accepted: yes
#   uvicorn denies:  429, retry-after: 7
#   granian accepts: 101
#   granian denies:  429, retry-after: 7, connection: upgrade, upgrade: websocket, sec-websocket-accept
#
# Exits 1 where that has changed. It needs the network for PyPI, and some seconds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    granian==2.8.9 uvicorn==0.54.0 websockets==17.4 h11==0.16.0 click==8.5.1
cd "$work"

cat >app.py <<'EOF'
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/deny":
            fields = [(b"retry-after", b"7")]
            await send({"type": "websocket.http.response.start", "status": 429, "headers": fields})
            await send({"type": "websocket.http.response.body", "body": b"slow down"})
        else:
            fields = [(b"set-cookie", b"a=1"), (b"x-accepted", b"yes")]
            await send({"type": "websocket.accept", "headers": fields})
            await receive()
EOF

cat >show.py <<'EOF'
import os
import signal
import socket
import subprocess
import time

REQUEST = (
    "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def answer(port, path):
    for _ in range(100):
        try:
            client = socket.create_connection(("127.0.0.1", port), 5)
            break
        except OSError:
            time.sleep(0.1)
    with client:
        client.sendall(REQUEST.format(path).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
    first, *lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    shown = [f"{name}: {fields[name]}" for name in ("retry-after", "set-cookie", "x-accepted") if name in fields]
    if path == "/deny":
        shown += [f"{name}: {fields[name]}" for name in ("connection", "upgrade") if fields.get(name, "close") != "close"]
        shown += [name for name in ("sec-websocket-accept",) if name in fields]
    return ", ".join([first.split(" ")[1], *shown])


def show(name, command):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [*command, "--host", "127.0.0.1", "--port", str(port), "app:app"]
    server = subprocess.Popen(command, start_new_session=True, **quiet)
    try:
        print(f"{name} accepts:", answer(port, "/"))
        print(f"{name} denies: ", answer(port, "/deny"))
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


show("uvicorn", ["venv/bin/uvicorn"])
show("granian", ["venv/bin/granian", "--interface", "asgi"])
EOF

cat >expected <<'EOF'
uvicorn accepts: 101, set-cookie: a=1, x-accepted: yes
uvicorn denies:  429, retry-after: 7
granian accepts: 101
granian denies:  429, retry-after: 7, connection: upgrade, upgrade: websocket, sec-websocket-accept
EOF
venv/bin/python show.py | tee seen
if ! cmp -s seen expected; then
    echo "that has changed; it was:" && cat expected
    exit 1
fi
