"""Figures of the rounds in words: a line while it runs, tables at its end, and the parts of the documentation that show
them."""

import dataclasses
import re
import statistics
import time

import plot
from machine import ROOT, Problem, description
from scenarios import SCENARIOS, Scenario

PAGE = ROOT / "Sources/shunt/Documentation.docc/Performance.md"
PICTURE = ROOT / "Sources/shunt/Documentation.docc/Resources/peers.svg"
README = ROOT / "README.md"


@dataclasses.dataclass
class About:
    command: str
    versions: list[str]
    minutes: float
    machine: str = dataclasses.field(default_factory=description)
    day: str = dataclasses.field(default_factory=lambda: time.strftime("%-d %B %Y"))


@dataclasses.dataclass
class Result:
    """What the rounds came to for one peer in one scenario."""

    peer: str
    rounds: int
    cost: float
    least: float
    most: float
    # Median of the rounds' own ratios; None where there is nothing to compare with.
    ratio: float | None
    per_second: float | None
    p50: float | None
    p99: float | None
    mib: float


def results(rows: list[dict], scenario: Scenario) -> list[Result]:
    """In the order in which the scenario names its peers."""
    of = [row for row in rows if row["scenario"] == scenario.letter]
    bases = {row["round"]: row["cost"] for row in of if row["peer"] == scenario.base}
    made = []
    for peer in scenario.peers:
        own = [row for row in of if row["peer"] == peer]
        if not own:
            continue
        costs = [row["cost"] for row in own]
        ratios = [row["cost"] / bases[row["round"]] for row in own if bases.get(row["round"], 0) > 0]

        def middle(name: str, own=own) -> float | None:
            values = [row[name] for row in own if name in row]
            return statistics.median(values) if values else None

        made.append(
            Result(
                peer, len(own), statistics.median(costs), min(costs), max(costs), statistics.median(ratios) if ratios else None,
                middle("per_second"), middle("p50"), middle("p99"), middle("mib"),
            )
        )  # fmt: skip
    return made


# MARK: On the terminal


def line(row: dict, scenario: Scenario) -> str:
    words = f"round {row['round'] + 1}  {scenario.letter}  {row['peer']:<16} {row['cost']:8.2f} {scenario.unit}"
    if "per_second" in row:
        words += f"  {row['per_second']:9,.0f}/s  p50 {span(row['p50'])}  p99 {span(row['p99'])}"
        if row["generator"] > 0.9:
            words += "  (the generator had no time left)"
    return words


def text(rows: list[dict], skipped: dict[str, str], about: About) -> str:
    parts = [f"{about.command}: {about.minutes:.0f} minutes, {about.machine}; {', '.join(about.versions)}"]
    for scenario in SCENARIOS.values():
        if found := results(rows, scenario):
            parts.append(f"({scenario.letter}) {scenario.title}; {scenario.unit}")
            parts.append(columns(header(scenario), [cells(result, scenario) for result in found]))
    parts += [f"skipped: {name}: {why}" for name, why in skipped.items()]
    return "\n\n".join(parts)


def header(scenario: Scenario) -> list[str]:
    titles = ["peer", scenario.unit, "min–max", f"/ {scenario.base}"]
    return titles + (["MiB"] if scenario.measures == "memory" else ["a second", "p50", "p99", "MiB"])


def cells(result: Result, scenario: Scenario) -> list[str]:
    ratio = f"{result.ratio:.2f}" if result.ratio is not None else "–"
    own = [result.peer, figure(result.cost), f"{figure(result.least)}–{figure(result.most)}", ratio]
    if scenario.measures != "memory":
        own += [f"{result.per_second:,.0f}", span(result.p50), span(result.p99)]
    return [*own, f"{result.mib:.0f}"]


def columns(titles: list[str], lines: list[list[str]]) -> str:
    widths = [max(len(line[place]) for line in [titles, *lines]) for place in range(len(titles))]
    told = []
    for cells in [titles, *lines]:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        told.append("  ".join([first, *others]).rstrip())
    return "\n".join(told)


def figure(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 1000 else f"{number:,.0f}"


def span(micros: float) -> str:
    return f"{micros:.0f} µs" if micros < 1000 else f"{micros / 1000:.1f} ms"


# MARK: In the documentation


def write(rows: list[dict], about: About):
    """Puts figures and plot between the markers; what stood there goes."""
    if missing := [letter for letter, scenario in SCENARIOS.items() if not results(rows, scenario)]:
        raise Problem(f"nothing is written: not measured are {', '.join(missing)}")
    put(PAGE, "peers", page(rows, about))
    put(README, "peers", readme(rows, about))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(plot.drawn([(scenario, results(rows, scenario)) for scenario in SCENARIOS.values()]))


def put(file, name: str, text: str):
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = file.read_text()
    if before.count(begin) != 1 or before.count(end) != 1:
        raise Problem(f"{file} has no place for it: {begin} … {end}")
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    file.write_text(re.sub(pattern, lambda _: f"{begin}\n{text}\n{end}", before, flags=re.DOTALL))


def page(rows: list[dict], about: About) -> str:
    rounds = max(row["round"] for row in rows) + 1
    parts = [
        f"    {about.command}",
        f"{about.day}; {about.machine}. {', '.join(about.versions)}. Medians of {rounds} rounds, and from which to which figure "
        "they went; a ratio is the median of the rounds' own ratios. MiB: all of the process at the end.",
        "![Processor time of a message, of each peer in each scenario](peers)",
    ]
    for scenario in SCENARIOS.values():
        if found := results(rows, scenario):
            parts.append(f"**{scenario.letter}**: {scenario.title}")
            parts.append(table(header(scenario), [cells(result, scenario) for result in found]))
    return "\n\n".join(parts)


def table(titles: list[str], lines: list[list[str]]) -> str:
    aligned = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [titles, aligned, *lines])


def readme(rows: list[dict], about: About) -> str:
    """Four lines: what a message, a user of five agents, a handshake and an idle client cost."""
    names = ("shunt", "nginx", "haproxy", "envoy", "node", "fastapi")
    chosen = {
        "a": "processor time of a message, µs",
        "u": "the same, users who talk with five agents, µs",
        "f": "processor time of a handshake, µs",
        "e": "memory of an idle client, KiB",
    }
    lines = []
    for letter, title in chosen.items():
        found = {result.peer: figure(result.cost) for result in results(rows, SCENARIOS[letter])}
        if found:
            lines.append([title, *(found.get(name, "–") for name in names)])
    if not lines:
        raise Problem(f"nothing of {', '.join(chosen)} was measured, which is what the README tells")
    return f"{table(['', *names], lines)}\n\nOne worker or process each, on {about.machine}: `{about.command}`."
