"""`shunt load`: what it counts is what an independent server did."""

import asyncio
import json
import signal
import subprocess
import threading
import time

import pytest
import websockets
from harness.proxy import BINARY


class Server:
    """Repeats what it hears, but for the messages (by their place in the order of arrival) that it does something else with."""

    def __init__(self, tricks: dict[int, str] | None = None, refuses: int | None = None):
        self.tricks = tricks or {}
        self.refuses = refuses
        self.heard: list[dict] = []
        self.paths: set[str] = set()
        self.headers: set[str] = set()
        self.sockets = []
        self.open = self.most_open = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        assert self._started.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    async def _serve(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self._converse, "127.0.0.1", 0, process_request=self._look) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            await self._over.wait()

    def _look(self, connection, request):
        self.paths.add(request.path)
        self.headers.add(request.headers.get("Origin"))
        if self.refuses is not None and len(self.paths) > self.refuses:
            return connection.respond(503, "full\n")
        return None

    async def _converse(self, socket):
        self.sockets.append(socket)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._answer(socket)
        finally:
            self.open -= 1

    async def _answer(self, socket):
        await socket.send(json.dumps({"type": "connected"}))
        async for text in socket:
            self.heard.append(json.loads(text))
            trick = self.tricks.get(len(self.heard))
            if trick == "twice":
                await socket.send(text)
            if trick == "error":
                reply = {"type": "error", "code": "busy", "request_id": self.heard[-1]["request_id"]}
                await socket.send(json.dumps(reply))
            elif trick == "to another":
                await next(other for other in self.sockets if other is not socket).send(text)
            elif trick == "late":
                send = socket.send
                self._loop.call_later(1, lambda late=text: asyncio.ensure_future(send(late)))
            elif trick == "close":
                await socket.close(4000)
            elif trick != "nothing":
                await socket.send(text)


def load(server: Server, *options: str, path: str = "/ws?user={user}") -> tuple[int, dict, str]:
    """Runs the command to its end: its status, its report and what it complained of."""
    url = f"ws://127.0.0.1:{server.port}{path}"
    done = subprocess.run(
        [BINARY, "load", url, "--json", *options], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_server_that_answers_everything():
    with Server() as server:
        status, report, complaint = load(
            server, "--users", "7", "--agents", "guide,liaison/content", "--messages", "700", "--in-flight", "3",
            "--header", "Origin: https://app.example.com",
        )  # fmt: skip
        assert (status, complaint) == (0, "")
        assert report["clean"] and report["sent"] == report["answered"] == len(server.heard) == 700
        assert report["opened"] == len(server.paths) == 7
        assert server.headers == {"https://app.example.com"}
        assert report["others"] == 7, "the greetings"
        assert {message["agent_type"] for message in server.heard} == {"guide", "liaison"}
        assert {message.get("pillar") for message in server.heard} == {None, "content"}
        assert len({message["request_id"] for message in server.heard}) == 700
        assert {len(json.dumps(message, separators=(",", ":"))) for message in server.heard} == {200}
        assert report["latency_micros"]["count"] == 700
        assert 0 < report["latency_micros"]["p50"] <= report["latency_micros"]["max"]


def test_a_socket_for_each_agent_where_the_url_names_it():
    with Server() as server:
        status, report, _ = load(
            server, "--users", "2", "--agents", "guide,liaison/content", "--messages", "40",
            path="/ws/{agent}/{pillar}?session_token=load-{user}",
        )  # fmt: skip
        assert status == 0
        assert report["sockets"] == 4
        assert server.paths == {
            "/ws/guide/?session_token=load-0", "/ws/liaison/content?session_token=load-0",
            "/ws/guide/?session_token=load-1", "/ws/liaison/content?session_token=load-1",
        }  # fmt: skip


def test_an_open_loop_sends_when_messages_are_due():
    with Server() as server:
        status, report, _ = load(server, "--users", "5", "--rate", "400", "--duration", "3s", "--warm-up", "1s")
        assert status == 0
        assert report["loop"] == "open"
        assert report["sent"] == len(server.heard) == 1200
        assert report["latency_micros"]["count"] == pytest.approx(800, abs=5)


@pytest.mark.parametrize(
    ("trick", "counted"),
    [
        ("nothing", {"lost": 1, "answered": 99}),
        ("twice", {"doubled": 1, "answered": 100}),
        ("to another", {"of_others": 1, "lost": 1}),
        ("error", {"errors": {"busy": 1}, "answered": 100}),
        ("close", {"ended_early": {"closed with 4000": 1}}),
    ],
)
def test_what_a_server_does_wrong_is_counted(trick, counted):
    with Server({50: trick}) as server:
        status, report, complaint = load(server, "--users", "2", "--messages", "100", "--in-flight", "2")
        assert status == 1
        assert not report["clean"]
        assert {name: report[name] for name in counted} == counted
        assert report["sent"] == report["answered"] + report["lost"]
        assert "not every message was answered once and in order" in complaint


def test_late_replies_are_told_from_early_ones():
    with Server({10: "late"}) as server:
        status, report, _ = load(server, "--users", "1", "--duration", "3s", "--warm-up", "0s", "--in-flight", "2")
        assert status == 1
        assert (report["reordered"], report["lost"]) == (1, 0)
        assert report["latency_micros"]["max"] > 900_000, "the latest is not left out"


def test_sockets_that_cannot_be_opened_are_told_by_their_reason():
    with Server(refuses=3) as server:
        status, report, complaint = load(server, "--users", "5", "--messages", "30")
        assert status == 1
        assert (report["opened"], report["failed_opens"]) == (3, {"status 503": 2})
        assert "status 503 (2)" in complaint


def test_a_message_of_ones_own(tmp_path):
    template = tmp_path / "message.json"
    template.write_text('{"to": {"name": "{agent}"}, "seq": {number}, "who": "{user}"}\n')
    with Server() as server:
        status, report, _ = load(server, "--users", "2", "--messages", "20", "--template", template, "--number", "seq")
        assert status == 0
        assert report["answered"] == 20
        assert {message["to"]["name"] for message in server.heard} == {"chat"}
        assert {message["who"] for message in server.heard} == {"100000", "100001"}
    template.write_text('{"to": "{agent}"}')
    done = subprocess.run(
        [BINARY, "load", "ws://127.0.0.1:1/", "--template", template], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert "{number}" in done.stderr


def test_handshakes_again_and_again():
    with Server() as server:
        status, report, complaint = load(
            server, "--handshakes", "--users", "4", "--messages", "50", "--header", "Origin: https://app.example.com"
        )
        assert (status, complaint) == (0, "")
        assert report["loop"] == "handshakes" and report["clean"]
        assert report["opened"] == len(server.sockets) == 50
        assert report["handshake_micros"]["count"] == 50
        assert report["handshakes_per_second"] > 0
        assert (report["sent"], server.heard) == (0, [])
        assert {socket.close_code for socket in server.sockets} == {1000}, "each is closed in order"


def test_handshakes_that_are_refused_are_not_tried_for_ever():
    with Server(refuses=0) as server:
        status, _, complaint = load(server, "--handshakes", "--users", "3", "--duration", "1h")
        assert status == 69
        assert "status 503 (3)" in complaint


def test_sockets_that_say_nothing_are_held():
    with Server() as server:
        began = time.monotonic()
        status, report, _ = load(server, "--users", "5", "--messages", "0", "--hold", "1s")
        assert status == 0
        assert time.monotonic() - began >= 1
        assert (report["opened"], report["sent"], server.heard) == (5, 0, [])
        assert server.most_open == 5, "all at the same time"


def test_somebody_ends_it():
    with Server() as server:
        url = f"ws://127.0.0.1:{server.port}/"
        process = subprocess.Popen([BINARY, "load", url, "--json", "--duration", "1h"], stdout=subprocess.PIPE, text=True)
        while len(server.heard) < 1000:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        report = json.loads(process.communicate(timeout=30)[0])
        assert process.returncode == 0
        assert report["clean"] and report["sent"] == len(server.heard) >= 1000


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["ws://127.0.0.1:1/"], 69, "Connection refused"),
        (["wss://127.0.0.1:1/"], 69, "Connection refused"),
        (["wss://127.0.0.1:1/", "--ca", "/nowhere.pem"], 64, "/nowhere.pem"),
        (["wss://203.0.113.4/", "--insecure", "--allow-remote"], 64, "--insecure is for targets on this machine"),
        (["ws://127.0.0.1:1/", "--insecure"], 64, "for wss://"),
        (["ws://127.0.0.1:1/", "--handshakes", "--rate", "5"], 64, "--handshakes has no --rate"),
        (["ws://127.0.0.1:1/", "--watch", "999999999"], 64, "there is no such process"),
        (["ws://127.0.0.1:1/", "--hold", "long"], 64, "--hold long is no duration"),
        (["ws://203.0.113.4/"], 64, "--allow-remote"),
        (["ws://127.0.0.1:1/", "--duration", "10"], 64, "--duration 10 is no duration"),
        (["ws://127.0.0.1:1/", "--agents", ","], 64, "--agents"),
        (["ws://127.0.0.1:1/", "--header", "x"], 64, "has no colon"),
    ],
)
def test_what_makes_no_sense_is_said(arguments, status, words):
    done = subprocess.run([BINARY, "load", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status
    assert words in done.stderr


def test_through_the_proxy_every_reply_comes_home(proxy, tmp_path):
    # The backends repeat a conversation's id, and nothing else.
    template = tmp_path / "message.json"
    template.write_text('{"agent_type": "{agent}"{,pillar}, "conversation_id": "{number}", "message": "load"}')
    done = subprocess.run(
        [
            BINARY, "load", f"ws://127.0.0.1:{proxy.port}/api/ws/agent?session_token=loaded-{{user}}", "--json", "--users", "20",
            "--agents", "guide,liaison/content", "--messages", "1000", "--template", template, "--number", "conversation_id",
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["sent"] == report["answered"] == 1000, report
    assert (report["lost"], report["doubled"], report["reordered"], report["of_others"]) == (0, 0, 0, 0), report
