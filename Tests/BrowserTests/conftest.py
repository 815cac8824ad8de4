"""The real binary, backends that know nothing of it, and one Chromium for all tests."""

import pytest
from harness import MIGRATION, configuration, merged
from harness.fixtures import backends, proxies, pytest_sessionstart, same_day  # noqa: F401

from browser import Dashboard, start_browser

SETTINGS = merged(MIGRATION, {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}})


@pytest.fixture
def start_proxy(backends, tmp_path):
    """Starts a proxy with changed settings, stopped with the test."""
    with proxies(tmp_path) as start:
        yield lambda changes=None: start(
            configuration(backends.legacy.port, backends.unified.port, merged(SETTINGS, changes or {}))
        )


@pytest.fixture
def proxy(start_proxy):
    """All five agents, each route as it says."""
    return start_proxy()


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def driver(downloads):
    driver = start_browser(downloads)
    yield driver
    driver.quit()


@pytest.fixture
def open_page(driver, request, start_proxy):  # the proxy must outlive the page
    """Opens the dashboard of a proxy. The console stays without errors, but for those that the test provokes."""
    pages = []

    def open_page(proxy, path: str = "/") -> Dashboard:
        page = Dashboard(driver, proxy.admin_port)
        page.media()
        pages.append(page)
        return page.open(path)

    driver.get_log("browser")
    yield open_page
    if not pages:
        return
    expected = [part for marker in request.node.iter_markers("console") for part in marker.args]
    errors = [each for each in pages[-1].console_errors() if not any(part in each for part in expected)]
    driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    driver.get("about:blank")
    assert not errors, errors


@pytest.fixture
def page(open_page, proxy):
    return open_page(proxy).is_live()
