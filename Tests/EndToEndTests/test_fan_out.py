"""One socket, five agents: messages of the unified endpoint fanned out to the legacy backends."""

import json

import pytest

from backends.commands import EXOTIC
from harness import AGENTS, new_token, until


def test_five_agents_answer_over_one_socket_with_their_tags(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        for turn in range(3):
            for agent, tags in AGENTS.items():
                reply = client.ask(agent, f"turn {turn}")
                assert reply["message"] == f"{agent}: turn {turn}"
                assert reply["type"] == "message"
                assert reply["agent_type"] == tags["agent_type"]
                assert reply.get("pillar") == tags.get("pillar")
                assert reply["conversation_id"]
    seen = legacy.seen(token)
    assert seen["dialled"] == 5, "each agent is dialled once, however often the client switches"
    assert all(connection["messages"] == 3 for connection in seen["connections"])


def test_replies_are_brought_to_the_unified_form(proxy):
    with proxy.connect(new_token()) as client:
        guide = client.ask("guide", "hello")
        assert "response" not in guide
        assert guide["intent"] == "general_inquiry"
        assert guide["suggested_routes"] == ["/pillars/content"]
        liaison = client.ask("content", "hello")
        assert "session_token" not in liaison, "the legacy backend echoes the token; it goes no further"
        assert liaison["session_id"] == "session_of_content"
        assert liaison["intent"] == {"intent": "general", "confidence": 0.9}
        assert liaison["orchestrator_response"] is None


def test_the_extension_that_a_client_offers_is_not_negotiated(proxy):
    with proxy.connect(new_token()) as client:
        assert "permessage-deflate" in client.socket.request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in client.socket.response.headers
        assert "Sec-WebSocket-Protocol" not in client.socket.response.headers
        client.hears_nothing_but("guide", "hello")


def test_no_extension_is_offered_to_a_backend(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.ask("guide", "hello")
    headers = dict(legacy.seen(token)["connections"][0]["headers"])
    assert "sec-websocket-extensions" not in headers


def test_a_message_without_agent_type_goes_to_the_default_route(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"message":"whoever"}')
        reply = client.receive()
        assert reply["message"] == "guide: whoever"
        assert reply["agent_type"] == "guide"


def test_the_alias_that_old_clients_build_wrongly_works(proxy):
    with proxy.connect(new_token(), path="/api/ws/agent/api/ws/agent") as client:
        client.hears_nothing_but("insights", "hello")


def test_agent_type_decides_over_a_stale_pillar(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"agent_type":"guide","pillar":"content","message":"switched"}')
        reply = client.receive()
        assert reply["message"] == "guide: switched"
        assert reply.get("pillar") is None


def test_the_address_is_stripped_and_nothing_else(proxy):
    token = new_token()
    with proxy.connect(token) as client:
        client.send_text(
            '{"agent_type":"liaison","pillar":"content","id":"7","message":"/raw","metadata":' + EXOTIC + "}"
        )
        received = client.receive()["received"]
        members = json.loads(received)
        assert members["message"] == "/raw"
        assert members["id"] == "7"
        assert "agent_type" not in members
        assert "pillar" not in members
        assert '"metadata":' + EXOTIC in received, "members that no rule names keep their bytes"


def test_members_of_a_reply_that_no_rule_names_keep_their_bytes(proxy):
    with proxy.connect(new_token()) as client:
        client.send("operations", "/exotic")
        assert '"exotic":' + EXOTIC in client.receive_text()


def test_a_client_cannot_choose_an_identity_in_a_message(proxy):
    token = new_token()
    with proxy.connect(token) as client:
        client.send("content", "/raw", session_token="somebody-else", userId="somebody-else")
        reply = client.receive()
        assert "session_token" not in json.loads(reply["received"])
        client.send("content", "/whoami", session_token="somebody-else")
        assert client.receive()["whoami"]["token"] == token


class TestConversationIDs:
    def test_the_client_s_own_is_echoed(self, proxy):
        with proxy.connect(new_token()) as client:
            assert client.ask("guide", "a", conversation_id="mine")["conversation_id"] == "mine"
            # After a switch the old hook sends the previous agent's id: it is still the client's word.
            assert client.ask("content", "b", conversation_id="mine")["conversation_id"] == "mine"

    @pytest.mark.parametrize("text", ["ünïcode \\u00e9 \\ud83d\\ude00", 'quote \\" slash \\\\ \\/'])
    def test_any_string_is_echoed_as_it_was_meant(self, proxy, text):
        with proxy.connect(new_token()) as client:
            client.send_text('{"agent_type":"guide","message":"a","conversation_id":"' + text + '"}')
            assert client.receive()["conversation_id"] == json.loads('"' + text + '"')

    def test_without_one_it_is_stable_for_session_and_route(self, proxy):
        token = new_token()
        with proxy.connect(token) as client:
            guide = client.ask("guide", "a")["conversation_id"]
            content = client.ask("content", "a")["conversation_id"]
            assert client.ask("guide", "b")["conversation_id"] == guide
        with proxy.connect(token) as later:
            assert later.ask("guide", "c")["conversation_id"] == guide
            assert later.ask("content", "c")["conversation_id"] == content
        with proxy.connect(new_token()) as other:
            assert other.ask("guide", "d")["conversation_id"] != guide
        assert guide.startswith("guide_")
        assert content.startswith("liaison_content_")
        assert guide.removeprefix("guide_") == content.removeprefix("liaison_content_"), "the session's own part"
        assert token not in guide and token not in content

    def test_the_template_is_the_configuration_s(self, start_proxy):
        template = {"conversation": {"field": "conversation_id", "template": "c-{session}-{agent_type}"}}
        with start_proxy({"unified": template}).connect(new_token()) as client:
            first = client.ask("guide", "a")["conversation_id"]
            assert first.startswith("c-") and first.endswith("-guide")


def test_an_error_of_the_agent_is_a_reply_like_any_other(proxy):
    with proxy.connect(new_token()) as client:
        reply = client.ask("content", "/fail", conversation_id="x")
        assert reply["type"] == "error"
        assert reply["error"] == "the agent failed"
        assert reply["pillar"] == "content"
        assert reply["conversation_id"] == "x"
        assert "session_token" not in reply
        client.hears_nothing_but("content", "on we go")


def test_a_message_that_the_backend_does_not_like_is_answered_by_the_backend(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"agent_type":"guide","text":"no message member"}')
        assert client.receive()["message"] == "Message is required"
        client.hears_nothing_but("guide", "on we go")


def test_a_slow_agent_does_not_delay_another(proxy, legacy):
    with proxy.connect(new_token()) as client:
        gate = legacy.gate()
        client.send("guide", gate.text)
        client.send("content", "fast")
        assert client.receive()["agent_type"] == "liaison"
        gate.open()
        assert client.receive()["agent_type"] == "guide"


def test_order_is_kept_on_a_route(proxy):
    with proxy.connect(new_token()) as client:
        for number in range(50):
            client.send("insights", f"number {number}")
        assert [client.receive()["message"] for _ in range(50)] == [f"insights: number {n}" for n in range(50)]


def test_pushes_that_no_rule_lists_are_dropped(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.ask("content", "leaves history behind")
        client.ask("content", "/close 4010")
        until(lambda: legacy.open_connections(token) == 0, "the backend closed")
        # The next connection is greeted with conversation_restored, which is not the reply.
        client.hears_nothing_but("content", "after the push")


def test_pushes_that_a_rule_lists_reach_the_client(start_proxy, odd_backend):
    backend = odd_backend("chatty", pushes=2)
    changes = {"routes": {"guide": {"legacy": {"pushes": {"welcome": "forward"}}}}}
    with start_proxy(changes, legacy=backend.port).connect(new_token()) as client:
        client.send("guide", "hello")
        first, second, reply = client.receive(), client.receive(), client.receive()
        assert [first["data"]["number"], second["data"]["number"]] == [0, 1]
        assert first["agent_type"] == "guide", "a push is tagged like a reply"
        assert reply["message"] == "guide: hello"


def test_heartbeats_of_clients_are_absorbed(proxy, legacy):
    token = new_token()
    with proxy.connect(token) as client:
        client.hears_nothing_but("guide", "first")
        for kind in ("heartbeat", "ping", "pong"):
            client.send_text('{"type":"' + kind + '","data":{},"timestamp":1,"id":"1"}')
        client.hears_nothing_but("guide", "second")
    assert sum(connection["messages"] for connection in legacy.seen(token)["connections"]) == 2


def test_control_pings_of_a_client_are_answered(proxy):
    with proxy.connect(new_token()) as client:
        client.send("guide", "/slow 300")
        assert client.socket.ping(b"are you there").wait(5), "a pong comes whatever the agent does"
        assert client.receive()["message"] == "guide: /slow 300"


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536, 1 << 20, 2 << 20, 7 << 20])
def test_messages_and_replies_of_any_size_pass(proxy, size):
    with proxy.connect(new_token()) as client:
        text = "y" * size
        assert client.ask("guide", text)["message"] == "guide: " + text
