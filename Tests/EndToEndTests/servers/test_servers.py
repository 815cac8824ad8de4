"""The servers of the field, behind the proxy and without it: what a server does is what its client meets."""

import pytest

from .cases import CASES
from .facts import FACTS
from .fleet import KINDS, WAYS

SERVERS = [kind.name for kind in KINDS]
ROWS = [
    pytest.param(case, way, name, id=f"{case.name}-{way}-{name}")
    for case in CASES
    for way in WAYS
    for name in SERVERS
    if case.routed or way in ("managed", "raw")
]


def seen(fleet, case, way: str, server: str):
    if server in case.without:
        pytest.skip(f"{case.name} at {server}: {case.without[server]}")
    ways = fleet.observed(case)[server]
    if isinstance(ways, Exception):
        raise ways
    if isinstance(ways[way], Exception):
        raise ways[way]
    return ways[way]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_server_does_what_is_written_of_it(fleet, case, server):
    """Without the proxy. Where this fails after an update, Backends.md is to be mended with `facts.py`."""
    assert seen(fleet, case, "direct", server) == FACTS[case.name][server]


@pytest.mark.parametrize(("case", "way", "server"), ROWS)
def test_behind_the_proxy_it_is_the_same(fleet, case, way, server):
    allowed = case.allowed(way, seen(fleet, case, "direct", server))
    assert seen(fleet, case, way, server) in allowed
