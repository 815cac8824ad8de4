"""The PROXY protocol: who a proxy in front says that it speaks for, before anything else is said."""

import contextlib
import csv
import json
import shutil
import socket
import ssl
import struct
import subprocess

import pytest
from websockets.sync.client import connect

from harness import MIGRATION, RawSocket, frame, free_port, merged, new_token, request, until
from harness.echo import EchoBackend
from harness.processes import http_get
from harness.secured import SecuredProxy

# The proxies in front have this address; everybody else comes by another.
FRONT = "127.0.0.2"
CLIENT = "203.0.113.9"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def line(words: str) -> bytes:
    """A head of version 1."""
    return f"PROXY {words}\r\n".encode()


def block(command: int, family: int, addresses: bytes = b"", more: bytes = b"") -> bytes:
    """A head of version 2; `more` stands behind the addresses."""
    length = struct.pack("!H", len(addresses) + len(more))
    return SIGNATURE + bytes([0x20 | command, family]) + length + addresses + more


def ends(source: str, port: int = 4711) -> bytes:
    """The addresses and ports of both ends, as version 2 has them."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    return socket.inet_pton(family, source) * 2 + struct.pack("!HH", port, 443)


TLVS = b"\x03\x00\x04abcd" + b"\x04\x00\x05xxxxx" + b"\x02\x00\x0bexample.com"

# Heads that name a client, and that client.
HEADS = {
    "v1 of IPv4": (line(f"TCP4 {CLIENT} 192.0.2.1 4711 443"), CLIENT),
    "v1 of IPv6": (line("TCP6 2001:db8::9 2001:db8::1 4711 443"), "2001:db8::9"),
    "v2 of IPv4": (block(1, 0x11, ends(CLIENT)), CLIENT),
    "v2 of IPv6": (block(1, 0x21, ends("2001:db8::9")), "2001:db8::9"),
    "v2 with more": (block(1, 0x11, ends(CLIENT), TLVS), CLIENT),
    "v2 with much more": (block(1, 0x11, ends(CLIENT), b"\x04\x0f\xa0" + b"x" * 4000), CLIENT),
    "v2 of IPv4 in IPv6": (block(1, 0x21, ends(f"::ffff:{CLIENT}")), CLIENT),
    # The connection's own address counts.
    "v1 of nobody": (line("UNKNOWN"), FRONT),
    "v1 of nobody, with words": (line("UNKNOWN ffff::1 ffff::2 1 2"), FRONT),
    "v2 of itself": (block(0, 0x00), FRONT),
    "v2 of itself, with addresses": (block(0, 0x11, ends(CLIENT)), FRONT),
    "v2 of nobody": (block(1, 0x00), FRONT),
    "v2 of UDP": (block(1, 0x12, ends(CLIENT)), FRONT),
    "v2 of a Unix socket": (block(1, 0x31, b"/run/a".ljust(216, b"\0")), FRONT),
}

# Heads that are none.
BROKEN = {
    "none": request(),
    "a number with a zero": line(f"TCP4 {CLIENT} 192.0.2.1 04711 443"),
    "an address that is none": line("TCP4 203.0.113.999 192.0.2.1 4711 443"),
    "a name": line("TCP4 localhost 192.0.2.1 4711 443"),
    "two spaces": line(f"TCP4  {CLIENT} 192.0.2.1 4711 443"),
    "a port that is none": line(f"TCP4 {CLIENT} 192.0.2.1 65536 443"),
    "a family that is another": line(f"TCP6 {CLIENT} 192.0.2.1 4711 443"),
    "no carriage return": f"PROXY TCP4 {CLIENT} 192.0.2.1 4711 443\n".encode(),
    "a line without end": b"PROXY UNKNOWN " + b"x" * 200,
    "lower case": b"proxy TCP4",
    "a version 3": SIGNATURE + b"\x31\x11\x00\x0c" + ends(CLIENT),
    "a command that is none": SIGNATURE + b"\x22\x11\x00\x0c" + ends(CLIENT),
    "addresses that are cut off": block(1, 0x11, ends(CLIENT)[:8]),
    "a block that is too large": SIGNATURE + b"\x21\x11\xff\xff" + ends(CLIENT),
}


@pytest.fixture(scope="module")
def echo():
    backend = EchoBackend()
    yield backend
    backend.stop()


@pytest.fixture
def settings(echo) -> dict:
    upstream = {"url": f"ws://127.0.0.1:{echo.port}/api/ws/echo"}
    route = {"match": {"agent_type": "echo"}, "legacy": {"path": "/api/ws/echo", "upstream": upstream}}
    listen = {"proxy_protocol": True, "trusted_proxies": [FRONT]}
    return merged(MIGRATION, {"listen": listen, "limits": {"handshake_timeout": "1s"}, "routes": {"echo": route}})


@pytest.fixture
def proxy(start_proxy, settings):
    return start_proxy(settings)


@pytest.fixture
def secured(start_secured, settings) -> SecuredProxy:
    return start_secured(settings)


@pytest.fixture
def told(echo):
    """The field that the backend was told with a token."""

    def told(token: str, name: str = "X-Forwarded-For") -> str:
        request = next(each for each in echo.requests if token in each.path)
        return request.headers[name]

    return told


def front(proxy) -> RawSocket:
    """A connection of a proxy in front."""
    return RawSocket(proxy.port, source=FRONT)


def speaks(raw: RawSocket):
    raw.send(frame(1, b"hello"))
    assert raw.next_frame() == (1, b"hello")


@pytest.mark.parametrize("name", HEADS)
class TestHeads:
    def test_the_client_is_who_the_head_says(self, proxy, told, name):
        head, client = HEADS[name]
        token = new_token()
        with front(proxy) as raw:
            raw.send(head)
            raw.upgrade(f"/api/ws/echo?session_token={token}")
            speaks(raw)
        assert told(token) == client

    def test_the_head_s_packets_mean_nothing(self, proxy, told, name):
        head, client = HEADS[name]
        path, together, slowly = "/api/ws/echo?session_token=", new_token(), new_token()
        with front(proxy) as raw:
            raw.send(head + request(path + together) + frame(1, b"early"))
            assert raw.response(has_body=False)[0] == 101
            assert raw.next_frame() == (1, b"early")
            speaks(raw)
        with front(proxy) as raw:
            # One that is long is passed over in larger steps.
            raw.send_byte_by_byte(head[:300])
            raw.send(head[300:])
            raw.upgrade(path + slowly)
            speaks(raw)
        assert told(together) == told(slowly) == client

    def test_tls_begins_behind_it(self, secured, told, certificates, name):
        head, client = HEADS[name]
        token = new_token()
        with front(secured) as raw:
            raw.send(head)
            raw.secure(certificates.client()).upgrade(f"/api/ws/echo?session_token={token}")
            speaks(raw)
        assert (told(token), told(token, "X-Forwarded-Proto")) == (client, "https")


def test_a_hello_may_come_with_the_head(secured, told, certificates):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        token = new_token()
        with front(secured) as raw:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = certificates.client(version).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
            head = HEADS["v2 with more"][0]
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    raw.send(head + outgoing.read())
                    head = b""
                    incoming.write(raw.socket.recv(1 << 16))
            tls.write(request(f"/api/ws/echo?session_token={token}"))
            raw.send(outgoing.read())
            answer = b""
            while b"\r\n\r\n" not in answer:
                try:
                    answer += tls.read(1 << 12)
                except ssl.SSLWantReadError:
                    incoming.write(raw.socket.recv(1 << 16))
            assert answer.startswith(b"HTTP/1.1 101")
        assert told(token) == CLIENT


@pytest.mark.parametrize("name", BROKEN)
def test_a_trusted_peer_without_a_good_head_is_refused(proxy, name):
    with front(proxy) as raw:
        raw.send(BROKEN[name])
        assert raw.refusal() == (400, "bad_request")
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_ended()
    assert "PROXY protocol" in proxy.log and FRONT in proxy.log


def test_tls_without_a_head_from_a_trusted_peer_is_refused(secured, certificates):
    with pytest.raises((ssl.SSLError, ConnectionError)), front(secured) as raw:
        raw.secure(certificates.client())
    until(lambda: "PROXY protocol" in secured.log, "the log says why")


def test_who_comes_directly_is_a_client_like_any_other(proxy, told):
    token = new_token()
    with proxy.connect(token, path="/api/ws/echo") as client:
        client.send_text("hello")
        assert client.receive_text() == "hello"
    assert told(token) == "127.0.0.1"


@pytest.mark.parametrize("name", ["v1 of IPv4", "v2 of IPv4", "v1 of nobody", "v2 of itself"])
def test_a_stranger_s_head_is_none(proxy, secured, name):
    head = HEADS[name][0]
    with RawSocket(proxy.port, source="127.0.0.3") as raw:
        raw.send(head + request())
        assert raw.refusal() == (400, "bad_request")
    with RawSocket(secured.port, source="127.0.0.3") as raw:
        raw.send(head + request())
        try:
            assert raw.refusal() == (400, "tls_required")
        except EOFError:
            assert head.startswith(SIGNATURE), "that does not even look like HTTP"


def test_without_the_setting_a_head_is_none_of_anybody(start_proxy, settings):
    proxy = start_proxy(merged(settings, {"listen": {"proxy_protocol": False}}))
    with front(proxy) as raw:
        raw.send(HEADS["v1 of IPv4"][0] + request())
        assert raw.refusal() == (400, "bad_request")
    with front(proxy) as raw:
        raw.upgrade(f"/api/ws/echo?session_token={new_token()}")
        speaks(raw)


def test_fields_are_believed_of_the_client_that_the_head_names_only_if_it_is_trusted(proxy, told):
    fields = {"x_forwarded_for": "198.51.100.7", "x_forwarded_proto": "https"}
    for client in (CLIENT, FRONT):
        token = new_token()
        with front(proxy) as raw:
            raw.send(line(f"TCP4 {client} 192.0.2.1 4711 443"))
            raw.upgrade(f"/api/ws/echo?session_token={token}", **fields)
        assert told(token) == f"198.51.100.7, {client}"
        assert told(token, "X-Forwarded-Proto") == ("https" if client == FRONT else "http")


def test_clients_are_counted_by_the_address_that_the_head_names(start_proxy, settings):
    proxy = start_proxy(merged(settings, {"limits": {"connections_per_address": 2}}))

    def arrive(client: str) -> RawSocket:
        raw = front(proxy)
        raw.send(block(1, 0x11, ends(client)) + request(f"/api/ws/echo?session_token={new_token()}"))
        return raw

    with contextlib.ExitStack() as open_ones:
        for client in (CLIENT, CLIENT, "203.0.113.10"):
            raw = open_ones.enter_context(arrive(client))
            assert raw.response(has_body=False)[0] == 101
        with arrive(CLIENT) as third:
            assert third.refusal() == (429, "too_many_connections")


@pytest.mark.parametrize("part", [b"", b"PROX", b"PROXY TCP4 203.0.113.9", SIGNATURE[:7], SIGNATURE + b"\x21\x11"])
@pytest.mark.parametrize("kind", ["proxy", "secured"])
def test_a_head_that_never_ends_is_ended(request, kind, part):
    proxy = request.getfixturevalue(kind)
    with front(proxy) as raw:
        raw.send(part)
        assert raw.refusal() == (408, "handshake_timeout")
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_ended()


def test_a_head_that_trickles_is_ended(proxy):
    """Byte after byte, each soon enough."""
    with front(proxy) as raw:
        raw.send(SIGNATURE + b"\x21\x11\x0f\xf0")

        raw.socket.settimeout(0.02)

        def is_answered() -> bool:
            with contextlib.suppress(TimeoutError):
                raw.send(b"x")
                return bool(raw.socket.recv(1 << 12))

        until(is_answered, "it is told that its time is over", 8)


def test_one_that_ends_within_its_head_is_forgotten(proxy):
    for part in (b"", b"PROXY ", SIGNATURE, block(1, 0x11, ends(CLIENT))):
        with front(proxy) as raw:
            raw.send(part)
            raw.socket.shutdown(socket.SHUT_WR)
            assert raw.is_ended()
        with front(proxy) as raw:
            raw.send(part)
            raw.reset()
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "hello")


def test_over_unix_sockets_every_connection_begins_with_a_head(start_proxy, settings, told):
    proxy = start_proxy(settings)
    proxy.stop()
    path = str(proxy.directory / "clients.sock")
    proxy.configuration["listen"]["clients"].append(f"unix:{path}")
    proxy.write()
    proxy.start()
    token = new_token()
    for head, status in ((HEADS["v2 of IPv4"][0], b"101"), (b"", b"400")):
        with socket.socket(socket.AF_UNIX) as local:
            local.settimeout(10)
            local.connect(path)
            local.sendall(head + request(f"/api/ws/echo?session_token={token}"))
            assert local.recv(1 << 12).split(b" ")[1] == status
    assert told(token) == CLIENT


# MARK: HAProxy


class HAProxy:
    """Debian's own, in front: it checks the health of what is behind it, and speaks for its clients."""

    def __init__(self, directory, behind, option: str):
        self.port, self.health_port = free_port(), free_port()
        check = "check-ssl verify none" if isinstance(behind, SecuredProxy) else ""
        file = directory / "haproxy.cfg"
        file.write_text(
            f"""
            defaults
                mode tcp
                timeout connect 5s
                timeout client 30s
                timeout server 30s
            listen shunt
                bind 127.0.0.1:{self.port}
                source {FRONT}
                option httpchk GET /healthz
                server shunt 127.0.0.1:{behind.port} {option} check inter 100ms check-send-proxy {check}
            listen health
                bind 127.0.0.1:{self.health_port}
                mode http
                stats enable
                stats uri /\n"""
        )
        self.log = (directory / "haproxy.log").open("wb")
        command = [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-db", "-f", str(file)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()

    def is_up(self) -> bool:
        """Whether it has checked, and found everything well."""
        assert self.process.poll() is None
        table = http_get(self.health_port, "/;csv")[1].decode().removeprefix("# ").splitlines()
        servers = [row for row in csv.DictReader(table) if row["svname"] == "shunt"]
        return [(row["status"], row["check_status"]) for row in servers] == [("UP", "L7OK")]


@pytest.mark.parametrize("kind", ["proxy", "secured"])
@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"])
def test_haproxy_in_front(request, tmp_path, told, kind, option):
    proxy = request.getfixturevalue(kind)
    token = new_token()
    haproxy = HAProxy(tmp_path, proxy, option)
    try:
        until(haproxy.is_up, "HAProxy finds it healthy")
        is_secured = isinstance(proxy, SecuredProxy)
        url = proxy.url(token, path="/api/ws/echo").replace(str(proxy.port), str(haproxy.port))
        options = {"ssl": proxy.trust} if is_secured else {}
        with connect(url, source_address=("127.0.0.9", 0), proxy=None, max_size=None, **options) as client:
            for message in ("hello", "x" * 100000, json.dumps({"message": 1})):
                client.send(message)
                assert client.recv(timeout=10) == message
        assert told(token) == "127.0.0.9"
        assert told(token, "X-Forwarded-Proto") == ("https" if is_secured else "http")
        until(haproxy.is_up, "and still does")
        assert "turned away" not in proxy.log
    finally:
        haproxy.stop()
