"""A client on a raw socket that comes to a server by one of the ways and tells what it hears in comparable values."""

import json
import struct
import time
from urllib.parse import quote

from harness import RawSocket, frame, new_token, request

from .fleet import Way

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
# What a proxy may change or add in an answer: fields of the hop, and the date.
OF_THE_HOP = {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "sec-websocket-accept",
    "server",
    "transfer-encoding",
    "upgrade",
}


class Talker:
    """One client. What it hears is `("reply", TEXT)`, `("error", CODE, SENT)` (the proxy's), `("close", CODE, REASON)`,
    `("cut",)` without a close frame, or `("silence",)`."""

    def __init__(self, way: Way, do: str = "", protocols: tuple[str, ...] = ()):
        self.way = way
        self.token = new_token()
        self.pings: list[bytes] = []
        self.pongs: list[bytes] = []
        self.answers_pings = True
        self.raw = RawSocket(way.port)
        query = f"session_token={quote(self.token)}" + (f"&do={do}" if do else "")
        head = request(f"{way.path}?{query}")
        for each in protocols:
            head = head[:-2] + f"Sec-WebSocket-Protocol: {each}\r\n\r\n".encode()
        try:
            self.raw.send(head)
            self.status, self.fields, self.body = self._answer()
        except (EOFError, ConnectionError):
            self.status, self.fields, self.body = None, [], b""

    def __enter__(self) -> "Talker":
        return self

    def __exit__(self, *_):
        self.raw.__exit__()

    def _answer(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, fields in order (names in lower case), and the body however its end is told."""
        head, _, self.raw.buffer = self.raw._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        status = int(first.split(" ")[1])
        return status, fields, b"" if status == 101 else self._body(dict(fields))

    def _body(self, fields: dict) -> bytes:
        if "content-length" in fields:
            return self.raw._exactly(int(fields["content-length"]))
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size, _, self.raw.buffer = self.raw._until(b"\r\n").partition(b"\r\n")
                chunk = self.raw._exactly(int(size, 16) + 2)[:-2]
                if not chunk:
                    return body
                body += chunk
        self.raw.socket.settimeout(2)
        try:
            while True:
                self.raw._more()
        except (EOFError, ConnectionError, TimeoutError):
            return self.raw.buffer

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.fields if each == name]

    def end_to_end_fields(self) -> list[tuple[str, str]]:
        return sorted((name, value) for name, value in self.fields if name not in OF_THE_HOP)

    def send(self, data: bytes) -> bool:
        """Whether somebody was there to take it."""
        try:
            self.raw.send(data)
        except ConnectionError:
            return False
        return True

    def say(self, words: str):
        self.send(frame(TEXT, json.dumps({"message": words}).encode()))

    def ask(self, words: str, seconds: float = 15) -> tuple:
        self.say(words)
        return self.hear(seconds)

    def hear(self, seconds: float = 15) -> tuple:
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.raw.socket.settimeout(max(0.01, deadline - time.monotonic()))
                opcode, payload = self.raw.next_frame()
                if opcode == PING:
                    self.pings.append(payload)
                    if self.answers_pings:
                        self.send(frame(PONG, payload))
                elif opcode == PONG:
                    self.pongs.append(payload)
                elif opcode == CLOSE:
                    self.send(frame(CLOSE, payload))
                    code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                    return ("close", code, payload[2:].decode())
                else:
                    return told(json.loads(payload))
        except TimeoutError:
            return ("silence",)
        except (EOFError, ConnectionError):
            return ("cut",)

    def close(self, code: int, reason: str) -> tuple:
        """Closes, and gives what comes back."""
        self.send(frame(CLOSE, struct.pack("!H", code) + reason.encode()))
        heard = self.hear()
        while heard[0] not in ("close", "cut", "silence"):
            heard = self.hear()
        return heard


def told(message: dict) -> tuple:
    if message.get("type") == "error" and "code" in message:
        return ("error", message["code"], message["sent"])
    text = message.get("message")
    return ("reply", f"{len(text)} long" if len(text) > 200 else text)
