"""A client of TLS 1.3 that says something before the handshake is over. Python's `ssl` cannot, so OpenSSL is called itself."""

import ctypes
import socket
import struct

REJECTED = 1

library = ctypes.CDLL("libssl.so.3")
POINTER, BYTES, SIZE = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
CALLS = {
    "TLS_client_method": (POINTER,),
    "SSL_CTX_new": (POINTER, POINTER),
    "SSL_CTX_free": (None, POINTER),
    "SSL_new": (POINTER, POINTER),
    "SSL_free": (None, POINTER),
    "SSL_set_fd": (ctypes.c_int, POINTER, ctypes.c_int),
    "SSL_connect": (ctypes.c_int, POINTER),
    "SSL_read": (ctypes.c_int, POINTER, BYTES, ctypes.c_int),
    "SSL_write": (ctypes.c_int, POINTER, BYTES, ctypes.c_int),
    "SSL_shutdown": (ctypes.c_int, POINTER),
    "SSL_get1_session": (POINTER, POINTER),
    "SSL_set_session": (ctypes.c_int, POINTER, POINTER),
    "SSL_session_reused": (ctypes.c_int, POINTER),
    "SSL_SESSION_free": (None, POINTER),
    "SSL_SESSION_set_max_early_data": (ctypes.c_int, POINTER, ctypes.c_uint32),
    "SSL_write_early_data": (ctypes.c_int, POINTER, BYTES, SIZE, ctypes.POINTER(SIZE)),
    "SSL_get_early_data_status": (ctypes.c_int, POINTER),
}
for name, (result, *arguments) in CALLS.items():
    getattr(library, name).restype = result
    getattr(library, name).argtypes = arguments


class EarlyClient:
    """Connections to a port that go on with one session. It looks at no certificate."""

    def __init__(self, port: int):
        self.port = port
        self.context = library.SSL_CTX_new(library.TLS_client_method())
        self.session = None

    def __enter__(self) -> "EarlyClient":
        return self

    def __exit__(self, *_):
        library.SSL_SESSION_free(self.session)
        library.SSL_CTX_free(self.context)

    def ask(self, said: bytes, early: bytes = b"") -> tuple[bytes, int]:
        """What is answered, and what became of the early data. An earlier call's session is gone on with."""
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            # Not by Python, which would make it one that does not block.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 10, 0))
            tls = library.SSL_new(self.context)
            try:
                library.SSL_set_fd(tls, plain.fileno())
                if self.session:
                    library.SSL_set_session(tls, self.session)
                if early:
                    assert library.SSL_write_early_data(tls, early, len(early), ctypes.byref(SIZE())) == 1
                assert library.SSL_connect(tls) == 1
                assert library.SSL_session_reused(tls) == bool(self.session)
                library.SSL_write(tls, said, len(said))
                room = ctypes.create_string_buffer(1 << 14)
                count = library.SSL_read(tls, room, len(room))
                self._keep(tls)
                # Nobody goes on with the session of a connection that was cut.
                library.SSL_shutdown(tls)
                return room.raw[: max(0, count)], library.SSL_get_early_data_status(tls)
            finally:
                library.SSL_free(tls)

    def _keep(self, tls):
        library.SSL_SESSION_free(self.session)
        self.session = library.SSL_get1_session(tls)
        # Whatever the ticket says of it.
        library.SSL_SESSION_set_max_early_data(self.session, 1 << 14)
