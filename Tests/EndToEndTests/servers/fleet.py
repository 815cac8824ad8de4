"""The servers of the field as processes, and a proxy in front of each with a way to it of every kind."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness import Proxy, RawSocket, free_port, request, until
from harness.proxy import REPOSITORY

BACKENDS = Path(__file__).parent / "backends"
VENV = Path(os.environ.get("SERVERS_VENV", REPOSITORY / ".build/venv-servers"))
PATH = "/api/ws/agent"
UVICORN = "uvicorn asgi_app:app --host 127.0.0.1 --port {port} --ws-ping-interval 1 --ws-max-size 1048576 --ws"


@dataclass(frozen=True)
class Kind:
    """A server, and how it is started in the folder of the backends."""

    name: str
    command: str
    environment: dict[str, str] = field(default_factory=dict)


KINDS = [
    Kind("uvicorn", f"{UVICORN} websockets-sansio"),
    Kind("uvicorn-wsproto", f"{UVICORN} wsproto"),
    Kind("hypercorn", "hypercorn --config file:hypercorn_settings.py asgi_app:app"),
    Kind("daphne", "daphne -b 127.0.0.1 -p {port} --ping-interval 1 channels_app:application"),
    Kind("granian", "granian --interface asgi --host 127.0.0.1 --port {port} asgi_app:app"),
    Kind("aiohttp", "python aiohttp_app.py"),
    Kind("tornado", "python tornado_app.py"),
    Kind("sanic", "python sanic_app.py"),
    Kind("websockets", "python websockets_app.py"),
    Kind("ws", "node node_app.js", environment={"NODE_PATH": "/usr/share/nodejs"}),
]


class Server:
    """One of them as a process, on one port for its whole life, and what its application noted."""

    def __init__(self, kind: Kind, directory: Path):
        self.kind = kind
        self.port = free_port()
        self.directory = directory
        self.notes_file = directory / f"{kind.name}.notes"
        self.log = directory / f"{kind.name}.log"
        self.notes_file.touch()
        self.process = None

    def start(self):
        program, *options = self.kind.command.format(port=self.port).split()
        if program != "node":
            program = str(VENV / "bin" / program)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program, *options],
                cwd=BACKENDS,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ
                | {"PORT": str(self.port), "NOTES": str(self.notes_file)}
                | {"PYTHONPATH": str(BACKENDS), "PYTHONDONTWRITEBYTECODE": "1"}
                | self.kind.environment,
            )

    def ready(self):
        def accepts() -> bool:
            assert self.running, f"{self.kind.name} ended with {self.process.returncode}:\n{self.end_of_log}"
            try:
                with RawSocket(self.port) as client:
                    client.send(request(PATH))
                    return client.response(has_body=False)[0] == 101
            except (OSError, EOFError):
                return False

        until(accepts, f"{self.kind.name} accepts sockets", 60)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def again(self):
        """Starts it anew where it has ended."""
        if not self.running:
            self.start()
            self.ready()

    def terminate(self):
        os.kill(self.process.pid, signal.SIGTERM)

    def stop(self):
        """Ends it and the workers that it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def notes(self, word: str, token: str) -> list[list]:
        lines = [json.loads(line) for line in self.notes_file.read_text().splitlines()]
        return [values for said, of, *values in lines if (said, of) == (word, token)]


@dataclass(frozen=True)
class Way:
    """How a client comes to a server: its port and path, and the proxy that stands between, if any."""

    name: str
    port: int
    path: str
    proxy: Proxy | None = None

    @property
    def routed(self) -> bool:
        return self.name in ("fan-out", "collapse")


WAYS = ("managed", "raw", "fan-out", "collapse")
# Together shorter than the calls of the busy cases take.
KEEPALIVE = {"every": "1s", "timeout": "2s"}


def settings(port: int) -> dict:
    """A proxy with one route for each way to the same server."""

    def route(name: str, **more) -> dict:
        upstream = {"url": f"ws://127.0.0.1:{port}{PATH}"}
        return {"match": {"agent_type": name}, **more, "legacy": {"upstream": upstream} | more.get("legacy", {})}

    def endpoint(name: str, **more) -> dict:
        return {"path": f"/api/ws/{name}", "heartbeat": "off"} | more

    return {
        "listen": {"clients": "", "workers": 1, "origins": "any"},
        "session": {"token": ["query:session_token"]},
        "unified": {
            "path": "/api/ws/unified",
            "route_by": ["agent_type"],
            "default_route": "fan-out",
            "upstream": {"url": f"ws://127.0.0.1:{port}{PATH}", "correlation": "fifo"},
        },
        "upstream_defaults": {
            "keepalive": KEEPALIVE,
            "closes": {4001: "auth"},
            "pushes": {"welcome": "forward"},
        },
        "routes": {
            "managed": route("managed", legacy=endpoint("managed")),
            "raw": route("raw", legacy=endpoint("raw", passthrough="raw")),
            "fan-out": route("fan-out"),
            "collapse": route("collapse", served_by="unified", legacy=endpoint("collapse")),
        },
    }


class Post:
    """A server and the ways to it."""

    def __init__(self, kind: Kind, directory: Path):
        self.name = kind.name
        self.server = Server(kind, directory)
        self.proxy = Proxy(directory / f"proxy-{kind.name}", settings(self.server.port))

    def start(self):
        self.server.start()
        self.proxy.start()
        self.server.ready()

    def stop(self):
        try:
            self.proxy.stop()
        finally:
            self.server.stop()

    def ways(self) -> Iterator[Way]:
        yield Way("direct", self.server.port, PATH)
        for name in WAYS:
            path = "/api/ws/" + ("unified" if name == "fan-out" else name)
            yield Way(name, self.proxy.port, path, self.proxy)


def all_at_once(jobs: dict) -> dict:
    """Does each job in a thread of its own, and gives what they returned or raised by their names."""
    results = {}

    def work(name, job):
        try:
            results[name] = job()
        except Exception as problem:
            results[name] = problem

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results
