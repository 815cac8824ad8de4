"""Lets many sockets talk for long, and looks whether memory stays where it is:

    soak.py SHUNT [--minutes N] [--users N] [--rate N] [--picture FILE]

Each user has a socket, and an upstream connection of its own once it has said something. The exit status is not 0 where
a message was lost, or where the last third of the time needed more than 3 % more memory than the third before it.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import CORES, FOLDER, Process, raise_open_files
from peers import BACKEND, SERVERS, written

EVERY = 5
PORT = SERVERS["shunt"].port + 20
ECHO = BACKEND + 20
GROWTH = 1.03
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 260, 56, 34, 30


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Scripts/bench soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shunt", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=float, default=30, metavar="N", help="(30)")
    parser.add_argument("--users", type=int, default=4000, metavar="N", help="four open files for each (4000)")
    parser.add_argument("--rate", type=int, default=2000, metavar="N", help="messages a second over all (2000)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="an SVG of memory over time")
    return parser.parse_args()


def resident(pid: int) -> float:
    """MiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


def soak(options: argparse.Namespace) -> tuple[list, dict]:
    """What memory was when, from the load's beginning to its end, and what the load says of itself."""
    config = written("shunt.yaml", "soak-", PORT=PORT, WORKERS=1, TLS="", BACKEND=ECHO)
    environment = {"SWIFT_BACKTRACE": "enable=no"}
    samples = []
    with (
        Process([options.shunt, "echo", f"127.0.0.1:{ECHO}"], ECHO, CORES),
        Process([options.shunt, "serve", "--config", config], PORT, CORES, **environment) as proxy,
    ):
        url = f"ws://127.0.0.1:{PORT}/api/ws/agent?session_token=soak{{user}}"
        load = subprocess.Popen(
            [
                options.shunt, "load", url, "--users", str(options.users), "--rate", str(options.rate), "--number", "seq",
                "--duration", f"{round(options.minutes * 60)}s", "--warm-up", "0s", "--patience", "30s", "--json",
            ],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        began = time.monotonic()
        while load.poll() is None:
            samples.append((time.monotonic() - began, resident(proxy.pid)))
            time.sleep(EVERY)
        report = json.loads(load.stdout.read().strip().splitlines()[-1])
        report["exit"] = load.returncode
    return samples, report


def drawn(samples: list, options: argparse.Namespace) -> str:
    """Memory over time; the scale begins at nothing."""
    longest, most = samples[-1][0] or 1, max(value for _, value in samples) * 1.15

    def place(at: float, value: float) -> str:
        x = LEFT + at / longest * (WIDTH - LEFT - 16)
        return f"{x:.1f},{HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP):.1f}"

    line = " ".join(place(*sample) for sample in samples)
    marks = []
    for part in range(5):
        value, minute = most * part / 4, longest / 60 * part / 4
        x, y = place(longest * part / 4, value).split(",")
        marks.append(f'  <line class="grid" x1="{LEFT}" x2="{WIDTH - 16}" y1="{y}" y2="{y}"/>')
        marks.append(f'  <text x="{LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{value:.0f}</text>')
        anchor = "end" if part == 4 else "middle"
        marks.append(f'  <text x="{x}" y="{HEIGHT - 10}" text-anchor="{anchor}">{minute:.0f} min</text>')
    style = (
        "text { font: 12px system-ui, sans-serif; fill: #59636e; } .grid { stroke: #d1d9e0; } "
        ".line { fill: none; stroke: #0969da; stroke-width: 2; } @media (prefers-color-scheme: dark) { "
        "text { fill: #9198a1; } .grid { stroke: #3d444d; } .line { stroke: #4493f8; } }"
    )
    title = f"Resident memory in MiB: {options.users:,} clients, {options.rate:,} messages a second"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">\n'
        f'  <style>{style}</style>\n  <text x="{LEFT}" y="18">{title}</text>\n'
        + "\n".join(marks) + f'\n  <polyline class="line" points="{line}"/>\n</svg>\n'
    )  # fmt: skip


def main():
    options = arguments()
    raise_open_files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    samples, report = soak(options)
    # The first tenth is connecting.
    values = [value for at, value in samples if at >= samples[-1][0] / 10]
    third = max(1, len(values) // 3)
    before, after = statistics.median(values[-2 * third : -third] or values), statistics.median(values[-third:])
    print(f"{options.users:,} clients, {options.rate:,} messages a second, {options.minutes:g} minutes")
    print(f"resident: {before:.1f} MiB in the second third, {after:.1f} MiB in the last; at most {max(values):.1f} MiB")
    print(json.dumps(report))
    if options.picture:
        options.picture.write_text(drawn(samples, options))
    if report["exit"] != 0:
        sys.exit("the load was not answered as it should have been")
    if after > before * GROWTH:
        sys.exit("memory grows")


main()
