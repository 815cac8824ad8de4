"""Backends as processes of their own, each ended by the id that it was started with."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

BACKENDS = Path(__file__).parent.parent / "backends"
handed_out: set[int] = set()


def free_port() -> int:
    """A port below the ephemeral range that nobody listens on, never the same one twice."""
    while True:
        port = random.randint(20000, 31999)
        if port in handed_out:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        handed_out.add(port)
        return port


def until(condition, what: str, seconds: float = 10):
    """Asks again and again until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def http_get(port: int, path: str, timeout: float = 5, method: str = "GET") -> tuple[int, bytes]:
    """Status and body; status 0 where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        call = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
        with opener.open(call, timeout=timeout) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return 0, b""


class Gate:
    """A message, `text`, that a backend answers only when the test opens the gate: then nothing depends on how long the
    steps before that take."""

    def __init__(self, backend: "Backend"):
        self.backend = backend
        self.path = f"/_gates/{uuid.uuid4().hex[:12]}"
        self.text = "/gate " + self.path.rpartition("/")[2]

    def reached(self, count: int = 1):
        """Waits until the backend has so many of them."""
        until(lambda: self.backend.ask(self.path)["waiting"] >= count, "the backend has what it is to answer late")

    def open(self):
        self.backend.ask(self.path, "POST")


class Backend:
    """A test backend under uvicorn, with what it saw."""

    script = ""

    def __init__(self, *arguments: str):
        self.port = free_port()
        self.arguments = arguments
        self.process = None
        self.start()

    def start(self):
        command = [sys.executable, str(BACKENDS / self.script), "--port", str(self.port), *self.arguments]
        self.process = subprocess.Popen(command, cwd=BACKENDS, stdin=subprocess.DEVNULL)

    def ready(self) -> "Backend":
        def answers():
            assert self.process.poll() is None, f"{self.script} ended with {self.process.returncode}"
            return http_get(self.port, "/health")[0] == 200

        until(answers, f"{self.script} answers", 60)
        return self

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self):
        """Begins anew on the same port, with an empty memory."""
        self.stop()
        self.start()
        self.ready()

    def stop(self):
        if self.process.poll() is None:
            self.kill()

    def ask(self, path: str, method: str = "GET"):
        """What it says beside its sockets. It is up, so it is only slow where it does not answer at once."""
        status, body = http_get(self.port, path, timeout=20, method=method)
        assert status == 200, f"{path}: {status}"
        return json.loads(body)

    def gate(self) -> "Gate":
        return Gate(self)

    def seen(self, tokens: str) -> dict:
        """How many connections were dialled with tokens that begin so, the most open at once, and each of them."""
        return self.ask("/_seen?tokens=" + urllib.parse.quote(tokens))

    def texts(self, tokens: str) -> list[dict]:
        """What each connection with such a token received: `token`, `path`, `texts` (the first 200 characters)."""
        return self.ask("/_texts?tokens=" + urllib.parse.quote(tokens))

    def open_connections(self, tokens: str) -> int:
        return sum(connection["open"] for connection in self.seen(tokens)["connections"])


class LegacyBackend(Backend):
    script = "legacy_backend.py"


class UnifiedBackend(Backend):
    script = "unified_backend.py"
