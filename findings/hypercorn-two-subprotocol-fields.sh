#!/usr/bin/env bash
# hypercorn 0.18.0 (wsproto 1.3.2); uvicorn 0.54.0 with both of its WebSocket implementations (wsproto 1.3.2, websockets
# 17.4) and daphne 4.2.3 (autobahn 26.10.2) beside it; Python 3.11.
#
# A client offers the subprotocols "a" and "b" in one Sec-WebSocket-Protocol field, and in two. RFC 6455, 11.3.4: the field
# may stand more than once in a request, which is the same as one with all values. hypercorn keeps the last field only:
# an application that takes "a" sees that nobody offers it, and answers without a subprotocol or refuses.
#
# Seen (what the application's scope["subprotocols"] says: one field; two fields):
#   hypercorn: a b; b
#   uvicorn-wsproto: a b; a b
#   uvicorn-websockets: a b; a b
#   daphne: a b; a b
#
# Exits 1 where that has changed. It needs the network for PyPI, and some seconds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check hypercorn==0.18.0 wsproto==1.3.2 uvicorn==0.54.0 \
    websockets==17.4 daphne==4.2.3 autobahn==26.10.2
cd "$work"

cat >asgi.py <<'EOF'
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": " ".join(scope["subprotocols"]) or "none"})
    await receive()
EOF

cat >ask.py <<'EOF'
import contextlib
import socket
import subprocess
import sys
import time

BIN = sys.executable.rsplit("/", 1)[0]
PORT = 18431
SERVERS = {
    "hypercorn": ["hypercorn", "--bind", f"127.0.0.1:{PORT}", "asgi:app"],
    "uvicorn-wsproto": ["uvicorn", "--port", str(PORT), "--ws", "wsproto", "asgi:app"],
    "uvicorn-websockets": ["uvicorn", "--port", str(PORT), "--ws", "websockets-sansio", "asgi:app"],
    "daphne": ["daphne", "-p", str(PORT), "asgi:app"],
}


def ask(*offers: str) -> str:
    fields = "".join(f"Sec-WebSocket-Protocol: {offer}\r\n" for offer in offers)
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as peer:
        peer.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n".encode()
        )
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < 3:
            more = peer.recv(4096)
            if not more:
                break
            data += more
        head, _, frame = data.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            return head.splitlines()[0].decode()
        return frame[2 : 2 + frame[1]].decode()


for name, command in SERVERS.items():
    server = subprocess.Popen(
        [f"{BIN}/{command[0]}", *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
                break
            time.sleep(0.1)
        print(f"{name}: {ask('a, b')}; {ask('a', 'b')}", flush=True)
    finally:
        server.terminate()
        server.wait()
EOF

"$work/venv/bin/python" ask.py | tee seen
diff seen - <<'EOF' && echo "as before"
hypercorn: a b; b
uvicorn-wsproto: a b; a b
uvicorn-websockets: a b; a b
daphne: a b; a b
EOF
