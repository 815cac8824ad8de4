"""A backend whose every byte is the test's own."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from .odd_backends import accept_key


class Visit:
    """A connection that the proxy made: its request as bytes, and what is said to it."""

    def __init__(self, connection: socket.socket):
        self.socket = connection
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            data = connection.recv(1 << 16)
            if not data:
                raise EOFError("no request")
            self.head += data

    @property
    def target(self) -> bytes:
        return self.head.split(b" ")[1]

    def values(self, name: str) -> list[bytes]:
        lines = self.head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        pairs = [line.partition(b":") for line in lines]
        return [value.strip() for key, _, value in pairs if key.lower() == name.encode()]

    def upgrade(self, *fields: bytes) -> bytes:
        """A good 101 with further fields."""
        lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
        lines += [b"Sec-WebSocket-Accept: " + accept_key(self.head).encode(), *fields]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def send(self, data: bytes):
        self.socket.sendall(data)

    def next_message(self) -> bytes:
        """The payload of the next masked data frame, whose length fits into two bytes."""
        while True:
            first, second = self._exactly(2)
            length = second & 0x7F
            if length == 126:
                length = int.from_bytes(self._exactly(2))
            key = self._exactly(4)
            payload = bytes(byte ^ key[index % 4] for index, byte in enumerate(self._exactly(length)))
            if first & 0x0F == 8:
                raise EOFError("closed")
            if first & 0x0F in (1, 2):
                return payload

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("the proxy ended the connection")
            data += more
        return data


class RawBackend:
    """Runs `script` for each connection in a thread of its own; the connection ends with it."""

    def __init__(
        self, script: Callable[[Visit], None], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ):
        self.script = script
        self.tls = tls
        self.visits: list[Visit] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "RawBackend":
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection: socket.socket):
        with contextlib.suppress(OSError, EOFError), connection:
            connection.settimeout(30)
            with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as spoken_to:
                visit = Visit(spoken_to)
                self.visits.append(visit)
                self.script(visit)
