"""What every suite needs that runs the real binary."""

import contextlib
import itertools
import time

import pytest

from .processes import LegacyBackend, UnifiedBackend
from .proxy import BINARY, Proxy

numbers = itertools.count(1)


def pytest_sessionstart():
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not there: build it first, or name another by SHUNT_BINARY", returncode=2)


@pytest.fixture(scope="session")
def backends():
    """The field's two servers: `.legacy` and `.unified`."""

    class Backends:
        legacy = LegacyBackend()
        unified = UnifiedBackend("--no-limits")

    Backends.legacy.ready()
    Backends.unified.ready()
    yield Backends
    Backends.legacy.stop()
    Backends.unified.stop()


@pytest.fixture
def same_day():
    """Use is counted by days of UTC: what a test counts as today's must not begin yesterday."""
    left = -time.time() % 86400
    if left < 30:
        time.sleep(left + 1)


@contextlib.contextmanager
def proxies(directory, kind=Proxy):
    """Starts proxies by their settings. Each is stopped at the end, also when another one was found to have crashed."""
    with contextlib.ExitStack() as stack:

        def start(settings: dict) -> Proxy:
            new = kind(directory / f"proxy{next(numbers)}", settings)
            stack.callback(lambda: new.stopped_by_test or new.stop())
            return new.start()

        yield start
