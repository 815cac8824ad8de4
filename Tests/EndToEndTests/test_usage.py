"""Who still uses what: counted, kept, told and judged."""

import contextlib
import csv
import io
import itertools
import signal
import sqlite3

import pytest

from harness import LEGACY_PATHS, MIGRATION, merged, new_token, until
from harness.tokens import issued

SETTINGS = merged(MIGRATION, {"phase": "parallel", "store": {"flush": "1s"}})
OLD = LEGACY_PATHS["guide"]


@pytest.fixture
def proxy(start_proxy):
    return start_proxy(SETTINGS)


def connect(proxy, app: str, version: str = "1.4", path: str = OLD, **options):
    token = new_token()
    return proxy.connect(query=f"session_token={token}&client={app}&client_version={version}", path=path, **options)


def ask(client, text: str):
    """As an old client does: the path says whom it asks."""
    client.send_text('{"message": "%s"}' % text)
    while client.receive().get("type") != "response":
        pass


def rows(proxy, *by: str, endpoint: str = OLD) -> list[dict]:
    return proxy.state("usage", "--by", ",".join(by or ["app"]), "--endpoint", endpoint)["rows"]


def messages(proxy) -> int:
    return sum(row["messages"] for row in rows(proxy))


NAMED = {"client": {"app": ["query:client"], "version": ["query:client_version"]}}


def test_use_is_told_by_app_version_and_origin(start_proxy):
    proxy = start_proxy(merged(SETTINGS, NAMED | {"listen": {"origins": "any"}}))
    with connect(proxy, "web", origin="https://app.example") as client, connect(proxy, "phone", "2") as idle:
        ask(client, "one")
        ask(client, "two")
        [row] = rows(proxy, "app", "version", "route", "origin")
        assert (row["app"], row["version"], row["route"]) == ("web", "1.4", "guide")
        assert row["origin"] == "https://app.example"
        assert (row["sockets"], row["messages"], row["sessions"]) == (1, 2, 1)
        ask(idle, "at last")
    assert {row["app"] for row in rows(proxy)} == {"web", "phone"}
    [verdict] = proxy.state("usage", "--endpoint", OLD)["endpoints"]
    assert verdict["verdict"] == "in use"
    assert [user["app"] for user in verdict["users"]] == ["phone", "web"]
    assert "in use" in proxy.cli("usage")


def test_what_nobody_uses_is_not_safe_on_the_first_day(same_day, proxy):
    [verdict] = proxy.state("usage", "--endpoint", LEGACY_PATHS["insights"])["endpoints"]
    assert verdict["verdict"] == "quiet"
    assert verdict["because"].startswith("watched for 1 day only")
    assert verdict["trend"]["kind"] == "too little data"


def test_the_unified_endpoint_counts_by_route(proxy):
    with proxy.connect(new_token()) as client:
        client.ask("guide", "one")
        client.ask("content", "two")
    routes = {row["route"]: row["messages"] for row in rows(proxy, "route", endpoint="/api/ws/agent")}
    assert routes == {"guide": 1, "liaison/content": 1}


def test_hostile_names_are_text(start_proxy):
    # Which names are the first three is certain on one worker only.
    proxy = start_proxy(merged(SETTINGS, NAMED | {"usage": {"max_clients": 3}, "listen": {"workers": 1}}))
    names = ["%3Cscript%3E", "=1%2B1", "%00%1b[2J" + "x" * 500, "fourth", "fifth"]
    for name in names:
        with connect(proxy, name) as client:
            ask(client, "hello")
    found = {row["app"]: row["messages"] for row in rows(proxy)}
    assert found == {"<script>": 1, "=1+1": 1, "[2J" + "x" * 59: 1, "other": 2}
    table = list(csv.DictReader(io.StringIO(proxy.cli("usage", "--csv", "--by", "app", "--endpoint", OLD))))
    assert {row["app"] for row in table} == {"<script>", "'=1+1", "[2J" + "x" * 59, "other"}


def test_a_graceful_stop_loses_nothing(start_proxy):
    proxy = start_proxy(merged(SETTINGS, {"store": {"flush": "10m"}}))
    with connect(proxy, "web") as client:
        for number in range(20):
            ask(client, str(number))
    proxy.stop()
    with sqlite3.connect(proxy.directory / "shunt.db") as database:
        assert database.execute("SELECT sum(messages) FROM usage").fetchone() == (20,)
        stored = " ".join(str(row) for row in database.execute("SELECT * FROM usage"))
    assert not any(token in stored for token in issued)


def stored(proxy) -> int:
    """How many messages the ledger on the disk counts; none before its table is there, or while it is being written."""
    with contextlib.closing(sqlite3.connect(proxy.directory / "shunt.db")) as database:
        try:
            return database.execute("SELECT coalesce(sum(messages), 0) FROM usage").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def test_kill_9_under_load_loses_nothing_that_was_written_and_adds_nothing(proxy):
    count = itertools.count(1)
    with connect(proxy, "web") as client:

        def asked() -> int:
            ask(client, str(number := next(count)))
            return number

        early = [asked() for _ in range(50)][-1]
        # It goes on being used, and yet what was early is written: so it is for every interval.
        until(lambda: asked() and stored(proxy) >= early, "an interval later it is written", 20)
        written = until(lambda: stored(proxy), "the disk can be read")
        proxy.signal(signal.SIGKILL)
        proxy.process.wait(10)
    proxy.start()
    assert written <= messages(proxy) < next(count), "what was on the disk at least, what was answered at most"


def test_a_store_that_fails_is_said_and_what_waits_is_written_later(proxy):
    with connect(proxy, "web") as client:
        ask(client, "one")
        assert messages(proxy) == 1
        with sqlite3.connect(proxy.directory / "shunt.db", isolation_level=None) as database:
            database.execute("BEGIN IMMEDIATE")
            ask(client, "two")
            until(lambda: "the usage ledger cannot be written" in proxy.log, "it is said", 20)
            assert messages(proxy) == 2
            database.execute("ROLLBACK")
        until(lambda: "the usage ledger is written again" in proxy.log, "it is written", 20)
        assert messages(proxy) == 2


def test_use_is_not_counted_when_that_is_switched_off(start_proxy):
    proxy = start_proxy(merged(SETTINGS, {"usage": {"enabled": False}}))
    with connect(proxy, "web") as client:
        ask(client, "one")
    assert "use is not counted" in proxy.cli("usage", code=1)
