"""TLS for sockets that two threads use at the same time, one to read and one to write.

CPython's `SSLSocket` is not made for that (its issue 143756): it lets both threads enter OpenSSL's object at once. What then
becomes of the bytes is anybody's guess, so `websockets.sync` gets these sockets instead.
"""

import contextlib
import socket
import ssl
import threading


class TLSSocket:
    """A connected socket with TLS. One lock is around OpenSSL, and none is held while the network is waited for."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, **options):
        self.plain = plain
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **options)
        self.lock = threading.Lock()
        self.sending = threading.Lock()

    def __getattr__(self, name: str):
        return getattr(self.plain if hasattr(self.plain, name) else self.tls, name)

    def do_handshake(self):
        self._do(self.tls.do_handshake)

    def recv(self, most: int) -> bytes:
        """All that came: whoever waits for the plain socket hears nothing of what is here. `most` is at least 64 KiB."""
        try:
            return self._do(lambda: self._read(most))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _read(self, most: int) -> bytes:
        data = self.tls.read(most)
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            while len(data) < most and (more := self.tls.read(most - len(data))):
                data += more
        return data

    def sendall(self, data: bytes):
        # One record at a time.
        left = memoryview(data)
        while left:
            left = left[self._do(lambda left=left: self.tls.write(left)) :]

    def _do(self, action):
        while True:
            try:
                with self.lock:
                    result = action()
                self._send()
                return result
            except ssl.SSLWantReadError:
                self._send()
            except ssl.SSLError:
                # The other side hears why.
                self._send()
                raise
            # With what is left of a record before, less than anybody takes at once.
            data = self.plain.recv(1 << 15)
            with self.lock:
                self.incoming.write(data) if data else self.incoming.write_eof()

    def _send(self):
        # Who only reads waits for nobody who writes.
        while self.outgoing.pending:
            with self.sending:
                with self.lock:
                    data = self.outgoing.read()
                self.plain.sendall(data)


class TLSClientContext:
    """What `websockets.sync.client.connect` takes for an `SSLContext`."""

    def __init__(self, context: ssl.SSLContext):
        self.context = context

    def wrap_socket(self, plain: socket.socket, server_hostname: str) -> TLSSocket:
        secured = TLSSocket(plain, self.context, server_hostname=server_hostname)
        secured.do_handshake()
        return secured


class TLSListener:
    """A listening socket for `websockets.sync.server.serve`. The handshake is made by whoever reads first."""

    def __init__(self, port: int, context: ssl.SSLContext):
        self.plain = socket.create_server(("127.0.0.1", port))
        self.context = context

    def __getattr__(self, name: str):
        return getattr(self.plain, name)

    def accept(self):
        plain, peer = self.plain.accept()
        return TLSSocket(plain, self.context, server_side=True), peer
