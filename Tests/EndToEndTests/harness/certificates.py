"""Certificates of a small world of its own: who vouches, who is vouched for, and who should not be trusted."""

import ssl
import subprocess
from pathlib import Path

# Each authority and each certificate is a pair of files, NAME.pem and NAME.key.
SCRIPT = """
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
authority() {
    openssl req -x509 $key -keyout $1.key -out $1.pem -days 30 -subj /CN=$1 \
        -addext basicConstraints=critical,CA:TRUE
}
leaf() {
    openssl req $key -keyout $1.key -out $1.csr -subj /CN=$1
    echo "subjectAltName=$3" >$1.ext
    openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 -extfile $1.ext -out $1.pem
}
authority ca
authority strangers
leaf first ca IP:127.0.0.1,IP:::1,DNS:localhost 20
leaf second ca IP:127.0.0.1,DNS:second.example 10
leaf agents ca DNS:agents.example,DNS:*.agents.example 20
leaf expired ca IP:127.0.0.1 -1
leaf elsewhere ca DNS:elsewhere.example,IP:127.0.0.77 20
leaf foreign strangers IP:127.0.0.1 20
leaf caller ca DNS:caller.example 20
openssl req -x509 $key -keyout alone.key -out alone.pem -days 30 -subj /CN=alone -addext subjectAltName=IP:127.0.0.1
"""


class Certificates:
    """`ca` vouches for all but `foreign`, for whom `strangers` do, and `alone`, for whom nobody does."""

    def __init__(self, directory: Path):
        self.directory = directory
        subprocess.run(["sh", "-ec", SCRIPT], cwd=directory, check=True, capture_output=True)

    def path(self, file: str) -> str:
        return str(self.directory / file)

    def pair(self, name: str) -> dict:
        """As a configuration names them."""
        return {"certificate": self.path(f"{name}.pem"), "key": self.path(f"{name}.key")}

    def serial(self, name: str) -> str:
        command = ["openssl", "x509", "-noout", "-serial", "-in", self.path(f"{name}.pem")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().partition("=")[2]

    def server(self, name: str = "first", *, asks: str | None = None) -> ssl.SSLContext:
        """Of a backend; `asks`: for certificates that this authority vouches for."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path(f"{asks}.pem"))
        return context

    def client(self, version: ssl.TLSVersion | None = None, *, shows: str | None = None) -> ssl.SSLContext:
        """Of a client that trusts `ca`, and speaks one version only where one is named."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if version:
            context.minimum_version = context.maximum_version = version
        if shows:
            context.load_cert_chain(self.path(f"{shows}.pem"), self.path(f"{shows}.key"))
        return context


def hello(context: ssl.SSLContext, name: str = "localhost") -> bytes:
    """The first message of a TLS handshake, as a client would send it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
