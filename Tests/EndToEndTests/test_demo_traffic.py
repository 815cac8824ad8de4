"""The demo with its own clients: `shunt serve --demo-traffic`, as `Scripts/run` starts it."""

import json
import re
import time
import urllib.request

import pytest

from harness import new_token
from harness.processes import free_port, http_get, until
from harness.proxy import DemoProxy

TOKEN = "demo-session-"


class BusyDemo(DemoProxy):
    """The demo with clients of its own, its chat page on a free port."""

    def start(self, *options: str) -> "BusyDemo":
        self.chat_port = free_port()
        super().start("--demo-traffic", "--chat-port", str(self.chat_port), *options)
        return self

    def apps(self) -> set[str]:
        return {app for session in self.state("sessions")["sessions"] for app in session["apps"]}

    def messages(self) -> int:
        return self.state("status")["total"]["messages"]

    def served(self) -> dict[str, int]:
        """How many messages of each route were served so far."""
        routes = self.state("routes")["routes"]
        return {route["name"]: route["counts"]["by_legacy"] + route["counts"]["by_unified"] for route in routes}


@pytest.fixture
def busy(tmp_path):
    demo = BusyDemo(tmp_path / "busy").start()
    yield demo
    if not demo.stopped_by_test:
        demo.stop()


def test_within_ten_seconds_a_newcomer_sees_old_and_new_clients_talk_to_all_agents(busy):
    until(lambda: {"acme-web", "acme-ios", "acme-android", "qa-web", "pillar-watch"} <= busy.apps(), "all apps", 10)
    until(lambda: all(count > 0 for count in busy.served().values()), "all agents are talked to", 10)
    before = busy.messages()
    until(lambda: busy.messages() > before + 10, "it goes on", 10)
    assert busy.state("status")["total"]["refused"] == 0
    assert TOKEN not in busy.log


def test_its_log_says_where_to_look_and_nothing_for_each_message(busy):
    until(lambda: "open in a browser" in busy.log, "the pages are named")
    assert f"chat=http://127.0.0.1:{busy.chat_port}/" in busy.log
    assert f"dashboard=http://127.0.0.1:{busy.admin_port}/" in busy.log
    until(lambda: busy.messages() > 30, "they talk", 20)
    assert len(re.findall("demo clients", busy.log)) == 1
    assert len(busy.log.splitlines()) < 15


def test_clients_of_a_closed_endpoint_update_or_insist(busy):
    until(lambda: "acme-ios" in busy.apps(), "old clients are there", 10)
    busy.cli("phase", "complete", "--reason", "test", "--yes")
    until(lambda: "acme-ios" not in busy.apps(), "their sockets are closed", 15)
    # The users of old web and mobile applications come back with newer ones after some 8 to 30 s.
    until(lambda: "acme-ios" in busy.apps() and busy.state("status")["now"]["clients"] >= 8, "they update", 45)
    assert busy.running
    assert "pillar-watch" not in busy.apps()


def test_a_stop_is_not_held_up(busy):
    until(lambda: "acme-web" in busy.apps(), "clients are there", 10)
    began = time.monotonic()
    busy.stop(10)
    assert time.monotonic() - began < 5


def test_clients_outlive_an_agent_that_is_paused_and_a_change_of_side(busy):
    until(lambda: all(count > 0 for count in busy.served().values()), "all agents are talked to", 10)
    busy.cli("pause", "guide", "--reason", "test")
    before = busy.served()["liaison/content"]
    until(lambda: busy.served()["liaison/content"] > before + 2, "others talk on", 15)
    busy.cli("resume", "guide", "--reason", "test")
    before = busy.served()["guide"]
    until(lambda: busy.served()["guide"] > before + 2, "guide is talked to again", 15)
    busy.cli("phase", "deprecate", "--reason", "test", "--yes")
    before = busy.served()
    until(lambda: all(busy.served()[name] > before[name] + 1 for name in before), "all go on", 20)


def test_the_chat_page_is_served_under_a_strict_policy(busy):
    def get(path, method="GET"):
        call = urllib.request.Request(f"http://127.0.0.1:{busy.chat_port}{path}", method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call, timeout=20) as answer:
            return answer.read().decode(), answer.headers

    until(lambda: http_get(busy.chat_port, "/settings.json")[0] == 200, "the page is there")
    page, headers = get("/")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{busy.port};" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    # Nothing comes from elsewhere, and no script stands in the page.
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources and all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert "<script>" not in page and "style=" not in page
    for source in sources:
        assert get(source)[0]
    script = get("/chat.js")[0]
    assert "innerHTML" not in script and "localStorage" not in script
    settings = json.loads(get("/settings.json")[0])
    assert settings["proxy"] == f"ws://127.0.0.1:{busy.port}"
    assert settings["unified"] == "/api/ws/agent"
    assert len(settings["agents"]) == 5
    assert get("/", "HEAD")[0] == ""
    assert http_get(busy.chat_port, "/nothing")[0] == 404
    assert http_get(busy.chat_port, "/..%2f..%2fetc/passwd")[0] == 404


def test_the_page_s_origin_is_admitted_and_no_other(busy):
    until(lambda: http_get(busy.chat_port, "/")[0] == 200, "the page is there")
    for name in ("127.0.0.1", "localhost"):
        with busy.connect(new_token(), origin=f"http://{name}:{busy.chat_port}") as client:
            assert client.ask("guide", "hello")["message"] == "guide: hello"
    with pytest.raises(Exception, match="403"):
        busy.connect(new_token(), origin=f"http://127.0.0.1:{busy.chat_port + 1}")


def test_a_chat_port_in_use_is_no_reason_to_stop(busy, tmp_path):
    second = DemoProxy(tmp_path / "second")
    second.start("--demo", "--chat-port", str(busy.chat_port))
    try:
        found = until(lambda: re.search(r"chat=http://127\.0\.0\.1:(\d+)/", second.log), "the page is named")
        assert int(found[1]) != busy.chat_port
        assert http_get(int(found[1]), "/")[0] == 200
        assert "demo clients" not in second.log
    finally:
        second.stop()


def test_without_a_tcp_address_it_says_so_and_goes_on(tmp_path):
    demo = BusyDemo(tmp_path / "unix")
    text = demo.file.read_text().replace(f"clients: 127.0.0.1:{demo.port}", f"clients: unix:{tmp_path}/s")
    demo.file.write_text(text)
    demo.port = demo.admin_port  # Its own health check stands in for the clients'.
    demo.start()
    until(lambda: "no chat page and no demo clients" in demo.log, "it says so")
    demo.stop()
