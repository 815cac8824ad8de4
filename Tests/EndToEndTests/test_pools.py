"""How connections to backends are shared, by configuration."""

import json

from harness import is_error, new_token, until


def guide_upstream(**settings) -> dict:
    return {"routes": {"guide": {"legacy": {"upstream": settings}}}}


def served_by_unified(**settings) -> dict:
    routes = {"guide": {"served_by": "unified"}, "liaison/{pillar}": {"served_by": "unified"}}
    return {"unified": {"upstream": {"pace": []} | settings}, "routes": routes}


def test_in_client_mode_every_socket_has_connections_of_its_own(start_proxy, legacy):
    proxy = start_proxy(guide_upstream(pool={"mode": "client"}))
    token = new_token()
    with proxy.connect(token) as left, proxy.connect(token) as right:
        left.send("guide", "/slow 300")
        right.hears_nothing_but("guide", "not behind the other tab")
        assert left.receive()["message"] == "guide: /slow 300"
        assert legacy.seen(token)["dialled"] == 2
    until(lambda: legacy.open_connections(token) == 0, "they end with their sockets")


def test_values_to_vary_by_are_part_of_the_pool_s_key(start_proxy, legacy):
    proxy = start_proxy(guide_upstream(vary=["query:tenant"]))
    token = new_token()
    for tenant in ("acme", "acme", "other"):
        with proxy.connect(query=f"session_token={token}&tenant={tenant}") as client:
            assert f"tenant={tenant}" in client.ask("guide", "/whoami")["whoami"]["query"]
    assert legacy.seen(token)["dialled"] == 2


def test_lanes_take_the_head_of_line_blocking_from_a_serial_backend(start_proxy, unified):
    token = new_token()
    with start_proxy(served_by_unified(pool={"mode": "session", "lanes": 3})).connect(token) as client:
        gate = unified.gate()
        client.send("guide", gate.text)
        client.send("content", "fast")
        assert client.receive()["message"] == "unified content: fast"
        gate.open()
        assert client.receive()["message"] == f"unified guide: {gate.text}"
    assert unified.seen(token)["dialled"] <= 3


def test_several_messages_in_flight_are_told_apart_by_their_conversation(start_proxy, unified):
    token = new_token()
    with start_proxy(served_by_unified(exchange={"in_flight": 8})).connect(token) as client:
        for number in range(24):
            client.send("insights", f"{number}", conversation_id=f"c{number}")
        for _ in range(24):
            reply = client.receive()
            assert reply["message"] == "unified insights: " + reply["conversation_id"].removeprefix("c")
    assert unified.seen(token)["dialled"] == 1


def test_a_backend_that_takes_the_identity_in_each_message_gets_it_there(start_proxy):
    token = new_token()
    with start_proxy(guide_upstream(identity="message")).connect(token) as client:
        client.send("guide", "/raw", session_token="somebody-else")
        assert json.loads(client.receive()["received"])["session_token"] == token


def test_the_credential_is_written_where_the_backend_wants_it(start_proxy):
    token = new_token()
    with start_proxy(guide_upstream(credential="header:authorization")).connect(token) as client:
        fields = dict(client.ask("guide", "/whoami")["whoami"]["headers"])
        assert fields["authorization"] == f"Bearer {token}"


def test_the_upstream_s_own_query_comes_first(start_proxy, legacy):
    url = f"ws://127.0.0.1:{legacy.port}/api/ws/guide?own=1"
    with start_proxy(guide_upstream(url=url)).connect(query="theirs=2") as client:
        assert client.ask("guide", "/whoami")["whoami"]["query"] == "own=1&theirs=2"


def test_an_idle_connection_is_closed_and_dialled_again_when_needed(start_proxy, legacy):
    token = new_token()
    with start_proxy(guide_upstream(pool={"mode": "session", "idle_timeout": "1s"})).connect(token) as client:
        client.hears_nothing_but("guide", "first")
        until(lambda: legacy.open_connections(token) == 0, "it was idle for too long")
        client.hears_nothing_but("guide", "second")
    assert legacy.seen(token)["dialled"] == 2


def test_no_more_connections_are_dialled_than_allowed(start_proxy, legacy):
    changes = guide_upstream(pool={"mode": "session", "max_connections": 1}, exchange={"queue": {"timeout": "1s"}})
    proxy = start_proxy(changes)
    with proxy.connect(new_token()) as first, proxy.connect(new_token()) as second:
        first.hears_nothing_but("guide", "mine")
        error = second.ask("guide", "one too many")
        assert error["code"] in {"queue_timeout", "upstream_unavailable"}
        assert is_error(error, error["code"], sent=False)
        first.hears_nothing_but("guide", "still mine")
        second.hears_nothing_but("content", "another backend path")


def test_a_one_way_message_waits_for_no_reply(start_proxy, legacy):
    token = new_token()
    with start_proxy({"unified": {"one_way": ["typing"]}}).connect(token) as client:
        for _ in range(3):
            client.send("guide", "/silent", type="typing")
        client.hears_nothing_but("guide", "answered at once")
    assert legacy.seen(token)["connections"][0]["messages"] == 4
