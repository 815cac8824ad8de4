"""The proxy under test: the real binary with a configuration of its own."""

import json
import os
import re
import signal
import subprocess
import urllib.parse
from pathlib import Path

from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from . import tokens
from .client import Client
from .processes import free_port, http_get, until

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("SHUNT_BINARY", REPOSITORY / ".build/debug/shunt"))


class Proxy:
    def __init__(self, directory: Path, configuration: dict):
        self.port = free_port()
        self.file = directory / "config.yaml"
        self.log_file = directory / "shunt.log"
        self.configuration = configuration | {"listen": configuration["listen"] | {"clients": f"127.0.0.1:{self.port}"}}
        directory.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.configuration, indent=2))
        self.process = None
        self.stopped_by_test = False

    def start(self, *options: str) -> "Proxy":
        """Starts it and waits until it says that it is healthy."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", "--config", str(self.file), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"SWIFT_BACKTRACE": "enable=no"},
            )

        def healthy():
            self.assert_running()
            return http_get(self.port, "/healthz")[0] == 200

        until(healthy, "the proxy is healthy", 20)
        return self

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
        """Ends it gracefully, and holds it to two promises: it did not crash, and it logged no token."""
        self.stopped_by_test = True
        self.assert_running()
        self.signal()
        try:
            self.process.wait(seconds)
        finally:
            if self.running:
                self.signal(signal.SIGKILL)
                self.process.wait()
        assert self.process.returncode == 0, self.log[-4000:]
        self.assert_no_token_logged()

    def assert_no_token_logged(self):
        log = self.log
        leaked = [token for token in tokens.issued if token in log or urllib.parse.quote(token, safe="") in log]
        assert not leaked, f"{len(leaked)} session tokens are in the log, such as {leaked[0]}"

    def url(self, token: str | None = None, query: str | None = None, path: str = "/api/ws/agent") -> str:
        if query is None:
            query = "" if token is None else "session_token=" + urllib.parse.quote(token, safe="")
        return f"ws://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")

    def connect(
        self,
        token: str | None = None,
        *,
        query: str | None = None,
        path: str = "/api/ws/agent",
        headers: dict | None = None,
        origin: str | None = None,
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
        )
        return Client(socket)

    def dial(self, token: str | None = None, **options):
        """The same for tests that run many clients at once: an asynchronous context manager."""
        return connect_async(
            self.url(token), max_size=None, open_timeout=20, close_timeout=5, proxy=None, ping_interval=None, **options
        )


class DemoProxy(Proxy):
    """The committed config.yaml with the demo's own backends, moved to free ports."""

    def __init__(self, directory: Path):
        super().__init__(directory, {"listen": {}})
        self.legacy_port = free_port()
        self.unified_port = free_port()
        ports = {"8080": self.port, "7101": self.legacy_port, "7200": self.unified_port}
        text = (REPOSITORY / "config.yaml").read_text()
        self.file.write_text(re.sub(r"\b(8080|7101|7200)\b", lambda found: str(ports[found[0]]), text))

    def start(self) -> "DemoProxy":
        super().start("--demo")
        return self
