"""Clients that connect in the same instant, to Shunt and to nginx in front of the same backend, one after the other.

    storm.py BINARY [COUNT …]

Without nginx Shunt is measured alone. Everything runs on loopback, is ended by the id that it was started with, and
stops by itself.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "EndToEndTests"))

from harness.storm import storm  # noqa: E402
from machine import CORES, FOLDER, Process, certificate, find, raise_open_files  # noqa: E402
from peers import BACKEND, NGINX, NGINX_LARGE, NGINX_TLS, written  # noqa: E402

SHUNT, ADMIN = 19620, 19622

CONFIG = f"""
listen: {{clients: "127.0.0.1:{SHUNT}", admin: "127.0.0.1:{ADMIN}"}}
session: {{token: [query:session_token]}}
routes:
  guide:
    match: {{agent_type: guide}}
    legacy: {{path: /api/ws/guide, upstream: {{url: "ws://127.0.0.1:{BACKEND}/api/ws/guide"}}}}
"""


def measure(name: str, command: list, port: int, count: int, path: str):
    with Process(command, port, CORES, SWIFT_BACKTRACE="enable=no"):
        print(f"{name}, {count} on {path.split('?')[0]}: {storm(port, count, path)}", flush=True)


def main(binary: str, counts: list[int]):
    raise_open_files()
    nginx = find("nginx")
    if not nginx:
        print("skipped: nginx is not installed", file=sys.stderr)
    certificate()
    shunt_file = FOLDER / "storm.yaml"
    shunt_file.write_text(CONFIG)
    ports = {"PORT": NGINX, "PORT_LARGE": NGINX_LARGE, "PORT_TLS": NGINX_TLS}
    nginx_file = written("nginx.conf", "storm-", WORKERS="auto", **ports)
    shunt = [binary, "serve", "--config", shunt_file]
    with Process([binary, "echo", f"127.0.0.1:{BACKEND}"], BACKEND, CORES):
        for count in counts:
            measure("shunt", shunt, SHUNT, count, "/api/ws/agent?session_token=s%d")
            if count <= 5000:
                path = "/api/ws/guide?session_token=s%d"
                measure("shunt", shunt, SHUNT, count, path)
                if nginx:
                    measure("nginx", [nginx, "-c", nginx_file, "-e", FOLDER / "nginx.log"], NGINX, count, path)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), [int(count) for count in sys.argv[2:]] or [2000, 5000, 10000])
