"""Measures peers in turn, round by round:

    rounds.py [--rounds N] [--scenarios LETTERS] [--peers NAMES] [--seconds S] [--write]

In each round every scenario is put to one peer after the other, and each round begins with another peer, so that what
the machine does meanwhile hits all of them alike. One worker or process each. The proxy has a core of its own; the load
generator and the echo backend share another.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import time

import report
from machine import FOLDER, PROXY, REST, Problem, Process, certificate, is_open, raise_open_files
from peers import BACKEND, PEERS, SERVERS, SHUNT, Peer, Server
from scenarios import SCENARIOS, Scenario

# Sockets that a process has served before its memory is looked at, and those that are then counted.
WARM, IDLE = 200, 2000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Scripts/bench peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="(9)")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), metavar="LETTERS", help="such as a,f (all)")
    parser.add_argument("--peers", metavar="NAMES", help="servers, such as shunt,nginx (all)")
    parser.add_argument("--seconds", type=float, default=1.5, metavar="S", help="that each is measured (1.5)")
    parser.add_argument("--write", action="store_true", help="put the figures into the documentation")
    options = parser.parse_args()
    options.scenarios = [letter for letter in options.scenarios if letter not in ", "]
    for letter in options.scenarios:
        if letter not in SCENARIOS:
            parser.error(f"no such scenario: {letter} ({','.join(SCENARIOS)})")
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds want more than 0")
    return options


class Bench:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.rows: list[dict] = []
        self.skipped: dict[str, str] = {}
        self.running: dict[tuple[str, bool], Process] = {}
        self.stack = contextlib.ExitStack()

    def run(self):
        for number in range(self.options.rounds):
            with contextlib.ExitStack() as self.stack:
                self.running = {}
                self.stack.enter_context(Process([SHUNT, "echo", f"127.0.0.1:{BACKEND}"], BACKEND, REST))
                for letter in self.options.scenarios:
                    self.put(SCENARIOS[letter], number)

    def put(self, scenario: Scenario, number: int):
        """A scenario to all its peers, each round beginning with the next."""
        names = [name for name in scenario.peers if self.is_wanted(PEERS[name].server)]
        for place in range(len(names)):
            peer = PEERS[names[(place + number) % len(names)]]
            try:
                row = self.memory(scenario, peer) if scenario.measures == "memory" else self.time(scenario, peer)
            except Problem as problem:
                # One that cannot be had is said once; one that fails in a round is missing in that round.
                print(f"skipped: {peer.name} in {scenario.letter}: {problem}", file=sys.stderr, flush=True)
                self.skipped[f"{peer.name} in {scenario.letter}"] = str(problem)
                continue
            row |= {"round": number, "scenario": scenario.letter, "peer": peer.name}
            self.rows.append(row)
            print(report.line(row, scenario), file=sys.stderr, flush=True)

    def is_wanted(self, name: str) -> bool:
        wanted = self.options.peers
        if wanted and not any(name.startswith(server) for server in wanted.split(",")):
            return False
        if problem := SERVERS[name].missing:
            if name not in self.skipped:
                print(f"skipped: {name}: {problem}", file=sys.stderr, flush=True)
            self.skipped[name] = problem
            return False
        return True

    def server(self, server: Server, is_spread: bool = False) -> Process:
        """Runs for the rest of the round; idle it costs nothing."""
        key = (server.name, is_spread)
        if key not in self.running:
            if other := self.running.pop((server.name, not is_spread), None):
                other.end()
            cores = sorted({*PROXY, *REST}) if is_spread else PROXY
            self.running[key] = self.stack.enter_context(server.start(cores))
        return self.running[key]

    def time(self, scenario: Scenario, peer: Peer) -> dict:
        server = self.server(SERVERS[peer.server], scenario.is_spread)
        warm_up = 0.5
        answer = load(
            *scenario.command(peer), "--duration", f"{int((self.options.seconds + warm_up) * 1000)}ms",
            "--warm-up", f"{int(warm_up * 1000)}ms", "--watch", str(server.pid),
        )  # fmt: skip
        is_handshake = scenario.measures == "handshake"
        latency = answer["handshake_micros" if is_handshake else "latency_micros"]
        return {
            "cost": answer["watched"]["micros_each"],
            "per_second": answer["handshakes_per_second" if is_handshake else "per_second"],
            "p50": latency["p50"],
            "p99": latency["p99"],
            "mib": answer["watched"]["resident_at_end"] / (1 << 20),
            "generator": answer["processor_share"],
        }

    def memory(self, scenario: Scenario, peer: Peer) -> dict:
        """Of a process that has just begun: what it needs for so many more, after the first few."""
        server = SERVERS[peer.server]
        for spread in (False, True):
            if other := self.running.pop((server.name, spread), None):
                other.end()
        with server.start() as process:
            few = [str(WARM) if option == str(IDLE) else option for option in scenario.command(peer)]
            load(*few, "--users", str(WARM))
            time.sleep(0.5)
            answer = load(*scenario.command(peer), "--users", str(IDLE), "--hold", "1s", "--watch", str(process.pid))
        watched = answer["watched"]
        grown = watched["resident_at_end"] - watched["resident_before"]
        return {"cost": grown / 1024 / answer["opened"], "mib": watched["resident_at_end"] / (1 << 20)}


def load(*options: str) -> dict:
    """Runs the load generator to its end, and takes nothing that was not clean."""
    command = ["taskset", "-c", ",".join(map(str, REST)), str(SHUNT), "load", *options, "--json"]
    if options[0].startswith("wss:"):
        command += ["--ca", str(certificate())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        raise Problem("the load test does not end") from None
    if done.returncode != 0:
        raise Problem(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    return json.loads(done.stdout)


def main():
    options = arguments()
    raise_open_files()
    if len({*PROXY, *REST}) < 2:
        print("One core only: proxy, load and backend share it, and wait for one another.", file=sys.stderr)
    if is_open(BACKEND):
        sys.exit(f"something listens on 127.0.0.1:{BACKEND} already")
    bench = Bench(options)
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        bench.run()
    if not bench.rows:
        sys.exit("nothing was measured")
    servers = dict.fromkeys(PEERS[row["peer"]].server for row in bench.rows)
    about = report.About(
        command=" ".join(["Scripts/bench peers", *sys.argv[1:]]),
        versions=[SERVERS[name].told() for name in servers if name in ("shunt",) or not name.startswith("shunt")],
        minutes=(time.monotonic() - began) / 60,
    )
    file = FOLDER / time.strftime("rounds-%Y%m%d-%H%M%S.json")
    file.write_text(json.dumps({"about": vars(about), "skipped": bench.skipped, "rows": bench.rows}))
    print(report.text(bench.rows, bench.skipped, about))
    print(f"All figures: {file}")
    if options.write:
        try:
            report.write(bench.rows, about)
        except Problem as problem:
            sys.exit(str(problem))


if __name__ == "__main__":
    main()
