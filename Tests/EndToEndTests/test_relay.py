"""Messages of the unified endpoint carried to the unified backend."""

import asyncio
import json

from harness import AGENTS, UnifiedBackend, address, is_error, new_token, until


def test_five_agents_over_one_connection_to_the_unified_backend(relay, unified, legacy):
    token = new_token()
    with relay.connect(token) as client:
        for agent, tags in AGENTS.items():
            reply = client.ask(agent, "hello")
            assert reply["message"] == f"unified {agent}: hello"
            assert reply["type"] == "message"
            assert reply["agent_type"] == tags["agent_type"]
            assert reply.get("pillar") == tags.get("pillar")
            assert "success" not in reply and "agent" not in reply
    seen = unified.seen(token)
    assert seen["dialled"] == 1
    assert seen["connections"][0]["messages"] == 5
    assert legacy.seen(token)["dialled"] == 0


def test_the_message_goes_on_as_it_is_but_for_its_conversation(relay):
    with relay.connect(new_token()) as client:
        client.send_text(
            '{"agent_type":"liaison","pillar":"content","message":"/raw","n":1.10,"conversation_id":"mine"}'
        )
        reply = client.receive()
        assert reply["received"] == (
            '{"agent_type":"liaison","pillar":"content","message":"/raw","n":1.10,"conversation_id":"mine"}'
        )
        assert reply["conversation_id"] == "mine"


def test_a_conversation_id_is_added_where_there_is_none_and_stays(relay):
    with relay.connect(new_token()) as client:
        first = client.ask("content", "/raw")
        second = client.ask("content", "/raw")
        assert first["conversation_id"] == second["conversation_id"]
        assert first["conversation_id"].startswith("liaison_content_")
        assert json.loads(first["received"])["conversation_id"] == first["conversation_id"]


def test_the_greeting_of_the_newer_version_goes_no_further(relay):
    with relay.connect(new_token()) as client:
        client.hears_nothing_but("guide", "the first thing that is heard is the reply")


def test_heartbeats_of_the_unified_backend_are_answered_for_the_client(start_proxy):
    backend = UnifiedBackend("--heartbeat", "0.2")
    try:
        backend.ready()
        url = {"url": f"ws://127.0.0.1:{backend.port}/api/ws/agent"}
        proxy = start_proxy({"unified": {"upstream": url}, "routes": {"guide": {"served_by": "unified"}}})
        token = new_token()
        with proxy.connect(token) as client:
            client.hears_nothing_but("guide", "hello")
            until(lambda: backend.seen(token)["connections"][0]["messages"] >= 4, "pongs arrive at the backend")
            client.hears_nothing_but("guide", "no heartbeat was forwarded")
    finally:
        backend.stop()


def test_two_tabs_share_a_connection_and_never_a_reply(relay, unified):
    token = new_token()

    async def tab(name: str):
        async with relay.dial(token) as socket:
            for number in range(20):
                for agent in AGENTS:
                    await socket.send(address(agent, f"{name}-{number}", conversation_id=f"{name}/{agent}/{number}"))
                    reply = json.loads(await asyncio.wait_for(socket.recv(), 20))
                    assert reply["message"] == f"unified {agent}: {name}-{number}"
                    assert reply["conversation_id"] == f"{name}/{agent}/{number}"

    async def both():
        await asyncio.gather(tab("left"), tab("right"))

    asyncio.run(both())
    assert unified.seen(token)["dialled"] == 1


def test_many_tabs_stay_below_the_backend_s_limit_of_sockets(relay, unified):
    token = new_token()
    tabs = [relay.connect(token) for _ in range(12)]
    for number, tab in enumerate(tabs):
        tab.hears_nothing_but("insights", f"tab {number}")
    for tab in tabs:
        tab.close()
    assert unified.seen(token)["most_open"] == 1


def test_the_pace_keeps_a_session_below_the_backend_s_rate(start_proxy):
    backend = UnifiedBackend()
    try:
        backend.ready()
        url = {"url": f"ws://127.0.0.1:{backend.port}/api/ws/agent"}
        proxy = start_proxy({"unified": {"upstream": url}, "routes": {"guide": {"served_by": "unified"}}})
        token = new_token()
        with proxy.connect(token) as client:
            for number in range(25):
                client.send("guide", f"{number}")
            assert [client.receive()["message"] for _ in range(25)] == [f"unified guide: {n}" for n in range(25)]
        connections = backend.seen(token)["connections"]
        assert [connection["close_code"] for connection in connections] in ([None], [1000], [1001]), "never 4029"
    finally:
        backend.stop()


def test_one_socket_is_served_by_both_sides_at_once(start_proxy, legacy, unified):
    changes = {"routes": {"liaison/{pillar}": {"only": {"content": {"served_by": "unified"}}}}}
    token = new_token()
    with start_proxy(changes).connect(token) as client:
        for number in range(5):
            assert client.ask("guide", f"{number}")["message"] == f"guide: {number}"
            assert client.ask("content", f"{number}")["message"] == f"unified content: {number}"
            assert client.ask("insights", f"{number}")["message"] == f"insights: {number}"
    assert legacy.seen(token)["dialled"] == 2
    assert unified.seen(token)["dialled"] == 1


def test_errors_of_the_unified_backend_are_replies(relay):
    with relay.connect(new_token()) as client:
        reply = client.ask("content", "/fail", conversation_id="c")
        assert reply["type"] == "error"
        assert reply["message"] == "Failed to process message: /fail"
        assert (reply["pillar"], reply["conversation_id"]) == ("content", "c")
        client.hears_nothing_but("guide", "on we go")


def test_a_zombie_of_the_unified_backend_costs_one_error(relay, unified):
    token = new_token()
    with relay.connect(token) as client:
        client.send("guide", "/crash")
        for number in range(10):
            client.send("content", f"{number}", conversation_id=f"{number}")
        heard = [client.receive() for _ in range(11)]
        errors = [reply for reply in heard if reply["type"] == "error"]
        assert len(errors) == 1 and errors[0]["message"].startswith("Internal error:")
        assert sorted(reply["message"] for reply in heard if reply["type"] == "message") == [
            f"unified content: {number}" for number in range(10)
        ]
    assert unified.seen(token)["dialled"] == 2


def test_late_replies_are_parked_there_too(relay, unified):
    token = new_token()
    with relay.connect(token) as client:
        gate = unified.gate()
        client.send("guide", gate.text)
        client.send_text("{")
        assert is_error(client.receive(), "bad_json", sent=False)
    gate.open()
    with relay.connect(token) as again:
        assert again.receive()["message"] == f"unified guide: {gate.text}"


def test_an_error_of_addressing_never_reaches_the_unified_backend(relay, unified):
    token = new_token()
    with relay.connect(token) as client:
        client.send_text('{"agent_type":"wizard","message":"x"}')
        assert is_error(client.receive(), "unknown_agent", sent=False)
        client.send_text('{"agent_type":"liaison","message":"x"}')
        assert is_error(client.receive(), "pillar_required", sent=False)
        client.send_text('{"agent_type":"liaison","pillar":"x","message":"x"}')
        assert is_error(client.receive(), "unknown_pillar", sent=False)
    assert unified.seen(token)["dialled"] == 0
