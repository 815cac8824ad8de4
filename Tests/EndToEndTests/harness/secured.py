"""A proxy that its clients speak to over TLS."""

import http.client
import ssl
from pathlib import Path

from .certificates import Certificates
from .client import Client
from .proxy import Proxy
from .raw import RawSocket
from .tls_socket import TLSClientContext


class SecuredProxy(Proxy):
    """`listen.tls` is in its configuration. `shows`: what its clients show it, where it asks for a certificate."""

    scheme = "wss"

    def __init__(self, directory: Path, configuration: dict, certificates: Certificates, shows: str | None = None):
        super().__init__(directory, configuration)
        self.certificates = certificates
        self.trust = certificates.client(shows=shows)

    def is_healthy(self) -> bool:
        try:
            return self.https_get("/healthz")[0] == 200
        except OSError:
            return False

    def https_get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def connect(self, *arguments, ssl: ssl.SSLContext | None = None, **options) -> Client:
        return super().connect(*arguments, ssl=TLSClientContext(ssl or self.trust), **options)

    def dial(self, *arguments, **options):
        return super().dial(*arguments, **{"ssl": self.trust} | options)

    def raw(self, context: ssl.SSLContext | None = None, **options) -> RawSocket:
        """A connection with TLS."""
        return RawSocket(self.port, **options).secure(context or self.trust)

    def shown(self, name: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> str:
        """The serial number of the certificate that a new connection is shown that asks for that name."""
        context = context or self.certificates.client()
        # Also one for somebody else.
        context.check_hostname = False
        with RawSocket(self.port).secure(context, name) as raw:
            return raw.socket.getpeercert()["serialNumber"]
