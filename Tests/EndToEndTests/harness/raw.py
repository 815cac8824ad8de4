"""HTTP handshakes and WebSocket frames written by hand, to say what no library would."""

import base64
import json
import os
import socket
import ssl
import struct


def request(
    path: str = "/api/ws/agent", method: str = "GET", version: str = "HTTP/1.1", drop: tuple = (), **headers: str
) -> bytes:
    """A good handshake, with header fields replaced (underscores stand for dashes) or dropped."""
    fields = {
        "host": "127.0.0.1",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-key": base64.b64encode(os.urandom(16)).decode(),
        "sec-websocket-version": "13",
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} {version}"] + [f"{name}: {value}" for name, value in fields.items() if name not in drop]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def frame(
    opcode: int, payload: bytes = b"", *, fin=True, masked=True, reserved=0, length: bytes | None = None
) -> bytes:
    """A frame; `length` replaces the length bytes (the first of them with its mask bit)."""
    first = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if length is None:
        if len(payload) < 126:
            length = bytes([mask_bit | len(payload)])
        elif len(payload) < 1 << 16:
            length = bytes([mask_bit | 126]) + struct.pack("!H", len(payload))
        else:
            length = bytes([mask_bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return first + length + payload
    key = os.urandom(4)
    mask = (key * (len(payload) // 4 + 1))[: len(payload)]
    masked_payload = int.from_bytes(payload) ^ int.from_bytes(mask)
    return first + length + key + masked_payload.to_bytes(len(payload))


def reset(connection: socket.socket):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def problem(headers: dict, body: bytes) -> dict:
    """The error that the body of a refusal tells, in the words of the errors on a socket."""
    assert headers["content-type"].startswith("application/json"), headers
    error = json.loads(body)["error"]
    assert error["code"] and error["message"], error
    return error


class RawSocket:
    """A TCP connection to the proxy."""

    def __init__(
        self, port: int, receive_buffer: int | None = None, host: str = "127.0.0.1", source: str | None = None
    ):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if source:
            self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(15)
        self.socket.connect((host, port))
        self.buffer = b""

    def __enter__(self) -> "RawSocket":
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes):
        self.socket.sendall(data)

    def send_byte_by_byte(self, data: bytes):
        """Each in a packet of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            self.send(bytes([byte]))

    def secure(self, context: ssl.SSLContext, name: str = "127.0.0.1") -> "RawSocket":
        """Speaks TLS from here on."""
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        return self

    def reset(self):
        """Ends it with a reset, whatever is still on its way."""
        reset(self.socket)

    def upgrade(self, path: str = "/api/ws/agent", **headers: str) -> "RawSocket":
        self.send(request(path, **headers))
        status, _, _ = self.response(has_body=False)
        assert status == 101, status
        return self

    def response(self, has_body: bool = True) -> tuple[int, dict, bytes]:
        """Status, header fields in lower case, and the body of the announced length."""
        head, _, self.buffer = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self._exactly(int(headers.get("content-length", 0))) if has_body else b""
        return int(first.split(" ")[1]), headers, body

    def refusal(self) -> tuple[int, str]:
        """Status and error code of a refused handshake, whose body must be JSON that says what is wrong."""
        status, headers, body = self.response()
        return status, problem(headers, body)["code"]

    def next_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame of the proxy, which must be whole and unmasked."""
        first, second = self._exactly(2)
        assert first & 0xF0 == 0x80, "a whole frame without reserved bits"
        assert second & 0x80 == 0, "a server masks nothing"
        length = second
        if length == 126:
            length = struct.unpack("!H", self._exactly(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._exactly(8))[0]
        return first & 0x0F, self._exactly(length)

    def next_message(self) -> dict:
        opcode, payload = self.next_frame()
        assert opcode == 1, (opcode, payload)
        return json.loads(payload)

    def close_code(self) -> int | None:
        """Reads until the close frame and gives its code; None where the connection just ended."""
        try:
            while True:
                opcode, payload = self.next_frame()
                if opcode == 8:
                    return struct.unpack("!H", payload[:2])[0] if payload else 1005
        except (EOFError, ConnectionError):
            return None

    def is_ended(self) -> bool:
        """Whether the peer ends the connection (after what it still sends)."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        return self.buffer

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        result, self.buffer = self.buffer[:count], self.buffer[count:]
        return result

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the peer ended the connection")
        self.buffer += data
