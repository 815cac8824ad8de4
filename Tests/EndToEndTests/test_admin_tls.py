"""The admin listener with TLS: certificates that are replaced while it listens, and what is said of them."""

import http.client
import json
import ssl
import subprocess

import pytest

from harness import Proxy, configuration, until
from harness.fixtures import proxies
from harness.proxy import BINARY

SCRIPT = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca \
    -addext basicConstraints=critical,CA:TRUE
leaf() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
    printf 'subjectAltName=IP:127.0.0.1' >$1.ext
    openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $2 -extfile $1.ext -out $1.pem
}
leaf first 20
leaf second 10
cp first.pem cert.pem
cp first.key key.pem
"""


class SecuredProxy(Proxy):
    def __init__(self, directory, settings: dict):
        directory.mkdir(parents=True)
        subprocess.run(["sh", "-ec", SCRIPT], cwd=directory, check=True, capture_output=True)
        super().__init__(directory, settings)

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.directory / "ca.pem"))

    def connected(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection("127.0.0.1", self.admin_port, context=self.trust, timeout=20)
        connection.connect()
        return connection

    def is_ready(self) -> bool:
        try:
            return get(self.connected(), "/readyz")[0] == 200
        except OSError:
            return False

    def shown(self) -> str:
        """The serial number of the certificate that a new connection is shown."""
        connection = self.connected()
        serial = connection.sock.getpeercert()["serialNumber"]
        connection.close()
        return serial

    def metric(self, name: str) -> float:
        lines = get(self.connected(), "/metrics")[1].splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(name))

    def replace(self, name: str):
        """Each file in one step, the certificate first."""
        for source, target in [(f"{name}.pem", "cert.pem"), (f"{name}.key", "key.pem")]:
            new = self.directory / "new"
            new.write_bytes((self.directory / source).read_bytes())
            new.rename(self.directory / target)


def get(connection: http.client.HTTPSConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.fixture
def proxy(backends, tmp_path):
    changes = {"listen": {"admin_tls": {"certificate": "cert.pem", "key": "key.pem"}}}
    with proxies(tmp_path, SecuredProxy) as start:
        yield start(configuration(backends.legacy.port, backends.unified.port, changes))


def test_a_replaced_certificate_is_noticed_without_a_signal(proxy):
    kept = proxy.connected()
    first = kept.sock.getpeercert()["serialNumber"]
    expiry = "shunt_certificate_expiry_timestamp_seconds{"
    before = proxy.metric(expiry)
    proxy.replace("second")
    until(lambda: proxy.shown() != first, "the new certificate is shown")
    assert get(kept, "/healthz")[0] == 200, "the connection that is open goes on"
    assert before - proxy.metric(expiry) == pytest.approx(10 * 86400, abs=60)
    status = json.loads(get(kept, "/api/v1/status")[1])
    assert [place["names"] for place in status["certificates"]] == [["127.0.0.1"]]
    assert any("cert.pem has another content" in line for line in status["last_reload"]["lines"])
    assert any("expires in" in line for line in status["last_reload"]["lines"]), "a certificate of ten days is told"


def test_a_broken_certificate_changes_nothing_and_is_told(proxy):
    first = proxy.shown()
    (proxy.directory / "new").write_text("no certificate")
    (proxy.directory / "new").rename(proxy.directory / "cert.pem")
    until(lambda: proxy.metric("shunt_config_last_reload_successful") == 0, "the reload is refused")
    assert "has no certificate in it" in proxy.log
    assert proxy.shown() == first
    proxy.replace("second")
    until(lambda: proxy.shown() != first, "the new certificate is shown")
    assert proxy.metric("shunt_config_last_reload_successful") == 1


def test_the_commands_reach_it(proxy):
    command = ["--admin", f"https://127.0.0.1:{proxy.admin_port}", "--ca", str(proxy.directory / "ca.pem")]
    run = subprocess.run([str(BINARY), "status", *command], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "cert.pem, at 20" in run.stdout
    run = subprocess.run([str(BINARY), "status", *command[:2]], capture_output=True, text=True, timeout=60)
    assert run.returncode == 69
    assert "--ca or SHUNT_CA" in run.stderr
