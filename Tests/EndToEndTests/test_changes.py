"""Changes while clients talk: by file, signal, API and command line. What is wrong changes nothing and says where."""

import concurrent.futures
import contextlib
import itertools
import json
import os
import signal

import pytest
from websockets.exceptions import ConnectionClosed

from harness import LEGACY_PATHS, MIGRATION, is_error, merged, new_token, until

# Nothing is pinned, so that the next message shows what is in force.
SETTINGS = merged(MIGRATION, {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}})
UNIFIED_GUIDE = {"routes": {"guide": {"served_by": "unified"}}}


def side(client) -> str:
    return "unified" if client.ask("guide", "who?")["message"].startswith("unified ") else "legacy"


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
        said = proxy.cli_reload(code=1)
        assert proxy.file.name in said and words in said, said
        until(lambda: proxy.log.count(proxy.file.name) > said_before, "the log says so too")
        assert side(client) == "legacy", "on the same socket"
        old.send_text('{"message":"still here"}')
        assert old.receive()["message"] == "guide: still here"
        proxy.reload(UNIFIED_GUIDE)
        assert side(client) == "unified"


def test_a_missing_file_changes_nothing(proxy):
    with proxy.connect(new_token()) as client:
        assert side(client) == "legacy"
        proxy.file.unlink()
        proxy.cli_reload(code=1)
        assert side(client) == "legacy"


def test_a_removed_route_ends_alone(proxy, legacy):
    extra = {
        "match": {"agent_type": "extra"},
        "legacy": {"path": "/api/ws/extra", "upstream": proxy.configuration["routes"]["guide"]["legacy"]["upstream"]},
    }
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as other:
        client.send_text('{"agent_type":"extra","message":"early"}')
        assert is_error(client.receive(), "unknown_agent", sent=False)
        proxy.reload({"routes": {"extra": extra}})
        client.send_text('{"agent_type":"extra","message":"now"}')
        assert client.receive()["message"] == "guide: now"
        with proxy.connect(new_token(), path="/api/ws/extra") as old:
            old.send_text('{"message":"old"}')
            assert old.receive()["message"] == "guide: old"
            gate = legacy.gate()
            client.send_text(json.dumps({"agent_type": "extra", "message": gate.text}))
            gate.reached()
            proxy.reload()
            gate.open()
            assert client.receive()["message"] == f"guide: {gate.text}", "what is under way ends well"
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
    shares = (f"{number}%" for number in itertools.count(25))

    def shadowed() -> str:
        """The share that the file says now, where the command says that the override hides it. Where the proxy's own
        look at its file came first the command finds nothing changed: then once more with the next share."""
        share = next(shares)
        proxy.write({"routes": {"guide": {"served_by": {"unified": share}}}})
        return share if "override" in proxy.cli_reload() else ""

    share = until(shadowed, "the command says what is hidden", 20)
    for _ in range(2):
        guide = proxy.route()
        assert (guide["served_by"], guide["decided_by"], guide["file_says"]) == ("unified", "override", share)
        assert guide["override"]["reason"] == "first of all"
        with proxy.connect(new_token()) as client:
            assert side(client) == "unified"
        proxy.stop()
        proxy.start()
    assert "first of all" in proxy.cli("audit")
    proxy.cli("unset", "guide")
    guide = proxy.route()
    assert (guide["served_by"], guide["decided_by"]) == (share, "file")


def test_an_override_that_was_answered_outlives_kill_9(proxy):
    proxy.serve("guide", "unified")
    proxy.restart_after_kill()
    assert proxy.route()["decided_by"] == "override"


@contextlib.contextmanager
def at_once(calls: list):
    """Begins all calls together, and gives what will come of them."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        yield [threads.submit(*call) for call in calls]


def test_of_writers_with_the_same_revision_one_wins_and_the_others_are_told(proxy):
    for turn in range(5):
        _, before, headers = proxy.admin("GET", "/routes/guide")
        tag = {name.lower(): value for name, value in headers.items()}["etag"]
        shares = [f"{10 * turn + number}%" for number in range(1, 9)]

        def put(share, tag=tag):
            return proxy.admin("PUT", "/routes/guide/override", {"served_by": share}, If_Match=tag)

        with at_once([(put, share) for share in shares]) as calls:
            answers = [call.result() for call in calls]
        won = [share for share, (status, _, _) in zip(shares, answers, strict=True) if status == 200]
        assert len(won) == 1, "one and only one"
        assert proxy.route()["served_by"] == won[0] != before["served_by"]
        for status, problem, headers in answers:
            if status != 200:
                assert headers["Content-Type"] == "application/problem+json"
                assert (status, problem["status"], problem["code"]) == (412, 412, "conflict")
                assert problem["type"] == "/problems/conflict" and problem["title"] and problem["detail"]
                assert f'"{problem["revision"]}"' != tag, "the revision that is in force now"
    assert len(proxy.state("audit")["entries"]) == 5, "who lost changed nothing"


def test_a_reload_in_the_middle_of_a_reload_is_refused(proxy):
    # The file is a pipe: whoever reads it waits until the test has written it.
    os.mkfifo(proxy.file.with_suffix(".pipe"))
    proxy.file.with_suffix(".pipe").rename(proxy.file)
    with proxy.connect(new_token()) as client, at_once([(proxy.admin, "POST", "/reload")] * 3) as calls:
        # At most one of them reads; the proxy may have looked at its file before all of them.
        until(lambda: sum(call.done() for call in calls) >= 2, "the others are refused")
        assert side(client) == "legacy", "meanwhile all goes on"
        with proxy.file.open("w") as pipe:
            proxy.write(UNIFIED_GUIDE)
            pipe.write(proxy.file.read_text())
        answers = [call.result() for call in calls]
        refused = [problem for status, problem, _ in answers if status != 200]
        assert len(refused) >= 2
        assert {(problem["status"], problem["code"]) for problem in refused} == {(409, "busy")}
        until(lambda: side(client) == "unified", "the one that read has read all of it")


@pytest.mark.parametrize(
    "arguments",
    [("set", "nobody", "unified"), ("set", "guide", "101%"), ("phase", "nowhere", "--yes"), ("pause", "nobody")],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(proxy, arguments):
    before = proxy.state("routes")
    assert proxy.cli(*arguments, code=64 if "101%" in arguments or "nowhere" in arguments else 1)
    assert proxy.state("routes") == before


@pytest.mark.parametrize(
    ("path", "body", "code", "meant"),
    [
        ("/routes/guidee/override", {"served_by": "unified"}, "unknown_route", "guide"),
        ("/routes/guide/override", {"served_by": "101%"}, "invalid_value", None),
        ("/routes/guide/override", {"served_by": "-1%"}, "invalid_value", None),
        ("/routes/guide/override", {"served_by": "99999999999999999999%"}, "invalid_value", None),
        ("/routes/guide/override", {"served_by": "unifed"}, "invalid_value", "unified"),
        ("/routes/guide/override", {"served_by": 25}, "invalid_value", None),
        ("/routes/guide/override", {}, "invalid_value", None),
        ("/phase", {"phase": "migrat"}, "invalid_value", "migrate"),
    ],
)
def test_a_change_that_makes_no_sense_gets_a_problem_that_says_so(proxy, path, body, code, meant):
    before = proxy.admin("GET", "/routes")[1]
    status, problem, headers = proxy.admin("PUT", path, body)
    assert (status, problem["code"], problem.get("meant")) == (404 if "unknown" in code else 422, code, meant), problem
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status and problem["detail"]
    assert proxy.admin("GET", "/routes")[1] == before
