"""Who shares a backend connection with whom, and what becomes of replies to those who left."""

import asyncio
import itertools
import json
import urllib.parse

import pytest

from harness import AGENTS, RawSocket, address, new_token, request, until
from harness.raw import problem
from harness.tokens import remember


def test_five_users_with_two_tabs_and_five_agents_need_25_connections(proxy, legacy):
    crowd = new_token("crowd")
    users = [remember(f"{crowd}-{number}") for number in range(5)]

    async def tab(user: str, name: str):
        for round_number in range(20):
            async with proxy.dial(user) as socket:
                for agent in AGENTS:
                    await socket.send(address(agent, f"{name} {round_number}", conversation_id=f"{name}/{agent}"))
                for _ in AGENTS:
                    reply = json.loads(await asyncio.wait_for(socket.recv(), 20))
                    assert reply["message"].endswith(f": {name} {round_number}"), reply
                    assert reply["conversation_id"].startswith(name)

    async def everybody():
        await asyncio.gather(*(tab(user, f"{user[-1]}{tab_name}") for user in users for tab_name in "ab"))

    asyncio.run(everybody())
    seen = legacy.seen(crowd)
    assert seen["most_open"] <= 25
    assert seen["dialled"] <= 30
    assert sum(connection["messages"] for connection in seen["connections"]) == 5 * 2 * 20 * 5
    for connection in seen["connections"]:
        assert connection["token"] in users


def test_two_tabs_of_a_session_never_see_each_other_s_replies(proxy, legacy):
    token = new_token()

    async def tab(name: str):
        heard = []
        async with proxy.dial(token) as socket:
            for number in range(30):
                for agent in AGENTS:
                    await socket.send(address(agent, f"{name}-{number}"))
            for _ in range(30 * len(AGENTS)):
                heard.append(json.loads(await asyncio.wait_for(socket.recv(), 20)))
        return heard

    async def both():
        return await asyncio.gather(tab("left"), tab("right"))

    for name, heard in zip(("left", "right"), asyncio.run(both()), strict=True):
        for agent, tags in AGENTS.items():
            own = [reply["message"] for reply in heard if reply.get("pillar", "") == tags.get("pillar", "")]
            assert own == [f"{agent}: {name}-{number}" for number in range(30)]
    assert legacy.seen(token)["dialled"] == 5


@pytest.mark.parametrize("word", ["undefined", "null", "None", "anonymous", "[object Object]", ""])
def test_clients_whose_token_means_nothing_share_nothing(proxy, legacy, word):
    with proxy.connect(query=f"session_token={urllib.parse.quote(word)}&mark=a") as left:
        with proxy.connect(query=f"session_token={urllib.parse.quote(word)}&mark=b") as right:
            first, second = left.ask("guide", "/whoami"), right.ask("guide", "/whoami")
            assert "mark=a" in first["whoami"]["query"]
            assert "mark=b" in second["whoami"]["query"], "a connection of its own, dialled with its own query"
            assert first["conversation_id"] != second["conversation_id"]
            left.send("guide", "/slow 200")
            right.hears_nothing_but("guide", "mine")
            assert left.receive()["message"] == "guide: /slow 200"


def test_clients_without_any_token_share_nothing_and_leave_nothing(proxy, legacy):
    with proxy.connect(query="mark=without-a-token") as client:
        client.ask("guide", "hello")

    def all_closed():
        connections = legacy.seen("anonymous")["connections"]
        return not any(each["open"] for each in connections if "without-a-token" in each["query"])

    until(all_closed, "the connection of a client without a token ends with it")


PLACES = {"session": {"token": ["query:session_token", "header:authorization", "cookie:session"]}}


class TestWhereTheTokenIs:
    @pytest.fixture
    def proxy(self, start_proxy):
        return start_proxy(PLACES)

    def seen_by_backend(self, proxy, *arguments, **options) -> str:
        with proxy.connect(*arguments, **options) as client:
            return client.ask("content", "/whoami")["whoami"]["token"]

    def test_in_a_header_it_reaches_a_backend_that_reads_the_query(self, proxy):
        token = new_token()
        assert self.seen_by_backend(proxy, headers={"Authorization": f"Bearer {token}"}) == token

    def test_in_a_cookie_too(self, proxy):
        token = new_token()
        assert self.seen_by_backend(proxy, headers={"Cookie": f"theme=dark; session={token}"}) == token

    def test_in_header_and_query_alike_is_one_session(self, proxy, legacy):
        token = new_token()
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            assert self.seen_by_backend(proxy, token, headers=headers) == token
        assert legacy.seen(token)["dialled"] == 1

    def test_percent_encoding_does_not_matter(self, proxy, legacy):
        token = remember(new_token() + " é+/&=%")
        for text in (urllib.parse.quote(token, safe=""), "".join(f"%{byte:02X}" for byte in token.encode())):
            assert self.seen_by_backend(proxy, query="session_token=" + text) == token
        assert legacy.seen(token)["dialled"] == 1

    def test_given_twice_it_is_refused(self, proxy):
        with RawSocket(proxy.port) as raw:
            raw.send(request("/api/ws/agent?session_token=one&session_token=two"))
            status, code = raw.refusal()
            assert (status, code) == (400, "token_ambiguous")

    def test_two_sources_that_disagree_are_refused_and_said(self, proxy):
        query, other = new_token(), new_token()
        for _ in range(3):
            with RawSocket(proxy.port) as raw:
                raw.send(request(f"/api/ws/agent?session_token={query}", authorization=f"Bearer {other}"))
                status, headers, body = raw.response()
                error = problem(headers, body)
                assert (status, error["code"]) == (400, "token_ambiguous")
                for told in ("query:session_token", "header:authorization", "session: {token: [query:session_token"):
                    assert told in error["message"]
                assert query not in error["message"] and other not in error["message"]
        warnings = [line for line in proxy.log.splitlines() if "token_ambiguous" in line]
        assert len(warnings) == 1, "once a minute, whichever worker it was"
        assert "warning" in warnings[0]
        assert "header:authorization" in warnings[0]


def test_a_token_from_many_places_is_a_warning(start_proxy):
    proxy = start_proxy({"listen": {"trusted_proxies": ["127.0.0.1"]}})
    shared, own = new_token("shared"), new_token("own")
    for number in range(8):
        far = {"X-Forwarded-For": f"203.0.113.{number}:4711", "User-Agent": f"agent/{number}"}
        with proxy.connect(shared, headers=far), proxy.connect(own, headers=far | {"User-Agent": "one"}):
            pass
    lines = [line for line in proxy.log.splitlines() if "one session token comes from many addresses" in line]
    assert len(lines) == 1, "and only once"
    assert "warning" in lines[0] and "session=" in lines[0]


def test_by_default_other_tokens_are_somebody_elses(proxy, legacy):
    token = new_token()
    headers = {"Authorization": f"Bearer {new_token()}", "Cookie": f"session={new_token()}"}
    with proxy.connect(token, headers=headers) as client:
        whoami = client.ask("content", "/whoami")["whoami"]
    assert whoami["token"] == token
    fields = {name: value for name, value in whoami["headers"]}
    assert fields["authorization"] == headers["Authorization"], "they reach the backend as they are"
    assert fields["cookie"] == headers["Cookie"]


def test_a_backend_learns_what_the_client_said_at_its_handshake(proxy):
    token = new_token()
    query = f"a=1&b=%20x+y&session_token={token}&empty=&b=2"
    headers = {"Cookie": "theme=dark", "X-Forwarded-For": "203.0.113.9", "X-Custom": "kept"}
    with proxy.connect(query=query, headers=headers, origin=f"http://127.0.0.1:{proxy.port}") as client:
        seen = client.ask("insights", "/whoami")["whoami"]
    assert seen["path"] == "/api/ws/liaison/insights"
    assert seen["query"] == query, "byte for byte"
    fields = {name: value for name, value in seen["headers"]}
    assert fields["origin"] == f"http://127.0.0.1:{proxy.port}"
    assert fields["cookie"] == "theme=dark"
    assert fields["x-custom"] == "kept"
    assert fields["x-forwarded-for"].split(",")[-1].strip() == "127.0.0.1"
    assert fields["x-forwarded-proto"] == "http"
    assert len([name for name, _ in seen["headers"] if name == "host"]) == 1


def test_connections_outlive_a_reconnect(proxy, legacy):
    token = new_token()
    for number in range(5):
        with proxy.connect(token) as client:
            client.hears_nothing_but("guide", f"{number}")
    assert legacy.seen(token)["dialled"] == 1


def test_connections_end_when_the_session_lingers_no_more(start_proxy, legacy):
    token = new_token()
    with start_proxy({"session": {"linger": "300ms"}}).connect(token) as client:
        client.ask("guide", "a")
        client.ask("content", "b")
    until(lambda: legacy.open_connections(token) == 0, "both connections are closed")


class TestLateReplies:
    def test_are_delivered_to_the_session_s_next_socket_first_and_in_order(self, proxy, legacy):
        token = new_token()
        client = proxy.connect(token)
        gate = legacy.gate()
        client.send("guide", gate.text)
        for number in range(3):
            client.send("guide", f"behind {number}", conversation_id=f"{number}")
        until(lambda: legacy.open_connections(token) == 1, "the message is on its way")
        client.close()
        gate.open()

        def answered():
            return legacy.seen(token)["connections"][0]["messages"] == 4

        until(answered, "queued messages outlive their socket")
        with proxy.connect(token) as again:
            again.send("content", "new")
            heard = [again.receive()["message"] for _ in range(5)]
        late = [text for text in heard if text.startswith("guide")]
        assert late == [f"guide: {gate.text}", "guide: behind 0", "guide: behind 1", "guide: behind 2"]
        assert "content: new" in heard

    def test_come_while_the_next_socket_is_already_there(self, proxy, legacy):
        token = new_token()
        with proxy.connect(token) as client:
            gate = legacy.gate()
            client.send("guide", gate.text)
            gate.reached()
        with proxy.connect(token) as again:
            gate.open()
            assert again.receive()["message"] == f"guide: {gate.text}"

    def test_are_not_for_another_session(self, proxy, legacy):
        token = new_token()
        with proxy.connect(token) as client:
            gate = legacy.gate()
            client.send("guide", gate.text)
            gate.reached()
        with proxy.connect(new_token()) as other:
            gate.open()
            other.hears_nothing_but("guide", "/slow 600")
        with proxy.connect(token) as again:
            assert again.receive()["message"] == f"guide: {gate.text}"

    def test_of_the_old_hook_that_drops_its_socket_after_every_send_all_arrive(self, proxy, legacy):
        token = new_token()
        heard = []
        agents = itertools.cycle(AGENTS)
        gate = legacy.gate()
        for number in range(5):
            with proxy.connect(token) as client:
                client.send(next(agents), f"{gate.text} {number}")
        gate.open()
        with proxy.connect(token) as client:
            while len(heard) < 5:
                heard.append(client.receive()["message"])
        assert sorted(text.split(" ")[-1] for text in heard) == ["0", "1", "2", "3", "4"]

    def test_are_kept_within_bounds(self, start_proxy, legacy):
        token = new_token()
        proxy = start_proxy({"session": {"parked_replies": {"count": 2, "bytes": "1MiB", "for": "1m"}}})
        with proxy.connect(token) as client:
            client.send("guide", "/slow 300")
            for number in range(4):
                client.send("guide", f"{number}")
            client.ask("content", "x")

        def done():
            return sum(each["messages"] for each in legacy.seen(token)["connections"]) == 6

        until(done, "all messages reached the backend")
        with proxy.connect(token) as again:
            again.send("content", "the end")
            heard = []
            while not heard or heard[-1] != "content: the end":
                heard.append(again.receive()["message"])
        assert len(heard) <= 3, "at most two of them were parked"
