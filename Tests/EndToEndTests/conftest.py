"""Backends and proxies that tests share. Each test uses session tokens of its own, so they do not meet."""

import pytest

from harness import OddBackend, Proxy, configuration, merged
from harness.certificates import Certificates
from harness.fixtures import backends, proxies, pytest_sessionstart, same_day  # noqa: F401
from harness.proxy import BINARY, DemoProxy
from harness.secured import SecuredProxy


def pytest_report_header():
    return f"shunt: {BINARY}"


@pytest.fixture(scope="session")
def legacy(backends):
    return backends.legacy


@pytest.fixture(scope="session")
def unified(backends):
    return backends.unified


class Shared:
    """A proxy that many tests use. The test under which it dies fails, and the next one gets a new one."""

    def __init__(self, make):
        self.make = make
        self.proxy = None

    def lend(self):
        if self.proxy is None:
            self.proxy = self.make()
            self.proxy.start()
        yield self.proxy
        if not self.proxy.running or self.proxy.contradictions:
            bad, self.proxy = self.proxy, None
            bad.stop()

    def end(self):
        if self.proxy is not None:
            self.proxy.stop()


@pytest.fixture(scope="session")
def everyday(backends, tmp_path_factory):
    settings = configuration(backends.legacy.port, backends.unified.port)
    shared = Shared(lambda: Proxy(tmp_path_factory.mktemp("everyday"), settings))
    yield shared
    shared.end()


@pytest.fixture
def proxy(everyday):
    """All five agents at the legacy backend, defaults as they are."""
    yield from everyday.lend()


@pytest.fixture(scope="session")
def relaying(backends, tmp_path_factory):
    changes = {
        "unified": {"upstream": {"pace": []}},
        "routes": {"guide": {"served_by": "unified"}, "liaison/{pillar}": {"served_by": "unified"}},
    }
    settings = configuration(backends.legacy.port, backends.unified.port, changes)
    shared = Shared(lambda: Proxy(tmp_path_factory.mktemp("relay"), settings))
    yield shared
    shared.end()


@pytest.fixture
def relay(relaying):
    """All five agents at the unified backend, which has no limits here and gets no pace."""
    yield from relaying.lend()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory):
    shared = Shared(lambda: DemoProxy(tmp_path_factory.mktemp("demo")))
    yield shared
    shared.end()


@pytest.fixture
def demo(demonstration):
    """What a newcomer starts: the committed configuration with the demo's backends."""
    yield from demonstration.lend()


@pytest.fixture
def start_proxy(backends, tmp_path):
    """Starts a proxy with changed settings, stopped with the test; `legacy` and `liaison` are other ports."""
    with proxies(tmp_path) as start_with:

        def start(changes: dict | None = None, *, legacy: int | None = None, liaison: int | None = None) -> Proxy:
            return start_with(configuration(legacy or backends.legacy.port, backends.unified.port, changes, liaison))

        yield start


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_secured(backends, certificates, tmp_path):
    """As `start_proxy`, for clients that speak TLS. `tls`: what is not as usual in `listen.tls`."""
    shown = {}
    with proxies(tmp_path, lambda *settings: SecuredProxy(*settings, certificates, **shown)) as start_with:

        def start(changes: dict | None = None, *, tls: dict | None = None, shows: str | None = None) -> SecuredProxy:
            shown["shows"] = shows
            listen = {"listen": {"tls": tls or certificates.pair("first")}}
            settings = configuration(backends.legacy.port, backends.unified.port, merged(listen, changes or {}))
            return start_with(settings)

        yield start


@pytest.fixture
def odd_backend():
    """Starts an `OddBackend`, stopped with the test."""
    running = []

    def start(manner: str, **options) -> OddBackend:
        backend = OddBackend(manner, **options).__enter__()
        running.append(backend)
        return backend

    yield start
    for backend in running:
        backend.__exit__()
