"""Counts what a message, a handshake and an idle socket cost, and compares that with what they may cost.

    budgets.py SHUNT          fails where a count is over its budget (budgets.json beside this) by more than 2 %
    budgets.py SHUNT --set    today's counts and 3 % become the budgets

Counts, not times: they are the same on a busy machine. The proxy runs under valgrind twice for each, with few and with
many messages, handshakes or sockets; the difference, divided by how many more there were, is free of what a start costs.

instructions   of the program, libraries included, as callgrind collects them. This is what notices a generic that is not
               specialised any more, or a witness table on the path of a message: each costs thousands.
allocations    calls of malloc and its kin, by callgrind too.
bytes          asked for of malloc and not given back, by dhat, when all sockets are there and nothing happens. Resident
               memory would also tell how malloc rounds, keeps and returns pages, which differs from run to run by more
               than a socket needs. The kernel's part is in neither. Left out is what depends on how many sockets were busy
               in the same moment: pieces that the output pool keeps for a while, and room in the timer wheel. Few and many
               are close to powers of two, so that tables are equally full both times.
"""

import collections
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from machine import CORES, FOLDER, Process, raise_open_files
from peers import BACKEND, SERVERS, written

BUDGETS = Path(__file__).with_name("budgets.json")
PORT = SERVERS["shunt"].port + 10
URL = f"ws://127.0.0.1:{PORT}/api/ws/agent?session_token=b{{user}}"
TOLERANCE, SLACK, MARGIN = 1.02, 0.05, 1.03
# Whatever else the machine does meanwhile.
PATIENCE = 120
LONG = ("--duration", "5m", "--patience", f"{PATIENCE}s", "--json")


@dataclasses.dataclass(frozen=True)
class Load:
    """`shunt load`, with a place for how many."""

    options: tuple[str, ...]
    few: int
    many: int
    # Sockets that the proxy has in the end for each of them.
    sockets: int = 0

    def command(self, shunt: Path, count: int) -> list[str]:
        return [str(shunt), "load", URL, *(option.replace("N", str(count)) for option in self.options), *LONG]


# The number stands in a member that means nothing to the proxy; then in one that it puts into the reply itself.
MESSAGES = Load(("--users", "100", "--messages", "N", "--number", "seq"), 2_000, 22_000)
ECHOED = Load(("--users", "100", "--messages", "N", "--number", "request_id"), 2_000, 22_000)
HANDSHAKES = Load(("--users", "32", "--handshakes", "--messages", "N"), 200, 2_200)
PAIRS = Load(("--users", "N", "--messages", "N", "--hold", "5m"), 500, 1_000, sockets=2)
CLIENTS = Load(("--users", "N", "--messages", "0", "--hold", "5m"), 500, 1_000, sockets=1)


class Valgrind(Process):
    """A proxy whose every instruction or every allocation is seen."""

    def __init__(self, tool: str, stripped: Path):
        config = written("shunt.yaml", "budgets-", PORT=PORT, WORKERS=1, TLS="")
        self.out = FOLDER / f"{tool}.out"
        command = ["valgrind", f"--tool={tool}", f"--{tool}-out-file={self.out}", stripped, "serve", "--config", config]
        super().__init__(command, PORT, CORES, SWIFT_BACKTRACE="enable=no")

    def said(self, pattern: str) -> int:
        """A figure in its last words."""
        text = self.log.read_text(errors="replace")
        match = re.search(pattern, text)
        if not match:
            sys.exit(f"valgrind does not say what it counted: {text[-400:]}")
        return int(match.group(1).replace(",", ""))

    @property
    def sockets(self) -> int:
        folder = Path(f"/proc/{self.pid}/fd")
        return sum(1 for entry in folder.iterdir() if entry.is_symlink() and os.readlink(entry).startswith("socket:"))

    @property
    def seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def come_to_rest(self):
        """Waits until it has done next to nothing for some seconds, in which it gives back what it kept."""
        quiet = 0
        while quiet < 4:
            before = self.seconds
            time.sleep(1)
            quiet = quiet + 1 if self.seconds - before < 0.15 else 0


def work(shunt: Path, stripped: Path, load: Load, count: int) -> tuple[float, float]:
    """Instructions and allocations of a proxy from its start to its end."""
    with Valgrind("callgrind", stripped) as proxy:
        command = load.command(shunt, count)
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
        if done.returncode != 0:
            sys.exit(f"the load test under callgrind did not go well: {done.stderr.strip()}")
    return proxy.said(r"Collected : (\d+)"), allocations(proxy.out)


def allocations(out: Path) -> int:
    """Calls of malloc and its kin in what callgrind has written. (What posix_memalign has malloc do is one, not two.)"""
    names: dict[str, str] = {}

    def name(field: str) -> str:
        number, _, text = field.strip().partition(" ")
        return names.setdefault(number, text) if text else names.get(number, "")

    calls = collections.Counter()
    caller = callee = ""
    with open(out, errors="replace") as lines:
        for line in lines:
            if line.startswith("fn="):
                caller = name(line[3:])
            elif line.startswith("cfn="):
                callee = name(line[4:])
            elif line.startswith("calls="):
                if (
                    callee in ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc")
                    and "memalign" not in caller
                ):
                    calls[callee] += int(line[6:].split()[0])
    if not calls["malloc"]:
        sys.exit(f"{out} names no calls of malloc: are there symbols of the C library?")
    return calls.total()


def held(out: Path) -> int:
    """Bytes that dhat has seen to be there at the end, but for those that are of the moment."""
    seen = json.loads(out.read_text())
    momentary = {place for place, frame in enumerate(seen["ftbl"]) if "OutputBuffer" in frame or "TimerWheel" in frame}
    return sum(site["eb"] for site in seen["pps"] if momentary.isdisjoint(site["fs"]))


def memory(shunt: Path, stripped: Path, load: Load, count: int) -> float:
    """Bytes that a proxy has of malloc while so many idle sockets are there."""
    with Valgrind("dhat", stripped) as proxy:
        command = load.command(shunt, count)
        generator = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + PATIENCE
            while proxy.sockets < load.sockets * count:
                if generator.poll() is not None or time.monotonic() > deadline:
                    sys.exit(
                        f"not all sockets came to be: {generator.stderr.read() if generator.poll() else proxy.sockets}"
                    )
                time.sleep(0.2)
            proxy.come_to_rest()
            # No time for a farewell, in which sockets would be closed.
            proxy.process.send_signal(signal.SIGABRT)
            proxy.process.wait(60)
        finally:
            generator.kill()
            generator.communicate()
    return held(proxy.out)


def counts(shunt: Path) -> dict[str, float]:
    stripped = FOLDER / "shunt-stripped"
    # valgrind cannot read the debug information of this compiler.
    subprocess.run(["strip", "-g", "-o", stripped, shunt], check=True)
    found = {}
    with Process([shunt, "echo", f"127.0.0.1:{BACKEND}"], BACKEND, CORES):
        for name, load in {
            "message": MESSAGES,
            "message with a request_id": ECHOED,
            "handshake": HANDSHAKES,
        }.items():
            few, many = (work(shunt, stripped, load, count) for count in (load.few, load.many))
            for place, kind in enumerate(("instructions", "allocations")):
                found[f"{kind} per {name}"] = (many[place] - few[place]) / (load.many - load.few)
        for name, load in {"client and its upstream connection": PAIRS, "client": CLIENTS}.items():
            few, many = (memory(shunt, stripped, load, count) for count in (load.few, load.many))
            found[f"bytes per idle {name}"] = (many - few) / (load.many - load.few)
    return found


def text(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.2f}"


def main():
    shunt = Path(sys.argv[1]).resolve()
    FOLDER.mkdir(parents=True, exist_ok=True)
    raise_open_files()
    began = time.monotonic()
    counted = counts(shunt)
    if "--set" in sys.argv[2:]:
        budgets = {name: round(count * MARGIN, 2) for name, count in counted.items()}
        BUDGETS.write_text(json.dumps(budgets, indent=4) + "\n")
    budgets = json.loads(BUDGETS.read_text())
    over = []
    print(f"{'':<50} {'counted':>10} {'budget':>10}")
    for name, count in counted.items():
        budget = budgets.get(name)
        if budget is None:
            sys.exit(f"{BUDGETS} has no budget for {name}")
        is_over = count > budget * TOLERANCE + SLACK
        if is_over:
            over.append(name)
        print(f"{name:<50} {text(count):>10} {text(budget):>10}{'  over' if is_over else ''}")
    print(f"counted in {time.monotonic() - began:.0f} s")
    if over:
        sys.exit(f"over budget: {', '.join(over)}. If that is meant: Scripts/bench instructions --set")


if __name__ == "__main__":
    main()
