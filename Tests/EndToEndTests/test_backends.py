"""The backends of these tests and those of the demo were written apart, after the same facts of the field. What one
does wrong would hide what the proxy does wrong, so both are held to the facts here, without the proxy."""

import json
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from harness import UnifiedBackend, new_token, until


@pytest.fixture(params=["tests", "demo"])
def field(request, backends):
    """Ports of a legacy and of a unified server."""
    if request.param == "demo":
        demo = request.getfixturevalue("demo")
        return SimpleNamespace(legacy=demo.legacy_port, unified=demo.unified_port)
    return SimpleNamespace(legacy=backends.legacy.port, unified=request.getfixturevalue("limited").port)


@pytest.fixture(scope="module")
def limited():
    backend = UnifiedBackend()
    yield backend.ready()
    backend.stop()


def open_socket(port: int, path: str, token: str | None = None):
    query = f"?session_token={token}" if token else ""
    return connect(f"ws://127.0.0.1:{port}{path}{query}", max_size=None, proxy=None, close_timeout=5, legacy=True)


def ask(socket, text: str) -> dict:
    socket.send(text)
    return json.loads(socket.recv(timeout=10))


LEGACY = ["/api/ws/guide", "/api/ws/liaison/content", "/api/ws/liaison/business_outcomes"]


def test_guide_reply(field):
    with open_socket(field.legacy, "/api/ws/guide", new_token()) as socket:
        reply = ask(socket, '{"message":"hello","conversation_id":"ignored","agent_type":"liaison"}')
    assert reply["type"] == "response"
    assert reply["agent_type"] == "guide"
    assert reply["message"] == reply["response"] == "guide: hello"
    assert isinstance(reply["suggested_routes"], list) and isinstance(reply["intent"], str)
    assert "conversation_id" not in reply


def test_liaison_reply(field):
    token = new_token()
    with open_socket(field.legacy, "/api/ws/liaison/insights", token) as socket:
        reply = ask(socket, '{"message":"hello"}')
    assert reply["type"] == "chat_response"
    assert (reply["agent_type"], reply["pillar"]) == ("liaison", "insights")
    assert reply["message"] == "insights: hello"
    assert reply["session_token"] == token
    assert reply["session_id"]
    assert "orchestrator_response" in reply
    assert "conversation_id" not in reply


@pytest.mark.parametrize("path", LEGACY)
@pytest.mark.parametrize("text", ["{}", '{"type":"heartbeat"}', '{"message":""}', '{"message":null}'])
def test_message_is_required(field, path, text):
    with open_socket(field.legacy, path, new_token()) as socket:
        assert ask(socket, text) == {"type": "error", "message": "Message is required"}
        assert ask(socket, '{"message":"on we go"}')["message"].endswith(": on we go")


@pytest.mark.parametrize("path", LEGACY)
@pytest.mark.parametrize("text", ["{", "[1]", b'{"message":"x"}', '{"message":"/crash"}'], ids=str)
def test_zombie(field, path, text):
    with open_socket(field.legacy, path, new_token()) as socket:
        error = ask(socket, text)
        assert error["type"] == "error" and error["message"].startswith("Internal error: ")
        socket.send('{"message":"anybody there"}')
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.2)
        assert socket.ping().wait(5), "the socket is open and answers pings"


def test_agent_failures(field):
    token = new_token()
    with open_socket(field.legacy, "/api/ws/guide", token) as socket:
        assert ask(socket, '{"message":"/fail"}') == {
            "type": "error",
            "message": "Failed to process message: /fail",
            "agent_type": "guide",
            "conversation_id": None,
        }
    with open_socket(field.legacy, "/api/ws/liaison/content", token) as socket:
        error = ask(socket, '{"message":"/fail"}')
        assert error["message"] == "I encountered an error processing your message. Please try again."
        assert (error["agent_type"], error["pillar"], error["session_token"]) == ("liaison", "content", token)
        assert error["error"]


def test_history_is_pushed_on_connect(field):
    token = new_token()
    for turn in range(2):
        with open_socket(field.legacy, "/api/ws/liaison/operations", token) as socket:
            if turn:
                push = json.loads(socket.recv(timeout=5))
                assert push["type"] == "conversation_restored"
                assert (push["agent_type"], push["pillar"]) == ("operations_liaison", "operations")
                assert push["message_count"] == len(push["messages"]) > 0
                assert set(push["messages"][0]) == {"role", "content", "timestamp"}
            assert ask(socket, '{"message":"hello"}')["type"] == "chat_response"


@pytest.mark.parametrize("path", ["/api/ws/guide/", "/api/ws/nobody", "/api/ws/liaison/", "/"])
def test_unknown_paths_are_refused_with_403(field, path):
    with pytest.raises(InvalidStatus) as refused:
        open_socket(field.legacy, path)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("pillar", ["finance", "business-outcomes"])
def test_an_invalid_pillar_is_accepted_and_then_closed(field, pillar):
    with open_socket(field.legacy, f"/api/ws/liaison/{pillar}") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4004, f"Invalid pillar: {pillar}")


@pytest.mark.parametrize(
    "query, token",
    [
        ("", "anonymous"),
        ("?session_token=", "anonymous"),
        ("?session_token=a%20b%2Bc+d", "a b+c d"),
        ("?x=1", "anonymous"),
    ],
)
def test_the_token_is_read_from_the_query_alone(field, query, token):
    url = f"ws://127.0.0.1:{field.legacy}/api/ws/guide{query}"
    with connect(url, additional_headers={"Authorization": "Bearer ignored"}, proxy=None) as socket:
        assert ask(socket, '{"message":"/whoami"}')["whoami"]["token"] == token


def test_replies_come_one_after_the_other(field):
    with open_socket(field.legacy, "/api/ws/guide") as socket:
        for text in ("/slow 300", "fast"):
            socket.send(json.dumps({"message": text}))
        assert [json.loads(socket.recv(timeout=5))["message"] for _ in range(2)] == ["guide: /slow 300", "guide: fast"]


def test_messages_over_16_mebibytes_are_closed_with_1009(field):
    with open_socket(field.legacy, "/api/ws/guide") as socket:
        text = "x" * (4 << 20)
        assert ask(socket, json.dumps({"message": text}))["message"] == "guide: " + text
        with pytest.raises(ConnectionClosed) as closed:
            ask(socket, json.dumps({"message": "x" * (16 << 20)}))
        assert closed.value.rcvd.code == 1009


class TestUnified:
    def open(self, field, token=None):
        socket = open_socket(field.unified, "/api/ws/agent", token)
        greeting = json.loads(socket.recv(timeout=5))
        assert greeting["type"] == "system" and greeting["agent_type"] == "guide"
        assert greeting["connection_id"].startswith(f"unified_agent_{token or 'anonymous'}_")
        return socket

    def test_replies(self, field):
        with self.open(field, new_token()) as socket:
            guide = ask(socket, '{"message":"hello","conversation_id":"mine"}')
            assert (guide["type"], guide["agent_type"], guide["conversation_id"]) == ("response", "guide", "mine")
            assert guide["message"] == guide["response"]
            liaison = ask(socket, '{"agent_type":"liaison","pillar":"content","message":"hello","conversation_id":"c"}')
            assert "type" not in liaison and "message" not in liaison
            assert liaison["success"] is True and liaison["response"].endswith("content: hello")
            assert (liaison["agent"], liaison["agent_type"]) == ("content_liaison", "liaison")
            assert (liaison["pillar"], liaison["conversation_id"]) == ("content", "c")

    def test_without_a_conversation_every_message_gets_a_new_one(self, field):
        with self.open(field, new_token()) as socket:
            assert len({ask(socket, '{"message":"x"}')["conversation_id"] for _ in range(3)}) == 3

    @pytest.mark.parametrize(
        "text, words",
        [
            ("{}", "Message is required"),
            ('{"agent_type":"liaison","message":"x"}', "Pillar is required for liaison agent"),
            ('{"agent_type":"wizard","message":"x"}', "Unknown agent_type: wizard"),
            (
                '{"agent_type":"liaison","pillar":"finance","message":"x"}',
                "Liaison Agent for pillar 'finance' not available",
            ),
            ("[", "Internal error: "),
        ],
    )
    def test_errors(self, field, text, words):
        with self.open(field, new_token()) as socket:
            error = ask(socket, text)
            assert error["type"] == "error" and error["message"].startswith(words)
            assert error["agent_type"]

    def test_ten_messages_a_second(self, field):
        def refused() -> bool:
            with self.open(field, new_token()) as socket:
                for number in range(11):
                    socket.send(json.dumps({"message": f"{number}", "conversation_id": "c"}))
                replies = [json.loads(socket.recv(timeout=10)) for _ in range(11)]
                assert [reply["type"] for reply in replies[:10]] == ["response"] * 10
                if replies[-1]["type"] == "response":
                    return False
                assert replies[-1]["type"] == "error"
                assert replies[-1]["message"] == "Rate limit exceeded. Please slow down your requests."
                assert (replies[-1]["agent_type"], replies[-1]["conversation_id"]) == ("guide", "c")
                with pytest.raises(ConnectionClosed) as closed:
                    socket.recv(timeout=10)
                assert closed.value.rcvd.code == 4029
                return True

        # Where eleven took longer than a second, once more with another token.
        until(refused, "the eleventh of a second is refused")

    def test_five_sockets_of_a_token(self, field):
        token = new_token()
        sockets = [self.open(field, token) for _ in range(5)]
        with open_socket(field.unified, "/api/ws/agent", token) as sixth:
            with pytest.raises(ConnectionClosed) as closed:
                sixth.recv(timeout=5)
            assert closed.value.rcvd.code == 4004
        for socket in sockets:
            socket.close()
