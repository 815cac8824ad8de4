"""Clients that connect in the same instant, to Shunt and to nginx in front of the same backend, one after the other.

    storm.py BINARY BENCH [COUNT …]

BINARY is shunt's, BENCH the prepared bench folder with its `wsecho`. Without nginx on the path (or named by
NGINX_BINARY: nginx has a use of its own for NGINX) Shunt is measured alone. Everything runs on loopback, is ended by the id that it was started with, and stops by itself.
"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "EndToEndTests"))

from harness.storm import storm  # noqa: E402

BACKEND, SHUNT, ADMIN, NGINX = 19500, 19620, 19622, 19601

CONFIG = f"""
listen: {{clients: "127.0.0.1:{SHUNT}", admin: "127.0.0.1:{ADMIN}"}}
session: {{token: [query:session_token]}}
routes:
  guide:
    match: {{agent_type: guide}}
    legacy: {{path: /api/ws/guide, upstream: {{url: "ws://127.0.0.1:{BACKEND}/api/ws/guide"}}}}
"""


def start(command: list, port: int, **environment: str) -> subprocess.Popen:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=os.environ | environment, **quiet)
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        assert process.poll() is None and time.monotonic() < deadline, f"{command[0]} does not listen"
        time.sleep(0.05)


def end(process: subprocess.Popen):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def measure(name: str, command: list, port: int, count: int, path: str, **environment: str):
    process = start(command, port, **environment)
    try:
        print(f"{name}, {count} on {path.split('?')[0]}: {storm(port, count, path)}", flush=True)
    finally:
        end(process)


def main(binary: str, bench: Path, counts: list[int]):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    nginx = os.environ.get("NGINX_BINARY") or shutil.which("nginx")
    with tempfile.TemporaryDirectory() as folder:
        shunt_file, nginx_file = Path(folder) / "shunt.yaml", Path(folder) / "nginx.conf"
        shunt_file.write_text(CONFIG)
        (Path(folder) / "run").mkdir()
        text = (bench / "conf/nginx.conf").read_text().replace("@HERE@", folder)
        nginx_file.write_text(text.replace("worker_processes 1", "worker_processes auto"))
        shunt = [binary, "serve", "--config", str(shunt_file)]
        backend = start([str(bench / "wsecho"), "-p", str(BACKEND), "-m", "raw", "-q"], BACKEND)
        try:
            for count in counts:
                measure("shunt", shunt, SHUNT, count, "/api/ws/agent?session_token=s%d", SWIFT_BACKTRACE="enable=no")
                if count <= 5000:
                    path = "/api/ws/guide?session_token=s%d"
                    measure("shunt", shunt, SHUNT, count, path, SWIFT_BACKTRACE="enable=no")
                    if nginx:
                        measure("nginx", [nginx, "-c", str(nginx_file)], NGINX, count, path)
        finally:
            end(backend)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(count) for count in sys.argv[3:]] or [2000, 5000, 10000])
