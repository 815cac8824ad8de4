"""`shunt load` over TLS, beside processes that it watches, and `shunt echo`, the backend of the benchmarks."""

import json
import subprocess
import threading

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness import RawSocket, frame, request
from harness.proxy import BINARY


def load(*arguments: object) -> tuple[int, dict, str]:
    """Runs the command to its end: its status, its report and what it complained of."""
    command = [BINARY, "load", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest.fixture
def echo():
    """The port of a `shunt echo` that a shell runs."""
    command = ["sh", "-c", f"{BINARY} echo 127.0.0.1:0; true"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as shell:
        shell.port = int(shell.stdout.readline().rpartition(":")[2])
        children = subprocess.run(["pgrep", "-P", str(shell.pid)], capture_output=True, text=True, check=True)
        shell.child = int(children.stdout)
        yield shell
        subprocess.run(["kill", str(shell.child)], check=True)
        assert shell.wait(20) == 0


# MARK: TLS


class TestSecured:
    @pytest.fixture
    def port(self, start_secured, echo) -> int:
        way = {"match": {"agent_type": "chat"}, "legacy": {"upstream": {"url": f"ws://127.0.0.1:{echo.port}/"}}}
        # The certificate is not for the second address.
        return start_secured({"routes": {"chat": way}, "listen": {"clients": ["127.0.0.2"]}}).port

    @pytest.fixture
    def url(self, port) -> str:
        return f"wss://127.0.0.1:{port}/api/ws/agent?session_token=loaded-{{user}}"

    @pytest.fixture
    def trust(self, certificates) -> list[str]:
        return ["--ca", certificates.path("ca.pem")]

    @pytest.mark.parametrize("size", [200, 50_000])
    def test_every_reply_comes_home(self, url, trust, size):
        status, report, complaint = load(
            url, *trust, "--users", 20, "--messages", 500, "--in-flight", 3, "--size", size
        )
        assert (status, complaint) == (0, "")
        assert report["clean"] and report["answered"] == 500 and report["opened"] == 20

    def test_handshakes(self, url, trust):
        status, report, complaint = load(url, *trust, "--users", 4, "--handshakes", "--messages", 40)
        assert (status, complaint) == (0, "")
        assert report["opened"] == report["handshake_micros"]["count"] == 40

    @pytest.mark.parametrize(
        ("host", "authority", "words"),
        [
            ("127.0.0.1", "strangers", "nobody who is trusted vouches for the peer's certificate"),
            ("127.0.0.1", None, "nobody who is trusted vouches for the peer's certificate"),
            ("127.0.0.2", "ca", "the peer's certificate is for somebody else"),
        ],
    )
    def test_who_cannot_show_who_it_is_is_not_talked_to(self, url, certificates, host, authority, words):
        trust = ["--ca", certificates.path(f"{authority}.pem")] if authority else []
        status, report, complaint = load(url.replace("127.0.0.1", host), *trust, "--users", 3, "--messages", 3)
        assert (status, report) == (69, {})
        assert words in complaint

    def test_nobody_is_asked_where_that_is_wanted(self, url):
        status, report, _ = load(url, "--insecure", "--users", 3, "--messages", 30)
        assert status == 0
        assert report["answered"] == 30

    def test_a_port_that_speaks_no_tls(self, echo):
        status, _, complaint = load(f"wss://127.0.0.1:{echo.port}/", "--insecure", "--users", 1, "--messages", 1)
        assert status == 69
        assert "no socket could be opened" in complaint


# MARK: Beside it


def test_watched_processes_are_told_with_their_children(echo):
    url = f"ws://127.0.0.1:{echo.port}/"
    status, report, _ = load(url, "--users", 10, "--duration", "1s", "--watch", echo.pid)
    assert status == 0
    watched = report["watched"]
    # The shell sleeps: what is told is its child's.
    assert 0.01 <= watched["seconds"] <= report["seconds"] * 1.2
    assert watched["micros_each"] == pytest.approx(watched["seconds"] * 1e6 / report["per_second"] / report["seconds"])
    resident = sum(
        int(line.split()[1]) * 1024
        for pid in (echo.pid, echo.child)
        for line in open(f"/proc/{pid}/status")
        if line.startswith("VmRSS:")
    )
    assert watched["resident_at_end"] == pytest.approx(resident, rel=0.2)
    assert 0 < watched["resident_before"] <= watched["resident_at_end"] * 1.1


# MARK: The echo


class TestEcho:
    @pytest.mark.parametrize(
        "message", ["", "x", "é" * 1000, "y" * (1 << 20), b"", b"\x00\xff" * 70_000, ["in ", "three", " pieces"]]
    )
    def test_it_says_back_what_it_hears(self, echo, message):
        with connect(f"ws://127.0.0.1:{echo.port}/any/path?q", max_size=None, compression=None) as client:
            client.send(message)
            assert client.recv(20) == ("".join(message) if isinstance(message, list) else message)

    def test_it_answers_pings_and_closes(self, echo):
        with connect(f"ws://127.0.0.1:{echo.port}/") as client:
            assert client.ping("there?").wait(20)
            client.close(4001, "bye")
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(20)
            assert closed.value.rcvd.code == 4001

    def test_a_client_that_reads_late_gets_everything(self, echo):
        with RawSocket(echo.port) as raw:
            raw.send(request("/"))
            assert raw.response(has_body=False)[0] == 101
            messages = [json.dumps({"number": number, "padding": "p" * 60_000}) for number in range(300)]
            sender = threading.Thread(target=lambda: raw.send(b"".join(frame(1, text.encode()) for text in messages)))
            sender.start()
            for number in range(300):
                assert raw.next_message()["number"] == number
            sender.join(20)
            assert not sender.is_alive()

    @pytest.mark.parametrize("bytes_sent", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01"])
    def test_what_is_no_websocket_is_refused(self, echo, bytes_sent):
        with RawSocket(echo.port) as raw:
            raw.send(bytes_sent)
            assert raw.response()[0] == 400

    def test_a_frame_that_breaks_the_protocol_ends_it(self, echo):
        with RawSocket(echo.port) as raw:
            raw.send(request("/") + frame(3, b"what is that?"))
            assert raw.response(has_body=False)[0] == 101
            assert raw.close_code() == 1002

    @pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1:7000", "here:7000", "127.0.0.1:99999"])
    def test_it_serves_this_machine_only(self, address):
        done = subprocess.run([BINARY, "echo", address], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 64
        assert "is no address of this machine" in done.stderr
