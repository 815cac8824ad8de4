"""Backends that break the rules of a server, in a thread of the test's own process."""

import asyncio
import base64
import hashlib
import json
import struct
import threading

from .namespaces import Namespace
from .processes import free_port

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            return base64.b64encode(hashlib.sha1(value.strip() + GUID).digest()).decode()
    return ""


def is_same_origin(head: bytes) -> bool:
    """What servers of the field check by default: a page's origin is the host that the request names."""
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    fields = {name.lower(): value.strip() for name, _, value in lines}
    origin = fields.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == fields[b"host"]


def text_frame(text: str) -> bytes:
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    if len(payload) < 1 << 16:
        return bytes([0x81, 126]) + struct.pack("!H", len(payload)) + payload
    return bytes([0x81, 127]) + struct.pack("!Q", len(payload)) + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        length = struct.unpack("!H", await reader.readexactly(2))[0]
    elif length == 127:
        length = struct.unpack("!Q", await reader.readexactly(8))[0]
    key = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return first & 0x0F, bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


class OddBackend:
    """Listens, and treats each connection by its manner:

    - `silent`: accepts TCP and never says a word
    - `unwilling`: answers the handshake 200, as a web server would that knows no sockets
    - `broken`: answers 503
    - `careful`: answers 403 to pages of another site: whose `Origin` is not the `Host` that it is called by
    - `strict`: answers 403 to everybody
    - `forged`: answers 101 with a wrong accept key
    - `deaf`: shakes hands and never reads again
    - `lavish`: answers each message with a megabyte
    - `busy`: answers like a guide, but the message `compute` only once the test calls `finish`; until then it reads
      nothing of that connection, as aiohttp and Tornado do while the application awaits
    - `blocked`: the same, and until then nothing happens on any connection, as in every server of one thread
    - `naming`: names each conversation that the client does not, `srv-1` and so on, and knows no other; `named` is what
      it was told
    - `approving`: answers a message only when an `approval` comes on the same connection
    - `endless`: answers each message with parts, without end
    - `chatty`: shakes hands and pushes `pushes` messages at once, then answers like a guide
    - `stateful`: greets, wants to be told whose connection it is (`hello` with the token of its query) before it
      answers like a guide, and closes with 4001 whoever says anything else first
    - `closing`: while `closes` is a code, shakes hands and closes with it in the same breath, having read nothing, or
      right behind the first message with `reads`; else answers like a guide
    """

    def __init__(
        self,
        manner: str,
        pushes: int = 0,
        closes: int | None = None,
        reason: str = "",
        reads: int = 0,
        host: str = "127.0.0.1",
        namespace: "Namespace | None" = None,
    ):
        self.port = free_port()
        self.host = host
        self.namespace = namespace
        self.computing = 0
        self.named = []
        self._done = threading.Event()
        self.manner = manner
        self.pushes = pushes
        self.closes = closes
        self.reason = reason
        self.reads = reads
        self.accepted = 0
        self.answered = 0
        self.hellos = []
        self.strangers = 0
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "OddBackend":
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def finish(self):
        """What is computed is done."""
        self._done.set()

    def _run(self):
        if self.namespace:
            self.namespace.enter()
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        server = await asyncio.start_server(self._connection, self.host, self.port, backlog=4096)
        self._started.set()
        await self._stopped.wait()
        server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.accepted += 1
        try:
            if self.manner == "silent":
                await self._stopped.wait()
            head = await reader.readuntil(b"\r\n\r\n")
            if self.manner == "unwilling":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok")
                await self._stopped.wait()
            if self.manner == "broken":
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            if self.manner == "strict" or self.manner == "careful" and not is_same_origin(head):
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            key = "bm90IHRoZSByaWdodCBrZXkgYXQgYWw=" if self.manner == "forged" else accept_key(head)
            lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
            answer = "\r\n".join([*lines, f"Sec-WebSocket-Accept: {key}", "", ""])
            if self.manner == "closing" and self.closes is not None:
                payload = struct.pack("!H", self.closes) + self.reason.encode()
                close = bytes([0x88, len(payload)]) + payload
                writer.write(answer.encode() + (b"" if self.reads else close))
                for _ in range(self.reads):
                    await read_frame(reader)
                if self.reads:
                    writer.write(close)
                await reader.read()
                return
            writer.write(answer.encode())
            if self.manner == "deaf":
                writer.transport.pause_reading()
                await self._stopped.wait()
            for number in range(self.pushes):
                writer.write(text_frame(json.dumps({"type": "welcome", "data": {"number": number}})))
            if self.manner == "stateful" and not await self._welcome(head, reader, writer):
                return
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _welcome(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether it was told whose connection it is."""
        # Not at once, so that who does not wait is found out.
        await asyncio.sleep(0.05)
        writer.write(text_frame(json.dumps({"type": "system", "message": "Connected"})))
        hello = json.loads((await read_frame(reader))[1])
        if hello.get("type") != "hello" or f"session_token={hello.get('token')} ".encode() not in head:
            self.strangers += 1
            writer.write(bytes([0x88, 2]) + struct.pack("!H", 4001))
            await reader.read()
            return False
        self.hellos.append(hello)
        writer.write(text_frame(json.dumps({"type": "joined", "message": "Welcome back"})))
        return True

    async def _converse(self, message: dict, writer: asyncio.StreamWriter):
        words = message.get("message")
        reply = {"type": "response", "message": f"guide: {words}"}
        if self.manner == "naming":
            self.named.append(message.get("conversation_id"))
            if not self.named[-1]:
                self.answered += 1
                reply["conversation_id"] = f"srv-{self.answered}"
            elif not self.named[-1].startswith("srv-"):
                reply = {"type": "error", "message": f"Unknown conversation {self.named[-1]}"}
        elif self.manner == "approving":
            if message.get("type") != "approval":
                self.computing += 1
                return
            reply["message"] = f"approved: {words}"
        else:
            asyncio.get_running_loop().create_task(self._stream(writer))
            return
        writer.write(text_frame(json.dumps(reply)))

    async def _stream(self, writer: asyncio.StreamWriter):
        while not writer.is_closing():
            writer.write(text_frame(json.dumps({"type": "token", "message": "part"})))
            await asyncio.sleep(0.05)

    async def _compute(self):
        self.computing += 1
        if self.manner == "blocked":
            self._done.wait(60)
        while not self._done.is_set():
            await asyncio.sleep(0.01)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        lavish = text_frame(json.dumps({"type": "response", "message": "x" * (1 << 20)}))
        while True:
            opcode, payload = await read_frame(reader)
            if opcode == 8:
                writer.write(bytes([0x88, len(payload)]) + payload)
                return
            if opcode == 9:
                writer.write(bytes([0x8A, len(payload)]) + payload)
            if opcode == 1 and self.manner in ("naming", "approving", "endless"):
                await self._converse(json.loads(payload), writer)
            elif opcode == 1:
                self.answered += 1
                message = json.loads(payload)
                words = message.get("message")
                if words == "compute":
                    await self._compute()
                reply = {"type": "response", "message": f"guide: {words}"}
                if "conversation_id" in message:
                    reply["conversation_id"] = message["conversation_id"]
                writer.write(lavish if self.manner == "lavish" else text_frame(json.dumps(reply)))
                await writer.drain()
