"""The proxy under test: the real binary with a configuration of its own."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from . import tokens
from .client import Client
from .configuration import merged
from .processes import free_port, http_get, until

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("SHUNT_BINARY", REPOSITORY / ".build/debug/shunt"))


class Proxy:
    scheme = "ws"

    def __init__(self, directory: Path, configuration: dict):
        self.port = free_port()
        self.admin_port = free_port()
        self.directory = directory
        self.file = directory / "config.yaml"
        self.log_file = directory / "shunt.log"
        # Further hosts of this machine, where a test names some.
        hosts = ["127.0.0.1", *(configuration["listen"].get("clients") or [])]
        listen = {"clients": [f"{host}:{self.port}" for host in hosts], "admin": f"127.0.0.1:{self.admin_port}"}
        self.configuration = configuration | {"listen": configuration["listen"] | listen}
        directory.mkdir(parents=True, exist_ok=True)
        self.write()
        self.process = None
        self.stopped_by_test = False

    def write(self, changes: dict | None = None):
        """Puts the configuration into its file in one step, with changes that the next call forgets."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(merged(self.configuration, changes or {}), indent=2))
        new.rename(self.file)

    def start(self, *options: str) -> "Proxy":
        """Starts it and waits until it says that it is healthy."""
        self.stopped_by_test = False
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", "--config", str(self.file), *options],
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                env=os.environ | {"SWIFT_BACKTRACE": "enable=no"},
            )

        def healthy():
            self.assert_running()
            return self.is_healthy() and self.is_ready()

        until(healthy, "the proxy is healthy", 20)
        return self

    def is_healthy(self) -> bool:
        return http_get(self.port, "/healthz")[0] == 200

    def is_ready(self) -> bool:
        return http_get(self.admin_port, "/readyz")[0] == 200

    def metric(self, name: str) -> float:
        """The first sample whose line begins so."""
        lines = http_get(self.admin_port, "/metrics")[1].decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def assert_running(self):
        assert self.running, f"the proxy ended with {self.process.returncode}:\n{self.log[-4000:]}"

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) * 1024

    def signal(self, number: int = signal.SIGTERM):
        os.kill(self.process.pid, number)

    def stop(self, seconds: float = 30):
        """Ends it gracefully, and holds it to its promises: no crash, nothing left running, no token in the log."""
        self.begin_stop()
        self.ends(seconds)

    def begin_stop(self):
        self.stopped_by_test = True
        self.assert_running()
        self.signal()

    def ends(self, seconds: float = 30, code: int = 0):
        """Waits for the end that was begun."""
        try:
            self.process.wait(seconds)
        finally:
            if self.running:
                self.signal(signal.SIGKILL)
                self.process.wait()
        assert self.process.returncode == code, self.log[-4000:]
        assert "already shut down" not in self.log, "something went on after its end"
        self.assert_no_token_logged()
        assert not self.contradictions, "\n".join(self.contradictions)

    def kill(self):
        """Ends it as a loss of power would."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def restart_after_kill(self):
        self.kill()
        self.start()

    @property
    def contradictions(self) -> list[str]:
        """What a debug build found when it looked whether its core contradicts itself."""
        return [line for line in self.log.splitlines() if "the core contradicts itself" in line]

    def assert_no_token_logged(self):
        log = self.log
        leaked = [token for token in tokens.issued if token in log or urllib.parse.quote(token, safe="") in log]
        assert not leaked, f"{len(leaked)} session tokens are in the log, such as {leaked[0]}"

    def cli(self, *arguments: str, code: int = 0, text: str | None = None) -> str:
        """What the command line prints, held to an exit code."""
        done = self.run_cli(*arguments, text=text)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def run_cli(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(BINARY), *arguments],
            env=os.environ | {"SHUNT_ADMIN": f"http://127.0.0.1:{self.admin_port}"},
            input=text,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def cli_reload(self, code: int = 0) -> str:
        """What `shunt reload` prints. While the proxy looks at its changed file by itself, the command only says that
        another reload is under way: then once more."""

        def printed() -> str:
            done = self.run_cli("reload")
            text = done.stdout + done.stderr
            if "another reload is under way" in text:
                return ""
            assert done.returncode == code, f"reload: {done.returncode}\n{text}"
            return text

        return until(printed, "the file is read", 20)

    def reload(self, changes: dict | None = None, says: str = ""):
        """Writes the file and has it read. `says`: words of the report, be it the answer to this call or, where the
        proxy's own look at its file came first and this call found nothing changed, what that look logged."""
        before = len(self.log)
        self.write(changes)

        def read() -> str:
            status, answer, _ = self.admin("POST", "/reload")
            assert status == 200 or (status, answer["code"]) == (409, "busy"), answer
            return json.dumps(answer, ensure_ascii=False) if status == 200 else ""

        answer = until(read, "the file is read", 20)
        until(lambda: says in answer + self.log[before:], f"the reload says {says!r}")

    def state(self, *arguments: str):
        """The same as values."""
        return json.loads(self.cli(*arguments, "--json"))

    def admin(self, method: str, path: str, body: dict | None = None, **headers) -> tuple[int, dict, dict]:
        """Status, JSON body and header fields of a call of the admin API."""
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Shunt-Client": "tests"}
            | ({} if body is None else {"Content-Type": "application/json"})
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(call, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"{}"), dict(answer.headers)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}"), dict(refused.headers)

    def route(self, name: str = "guide") -> dict:
        """What is in force for a route."""
        return next(each for each in self.state("routes")["routes"] if each["name"] == name)

    def serve(self, route: str, share: str):
        """Sets a route's override; done when it returns."""
        status, answer = self.try_to_serve(route, share)
        assert status == 200, answer

    def try_to_serve(self, route: str, share: str, **headers) -> tuple[int, dict]:
        """The same where it may be refused: status 0 where nobody answers."""
        try:
            change = {"served_by": share, "reason": "test"}
            status, answer, _ = self.admin("PUT", f"/routes/{route}/override", change, **headers)
        except OSError as nobody:
            return 0, {"detail": str(nobody)}
        return status, answer

    def url(self, token: str | None = None, query: str | None = None, path: str = "/api/ws/agent") -> str:
        if query is None:
            query = "" if token is None else "session_token=" + urllib.parse.quote(token, safe="")
        return f"{self.scheme}://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")

    def connect(
        self,
        token: str | None = None,
        *,
        query: str | None = None,
        path: str = "/api/ws/agent",
        headers: dict | None = None,
        origin: str | None = None,
        **options,
    ) -> Client:
        """A client on the unified endpoint. It offers permessage-deflate, as browsers do."""
        socket = connect(
            self.url(token, query, path),
            additional_headers=headers,
            origin=origin,
            max_size=None,
            open_timeout=10,
            close_timeout=5,
            proxy=None,
            legacy=True,
            **options,
        )
        return Client(socket)

    def dial(self, token: str | None = None, path: str = "/api/ws/agent", **options):
        """The same for tests that run many clients at once: an asynchronous context manager."""
        return connect_async(
            self.url(token, path=path),
            max_size=None,
            open_timeout=20,
            close_timeout=5,
            proxy=None,
            ping_interval=None,
            **options,
        )


class DemoProxy(Proxy):
    """The committed config.yaml with the demo's own backends, moved to free ports."""

    def __init__(self, directory: Path):
        super().__init__(directory, {"listen": {}})
        self.legacy_port = free_port()
        self.unified_port = free_port()
        ports = {"8080": self.port, "9090": self.admin_port, "7101": self.legacy_port, "7200": self.unified_port}
        text = (REPOSITORY / "config.yaml").read_text()
        self.file.write_text(re.sub(r"\b(8080|9090|7101|7200)\b", lambda found: str(ports[found[0]]), text))

    def connect(self, *arguments, **options) -> Client:
        client = super().connect(*arguments, **options)
        # The committed configuration keeps its clients calm.
        client.passed_over = {"heartbeat"}
        return client

    def start(self, *options: str) -> "DemoProxy":
        """With the demo's agents alone, unless options are given. The proxy is healthy before they listen."""
        words = "demo agents listening"
        before = self.log.count(words) if self.log_file.exists() else 0
        super().start(*(options or ["--demo"]))
        until(lambda: self.log.count(words) > before, "the demo agents listen")
        return self
