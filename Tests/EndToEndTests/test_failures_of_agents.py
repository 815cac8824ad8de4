"""Agents that throw, stall, answer twice or answer nonsense: one exchange pays, the rest goes on."""

import time

import pytest

from harness import is_error, new_token, until
from harness.processes import http_get


def test_a_zombie_with_ten_messages_queued_behind_it_costs_one_error(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.hears_nothing_but("guide", "alive")
        client.send("guide", "/crash")
        for number in range(10):
            client.send("guide", f"queued {number}")
        error = client.receive()
        assert error["type"] == "error"
        assert error["message"].startswith("Internal error:")
        assert error["agent_type"] == "guide"
        assert [client.receive()["message"] for _ in range(10)] == [f"guide: queued {n}" for n in range(10)]
    assert legacy.seen(token)["dialled"] == 2, "the zombie was left, and one connection took its place"


def test_a_zombie_of_one_agent_leaves_the_others_alone(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.hears_nothing_but("content", "before")
        client.ask("guide", "/crash")
        client.hears_nothing_but("content", "after")
        client.hears_nothing_but("guide", "again")
    assert legacy.seen(token)["dialled"] == 3


def test_what_no_rule_names_is_said_once_and_counted_for_its_backend(start_proxy):
    exchange = {"upstream_defaults": {"exchange": {"timeout": "1s"}}}
    proxy = start_proxy(exchange)
    said = 'type "answer" is neither in replies.match nor in pushes'
    with proxy.connect(new_token()) as client:
        for _ in range(2):
            client.send("guide", '/send {"type":"answer","message":"never seen"}')
            assert is_error(client.receive(), "timeout", sent=True), "what is dropped answers nothing"
    line = next(line for line in until(lambda: said in proxy.log and proxy.log, "it is said").splitlines() if said in line)
    assert " warning " in line and " upstream=guide" in line
    metrics = http_get(proxy.admin_port, "/metrics")[1].decode()
    assert 'shunt_pushes_total{upstream="guide",outcome="dropped"} 2' in metrics
    assert 'shunt_pushes_total{upstream="unified",outcome="dropped"} 0' in metrics
    assert proxy.log.count("neither in replies.match") == 1


def test_after_an_unlisted_push_a_hundred_replies_are_aligned(proxy):
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("insights", "/push")
        for start in range(0, 100, 50):
            for number in range(start, start + 50):
                client.send("insights", f"number {number}", conversation_id=f"c{number}")
            for number in range(start, start + 50):
                reply = client.receive()
                assert reply["message"] == f"insights: number {number}"
                assert reply["conversation_id"] == f"c{number}"


def test_a_reply_that_nobody_asked_for_retires_the_connection(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.hears_nothing_but("guide", "/twice")
        until(lambda: legacy.open_connections(token) == 0, "the proxy left the connection")
        for number in range(5):
            client.hears_nothing_but("guide", f"aligned {number}")


@pytest.mark.parametrize("command", ["/binary", "/array", "/send 42", "/send no json", '/send {"type":"response"'])
def test_a_reply_that_is_no_object_costs_one_error(proxy, command):
    with proxy.connect(new_token()) as client:
        client.send("operations", command, conversation_id="c")
        error = client.receive()
        assert is_error(error, "upstream_protocol", sent=True)
        assert error["conversation_id"] == "c"
        assert error["pillar"] == "operations"
        client.hears_nothing_but("operations", "on we go")


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 4001, 4003, 4004, 4010])
def test_a_backend_that_closes_costs_one_error_and_no_socket(proxy, code):
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("content", "before")
        client.send("guide", f"/close {code}", conversation_id="c")
        error = client.receive()
        assert is_error(error, "upstream_lost", sent=True)
        assert error["conversation_id"] == "c"
        client.hears_nothing_but("content", "after")
        client.hears_nothing_but("guide", "again")


def test_messages_behind_a_close_move_to_the_next_connection(proxy):
    with proxy.connect(new_token()) as client:
        client.send("guide", "/close 4010")
        for number in range(5):
            client.send("guide", f"behind {number}")
        assert is_error(client.receive(), "upstream_lost", sent=True)
        assert [client.receive()["message"] for _ in range(5)] == [f"guide: behind {n}" for n in range(5)]


def test_a_close_that_means_log_in_again_ends_that_route_for_the_session(start_proxy, legacy):
    proxy = start_proxy({"routes": {"guide": {"legacy": {"upstream": {"closes": {4001: "auth"}}}}}})
    token = new_token()
    with proxy.connect(token) as client:
        client.send("guide", "/close 4001")
        assert client.receive()["code"] in ("session_expired", "upstream_lost")
        client.send("guide", "hello")
        assert is_error(client.receive(), "session_expired", sent=False)
        client.hears_nothing_but("content", "another route is no part of it")
    with proxy.connect(new_token()) as other:
        other.hears_nothing_but("guide", "another session neither")


class TestTimeouts:
    @pytest.fixture
    def hasty(self, start_proxy):
        return start_proxy({"upstream_defaults": {"exchange": {"timeout": "2s"}}})

    def test_an_agent_that_never_answers_costs_one_error(self, hasty):
        with hasty.connect(new_token()) as client:
            started = time.monotonic()
            client.send("guide", "/silent", conversation_id="c")
            error = client.receive()
            assert is_error(error, "timeout", sent=True)
            assert error["conversation_id"] == "c"
            assert 1.9 < time.monotonic() - started < 12

    def test_a_late_reply_is_never_taken_for_the_next_one(self, hasty, legacy):
        token = new_token()
        with hasty.connect(token) as client:
            for number in range(3):
                client.send("guide", f"/slow {4000 + number}")
                client.send("guide", f"next {number}")
                assert is_error(client.receive(), "timeout", sent=True)
                assert client.receive()["message"] == f"guide: next {number}"

            def late():
                return legacy.open_connections(token) <= 1

            until(late, "the connections that timed out are gone", 20)
            for number in range(20):
                client.hears_nothing_but("guide", f"aligned {number}")

    def test_waiting_for_a_turn_is_no_timeout(self, hasty):
        with hasty.connect(new_token()) as client:
            for _ in range(5):
                client.send("guide", "/slow 700")
            assert [client.receive()["message"] for _ in range(5)] == ["guide: /slow 700"] * 5
