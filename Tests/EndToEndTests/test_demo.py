"""What a newcomer starts: the committed configuration with the demo's own backends."""

import subprocess

from harness import AGENTS, new_token
from harness.proxy import BINARY, REPOSITORY


def test_all_five_agents_answer(demo):
    with demo.connect(new_token()) as client:
        for _ in range(3):
            for agent, tags in AGENTS.items():
                reply = client.ask(agent, "hello")
                assert reply["message"] == f"{agent}: hello"
                assert reply["agent_type"] == tags["agent_type"]
                assert reply.get("pillar") == tags.get("pillar")
                assert reply["conversation_id"]


def test_its_commands_provoke_what_they_say(demo):
    with demo.connect(new_token()) as client:
        assert "x" * 100_000 in client.ask("guide", "/big 100000")["message"]
        assert client.ask("content", "/fail")["type"] == "error"
        assert client.ask("content", "/crash")["message"].startswith("Internal error:")
        client.hears_nothing_but("content", "alive again")
        client.hears_nothing_but("insights", "/push")
        client.hears_nothing_but("insights", "/slow 100")
        assert client.ask("operations", "/close 4001")["code"] == "upstream_lost"
        client.hears_nothing_but("operations", "back")
        token = client.ask("guide", "/whoami")["whoami"]["token"]
        assert token


def test_a_session_s_history_is_restored_without_harm(demo):
    token = new_token()
    with demo.connect(token) as client:
        client.hears_nothing_but("content", "first")
        client.ask("content", "/crash")
        client.send("content", "second")
        heard = [client.receive()]
        while heard[-1]["type"] != "message":
            heard.append(client.receive())
        assert heard[-1]["message"] == "content: second"
        assert [push["type"] for push in heard[:-1]] in ([], ["conversation_restored"])


def test_the_committed_configuration_has_nothing_to_complain_about(demo):
    for arguments in ([], ["--json"]):
        check = subprocess.run(
            [str(BINARY), "check", "config.yaml", *arguments], cwd=REPOSITORY, capture_output=True, text=True
        )
        assert check.returncode == 0, check.stderr
        assert check.stderr == ""
        assert "liaison/content" in check.stdout


def test_help_and_version_are_answered():
    for argument in ("--help", "--version"):
        assert subprocess.run([str(BINARY), argument], capture_output=True).returncode == 0
