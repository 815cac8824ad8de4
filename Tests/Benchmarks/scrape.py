"""What a scrape of `/metrics` costs with many routes: `scrape.py SHUNT [ROUTES [PORT]]`. Standard library only.

The processor's time is the proxy's own, from its `process_cpu_seconds_total`: it hardly depends on what else runs."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SCRAPES = 100


def settings(count: int, port: int) -> dict:
    """Routes that either side can serve, each with a legacy endpoint and an upstream of its own; none of these is there."""
    routes = {
        f"made/{number}": {
            "match": {"agent_type": f"made{number}"},
            "served_by": {"unified": "25%"},
            "legacy": {
                "path": f"/api/ws/made{number}",
                "upstream": {"url": f"ws://127.0.0.1:9/{number}"},
            },
        }
        for number in range(count)
    }
    return {
        "listen": {"clients": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{port + 1}", "workers": 2},
        "phase": "migrate",
        "unified": {"upstream": {"url": "ws://127.0.0.1:9/api/ws/agent", "correlation": {"field": "conversation_id"}}},
        "routes": routes,
    }


def cpu(page: bytes) -> float:
    for line in page.splitlines():
        if line.startswith(b"process_cpu_seconds_total "):
            return float(line.split()[1])
    raise SystemExit("the page does not tell the process's time")


def main():
    binary = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 19630
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.yaml")
        with open(path, "w") as file:
            json.dump(settings(count, port), file)
        proxy = subprocess.Popen(
            [binary, "serve", "--config", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )
        try:
            measure(count, port + 1, proxy)
        finally:
            proxy.send_signal(signal.SIGTERM)
            proxy.wait(30)


def measure(count: int, port: int, proxy: subprocess.Popen):
    deadline = time.monotonic() + 60
    while True:
        try:
            page = scrape(http.client.HTTPConnection("127.0.0.1", port, timeout=20))
            break
        except OSError:
            if proxy.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("shunt does not serve: see what `shunt check` says of the file")
            time.sleep(0.1)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    before = cpu(scrape(connection))
    took = []
    for _ in range(SCRAPES):
        began = time.perf_counter()
        page = scrape(connection)
        took.append((time.perf_counter() - began) * 1000)
    each = (cpu(page) - before) * 1000 / SCRAPES
    took.sort()
    print(
        f"{count} routes: {len(page)} bytes in {page.count(10)} lines; processor {each:.2f} ms a scrape; "
        f"answered in {took[0]:.2f} ms at best, {took[SCRAPES // 2]:.2f} ms in the middle"
    )


def scrape(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    page = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {page[:200]!r}")
    return page


if __name__ == "__main__":
    main()
