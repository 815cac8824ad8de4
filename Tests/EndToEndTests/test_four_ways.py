"""The same conversations over all four ways: clients of the unified endpoint and of the legacy ones, each served by the
legacy backends and by the unified one. What differs between the ways is said in the test."""

import itertools
import json

import pytest

from backends.commands import EXOTIC
from harness import AGENTS, LEGACY_PATHS, MIGRATION, Client, Proxy, configuration, merged, new_token

RESTORED = {"type": "conversation_restored", "messages": [], "message_count": 0}


@pytest.fixture(scope="module")
def proxies(backends, tmp_path_factory):
    """One proxy for each serving side."""
    running = {}
    for side in ("legacy", "unified"):
        greet = {"liaison/{pillar}": {"greet": {"send": RESTORED}}} if side == "unified" else {}
        routes = merged({"guide": {"served_by": side}, "liaison/{pillar}": {"served_by": side}}, greet)
        changes = merged(MIGRATION, {"routes": routes})
        settings = configuration(backends.legacy.port, backends.unified.port, changes)
        running[side] = Proxy(tmp_path_factory.mktemp(side), settings).start()
    yield running
    for proxy in running.values():
        proxy.stop()


class Way:
    """How a client reaches the agents, and who serves it."""

    def __init__(self, proxy: Proxy, backend, client: str, side: str):
        self.proxy, self.backend, self.client, self.side = proxy, backend, client, side
        self.passthrough = client == "old" and side == "legacy"
        self.collapse = client == "old" and side == "unified"

    def connect(self, agent: str, token: str | None) -> Client:
        client = self.proxy.connect(token, path=LEGACY_PATHS[agent] if self.client == "old" else "/api/ws/agent")
        if self.collapse and agent != "guide":
            assert client.receive() == RESTORED, "what greet says, before anything else"
        return client

    def send(self, client: Client, agent: str, text: str, **members):
        tags = AGENTS[agent] if self.client == "new" else {}
        client.send_text(json.dumps(tags | {"message": text} | members))

    def answer(self, agent: str, text: str) -> str:
        """What the serving side says to a text."""
        return f"unified {agent}: {text}" if self.side == "unified" else f"{agent}: {text}"

    def holds_shape(self, reply: dict, agent: str):
        assert reply["agent_type"] == AGENTS[agent]["agent_type"], reply
        assert reply.get("pillar") == AGENTS[agent].get("pillar"), reply
        if self.client == "new":
            assert reply["type"] == "message"
            assert reply["conversation_id"]
            assert "session_token" not in reply
            assert "success" not in reply and "agent" not in reply
        elif agent == "guide":
            assert reply["type"] == "response"
            assert reply["response"] == reply["message"]
        else:
            assert reply["type"] == "chat_response"


@pytest.fixture(params=itertools.product(("new", "old"), ("legacy", "unified")), ids="-".join)
def way(request, proxies, backends):
    client, side = request.param
    yield Way(proxies[side], getattr(backends, side), client, side)
    proxies[side].assert_running()


@pytest.mark.parametrize("agent", AGENTS)
def test_numbered_messages_are_answered_in_order_and_shape(way, agent):
    with way.connect(agent, new_token()) as client:
        for number in range(20):
            way.send(client, agent, f"number {number}")
        for number in range(20):
            reply = client.receive()
            assert reply["message"] == way.answer(agent, f"number {number}")
            way.holds_shape(reply, agent)


def test_five_agents_of_two_sessions_at_once_are_never_mixed_up(way):
    tokens = [new_token("one"), new_token("two")]
    sockets = {(token, agent): way.connect(agent, token) for token in tokens for agent in AGENTS}
    for turn in range(3):
        for (token, agent), client in sockets.items():
            way.send(client, agent, f"turn {turn} of {token[-3:]}")
        for (token, agent), client in sockets.items():
            reply = client.receive()
            assert reply["message"] == way.answer(agent, f"turn {turn} of {token[-3:]}")
            way.holds_shape(reply, agent)
    for client in sockets.values():
        client.close()
    for token in tokens:
        other = tokens[1 - tokens.index(token)][-3:]
        received = [text for connection in way.backend.texts(token) for text in connection["texts"]]
        assert len(received) == 15, "each message once, with its own token"
        assert not [text for text in received if f"of {other}" in text]


def test_an_error_of_the_agent_costs_one_exchange(way):
    for agent in ("guide", "content"):
        with way.connect(agent, new_token()) as client:
            way.send(client, agent, "/fail")
            error = client.receive()
            assert error["type"] == "error"
            assert error["agent_type"] == AGENTS[agent]["agent_type"]
            way.send(client, agent, "on we go")
            assert client.receive()["message"] == way.answer(agent, "on we go")


def test_a_message_without_words_is_refused_by_the_backend_itself(way):
    with way.connect("operations", new_token()) as client:
        way.send(client, "operations", "")
        error = client.receive()
        assert (error["type"], error["message"]) == ("error", "Message is required")
        way.send(client, "operations", "words")
        assert client.receive()["message"] == way.answer("operations", "words")


@pytest.mark.parametrize("agent", ["guide", "insights"])
def test_a_megabyte_passes_both_ways(way, agent):
    with way.connect(agent, new_token()) as client:
        text = "ü" * (1 << 19) + "x"
        way.send(client, agent, text)
        assert client.receive()["message"] == way.answer(agent, text)
        way.send(client, agent, f"/big {1 << 20}")
        reply = client.receive()
        assert reply["message"] == way.answer(agent, f"/big {1 << 20}" + "x" * (1 << 20))
        way.holds_shape(reply, agent)


def test_members_that_no_rule_names_keep_their_bytes(way):
    with way.connect("operations", new_token()) as client:
        tags = json.dumps(AGENTS["operations"])[1:-1] + "," if way.client == "new" else ""
        client.send_text("{" + tags + '"message":"/raw","metadata":' + EXOTIC + "}")
        assert '"metadata":' + EXOTIC in client.receive()["received"]
        way.send(client, "operations", "/exotic")
        assert '"exotic":' + EXOTIC in client.receive_text()


def test_a_zombie_is_left(way):
    token = new_token()
    with way.connect("guide", token) as client:
        way.send(client, "guide", "alive")
        client.receive()
        way.send(client, "guide", "/crash")
        error = client.receive()
        assert error["type"] == "error"
        assert error["message"].startswith("Internal error:")
        if not way.passthrough:
            way.send(client, "guide", "again")
            assert client.receive()["message"] == way.answer("guide", "again")
            return
    # A socket that is passed through is the backend's own; the client's next one is answered.
    with way.connect("guide", token) as client:
        way.send(client, "guide", "again")
        assert client.receive()["message"] == way.answer("guide", "again")


def test_the_token_reaches_the_backend_as_it_was_given(way):
    for token in (new_token("with space+plus&amp;%"), None):
        with way.connect("guide", token) as client:
            way.send(client, "guide", "/whoami")
            assert client.receive()["whoami"]["token"] == (token or "anonymous")


def test_history_that_the_backend_pushes_greet_arrives_first(proxies, legacy):
    token, path = new_token(), LEGACY_PATHS["business_outcomes"]
    with proxies["legacy"].connect(token, path=path) as client:
        client.send_text('{"message":"remember"}')
        assert client.receive()["message"] == "business_outcomes: remember"
    with proxies["legacy"].connect(token, path=path) as client:
        restored = client.receive()
        assert restored["type"] == "conversation_restored"
        assert restored["messages"][0]["content"] == "remember"
    # A client of the unified endpoint has it too, since the route forwards it.
    with proxies["legacy"].connect(token) as client:
        client.send("business_outcomes", "again")
        assert client.receive()["type"] == "conversation_restored"
        assert client.receive()["message"] == "business_outcomes: again"


def test_sockets_of_a_session_share_what_their_way_shares(way):
    token = new_token()
    sockets = [way.connect("guide", token) for _ in range(3)] + [way.connect("content", token) for _ in range(2)]
    for number, client in enumerate(sockets):
        agent = "guide" if number < 3 else "content"
        way.send(client, agent, f"socket {number}")
        assert client.receive()["message"] == way.answer(agent, f"socket {number}")
    seen = way.backend.seen(token)
    expected = 5 if way.passthrough else 1 if way.side == "unified" else 2
    assert seen["dialled"] == expected
    for client in sockets:
        client.close()
