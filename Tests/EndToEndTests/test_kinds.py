"""Products whose messages are told apart by something else than `type`: no change of their backends is needed."""

import contextlib
import json
import threading

import pytest
from websockets.sync.server import serve

from harness import new_token
from harness.fixtures import proxies
from harness.processes import free_port


@contextlib.contextmanager
def backend(handle):
    """A backend that gives each socket to `handle`; yields its port."""
    port = free_port()
    server = serve(handle, "127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        thread.join(10)


def json_rpc(socket):
    """Answers requests in pairs, the second first, with a notification before each answer."""
    waiting = []
    for text in socket:
        waiting.append(json.loads(text))
        if len(waiting) < 2:
            continue
        for request in reversed(waiting):
            socket.send(json.dumps({"jsonrpc": "2.0", "method": "log", "params": "unseen"}))
            socket.send(json.dumps({"jsonrpc": "2.0", "method": "progress", "params": request["params"]}))
            if request["method"] == "fail":
                answer = {"error": {"code": -32601, "message": "no such method"}}
            else:
                answer = {"result": request["params"]}
            # As a library would that reads numbers as floating point.
            identifier = float(request["id"]) if isinstance(request["id"], int) else request["id"]
            socket.send(json.dumps({"jsonrpc": "2.0", "id": identifier, **answer}))
        waiting.clear()


def gateway(socket):
    """Knows no wrapper and no address, streams events of one type, and repeats what it was sent last."""
    for text in socket:
        request = json.loads(text)
        for state in ["started", "token", "completed"]:
            event = {"kind": "agent_event", "event": {"state": state}, "got": request}
            socket.send(json.dumps(event | {"conversation": request["conversation"]}))


def test_json_rpc_is_told_by_the_members_that_are_there(start_proxy):
    upstream = {
        "replies": {"by": {"reply": ["result", "error"], "push": ["method"]}},
        "correlation": {"field": "id", "unique": True},
        "exchange": {"in_flight": 8, "timeout": "20s"},
        "pushes": {"progress": "forward"},
    }
    with backend(json_rpc) as port:
        changes = {"upstream_defaults": {"replies": upstream["replies"]}, "routes": {"guide": {"legacy": {}}}}
        changes["routes"]["guide"]["legacy"]["upstream"] = upstream | {"url": f"ws://127.0.0.1:{port}/"}
        with start_proxy(changes).connect(new_token()) as client:
            client.send_text('{"jsonrpc":"2.0","id":1,"method":"ask","params":"a"}')
            client.send_text('{"jsonrpc":"2.0","id":"1","method":"fail","params":"b"}')
            heard = [client.receive() for _ in range(4)]
            assert [reply.get("params") for reply in heard] == ["b", None, "a", None]
            assert heard[1]["error"]["message"] == "no such method"
            assert heard[1]["id"] == "1"
            assert heard[3]["result"] == "a"
            assert all(reply["agent_type"] == "guide" for reply in heard)
            client.send_text('{"jsonrpc":"2.0","id":3,"method":"ask","agent_type":"wizard"}')
            refused = client.receive()
            assert refused["error"]["code"] == refused["code"] == "unknown_agent"
            assert "type" not in refused
            client.send_text('{"jsonrpc":"2.0","id":"\\ud800","method":"ask"}')
            assert client.receive()["code"] == "bad_member"


@pytest.mark.parametrize("spelling", ['"café"', '"caf\\u00e9"', "17"])
def test_a_gateway_s_messages_come_out_of_their_wrapper(tmp_path, spelling):
    with backend(gateway) as port, proxies(tmp_path) as start:
        settings = {
            "listen": {"clients": "", "workers": 1},
            "unified": {
                "route_by": ["channel"],
                "conversation": {"field": "payload.conversation", "reply_field": "conversation"},
            },
            "upstream_defaults": {"replies": {"by": "kind", "match": ["agent_event"]}},
            "routes": {
                "guide": {
                    "match": {"channel": "pillar:guide"},
                    "legacy": {
                        "upstream": {
                            "url": f"ws://127.0.0.1:{port}/",
                            "request": {"unwrap": "payload"},
                            "correlation": {"field": "payload.conversation", "reply_field": "conversation"},
                            "replies": {"until": {"event.state": ["completed", "failed"]}},
                        }
                    },
                },
            },
        }
        with start(settings).connect(new_token()) as client:
            client.send_text(
                '{"channel":"pillar:guide","conversation":"beside","intent":"i",'
                f'"payload":{{"message":"m","conversation":{spelling},"session_token":"x"}}}}'
            )
            events = [client.receive() for _ in range(3)]
            assert [event["event"]["state"] for event in events] == ["started", "token", "completed"]
            assert events[0]["got"] == {"intent": "i", "message": "m", "conversation": json.loads(spelling)}
            assert all(event["conversation"] == json.loads(spelling) for event in events)
            client.send_text('{"channel":"pillar:wizard","payload":{}}')
            refused = client.receive()
            assert (refused["kind"], refused["code"]) == ("error", "unknown_agent")


def agents(socket):
    """One backend for all agents, each called by the name in `meta`; it says what it was sent."""
    for text in socket:
        socket.send(json.dumps({"type": "response", "message": text, "meta": {"took": 1}}))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"message": "m"}, {"message": "m", "meta": {"agent": "guide"}}),
        ({"meta": {"agent": "admin", "x": 1}}, {"meta": {"agent": "guide", "x": 1}}),
    ],
)
def test_an_old_endpoint_is_its_own_agent_s_where_the_address_is_in_an_object(tmp_path, said, told):
    with backend(agents) as port, proxies(tmp_path) as start:
        legacy = {"upstream": {"url": f"ws://127.0.0.1:{port}/"}}
        settings = {
            "listen": {"clients": "", "workers": 1},
            "unified": {"route_by": ["meta.agent"], "upstream": {"url": f"ws://127.0.0.1:{port}/"}},
            "routes": {
                name: {
                    "match": {"meta.agent": name},
                    "served_by": "unified",
                    "legacy": legacy | {"path": f"/api/ws/{name}"},
                }
                for name in ["guide", "admin"]
            },
        }
        with start(settings).connect(new_token(), path="/api/ws/guide") as client:
            client.send_text(json.dumps(said))
            reply = client.receive()
            assert json.loads(reply["message"]) == told
            assert reply["meta"] == {"agent": "guide", "took": 1}


@pytest.mark.parametrize(
    ("route_by", "said"),
    [
        ("agent", {"agent": "guide", "payload": {"agent": "admin"}}),
        ("agent", {"payload": {"agent": "admin"}}),
        ("payload.agent", {"agent": "admin", "payload": {"agent": "guide"}}),
        ("payload.agent", {"agent": "admin"}),
    ],
)
def test_a_message_out_of_its_wrapper_names_the_agent_that_it_was_routed_to(tmp_path, route_by, said):
    with backend(agents) as port, proxies(tmp_path) as start:
        upstream = {"url": f"ws://127.0.0.1:{port}/"}
        settings = {
            "listen": {"clients": "", "workers": 1},
            "unified": {
                "route_by": [route_by],
                "default_route": "guide",
                "upstream": upstream | {"request": {"unwrap": "payload"}},
            },
            "routes": {
                name: {"match": {route_by: name}, "served_by": "unified", "legacy": {"upstream": upstream}}
                for name in ["guide", "admin"]
            },
        }
        with start(settings).connect(new_token()) as client:
            client.send_text(json.dumps(said))
            pairs = json.loads(client.receive()["message"], object_pairs_hook=list)
            assert pairs == [("agent", "guide")]
            client.send_text('{"payload":{"agent":"guide","agent\\u0000":"admin"}}')
            assert client.receive()["code"] == "bad_member"
