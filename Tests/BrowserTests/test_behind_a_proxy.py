"""The dashboard below a path of another server: a real nginx in front of the admin listener."""

import shutil
import subprocess

import pytest
from harness import new_token
from harness.processes import free_port, http_get, until

from browser import Dashboard

PATH = "/shunt-admin/"
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location {path} {{
            proxy_pass http://127.0.0.1:{admin}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@pytest.fixture
def nginx(proxy, tmp_path):
    """Its port, with the proxy's admin listener below the path."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    file = tmp_path / "nginx.conf"
    file.write_text(CONFIGURATION.format(directory=tmp_path, port=port, admin=proxy.admin_port, path=PATH))
    process = subprocess.Popen([program, "-c", str(file), "-e", str(tmp_path / "error.log")])
    until(lambda: http_get(port, PATH + "healthz")[0] == 200, "nginx answers")
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture
def below(driver, nginx):
    driver.get_log("browser")
    page = Dashboard(driver, nginx)
    page.media()
    yield page
    errors = page.console_errors()
    driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    driver.get("about:blank")
    assert not errors, errors


@pytest.mark.parametrize("path", [PATH, PATH + "dashboard", PATH.rstrip("/")])
def test_the_page_works_below_a_path_of_another_server(below, proxy, path):
    below.open(path).is_live()
    assert below.run("return location.pathname") == PATH
    with proxy.connect(new_token()) as client:
        client.ask("guide", "hello")
        # Samples come as they are made: nothing in between keeps them.
        below.until(lambda: below.text("#tile-sockets .big") == "1", "the stream tells of the socket", 10)
    below.press("guide", "unified")
    below.apply("from below a path")
    below.dialog_closes()
    below.until(lambda: below.served_by("guide") == "Unified", "the change is made")
    assert proxy.route("guide")["override"]["reason"] == "from below a path"


def test_the_pools_say_which_upstreams_answer(below):
    below.open(PATH).is_live()
    answers = lambda: below.texts('#pools-table [data-label="Answers"]')  # noqa: E731
    below.until(lambda: answers() and set(answers()) == {"yes"}, "every backend of the test is there")
