"""What backends are told of their clients' pages: `Host` and `Origin`. And what their refusals of a dial mean."""

import json

import pytest

from harness import MIGRATION, RawSocket, frame, merged, new_token, request, until


def as_page(proxy) -> dict:
    """The fields of a page that the proxy's own host serves."""
    host = f"127.0.0.1:{proxy.port}"
    return {"host": host, "origin": f"http://{host}"}


def path(endpoint: str = "/api/ws/agent") -> str:
    return f"{endpoint}?session_token={new_token()}"


def say(raw: RawSocket, words: str) -> dict:
    raw.send(frame(1, json.dumps({"agent_type": "guide", "message": words}).encode()))
    return raw.next_message()


@pytest.mark.parametrize("mode", ["managed", "raw"])
def test_a_backend_that_compares_origin_and_host_takes_pages_of_old_clients(start_proxy, odd_backend, mode):
    backend = odd_backend("careful")
    changes = merged(MIGRATION, {"legacy_defaults": {"passthrough": mode}})
    proxy = start_proxy(changes, legacy=backend.port)
    with RawSocket(proxy.port) as raw:
        raw.upgrade(path("/api/ws/guide"), **as_page(proxy))
    with RawSocket(proxy.port) as raw:
        raw.send(request(path("/api/ws/guide"), host=f"127.0.0.1:{proxy.port}", origin="https://evil.example"))
        assert raw.response()[0] == 403
        assert backend.accepted == 1, "that was the proxy's own check"


@pytest.mark.parametrize("settings", [{"host": "client"}, {"origin": "drop"}], ids=str)
def test_a_careful_backend_in_fan_out_needs_one_of_two_settings(start_proxy, odd_backend, settings):
    backend = odd_backend("careful")
    proxy = start_proxy({"upstream_defaults": settings}, legacy=backend.port)
    with RawSocket(proxy.port) as raw:
        raw.upgrade(path(), **as_page(proxy))
        assert say(raw, "hello")["message"] == "guide: hello"


def test_without_them_the_log_says_what_it_was_told_and_what_to_set(start_proxy, odd_backend):
    backend = odd_backend("careful")
    proxy = start_proxy(legacy=backend.port)
    with RawSocket(proxy.port) as raw:
        raw.upgrade(path(), **as_page(proxy))
        for words in ("hello", "again"):
            error = say(raw, words)
            assert (error["code"], error["sent"]) == ("session_expired", False)
        assert backend.accepted == 1, "nothing is dialled for a session that was refused"
    (line,) = [line for line in proxy.log.splitlines() if "dial failed" in line]
    for said in ("refused(status: 403)", "Host: the upstream's; Origin: the client's", "host: client", "origin: drop"):
        assert said in line


def test_what_a_refusal_means_is_a_setting_that_a_reload_changes(start_proxy, odd_backend):
    backend = odd_backend("strict")
    proxy = start_proxy(legacy=backend.port)
    with proxy.connect(new_token()) as client:
        assert client.ask("guide", "hello")["code"] == "session_expired"
        proxy.reload({"upstream_defaults": {"refusals": {403: "refuse"}}}, says="refusals changed")
        # Each message may be the one that gets through.
        for dials in (2, 3):
            error = client.ask("guide", "hello")
            assert (error["code"], error["sent"]) == ("upstream_unavailable", False)
            until(lambda: backend.accepted >= dials, "it is dialled again")


def test_check_says_what_backends_are_told(start_proxy):
    proxy = start_proxy({"unified": {"upstream": {"host": "agents.internal", "origin": "drop"}}})
    shown = proxy.cli("check", str(proxy.file))
    assert "told to unified: Host: agents.internal; Origin: none" in shown
    assert "told to guide, liaison/content, " in shown
    assert "a backend that compares Origin with Host refuses pages" in shown
