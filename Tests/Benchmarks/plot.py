"""A picture of the rounds, as SVG: for each scenario a panel, in it a bar for each peer, with the rounds' least and largest
figure. It is read in light and in dark."""

from xml.sax.saxutils import escape

WIDTH, COLUMNS, MARGIN, GAP = 960, 3, 16, 28
LABEL, ROW, HEAD = 104, 18, 30
BAR = 10

STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; }
    .quiet { fill: #59636e; }
    .unit { font-weight: normal; }
    .bar { fill: #9aa4b0; }
    .own { fill: #0969da; }
    .base { fill: #57606a; }
    .range { stroke: #1f2328; stroke-width: 1; }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .quiet { fill: #9198a1; }
        .bar { fill: #59636e; }
        .own { fill: #4493f8; }
        .base { fill: #b1bac4; }
        .range { stroke: #e6edf3; }
    }
"""


def drawn(panels: list) -> str:
    """The whole picture.

    panels: pairs of a scenario and its results; one without results is left out."""
    shown = [(scenario, results) for scenario, results in panels if results]
    rows = [shown[place : place + COLUMNS] for place in range(0, len(shown), COLUMNS)]
    width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
    parts, top = [], MARGIN
    for row in rows:
        for column, (scenario, results) in enumerate(row):
            parts.append(panel(scenario, results, MARGIN + column * (width + GAP), top, width))
        top += HEAD + ROW * max(len(results) for _, results in row) + GAP
    height = top - GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="What a message, a handshake and an idle client cost each peer">\n'
        f"  <style>{STYLE}  </style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def panel(scenario, results: list, left: float, top: float, width: float) -> str:
    """Bars are cut at four times the base's, or the fastest's, so that the slow do not hide what the others differ in."""
    base = next(
        (result.cost for result in results if result.peer == scenario.base), min(result.cost for result in results)
    )
    longest = max(base, min(max(result.cost for result in results), base * 4), 1e-9)
    room = width - LABEL - 44
    parts = [
        f'  <g transform="translate({left:.1f} {top:.1f})">',
        f'    <text class="title" x="0" y="12">{escape(scenario.letter)}: {escape(scenario.short)}'
        f'<tspan class="quiet unit" dx="8">{escape(scenario.unit)}</tspan></text>',
    ]
    for place, result in enumerate(results):
        middle = HEAD + ROW * place
        kind = "base" if result.peer == scenario.base else "own" if result.peer.startswith(("shunt", "two")) else "bar"
        length = max(1.0, min(result.cost, longest) / longest * room)
        parts += [
            f'    <text x="0" y="{middle + 4}">{escape(result.peer)}</text>',
            f'    <rect class="{kind}" x="{LABEL}" y="{middle - BAR / 2}" width="{length:.1f}" height="{BAR}"/>',
        ]
        least, most = (min(max(value, 0), longest) / longest * room for value in (result.least, result.most))
        if most - least >= 1:
            parts.append(
                f'    <line class="range" x1="{LABEL + least:.1f}" x2="{LABEL + most:.1f}" y1="{middle}" y2="{middle}"/>'
            )
        mark = "…" if result.cost > longest else ""
        told = f"{result.cost:.1f}" if result.cost < 100 else f"{result.cost:,.0f}"
        end = LABEL + max(length, most) + 5
        parts.append(f'    <text class="quiet" x="{end:.1f}" y="{middle + 4}">{mark}{told}</text>')
    return "\n".join([*parts, "  </g>"])
