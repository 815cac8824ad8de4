"""A WebSocket service like none of the agents': it echoes, refuses, redirects, negotiates, and remembers."""

import contextlib
import socket
import threading
from ssl import SSLContext

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from .processes import free_port
from .tls_socket import TLSListener


class EchoBackend:
    """Echoes text and binary. What a client can ask for:

    - `?refuse=STATUS` on the handshake: that status, with a body and, for redirects, a `Location`
    - `close CODE REASON`: that close
    - `fragments`: an answer in three frames
    """

    def __init__(self, ssl: SSLContext | None = None, **options):
        self.port = free_port()
        self.requests = []
        self.closes: list[tuple[int, str]] = []
        self.server = serve(
            self._converse,
            sock=TLSListener(self.port, ssl) if ssl else socket.create_server(("127.0.0.1", self.port)),
            process_request=self._admit,
            subprotocols=["v2.chat", "v1.chat"],
            select_subprotocol=lambda _, offered: max(offered, default=None),
            max_size=None,
            **options,
        )
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join(10)

    def _admit(self, connection, request):
        self.requests.append(request)
        if "refuse=" not in request.path:
            return None
        response = connection.respond(int(request.path.split("refuse=")[1][:3]), "the backend's own words\n")
        response.headers["X-Reason"] = "because"
        if response.status_code == 302:
            response.headers["Location"] = "https://login.example.com/?next=%2Fchat"
        return response

    def _converse(self, connection):
        with contextlib.suppress(ConnectionClosed):
            for message in connection:
                self._answer(connection, message)
        self.closes.append((connection.close_code, connection.close_reason))

    def _answer(self, connection, message: str | bytes):
        if message == "fragments":
            connection.send(["one ", "two ", "three"])
        elif isinstance(message, str) and message.startswith("close "):
            _, code, reason = message.split(" ", 2)
            connection.close(int(code), reason)
        else:
            connection.send(message)
