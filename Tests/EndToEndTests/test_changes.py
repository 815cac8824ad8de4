"""Changes while clients talk: by file, signal, API and command line. What is wrong changes nothing and says where."""

import os
import signal
import sqlite3

import pytest
from websockets.exceptions import ConnectionClosed

from harness import LEGACY_PATHS, MIGRATION, is_error, merged, new_token, until

# Nothing is pinned, so that the next message shows what is in force.
SETTINGS = merged(MIGRATION, {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}})
UNIFIED_GUIDE = {"routes": {"guide": {"served_by": "unified"}}}


def side(client) -> str:
    return "unified" if client.ask("guide", "who?")["message"].startswith("unified ") else "legacy"


def route(proxy, name: str = "guide") -> dict:
    return next(each for each in proxy.state("routes")["routes"] if each["name"] == name)


@pytest.fixture
def proxy(start_proxy):
    return start_proxy(SETTINGS)


def test_a_changed_file_is_noticed_without_a_signal(proxy):
    with proxy.connect(new_token()) as client:
        assert side(client) == "legacy"
        proxy.write(UNIFIED_GUIDE)
        until(lambda: side(client) == "unified", "the file is read again")
        proxy.write()
        until(lambda: side(client) == "legacy", "and once more")


def test_sighup_reads_the_file_again(proxy):
    with proxy.connect(new_token()) as client:
        assert side(client) == "legacy"
        proxy.write(UNIFIED_GUIDE)
        proxy.signal(signal.SIGHUP)
        until(lambda: side(client) == "unified", "the file is read again")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"routes": {"guide": {"served_by": "unifed"}}}', "served_by"),
        ('{"routes": {', ""),
        ('{"phase": "migrat", "routes": {}}', "phase"),
        ("", ""),
    ],
)
def test_a_bad_file_changes_nothing_and_says_where(proxy, text, words):
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        assert side(client) == "legacy"
        said_before = proxy.log.count(proxy.file.name)
        proxy.file.write_text(text)
        said = proxy.cli("reload", code=1)
        assert proxy.file.name in said and words in said, said
        until(lambda: proxy.log.count(proxy.file.name) > said_before, "the log says so too")
        assert side(client) == "legacy", "on the same socket"
        old.send_text('{"message":"still here"}')
        assert old.receive()["message"] == "guide: still here"
        proxy.write(UNIFIED_GUIDE)
        proxy.cli("reload")
        assert side(client) == "unified"


def test_a_missing_file_changes_nothing(proxy):
    with proxy.connect(new_token()) as client:
        assert side(client) == "legacy"
        proxy.file.unlink()
        proxy.cli("reload", code=1)
        assert side(client) == "legacy"


def test_a_removed_route_ends_alone(proxy):
    extra = {
        "match": {"agent_type": "extra"},
        "legacy": {"path": "/api/ws/extra", "upstream": proxy.configuration["routes"]["guide"]["legacy"]["upstream"]},
    }
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as other:
        client.send_text('{"agent_type":"extra","message":"early"}')
        assert is_error(client.receive(), "unknown_agent", sent=False)
        proxy.write({"routes": {"extra": extra}})
        proxy.cli("reload")
        client.send_text('{"agent_type":"extra","message":"now"}')
        assert client.receive()["message"] == "guide: now"
        with proxy.connect(new_token(), path="/api/ws/extra") as old:
            old.send_text('{"message":"old"}')
            assert old.receive()["message"] == "guide: old"
            client.send_text('{"agent_type":"extra","message":"/slow 400"}')
            proxy.write()
            proxy.cli("reload")
            assert client.receive()["message"] == "guide: /slow 400", "what is under way ends well"
            client.send_text('{"agent_type":"extra","message":"late"}')
            assert is_error(client.receive(), "unknown_agent", sent=False)
            with pytest.raises(ConnectionClosed) as closed:
                old.receive()
            assert closed.value.rcvd.code == 1001
        assert side(client) == "legacy"
        other.send_text('{"message":"untouched"}')
        assert other.receive()["message"] == "guide: untouched"


def test_an_override_survives_a_restart_and_is_shown_as_drift(proxy):
    proxy.cli("set", "guide", "unified", "--reason", "first of all")
    proxy.write({"routes": {"guide": {"served_by": {"unified": "25%"}}}})
    said = proxy.cli("reload")
    assert "override" in said, said
    for _ in range(2):
        guide = route(proxy)
        assert (guide["served_by"], guide["decided_by"], guide["file_says"]) == ("unified", "override", "25%")
        assert guide["override"]["reason"] == "first of all"
        with proxy.connect(new_token()) as client:
            assert side(client) == "unified"
        proxy.stop()
        proxy.start()
    assert "first of all" in proxy.cli("audit")
    proxy.cli("unset", "guide")
    guide = route(proxy)
    assert (guide["served_by"], guide["decided_by"]) == ("25%", "file")


def test_an_override_that_was_answered_outlives_kill_9(proxy):
    proxy.serve("guide", "unified")
    proxy.signal(signal.SIGKILL)
    proxy.process.wait()
    proxy.start()
    assert route(proxy)["decided_by"] == "override"


def test_of_two_writers_with_the_same_revision_one_is_told(proxy):
    _, _, headers = proxy.admin("GET", "/routes/guide")
    tag = {name.lower(): value for name, value in headers.items()}["etag"]
    first = proxy.admin("PUT", "/routes/guide/override", {"served_by": "10%"}, If_Match=tag)
    second = proxy.admin("PUT", "/routes/guide/override", {"served_by": "90%"}, If_Match=tag)
    assert (first[0], second[0]) == (200, 412)
    assert second[1]["code"] == "conflict"
    assert route(proxy)["served_by"] == "10%"


@pytest.mark.parametrize(
    "arguments",
    [("set", "nobody", "unified"), ("set", "guide", "101%"), ("phase", "nowhere", "--yes"), ("pause", "nobody")],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(proxy, arguments):
    before = proxy.state("routes")
    assert proxy.cli(*arguments, code=64 if "101%" in arguments or "nowhere" in arguments else 1)
    assert proxy.state("routes") == before


class TestAStoreThatFails:
    def test_removed_while_open_refuses_changes_and_serves_on(self, proxy):
        with proxy.connect(new_token()) as client:
            for file in proxy.directory.glob("shunt.db*"):
                file.unlink()
            (proxy.directory / "shunt.db").mkdir()
            status, problem, _ = proxy.admin("PUT", "/routes/guide/override", {"served_by": "unified"})
            assert (status, problem["code"]) == (503, "store_unavailable"), problem
            assert side(client) == "legacy"

    def test_locked_by_another_refuses_changes_and_serves_on(self, proxy):
        with proxy.connect(new_token()) as client, sqlite3.connect(proxy.directory / "shunt.db") as other:
            other.execute("BEGIN IMMEDIATE")
            status, problem, _ = proxy.admin("PUT", "/routes/guide/override", {"served_by": "unified"})
            assert (status, problem["code"]) == (503, "store_unavailable"), problem
            assert side(client) == "legacy"
            other.rollback()
            proxy.serve("guide", "unified")
            assert side(client) == "unified"

    def test_corrupt_at_the_start_is_set_aside_and_said(self, proxy):
        proxy.serve("guide", "unified")
        proxy.stop()
        for file in proxy.directory.glob("shunt.db*"):
            file.unlink()
        (proxy.directory / "shunt.db").write_bytes(os.urandom(8192))
        proxy.start()
        assert "corrupt" in proxy.log
        assert list(proxy.directory.glob("shunt.db.corrupt-*"))
        assert route(proxy)["decided_by"] == "file"
        proxy.serve("guide", "unified")
        assert route(proxy)["decided_by"] == "override"
