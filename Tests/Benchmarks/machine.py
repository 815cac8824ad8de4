"""Processes of a benchmark: started where they are to run, ended by the id they were started with."""

import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".build/bench"
VENV = FOLDER / "venv"
CORES = sorted(os.sched_getaffinity(0))
# The proxy's core, and that of everything else.
PROXY = CORES[:1]
REST = CORES[1:2] or CORES[:1]


class Problem(Exception):
    """Why something cannot be measured, for people."""


class Process:
    """A server, with all its children, on the cores that it is given. Ends with its block."""

    def __init__(self, command: list, port: int, cores: list[int], **environment: str):
        if is_open(port):
            raise Problem(f"something listens on 127.0.0.1:{port} already")
        self.name, self.port = Path(command[0]).name, port
        self.log = FOLDER / f"{self.name}-{port}.log"
        pinned = ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                pinned, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | environment, cwd=FOLDER,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self.process.pid
        self._await()

    def _await(self):
        deadline = time.monotonic() + 60
        while not is_open(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                words = self.log.read_text(errors="replace").strip().splitlines()
                raise Problem(f"{self.name} does not serve: {words[-1] if words else 'it says nothing'}")
            time.sleep(0.05)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_):
        self.end()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def raise_open_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def find(name: str) -> str | None:
    """A program of Debian's, also one that only root's path has."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def words_of(command: list, pattern: str) -> str:
    """The part of what a program says of its version that matters."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(1) if found else "of unknown version"


def certificate():
    """A certificate for 127.0.0.1 that vouches for itself, made once."""
    pem, key = FOLDER / "certificate.pem", FOLDER / "key.pem"
    if not pem.exists() or not key.exists():
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", pem,
            ],
            check=True, capture_output=True,
        )  # fmt: skip
    return pem


def description() -> str:
    """The machine, in one line."""
    model = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        "a processor",
    )
    memory = int(open("/proc/meminfo").readline().split()[1]) / (1 << 20)
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {os.uname().release}"
