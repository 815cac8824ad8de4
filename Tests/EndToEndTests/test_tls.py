"""TLS on both sides: clients that come with wss, and backends that are dialled with it."""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness import AGENTS, MIGRATION, RawSocket, address, frame, is_error, merged, new_token, request, until
from harness.certificates import hello
from harness.early_data import REJECTED, EarlyClient
from harness.echo import EchoBackend
from harness.odd_backends import text_frame
from harness.processes import http_get
from harness.raw import reset
from harness.raw_backend import RawBackend
from harness.secured import SecuredProxy

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# How a connection ends that the proxy does not want, as its peer finds out: by an alert, an end or a reset.
REFUSED = (ssl.SSLError, ConnectionError, EOFError)


def echoing(port: int, scheme: str = "ws", host: str = "127.0.0.1", **upstream) -> dict:
    """Routes to an echo, by each of the ways that there are: `managed`, `raw` and, on the unified endpoint, `echo`."""

    def endpoint(name: str, manner: str) -> dict:
        settings = {"url": f"{scheme}://{host}:{port}/api/ws/{name}", **upstream}
        legacy = {"path": f"/api/ws/{name}", "passthrough": manner, "upstream": settings}
        return {"match": {"agent_type": name}, "legacy": legacy}

    routes = {"managed": endpoint("managed", "managed"), "raw": endpoint("raw", "raw")}
    routes["echo"] = endpoint("echo", "managed")
    drain = {"exchanges": "1s", "spread": "100ms", "limit": "2s"}
    return merged(MIGRATION, {"drain": drain, "routes": routes})


def send_echo(client, text: str):
    client.send_text(json.dumps({"agent_type": "echo", "message": text}))


def ask_echo(client, text: str) -> dict:
    send_echo(client, text)
    return client.receive()


@pytest.fixture(scope="module")
def echo():
    backend = EchoBackend()
    yield backend
    backend.stop()


@pytest.fixture(params=VERSIONS)
def version(request):
    return VERSIONS[request.param]


# MARK: Clients


class TestClients:
    @pytest.fixture
    def proxy(self, start_secured, echo) -> SecuredProxy:
        return start_secured(echoing(echo.port))

    def test_all_agents_answer_on_the_unified_endpoint(self, proxy, certificates, version):
        with proxy.connect(new_token(), ssl=certificates.client(version)) as client:
            for agent in AGENTS:
                client.hears_nothing_but(agent, "hello")
            for size in (200, 100 << 10, 1 << 20):
                assert ask_echo(client, "x" * size)["message"] == "x" * size
            for number in range(200):
                assert ask_echo(client, f"{number}")["message"] == f"{number}"

    @pytest.mark.parametrize("manner", ["managed", "raw"])
    def test_bytes_pass_as_they_are(self, proxy, certificates, version, manner):
        context = certificates.client(version)
        with proxy.connect(new_token(), path=f"/api/ws/{manner}", ssl=context, compression=None) as client:
            messages = ["x" * 200, "y" * (100 << 10), b"\x00\xff" * (1 << 20), "", *map(str, range(300))]
            for message in messages:
                client.send_text(message)
                assert client.receive_text() == message
            # Many in a row, and only then the answers.
            for number in range(500):
                client.send_text(f"{number} " + "z" * 200)
            for number in range(500):
                assert client.receive_text() == f"{number} " + "z" * 200

    @pytest.mark.parametrize("manner", ["managed", "raw"])
    @pytest.mark.parametrize(("code", "reason"), [(1000, "bye"), (4001, "log in again")])
    def test_close_codes_pass(self, proxy, echo, manner, code, reason):
        with proxy.connect(new_token(), path=f"/api/ws/{manner}") as client:
            client.send_text(f"close {code} {reason}")
            with pytest.raises(ConnectionClosed) as closed:
                client.receive_text()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)
        told = (code, f"{reason} by client {proxy.port} {manner}")
        with proxy.connect(new_token(), path=f"/api/ws/{manner}") as client:
            client.socket.close(*told)
        until(lambda: told in echo.closes, "the backend is told the same")

    def test_sockets_fill_the_memory_and_those_who_come_then_are_told_so(self, start_secured, echo, certificates):
        limits = {"memory": "16MiB", "message": "1MiB", "connections_per_address": 2000}
        proxy = start_secured(merged(echoing(echo.port), {"limits": limits, "listen": {"workers": 1}}))
        context = certificates.client()
        inside = []

        def come() -> int:
            raw = proxy.raw(context)
            raw.send(request(f"/api/ws/agent?session_token={new_token()}"))
            status, headers, _ = raw.response()
            if status == 101:
                inside.append(raw)
            else:
                assert "retry-after" in {name.lower() for name in headers}
            return status

        with proxy.connect(new_token()) as client:
            client.hears_nothing_but("guide", "before")
            # 15.6 KiB each, in seven eighths of 16 MiB.
            assert next(status for status in (come() for _ in range(1200)) if status != 101) == 503
            assert 800 < len(inside) < 950
            assert proxy.metric('shunt_handshakes_refused_total{code="memory_full"}') == 1
            assert proxy.metric("shunt_worker_socket_bytes") > 13 << 20
            client.hears_nothing_but("guide", "those who are there are served")
            for raw in inside[:100]:
                raw.socket.close()
            del inside[:100]
            until(lambda: come() == 101, "there is room again")
        for raw in inside:
            raw.socket.close()

    def test_sockets_of_one_session_meet_at_its_worker(self, proxy, legacy):
        token = new_token()

        async def tab(number: int):
            async with proxy.dial(token) as tab:
                for count in range(20):
                    words = f"{number}-{count}"
                    await tab.send(address("guide", words, conversation_id=words))
                    assert words in json.loads(await asyncio.wait_for(tab.recv(), 20))["message"]

        async def all_at_once():
            await asyncio.gather(*(tab(number) for number in range(12)))

        asyncio.run(all_at_once())
        assert legacy.seen(token)["most_open"] == 1, "they share one connection, whoever accepted them"

    def test_a_socket_moves_with_what_came_behind_its_request(self, proxy, version, certificates):
        token = new_token()
        with proxy.connect(token):
            # Whichever worker accepts them, about half have to move.
            for number in range(12):
                with proxy.raw(certificates.client(version)) as raw:
                    messages = [json.dumps({"agent_type": "echo", "message": f"{number}-{n}"}) for n in range(50)]
                    frames = b"".join(frame(1, text.encode()) for text in messages)
                    big = frame(1, json.dumps({"agent_type": "echo", "message": "b" * 50000}).encode())
                    raw.send(request(f"/api/ws/agent?session_token={token}") + frames + big)
                    assert raw.response(has_body=False)[0] == 101
                    for n in range(50):
                        assert raw.next_message()["message"] == f"{number}-{n}"
                    assert len(raw.next_message()["message"]) == 50000

    def test_records_of_any_size_make_the_same_messages(self, proxy):
        with proxy.raw() as raw:
            upgrade = request(f"/api/ws/agent?session_token={new_token()}")
            raw.send_byte_by_byte(upgrade)
            assert raw.response(has_body=False)[0] == 101
            raw.send_byte_by_byte(frame(1, b'{"agent_type":"echo","message":"slow"}'))
            assert raw.next_message()["message"] == "slow"

    def test_backends_are_told_that_it_was_https(self, proxy, echo):
        for way in ("managed", "raw"):
            token = new_token()
            with proxy.connect(token, path=f"/api/ws/{way}"):
                pass
            told = next(each for each in echo.requests if token in each.path)
            assert told.headers["X-Forwarded-Proto"] == "https"
            assert told.headers["X-Forwarded-For"] == "127.0.0.1"
            assert told.headers["X-Forwarded-Port"] == str(proxy.port)

    def test_a_page_of_the_same_https_site_is_admitted(self, proxy):
        with proxy.connect(new_token(), origin=f"https://127.0.0.1:{proxy.port}") as client:
            client.hears_nothing_but("guide", "hello")
        for other in ("https://evil.example", "https://127.0.0.1:1"):
            with pytest.raises(InvalidStatus) as refused:
                proxy.connect(new_token(), origin=other)
            assert refused.value.response.status_code == 403

    def test_health_and_refusals_are_said_over_tls(self, proxy):
        assert proxy.https_get("/healthz") == (200, b'{"status":"ok"}')
        assert proxy.https_get("/nowhere")[0] == 404

    def test_no_other_protocol_than_http_1_1_is_agreed_on(self, proxy, certificates):
        for offered, agreed in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), ([], None)):
            context = certificates.client()
            if offered:
                context.set_alpn_protocols(offered)
            with proxy.raw(context) as raw:
                assert raw.socket.selected_alpn_protocol() == agreed
        context = certificates.client()
        context.set_alpn_protocols(["h2"])
        with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
            proxy.raw(context)

    @pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
    def test_old_versions_are_not_spoken(self, proxy, certificates):
        context = certificates.client()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError):
            proxy.raw(context)
        until(lambda: "no version of TLS that is allowed here" in proxy.log, "the log says why")

    @pytest.mark.parametrize("manner", ["managed", "raw"])
    def test_an_end_without_close_notify_is_an_end(self, proxy, echo, manner):
        """Of a client that has closed its WebSocket it is a good one."""
        path = f"/api/ws/{manner}?session_token={new_token()}"
        told = (4100, f"{manner} {proxy.port}")
        with proxy.raw() as raw:
            raw.upgrade(path)
            raw.send(frame(8, told[0].to_bytes(2) + told[1].encode()))
            assert raw.close_code() == 4100
        until(lambda: told in echo.closes, "the backend is told the code")
        before = echo.closes.count((1006, ""))
        with proxy.raw() as raw:
            raw.upgrade(path)
            raw.send(frame(1, b"hello"))
            raw.next_frame()
        until(
            lambda: len([each for each in echo.closes if each[0] in (1001, 1005, 1006)]) > before, "it ends there, too"
        )
        assert "truncat" not in proxy.log

    def test_the_end_of_a_client_s_own_side_is_answered(self, proxy):
        """close_notify without a close frame."""
        with proxy.raw() as raw:
            raw.upgrade(f"/api/ws/agent?session_token={new_token()}")
            raw.socket.settimeout(5)
            raw.socket.unwrap()

    def test_the_proxy_says_goodbye(self, proxy):
        """A normal close ends with close_notify: Python says `ragged EOF` of all others."""
        with proxy.raw() as raw:
            raw.socket.suppress_ragged_eofs = False
            raw.upgrade(f"/api/ws/agent?session_token={new_token()}")
            raw.send(frame(8, b"\x03\xe8"))
            assert raw.next_frame()[0] == 8
            assert raw.socket.recv(1) == b""
        with proxy.raw() as raw:
            raw.socket.suppress_ragged_eofs = False
            raw.send(request("/nowhere"))
            assert raw.response()[0] == 404
            assert raw.socket.recv(1) == b""

    def test_unix_sockets_stay_plain(self, proxy):
        proxy.stop()
        path = str(proxy.directory / "clients.sock")
        proxy.configuration["listen"]["clients"].append(f"unix:{path}")
        proxy.write()
        proxy.start()
        with socket.socket(socket.AF_UNIX) as local:
            local.settimeout(10)
            local.connect(path)
            local.sendall(request(f"/api/ws/agent?session_token={new_token()}"))
            assert local.recv(1 << 12).startswith(b"HTTP/1.1 101")

    def test_a_stop_closes_sockets_in_order(self, proxy):
        client = proxy.connect(new_token())
        client.hears_nothing_but("guide", "hello")
        proxy.begin_stop()
        with pytest.raises(ConnectionClosed) as closed:
            client.receive_text()
        assert closed.value.rcvd.code in (1001, 1012)
        client.close()
        proxy.ends()


# MARK: Certificates of the listening side


class TestCertificates:
    def test_the_certificate_is_shown_that_names_the_host(self, start_secured, certificates):
        proxy = start_secured(tls={"certificates": [certificates.pair(name) for name in ("first", "second", "agents")]})
        asked = {
            "second.example": "second",
            "SECOND.example": "second",
            "agents.example": "agents",
            "one.agents.example": "agents",
            "localhost": "first",
            "a.b.agents.example": "first",
            "unknown.example": "first",
            "127.0.0.1": "first",
        }
        for version in VERSIONS.values():
            shown = {name: proxy.shown(name, certificates.client(version)) for name in asked}
            assert shown == {name: certificates.serial(of) for name, of in asked.items()}

    def test_the_whole_chain_is_shown(self, start_secured, certificates, tmp_path):
        chain = tmp_path / "chain.pem"
        chain.write_bytes(b"".join(open(certificates.path(f"{name}.pem"), "rb").read() for name in ("first", "ca")))
        proxy = start_secured(tls={"certificate": str(chain), "key": certificates.path("first.key")})
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-showcerts"]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
        assert said.count("BEGIN CERTIFICATE") == 2

    def test_a_minimum_of_1_3_refuses_1_2(self, start_secured, certificates):
        proxy = start_secured(tls=certificates.pair("first") | {"min_version": "1.3"})
        with proxy.raw(certificates.client(VERSIONS["1.3"])) as raw:
            assert raw.socket.version() == "TLSv1.3"
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            proxy.raw(certificates.client(VERSIONS["1.2"]))
        until(lambda: "no version of TLS that is allowed here" in proxy.log, "the log says why")

    def test_only_the_ciphers_that_are_listed_are_spoken(self, start_secured, certificates):
        allowed = ["ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
        proxy = start_secured(tls=certificates.pair("first") | {"ciphers": allowed})
        for name, cipher in zip(VERSIONS, allowed, strict=True):
            with proxy.raw(certificates.client(VERSIONS[name])) as raw:
                assert raw.socket.cipher()[0] == cipher
        other = certificates.client(VERSIONS["1.2"])
        other.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            proxy.raw(other)
        until(lambda: "no cipher that is allowed here" in proxy.log, "the log says why")

    @pytest.fixture
    def asking(self, start_secured, certificates) -> SecuredProxy:
        """It wants a certificate of each client."""
        return start_secured(
            tls=certificates.pair("first") | {"client_ca": certificates.path("ca.pem")}, shows="caller"
        )

    @pytest.mark.parametrize(
        ("shown", "problem"), [(None, "shows no certificate"), ("foreign", "nobody who is trusted vouches for")]
    )
    def test_clients_need_a_certificate_where_somebody_must_vouch_for_them(
        self, asking, certificates, version, shown, problem
    ):
        with asking.connect(new_token(), ssl=certificates.client(version, shows="caller")) as client:
            client.hears_nothing_but("guide", "hello")
        with pytest.raises(REFUSED):
            with asking.raw(certificates.client(version, shows=shown)) as raw:
                # With TLS 1.3 the client hears of it only now.
                raw.send(request())
                raw.response()
        until(lambda: problem in asking.log, "the log says why")
        until(lambda: asking.metric('shunt_handshakes_refused_total{code="tls"}') == 1, "it is counted")

    def test_the_session_of_a_client_with_a_certificate_is_resumed(self, asking, certificates, version):
        context = certificates.client(version, shows="caller")
        with asking.raw(context) as raw:
            raw.upgrade(f"/api/ws/agent?session_token={new_token()}")
            session = raw.socket.session
        assert session.has_ticket
        with socket.create_connection(("127.0.0.1", asking.port)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as resumed:
                assert resumed.session_reused
                resumed.sendall(request("/healthz", drop=("upgrade", "connection")))
                assert resumed.recv(1 << 12).startswith(b"HTTP/1.1 200")


class TestReplacedCertificates:
    @pytest.fixture
    def files(self, tmp_path, certificates):
        """A place where the files of one are put in the place of the other's."""

        class Files:
            certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"

            def put(self, name: str):
                for kind, target in (("pem", self.certificate), ("key", self.key)):
                    new = tmp_path / "new"
                    shutil.copy(certificates.path(f"{name}.{kind}"), new)
                    new.rename(target)

        files = Files()
        files.put("first")
        return files

    @pytest.fixture
    def proxy(self, start_secured, files):
        return start_secured(tls={"certificate": str(files.certificate), "key": str(files.key)})

    @pytest.mark.parametrize("by", ["signal", "command", "itself"])
    def test_new_connections_see_the_new_one_and_old_ones_live_on(self, proxy, files, certificates, by):
        expiry = "shunt_certificate_expiry_timestamp_seconds{"
        before = proxy.metric(expiry)
        with proxy.connect(new_token()) as old, proxy.connect(new_token(), path="/api/ws/agent") as silent:
            old.hears_nothing_but("guide", "hello")
            files.put("second")
            if by == "signal":
                proxy.signal(signal.SIGHUP)
            elif by == "command":
                proxy.cli_reload()
            until(lambda: proxy.shown() == certificates.serial("second"), "the new certificate is shown")
            old.hears_nothing_but("guide", "hello again")
            silent.hears_nothing_but("guide", "hello at last")
            with proxy.connect(new_token()) as new:
                new.hears_nothing_but("guide", "hello")
        until(lambda: before - proxy.metric(expiry) == pytest.approx(10 * 86400, abs=60), "the metrics say so")

    @pytest.mark.parametrize("broken", ["no certificate", "somebody else's key"])
    def test_a_broken_one_changes_nothing_and_is_told(self, proxy, files, certificates, broken):
        if broken == "no certificate":
            files.certificate.write_text(broken)
            problem = "has no certificate in it"
        else:
            shutil.copy(certificates.path("second.key"), files.key)
            problem = "does not belong to the certificate"
        proxy.signal(signal.SIGHUP)
        until(lambda: problem in proxy.log, "the log says why")
        until(lambda: proxy.metric("shunt_config_last_reload_successful") == 0, "the metrics say so")
        assert proxy.shown() == certificates.serial("first")
        with proxy.connect(new_token()) as client:
            client.hears_nothing_but("guide", "hello")
        files.put("second")
        until(lambda: proxy.shown() == certificates.serial("second"), "the next good one is taken")
        until(lambda: proxy.metric("shunt_config_last_reload_successful") == 1, "the metrics say so")

    def test_tickets_of_before_are_worth_nothing(self, proxy, files, certificates):
        context = certificates.client(VERSIONS["1.2"])
        with proxy.raw(context) as raw:
            session = raw.socket.session
        files.put("second")
        until(lambda: proxy.shown() == certificates.serial("second"), "the new certificate is shown")
        with socket.create_connection(("127.0.0.1", proxy.port)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as anew:
                assert not anew.session_reused
                assert anew.getpeercert()["serialNumber"] == certificates.serial("second")


# MARK: Backends


class TestBackends:
    @pytest.fixture
    def backend(self, certificates):
        """Starts an echo that speaks TLS, stopped with the test. `names` are those that it is asked for."""
        running = []

        def start(
            name: str = "first",
            *,
            asks: str | None = None,
            most: ssl.TLSVersion | None = None,
            ciphers: str | None = None,
        ) -> EchoBackend:
            context = certificates.server(name, asks=asks)
            if most:
                context.maximum_version = most
            if ciphers:
                context.set_ciphers(ciphers)
            names = []
            context.sni_callback = lambda _, asked, __: names.append(asked)
            new = EchoBackend(ssl=context)
            new.names = names
            running.append(new)
            return new

        yield start
        for each in running:
            each.stop()

    @pytest.fixture
    def start(self, start_proxy, certificates):
        """Starts a proxy before it. `tls`: what is not as usual in the upstream's; `ca: None` takes the system's."""

        def start(port: int, host: str = "127.0.0.1", **tls):
            tls = {"ca": certificates.path("ca.pem")} | tls
            tls = {key: value for key, value in tls.items() if value is not None}
            # Who cannot be dialled is dialled again as long as messages may wait.
            return start_proxy(echoing(port, "wss", host, tls=tls, exchange={"queue": {"timeout": "300ms"}}))

        return start

    def serves(self, proxy):
        """On every way."""
        with proxy.connect(new_token()) as client:
            assert ask_echo(client, "hello")["message"] == "hello"
        for manner in ("managed", "raw"):
            with proxy.connect(new_token(), path=f"/api/ws/{manner}") as client:
                client.send_text(f"hello {manner}")
                assert client.receive_text() == f"hello {manner}"

    def refuses(self, proxy, problem: str, reason: str = "tls"):
        """On every way, and says why."""
        with proxy.connect(new_token()) as client:
            assert is_error(ask_echo(client, "hello"), "upstream_unavailable", sent=False)
        for manner in ("managed", "raw"):
            with RawSocket(proxy.port) as client:
                client.send(request(f"/api/ws/{manner}?session_token={new_token()}"))
                assert client.refusal() == (502, "upstream_unavailable")
        lines = [line for line in proxy.log.splitlines() if "dial failed" in line]
        assert lines and all(f"reason={reason}" in line and problem in line for line in lines), lines

    @pytest.mark.parametrize("manner", ["managed", "raw"])
    def test_bytes_and_close_codes_pass(self, backend, start, manner, version):
        secured = backend(most=version)
        proxy = start(secured.port)
        with proxy.connect(new_token(), path=f"/api/ws/{manner}", compression=None) as client:
            for message in ("x" * 200, "y" * (100 << 10), b"\x00\xff" * (1 << 20), *map(str, range(300))):
                client.send_text(message)
                assert client.receive_text() == message
            client.send_text("close 4001 log in again")
            with pytest.raises(ConnectionClosed) as closed:
                client.receive_text()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "log in again")
        with proxy.connect(new_token(), path=f"/api/ws/{manner}") as client:
            client.socket.close(4100, "bye")
        until(lambda: (4100, "bye") in secured.closes, "the backend is told the same")

    def test_tls_on_both_sides(self, backend, start_secured, certificates):
        proxy = start_secured(echoing(backend().port, "wss", tls={"ca": certificates.path("ca.pem")}))
        self.serves(proxy)
        with proxy.connect(new_token()) as client:
            for size in (200, 100 << 10, 1 << 20):
                assert ask_echo(client, "x" * size)["message"] == "x" * size

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("expired", "certificate is expired"),
            ("elsewhere", "certificate is for somebody else"),
            ("alone", "vouched for by nobody but itself"),
            ("foreign", "nobody who is trusted vouches for"),
        ],
    )
    def test_a_certificate_that_is_not_right_is_refused(self, backend, start, version, name, problem):
        secured = backend(name, most=version)
        self.refuses(start(secured.port), problem)
        assert not secured.requests, "it was told nothing"

    def test_the_system_s_authorities_do_not_know_ours(self, backend, start):
        secured = backend()
        self.refuses(start(secured.port, ca=None), "nobody who is trusted vouches for")
        assert not secured.requests

    def test_whoever_is_listed_is_trusted(self, backend, start, certificates):
        """A certificate that vouches for itself, and one without whoever vouches for it."""
        for name in ("alone", "first"):
            self.serves(start(backend(name).port, ca=certificates.path(f"{name}.pem")))

    def test_nothing_is_asked_where_that_is_said(self, backend, start):
        for name in ("alone", "expired", "elsewhere"):
            self.serves(start(backend(name).port, verify=False))

    def test_the_name_is_the_url_s_or_the_one_that_is_said(self, backend, start):
        by_name, by_address, by_host = backend("agents"), backend("first"), backend("first")
        self.serves(start(by_name.port, server_name="one.agents.example"))
        assert set(by_name.names) == {"one.agents.example"}
        self.refuses(start(by_name.port, server_name="other.example"), "somebody else")
        self.refuses(start(by_name.port), "somebody else")
        self.serves(start(by_address.port))
        assert set(by_address.names) == {None}, "nobody asks for an address"
        self.serves(start(by_host.port, "localhost"))
        assert set(by_host.names) == {"localhost"}

    def test_our_certificate_is_shown_where_one_is_asked_for(self, backend, start, certificates, version):
        self.serves(start(backend(asks="ca", most=version).port, **certificates.pair("caller")))

    @pytest.mark.parametrize("shown", [None, "foreign"])
    def test_a_backend_that_does_not_accept_us_is_heard(self, backend, start, certificates, version, shown):
        """With TLS 1.3 it says so after a handshake that went well."""
        secured = backend(asks="ca", most=version)
        self.refuses(start(secured.port, **(certificates.pair(shown) if shown else {})), "the peer gave up")
        assert not secured.requests

    def test_a_minimum_of_1_3_refuses_1_2(self, backend, start):
        self.refuses(start(backend(most=VERSIONS["1.2"]).port, min_version="1.3"), "the peer gave up: protocol version")
        self.serves(start(backend().port, min_version="1.3"))

    def test_only_the_ciphers_that_are_listed_are_offered(self, backend, start, certificates):
        secured = backend(most=VERSIONS["1.2"], ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
        self.refuses(
            start(secured.port, ciphers="ECDHE-ECDSA-AES256-GCM-SHA384"), "the peer gave up: handshake failure"
        )
        self.serves(start(secured.port, ciphers=["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]))

    def test_a_backend_without_tls_is_never_spoken_to_in_the_clear(self, start):
        heard = []

        def listen():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as connection:
                        heard.append(connection.recv(1 << 16))
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=listen, daemon=True).start()
            self.refuses(start(listener.getsockname()[1]), "what is not TLS")
            listener.shutdown(socket.SHUT_RDWR)
        assert len(heard) >= 3 and all(data[:3] == b"\x16\x03\x01" for data in heard), "hellos and nothing else"

    def test_another_authority_counts_for_the_next_connection(self, backend, start, certificates, tmp_path):
        trusted = tmp_path / "trusted.pem"
        shutil.copy(certificates.path("strangers.pem"), trusted)
        proxy = start(backend().port, ca=str(trusted))
        self.refuses(proxy, "nobody who is trusted vouches for")
        shutil.copy(certificates.path("ca.pem"), tmp_path / "new")
        (tmp_path / "new").rename(trusted)
        proxy.signal(signal.SIGHUP)

        def served() -> bool:
            with proxy.connect(new_token()) as client:
                return ask_echo(client, "hello").get("message") == "hello"

        until(served, "the backend is trusted now")
        with proxy.connect(new_token()) as client:
            # Each worker waits by itself until it tries a backend again that it has given up.
            until(lambda: ask_echo(client, "hello").get("message") == "hello", "by this worker, too")
            shutil.copy(certificates.path("strangers.pem"), tmp_path / "new")
            (tmp_path / "new").rename(trusted)
            proxy.reload()

            def refused() -> bool:
                with proxy.connect(new_token()) as another:
                    return ask_echo(another, "hello").get("code") == "upstream_unavailable"

            until(refused, "it is not any more")
            assert ask_echo(client, "hello again")["message"] == "hello again", "what is open stays"

    def test_sessions_are_resumed(self, backend, start):
        secured = backend()
        resumed = []
        answer = secured._answer
        secured._answer = lambda connection, message: (
            resumed.append(connection.socket.session_reused),
            answer(connection, message),
        )
        proxy = start(secured.port)
        for _ in range(3):
            self.serves(proxy)
        assert resumed[0] is False and resumed[-1] is True, resumed


# MARK: Peers that break off


@pytest.mark.parametrize("manner", ["managed", "raw", "agent"])
class TestResets:
    """Each in the middle of a message: the process must live, and everybody else is served."""

    def path(self, manner: str) -> str:
        return f"/api/ws/{manner}?session_token={new_token()}"

    def message(self, size: int) -> bytes:
        return json.dumps({"agent_type": "echo", "message": "x" * size}).encode()

    def lives(self, proxy):
        with proxy.connect(new_token()) as client:
            client.hears_nothing_but("guide", "hello")

    def test_of_a_client_in_its_own_message(self, start_secured, echo, manner):
        proxy = start_secured(echoing(echo.port))
        with proxy.raw() as raw:
            raw.upgrade(self.path(manner))
            raw.send(frame(1, self.message(10)))
            raw.next_frame()
            before = len(echo.closes)
            raw.send(frame(1, self.message(100000))[:50000])
            raw.reset()
        if manner != "agent":
            until(lambda: len(echo.closes) > before, "the backend's connection ends, too")
        self.lives(proxy)

    def test_of_a_client_in_an_answer(self, start_secured, echo, manner):
        proxy = start_secured(echoing(echo.port))
        for _ in range(5):
            with proxy.raw(receive_buffer=4096) as raw:
                raw.upgrade(self.path(manner))
                raw.send(frame(1, self.message(4 << 20)))
                raw.socket.recv(1000)
                raw.reset()
        self.lives(proxy)

    def test_of_a_backend_in_its_own_message(self, start_proxy, certificates, manner):
        def script(visit):
            visit.send(visit.upgrade())
            visit.next_message()
            visit.send(text_frame("x" * 100000)[:50000])
            reset(visit.socket)

        with RawBackend(script, certificates.server()) as backend:
            proxy = start_proxy(echoing(backend.port, "wss", tls={"ca": certificates.path("ca.pem")}))
            with RawSocket(proxy.port) as raw:
                raw.upgrade(self.path(manner))
                raw.send(frame(1, self.message(10)))
                if manner == "agent":
                    assert is_error(raw.next_message(), "upstream_lost", sent=True)
                else:
                    assert raw.is_ended()
            self.lives(proxy)

    def test_of_a_backend_in_a_message_to_it(self, start_proxy, certificates, manner):
        def script(visit):
            visit.send(visit.upgrade())
            visit.socket.recv(1 << 14)
            reset(visit.socket)

        with RawBackend(script, certificates.server()) as backend:
            proxy = start_proxy(echoing(backend.port, "wss", tls={"ca": certificates.path("ca.pem")}))
            with RawSocket(proxy.port) as raw:
                raw.upgrade(self.path(manner))
                try:
                    raw.send(frame(1, self.message(8 << 20)))
                    if manner == "agent":
                        assert is_error(raw.next_message(), "upstream_lost", sent=True)
                    else:
                        assert raw.is_ended()
                except ConnectionError:
                    assert manner != "agent"
            self.lives(proxy)


class Wire:
    """A TLS client whose bytes are the test's own: what it says is given as it would stand on the wire."""

    def __init__(self, port: int, context: ssl.SSLContext):
        self.plain = RawSocket(port)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self.run(self.tls.do_handshake)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_):
        self.plain.socket.close()

    def run(self, step):
        """Does it with whatever the peer says meanwhile."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.plain.send(self.outgoing.read())
                data = self.plain.socket.recv(1 << 16)
                if not data:
                    raise EOFError("the peer ended the connection") from None
                self.incoming.write(data)
            finally:
                if self.outgoing.pending:
                    self.plain.send(self.outgoing.read())

    def opens(self, path: str):
        """Becomes a WebSocket."""
        self.plain.send(self.encrypted(request(f"{path}?session_token={new_token()}")))
        assert self.run(lambda: self.tls.read(1 << 12)).startswith(b"HTTP/1.1 101")

    def encrypted(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()


class TestHostilePeers:
    @pytest.fixture
    def proxy(self, start_secured, echo) -> SecuredProxy:
        return start_secured(merged(echoing(echo.port), {"limits": {"handshake_timeout": "1s"}}))

    def lives(self, proxy):
        with proxy.connect(new_token()) as client:
            client.hears_nothing_but("guide", "hello")

    @pytest.mark.parametrize(
        "said", [request(), b"GET / HTTP/1.1\r\n", b"G", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", request() * 100]
    )
    def test_plain_http_is_told_that_tls_is_spoken(self, proxy, said):
        with RawSocket(proxy.port) as raw:
            raw.send(said)
            assert raw.refusal() == (400, "tls_required")
            raw.socket.shutdown(socket.SHUT_WR)
            assert raw.is_ended()
        assert proxy.metric('shunt_handshakes_refused_total{code="tls_required"}') == 1
        assert "plain text" in proxy.log

    def test_websockets_by_ws_instead_of_wss_are_refused_not_hung(self, proxy):
        status, body = http_get(proxy.port, "/api/ws/agent")
        assert (status, json.loads(body)["error"]["code"]) == (400, "tls_required")

    def test_tls_on_a_plain_port_is_in_the_log(self, start_proxy, certificates):
        proxy = start_proxy()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            RawSocket(proxy.port).secure(certificates.client())
        until(lambda: "this port speaks none" in proxy.log, "the log says so")

    @pytest.mark.parametrize(
        "data", [b"\x00", b"\xff" * 5000, b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x15\x03\x03\x00\x02\x02\x28"]
    )
    def test_garbage_is_ended(self, proxy, data):
        with RawSocket(proxy.port) as raw:
            try:
                raw.send(data)
                assert raw.is_ended()
            except ConnectionError:
                pass
        self.lives(proxy)

    @pytest.mark.parametrize("part", ["nothing", "half a hello", "a hello", "no request", "half a request"])
    def test_who_stops_in_the_middle_is_ended(self, proxy, certificates, part):
        first = hello(certificates.client())
        if part in ("no request", "half a request"):
            with proxy.raw() as raw:
                if part != "no request":
                    raw.send(request()[:50])
                assert raw.refusal() == (408, "handshake_timeout")
                assert raw.is_ended()
        else:
            with RawSocket(proxy.port) as raw:
                raw.send({"nothing": b"", "half a hello": first[:100], "a hello": first}[part])
                raw.socket.settimeout(8)
                assert raw.is_ended()
        assert proxy.metric('shunt_handshakes_refused_total{code="handshake_timeout"}') == 1
        self.lives(proxy)

    def test_a_hello_byte_by_byte_is_a_hello(self, proxy, certificates):
        with RawSocket(proxy.port) as raw:
            raw.send_byte_by_byte(hello(certificates.client()))
            assert raw.socket.recv(3) == b"\x16\x03\x03"

    @pytest.mark.parametrize("part", [0.3, 1])
    def test_many_half_handshakes_stop_nobody(self, start_secured, certificates, part):
        proxy = start_secured({"limits": {"handshake_timeout": "10s"}})
        first = hello(certificates.client())
        first = first[: int(len(first) * part)]
        halves = []
        try:
            for _ in range(400):
                raw = RawSocket(proxy.port)
                raw.send(first)
                halves.append(raw)
            for _ in range(20):
                self.lives(proxy)
        finally:
            for raw in halves:
                raw.reset()
        self.lives(proxy)

    @pytest.mark.parametrize("manner", ["managed", "raw", "agent"])
    def test_an_end_in_the_middle_of_a_record(self, proxy, echo, certificates, version, manner):
        with Wire(proxy.port, certificates.client(version)) as wire:
            wire.opens(f"/api/ws/{manner}")
            before = len(echo.closes)
            record = wire.encrypted(frame(1, b"x" * 10000))
            wire.plain.send(record[:5000])
            wire.plain.socket.shutdown(socket.SHUT_WR)
            assert wire.plain.is_ended()
            if manner != "agent":
                until(lambda: len(echo.closes) > before, "the backend's connection ends, too")
        self.lives(proxy)

    @pytest.mark.parametrize("manner", ["managed", "raw", "agent"])
    def test_a_record_that_was_tampered_with(self, proxy, echo, certificates, version, manner):
        with Wire(proxy.port, certificates.client(version)) as wire:
            wire.opens(f"/api/ws/{manner}")
            before = len(echo.closes)
            record = bytearray(wire.encrypted(frame(1, b"x" * 10000)))
            record[5000] ^= 1
            wire.plain.send(record)
            assert wire.plain.is_ended()
            if manner != "agent":
                until(lambda: len(echo.closes) > before, "the backend's connection ends, too")
        self.lives(proxy)

    @pytest.mark.parametrize("record", [b"\x16\x03\x01\x00\x00", b"\x15\x03\x01\x00\x02\x01\x00"])
    def test_records_of_nothing_are_not_read_for_ever(self, proxy, record):
        """Sooner than the handshake's time is over."""
        with RawSocket(proxy.port) as raw, contextlib.suppress(ConnectionError):
            raw.socket.settimeout(0.8)
            for _ in range(1000):
                raw.send(record)
            assert raw.is_ended()
        self.lives(proxy)

    @pytest.mark.parametrize("manner", ["managed", "raw", "agent"])
    def test_early_data_is_refused_and_harmless(self, proxy, echo, manner):
        """What may be anybody's repetition is read by nobody; the client's own request is served all the same."""
        early, own = new_token(), new_token()
        path = f"/api/ws/{manner}?session_token="
        with EarlyClient(proxy.port) as client:
            assert client.ask(request("/healthz"))[0].startswith(b"HTTP/1.1 200")
            answer, status = client.ask(request(path + own), early=request(path + early))
        assert (answer[:12], status) == (b"HTTP/1.1 101", REJECTED)
        assert not [each for each in echo.requests if early in each.path]
        self.lives(proxy)

    @pytest.mark.parametrize(("version", "command"), [("tls1_2", "R"), ("tls1_3", "K")])
    def test_new_keys_without_end_are_not_made(self, proxy, version, command):
        """A renegotiation, and key updates of a client that says nothing else."""
        client = subprocess.Popen(
            ["openssl", "s_client", f"-{version}", "-connect", f"127.0.0.1:{proxy.port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        did = {"R": "RENEGOTIATING", "K": "KEYUPDATE"}[command]
        count = 0
        try:
            client.stdin.write(f"{command}\n")
            client.stdin.flush()
            # Ends with the connection.
            for said in client.stdout:
                if did in said:
                    count += 1
                    client.stdin.write(f"{command}\n")
                    client.stdin.flush()
        except BrokenPipeError:
            pass
        finally:
            client.kill()
            client.wait()
        # How many it gets rid of before it hears of the end is the machine's business.
        assert 0 < count < 5000
        if command == "K":
            until(lambda: "does little but begin new keys" in proxy.log, "the log says why")
        self.lives(proxy)
