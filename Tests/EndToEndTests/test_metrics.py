"""`/metrics` of the real binary: both formats held to promtool, and a real Prometheus that scrapes a Shunt and answers
every query of the Grafana dashboard."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from harness import LEGACY_PATHS, MIGRATION, merged, new_token, until
from harness.processes import free_port
from harness.proxy import REPOSITORY

DEPLOY = REPOSITORY / "Scripts/deploy"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SETTINGS = merged(MIGRATION, {"phase": "migrate", "routes": {"liaison/{pillar}": {"served_by": "unified"}}})
SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
BOUNDED = {
    *("endpoint", "route", "upstream", "side", "way", "code", "outcome", "reason", "result", "phase", "worker"),
    *("file", "le", "state", "version", "direction", "form"),
}


def get(port: int, path: str, **fields) -> tuple[int, str, dict]:
    """Status, text and header fields."""
    call = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=fields)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(call, timeout=20) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), dict(refused.headers)


def scrape(proxy, accept: str = "") -> str:
    status, text, _ = get(proxy.admin_port, "/metrics", **({"Accept": accept} if accept else {}))
    assert status == 200, text
    return text


def samples(text: str) -> dict[tuple, float]:
    """By name and sorted labels."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        key = (name, *sorted(LABEL.findall(labels or "")))
        assert key not in found, f"twice: {line}"
        found[key] = float(value)
    return found


def value(text: str, name: str, **labels) -> float:
    return samples(text).get((name, *sorted(labels.items())), 0)


def scrape_with(proxy, count: float, name: str, **labels) -> str:
    """The first scrape that has counted so many. A worker that is busy when it is asked is told as it was before."""

    def found() -> str:
        text = scrape(proxy)
        return text if value(text, name, **labels) == count else ""

    return until(found, f"{name} is {count}")


def promtool(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60, cwd=DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def talk(proxy):
    """Some of everything: both kinds of clients, both sides, an error, a refused handshake."""
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        for number in range(5):
            client.ask("guide", f"question {number}")
            client.ask("content", f"question {number}")
            old.send_text(json.dumps({"message": f"old question {number}"}))
            old.receive()
        client.send_text("{")
        assert client.receive()["code"] == "bad_json"
    assert get(proxy.port, "/nowhere")[0] == 404


@pytest.fixture
def proxy(start_proxy):
    return start_proxy(SETTINGS)


def test_both_formats_are_told_apart_by_accept_and_pass_promtool(proxy):
    talk(proxy)
    status, text, fields = get(proxy.admin_port, "/metrics")
    assert (status, fields["Content-Type"]) == (200, TEXT)
    assert promtool("check", "metrics", text=text) == ""
    assert not text.endswith("# EOF\n")
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    _, text, fields = get(proxy.admin_port, "/metrics", Accept=accept)
    assert fields["Content-Type"] == OPEN_METRICS
    assert text.endswith("\n# EOF\n") and text.count("# EOF") == 1
    assert "# TYPE shunt_exchanges counter" in text and "shunt_exchanges_total{" in text


def test_what_clients_do_is_counted(proxy):
    talk(proxy)
    # Of both clients, which may be on different workers.
    text = scrape_with(proxy, 10, "shunt_messages_forwarded_total", route="guide", side="legacy")
    assert value(text, "shunt_messages_forwarded_total", route="liaison/content", side="unified") == 5
    assert value(text, "shunt_exchanges_total", route="guide", side="legacy", outcome="reply") == 10
    assert value(text, "shunt_first_reply_duration_seconds_count", route="guide", side="legacy") == 10
    assert value(text, "shunt_first_reply_duration_seconds_bucket", route="guide", side="legacy", le="+Inf") == 10
    assert value(text, "shunt_client_messages_total", endpoint="/api/ws/guide") == 5
    assert value(text, "shunt_client_messages_total", endpoint="/api/ws/agent") == 11
    assert value(text, "shunt_messages_refused_total", code="bad_json") == 1
    assert value(text, "shunt_route_unified_ratio", route="liaison/content") == 1
    assert value(text, "shunt_phase", phase="migrate") == 1
    assert value(text, "shunt_client_messages_bytes_total", endpoint="/api/ws/guide") > 5 * 20
    assert value(text, "shunt_messages_forwarded_bytes_total", route="guide", side="legacy") > 10 * 20
    assert value(text, "shunt_replies_bytes_total", route="liaison/content", side="unified") > 5 * 20


def test_the_process_is_told_by_the_names_that_dashboards_know(proxy):
    text = scrape(proxy)
    assert 0 < value(text, "process_cpu_seconds_total") < 600
    assert 1 << 20 < value(text, "process_resident_memory_bytes") < 1 << 31
    assert abs(value(text, "process_start_time_seconds") - time.time()) < 600
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(proxy.connect(new_token()))
        told, most = (value(scrape(proxy), name) for name in ("process_open_fds", "process_max_fds"))
        assert 50 < told < most
        # Sockets of the tests before and of the scrapes themselves may still be ending: the two counts are near, not equal.
        assert abs(told - len(os.listdir(f"/proc/{proxy.process.pid}/fd"))) < 40


def test_sockets_are_told_by_endpoint_and_way(proxy):
    with proxy.connect(new_token()) as client, proxy.connect(new_token(), path=LEGACY_PATHS["guide"]):
        client.ask("guide", "here?")
        scrape_with(proxy, 1, "shunt_client_connections", endpoint="/api/ws/agent", way="fan_out")
        scrape_with(proxy, 1, "shunt_client_connections", endpoint="/api/ws/guide", way="passthrough")


def test_only_a_deprecated_endpoint_that_is_used_is_told(proxy):
    name, labels = "shunt_requested_deprecated_endpoints", {"endpoint": "/api/ws/guide", "route": "guide", "state": "deprecated"}
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        old.send_text('{"message":"hello"}')
        old.receive()
        assert value(scrape(proxy), name, **labels) == 0
        proxy.cli("phase", "deprecate", "--yes", "--reason", "test")
        assert value(scrape(proxy), name, **labels) == 0
        old.send_text('{"message":"still here"}')
        old.receive()
        until(lambda: value(scrape(proxy), name, **labels) == 1, "its use is told")


def test_reloads_are_counted_by_their_result(proxy):
    proxy.cli_reload()
    proxy.file.write_text("{")
    proxy.cli_reload(code=1)
    text = scrape(proxy)
    assert value(text, "shunt_config_reloads_total", result="success") >= 1
    assert value(text, "shunt_config_reloads_total", result="failure") >= 1
    assert value(text, "shunt_config_last_reload_successful") == 0
    proxy.reload()
    assert value(scrape(proxy), "shunt_config_last_reload_successful") == 1


def test_no_label_is_unbounded_and_no_token_is_told(proxy):
    token = new_token()
    with proxy.connect(token) as client:
        client.send_text(json.dumps({"agent_type": "nobody-known", "message": token}))
        client.receive()
        client.ask("guide", token)
        text = scrape(proxy)
    assert token not in text and "nobody-known" not in text
    assert {label for key in samples(text) for label, _ in key[1:]} <= BOUNDED


def test_a_token_is_asked_for_where_tokens_are_set(start_proxy):
    proxy = start_proxy(merged(SETTINGS, {"admin": {"tokens": {"read": "r" * 32, "write": "w" * 32}}}))
    assert get(proxy.admin_port, "/metrics")[0] == 401
    assert get(proxy.admin_port, "/metrics", Authorization="Bearer " + "r" * 32)[0] == 200


def test_a_thousand_routes_are_told_at_once(start_proxy):
    routes = {
        f"made/{number}": {
            "match": {"agent_type": f"made{number}"},
            "served_by": "legacy",
            "legacy": {"upstream": {"url": f"ws://127.0.0.1:9/{number}"}},
        }
        for number in range(1000)
    }
    proxy = start_proxy({"routes": routes})
    scrape(proxy)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        text = scrape(proxy)
        took.append(time.perf_counter() - began)
    print(f"1,000 routes: {len(text)} bytes in {min(took) * 1000:.1f} ms at best")
    assert value(text, "shunt_route_unified_ratio", route="made/999") == 0
    promtool("check", "metrics", text=text)


def test_rules_are_sound_and_fire_when_they_should():
    promtool("check", "rules", "shunt.rules.yml")
    promtool("test", "rules", "shunt.rules.test.yml")


class Prometheus:
    """A real one with the committed rules, on loopback, ended by its id."""

    def __init__(self, directory, port: int):
        self.port = free_port()
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(DEPLOY / "shunt.rules.yml")],
            "scrape_configs": [{"job_name": "shunt", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
        }
        file = directory / "prometheus.yml"
        file.write_text(json.dumps(settings))
        with (directory / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ask(self, expression: str) -> list:
        status, text, _ = get(self.port, "/api/v1/query?query=" + urllib.parse.quote(expression))
        answer = json.loads(text)
        assert status == 200 and answer["status"] == "success", f"{expression}: {text}"
        return answer["data"]["result"]

    def ready(self) -> bool:
        try:
            return get(self.port, "/-/ready")[0] == 200
        except OSError:
            return False

    def stop(self):
        os.kill(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


@pytest.fixture
def prometheus(proxy, tmp_path):
    made = Prometheus(tmp_path, proxy.admin_port)
    until(made.ready, "Prometheus is ready", 60)
    yield made
    made.stop()


def dashboard_queries() -> list[tuple[str, str]]:
    """Title and expression of every panel, with the variables filled in as Grafana would."""
    board = json.loads((DEPLOY / "shunt.grafana.json").read_text())
    pairs = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]
    pairs += [(each["name"], each["expr"]) for each in board["annotations"]["list"]]
    filled = {"$job": "shunt", "$route": ".*", "$__rate_interval": "1m"}
    return [(title, re.sub(r"\$\w+", lambda found: filled[found[0]], text)) for title, text in pairs]


# What says something even where nothing is wrong.
SPEAKING = {
    "Phase",
    "Messages on unified",
    "Clients",
    "Errors",
    "Messages by side",
    "Share on unified by route",
    "First reply, median",
    "First reply, 99th percentile",
    "Errors of exchanges",
    "Messages by endpoint",
    "Connections",
    "Dials and failed dials",
    "How late timers fire, 99th percentile",
    "Bytes held, parked and buffered",
}


def test_a_real_prometheus_scrapes_it_and_answers_the_whole_dashboard(proxy, prometheus):
    def speaks() -> bool:
        # Counters are there from the start; a histogram only with its first reply, and has a rate two scrapes later.
        talk(proxy)
        return any(
            float(each["value"][1]) > 0
            for each in prometheus.ask("rate(shunt_first_reply_duration_seconds_count[1m])")
        )

    until(lambda: [each["value"][1] for each in prometheus.ask('up{job="shunt"}')] == ["1"], "it is scraped", 30)
    until(speaks, "rates are known", 30)
    queries = dashboard_queries()
    assert len(queries) > 25
    # A scrape that comes too late for its second leaves everything stale until the next.
    silent = set(SPEAKING)

    def all_speak() -> bool:
        silent.difference_update({title for title, text in queries if prometheus.ask(text)})
        return not silent

    with contextlib.suppress(AssertionError):
        until(all_speak, "every panel shows something", 30)
    assert not silent, f"nothing to show in {sorted(silent)}"
    [info] = until(lambda: prometheus.ask("shunt_build_info"), "its version is told", 30)
    assert info["metric"].keys() >= {"version", "job", "instance"}
