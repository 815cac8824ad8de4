"""What operators type and ask: readiness, the command line in pipes."""

import json
import subprocess

from harness import ROUTES, is_error, new_token, until
from harness.odd_backends import OddBackend
from harness.processes import free_port, http_get
from harness.proxy import BINARY, REPOSITORY


def readiness(proxy) -> tuple[int, dict]:
    status, body = http_get(proxy.admin_port, "/readyz?upstreams")
    health = json.loads(body)
    return status, {each["upstream"]: each.get("answers") for each in health.get("upstreams", [])}


def test_readiness_says_which_upstreams_answer(start_proxy, backends):
    dark = free_port()
    proxy = start_proxy(legacy=dark)
    status, answers = readiness(proxy)
    assert status == 503, "the guide's backend does not listen"
    assert answers["guide"] is False and answers["unified"] is True
    assert http_get(proxy.admin_port, "/readyz")[0] == 200, "the proxy itself is ready"
    for port in (proxy.port, proxy.admin_port):
        for path in ("/healthz", "/readyz"):
            assert http_get(port, path)[0] == 200
    for route in ROUTES.values():
        proxy.serve(route, "unified")
    status, answers = readiness(proxy)
    assert status == 200 and answers["guide"] is False, "no route is served by it any more"
    proxy.serve("guide", "25%")
    assert readiness(proxy)[0] == 503
    backend = OddBackend("chatty")
    backend.port = dark
    with backend:
        until(lambda: readiness(proxy)[1]["guide"] is True, "it is there now", 15)
        assert "yes" in next(line for line in proxy.cli("pools").splitlines() if line.startswith("guide "))


def test_following_events_ends_when_nobody_reads_them(proxy):
    proxy.cli("pause", "guide")
    proxy.cli("resume", "guide")
    command = f"{BINARY} events --follow --admin http://127.0.0.1:{proxy.admin_port} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stderr == ""
    assert len(done.stdout.splitlines()) == 1 and "guide" in done.stdout


def check(text: str | bytes, *options: str) -> subprocess.CompletedProcess:
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([str(BINARY), "check", *options, "-"], input=data, capture_output=True, timeout=20)


def test_a_configuration_is_checked_from_standard_input(tmp_path):
    good = check((REPOSITORY / "config.yaml").read_text())
    assert good.returncode == 0 and good.stderr == b"", good.stderr
    assert b"clients of the unified endpoint are sent a heartbeat every 8s" in good.stdout
    bad = check("routes: {}\nlimit: {}\n")
    assert bad.returncode == 1
    assert b'<stdin>:2:1: error: limit: unknown key "limit"; did you mean "limits"?' in bad.stderr
    assert b"<stdin>: 2 error(s), 0 warning(s)" in bad.stderr
    found = json.loads(check(b"\xff", "--json").stdout)
    assert found["ok"] is False and found["diagnostics"][0]["file"] == "<stdin>"


def test_errors_repeat_the_request_s_id_byte_for_byte(proxy):
    with proxy.connect(new_token()) as client:
        for value in ("7", '"r\\u00e9\\/"', "1.50", "null"):
            client.send_text('{"request_id": %s ,"agent_type":"nobody"}' % value)
            text = client.receive_text()
            assert is_error(json.loads(text), "unknown_agent", sent=False)
            assert text.endswith(',"request_id":%s}' % value)
            client.send_text('{"request_id": %s ,"agent_type":"guide","message":"/array"}' % value)
            text = client.receive_text()
            assert is_error(json.loads(text), "upstream_protocol", sent=True)
            assert text.endswith(',"request_id":%s}' % value)
        client.hears_nothing_but("guide", "and on")
