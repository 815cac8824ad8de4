"""Deprecated legacy endpoints: what they announce, when they are switched off for a while, and what old clients make of
it."""

import asyncio
import email.utils
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from harness import (
    AGENTS,
    LEGACY_PATHS,
    MIGRATION,
    ROUTES,
    RawSocket,
    SocketService,
    is_error,
    merged,
    new_token,
    request,
    until,
)

PILLARS = [agent for agent in AGENTS if agent != "guide"]
LINK = "https://example.com/migrate"
DATES = {"deprecated_at": "2026-12-01", "sunset": "2027-03-01", "link": LINK}
ANNOUNCED = {
    "deprecation": "@1796083200",
    "sunset": "Mon, 01 Mar 2027 00:00:00 GMT",
    "link": f'<{LINK}>; rel="deprecation", <{LINK}>; rel="sunset", </api/ws/agent>; rel="successor-version"',
}
# What an old frontend takes for "log in again".
LOG_IN_AGAIN = {1008, 4001, 4003}


def deprecating(**changes) -> dict:
    return merged(MIGRATION, {"phase": "deprecate", "deprecation": DATES | changes})


def window(seconds: float, routes: list[str], share: str = "100%", begins: float = 0) -> dict:
    """A brownout that begins in so many seconds (rounded down) and ends `seconds` after that."""
    begin = datetime.now(UTC) + timedelta(seconds=begins)
    start = begin.replace(microsecond=0)
    length = begin - start + timedelta(seconds=seconds)
    return {
        "routes": routes,
        "from": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "for": f"{length // timedelta(milliseconds=1)}ms",
        "share": share,
    }


def announced(headers) -> dict:
    return {name: headers.get(name) for name in ANNOUNCED}


@pytest.mark.parametrize("side", ["unified", "legacy", "raw"])
def test_a_deprecated_endpoint_says_so_on_every_way(start_proxy, side):
    changes = {"routes": {"guide": {"hold": "unified" if side == "unified" else "legacy"}}}
    if side == "raw":
        changes["routes"]["guide"]["legacy"] = {"passthrough": "raw"}
        changes["legacy_defaults"] = {"heartbeat": "off"}
    proxy = start_proxy(merged(deprecating(), changes))
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as old:
        assert announced(old.socket.response.headers) == ANNOUNCED
        old.send_text('{"message":"hello"}')
        assert "hello" in old.receive()["message"], "and works as before"
    with proxy.connect(new_token()) as new:
        assert announced(new.socket.response.headers) == dict.fromkeys(ANNOUNCED)


def test_phases_decide_and_a_reload_changes_what_is_said(start_proxy):
    proxy = start_proxy(merged(deprecating(), {"phase": "migrate"}))

    def answered() -> tuple[int, dict, bytes]:
        with RawSocket(proxy.port) as socket:
            socket.send(request(LEGACY_PATHS["content"] + "?session_token=" + new_token()))
            status, headers, body = socket.response(has_body=False)
            return status, headers, socket._exactly(int(headers.get("content-length", 0)))

    status, headers, _ = answered()
    assert (status, announced(headers)) == (101, dict.fromkeys(ANNOUNCED)), "in migrate the endpoint is open"
    assert [route["life"]["state"] for route in proxy.state("routes")["routes"]] == ["open"] * 5

    proxy.cli("phase", "deprecate", "--yes", "--reason", "test")
    assert announced(answered()[1]) == ANNOUNCED
    life = proxy.state("routes")["routes"][0]["life"]
    assert life == {
        "state": "deprecated",
        "deprecated_at": "2026-12-01T00:00:00Z",
        "sunset": "2027-03-01T00:00:00Z",
    }
    assert "deprecated since 2026-12-01, sunset 2027-03-01" in proxy.cli("routes")

    changes = {"phase": "migrate", "deprecation": {"sunset": "2027-04-01"}}
    proxy.reload(changes, says="deprecation: sunset changed")
    assert announced(answered()[1]) == ANNOUNCED | {"sunset": "Thu, 01 Apr 2027 00:00:00 GMT"}

    proxy.cli("phase", "complete", "--yes")
    status, headers, body = answered()
    assert status == 410
    assert headers["link"] == ANNOUNCED["link"]
    error = json.loads(body)["error"]
    assert (error["code"], error["successor"], error["link"]) == ("endpoint_closed", "/api/ws/agent", LINK)


def test_a_brownout_refuses_those_whom_it_picks_until_it_is_over(start_proxy, legacy):
    proxy = start_proxy(deprecating(brownouts=[window(3600, ["liaison/*"])]))
    with RawSocket(proxy.port) as socket:
        socket.send(request(LEGACY_PATHS["content"] + "?session_token=" + new_token()))
        status, headers, body = socket.response()
    error = json.loads(body)["error"]
    assert status == 503
    assert error["code"] == "brownout"
    ends = datetime.fromisoformat(error["until"])
    assert abs((ends - datetime.now(UTC)).total_seconds() - int(headers["retry-after"])) <= 30
    assert announced(headers) == ANNOUNCED
    assert error["successor"] == "/api/ws/agent"
    assert email.utils.parsedate_to_datetime(headers["sunset"]).year == 2027
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as other:
        other.send_text('{"message":"hello"}')
        assert "hello" in other.receive()["message"], "other routes go on"
    with proxy.connect(new_token()) as new:
        assert "hello" in new.ask("content", "hello")["message"], "and new clients"
    assert proxy.state("status")["total"]["brownout_refused"] == 1
    assert "brownout begins" in proxy.log

    proxy.reload({"deprecation": {"brownouts": []}}, says="deprecation: brownouts changed")
    with proxy.connect(new_token(), path=LEGACY_PATHS["content"]) as back:
        back.send_text('{"message":"hello"}')
        assert "hello" in back.receive()["message"]


@pytest.mark.parametrize("side", ["unified", "legacy"])
def test_open_sockets_end_after_their_exchanges_and_nobody_logs_in_again(start_proxy, backends, side):
    held = {"routes": {"guide": {"hold": side}, "liaison/{pillar}": {"hold": side}}}
    proxy = start_proxy(merged(deprecating(), held))
    sockets = {agent: proxy.connect(new_token(), path=path) for agent, path in LEGACY_PATHS.items()}
    gate = getattr(backends, side).gate()
    sockets["content"].send_text(json.dumps({"message": f"{gate.text} last words"}))
    gate.reached()
    proxy.reload({"deprecation": {"brownouts": [window(20, ["liaison/*"])]}})
    gate.open()
    reply = sockets["content"].receive()
    assert "last words" in reply["message"], "what was under way is answered first"
    for agent in PILLARS:
        with pytest.raises(ConnectionClosed) as closed:
            sockets[agent].receive(15)
        assert closed.value.rcvd.code == 4411
        assert closed.value.rcvd.code not in LOG_IN_AGAIN
        assert "deprecated" in closed.value.rcvd.reason
    sockets["guide"].send_text('{"message":"still here"}')
    assert "still here" in sockets["guide"].receive()["message"]
    sockets["guide"].close()
    assert proxy.state("status")["total"]["brownout_closed"] == len(PILLARS)


def test_a_share_picks_the_same_sessions_each_time(start_proxy):
    proxy = start_proxy(deprecating(brownouts=[window(3600, ["*"], "50%")]))

    def is_refused(token: str, agent: str) -> bool:
        try:
            proxy.connect(token, path=LEGACY_PATHS[agent]).close()
        except InvalidStatus as refused:
            assert refused.response.status_code == 503
            return True
        return False

    tokens = [new_token() for _ in range(40)]
    first = [is_refused(token, "guide") for token in tokens]
    assert 5 <= sum(first) <= 35
    assert [is_refused(token, "insights") for token in tokens] == first, "on all of a session's sockets"


def test_an_old_client_comes_back_when_the_brownout_is_over(start_proxy):
    """Its five attempts last fifteen seconds, a third of that here: no brownout of the field is so short. This one is
    over before its last."""
    heartbeat = {"absorb": ["heartbeat"], "send": '{"type":"heartbeat"}', "every": "200ms"}
    proxy = start_proxy(merged(deprecating(), {"legacy_defaults": {"heartbeat": heartbeat}}))

    async def live():
        service = SocketService(proxy, new_token("brown"), "guide", faster=3)
        codes = set()
        try:
            async with asyncio.timeout(40):
                while not service.heard:
                    await asyncio.sleep(0.02)
                socket = service.socket
                await asyncio.to_thread(proxy.reload, {"deprecation": {"brownouts": [window(4, ["guide"])]}})
                await socket.wait_closed()
                codes.add(socket.close_code)
                # What it does with its new socket is its own affair: it takes its silence for the server's.
                while service.connects < 2:
                    await asyncio.sleep(0.02)
        finally:
            await service.stop()
        return codes

    assert asyncio.run(live()) == {4411}


def test_clients_are_told_in_band_once_where_that_is_wanted(start_proxy):
    proxy = start_proxy(deprecating(notice={"type": "system", "text": "use {successor} before {sunset}"}))
    for agent, path in LEGACY_PATHS.items():
        with proxy.connect(new_token(), path=path) as old:
            assert old.receive() == {"type": "system", "text": "use /api/ws/agent before 2027-03-01T00:00:00Z"}, agent
            for text in ("one", "two"):
                old.send_text(json.dumps({"message": text}))
                reply = old.receive()
                assert text in reply["message"] and not is_error(reply, "brownout"), "and never again"
    with proxy.connect(new_token()) as new:
        new.hears_nothing_but("guide", "hello")


def test_use_is_logged_once_for_each_app(same_day, start_proxy):
    proxy = start_proxy(deprecating())
    for app in ("old-web", "old-phone", "old-web"):
        for agent in AGENTS:
            proxy.connect(query=f"session_token={new_token()}&client={app}", path=LEGACY_PATHS[agent]).close()

    def told():
        return re.findall(r"deprecated endpoint used.*?app=\"?([\w-]+)", proxy.log)

    until(lambda: len(told()) >= 2, "both apps are told")
    assert sorted(told()) == ["old-phone", "old-web"]


def test_the_check_shows_and_refuses(start_proxy, tmp_path):
    proxy = start_proxy(deprecating(brownouts=[window(3600, ["liaison/*"], "25%", begins=3600)]))
    shown = proxy.cli("check", str(proxy.file))
    assert "deprecated at 2026-12-01T00:00:00Z, sunset at 2027-03-01T00:00:00Z" in shown
    assert "brownout of liaison/*: 25% of the sessions" in shown
    assert set(ROUTES.values()) == {route["name"] for route in proxy.state("routes")["routes"]}
    wrong = {"deprecation": {"sunset": "2026-11-01", "brownouts": [window(60, ["liason/*"])]}}
    proxy.write(wrong)
    refused = proxy.cli("check", str(proxy.file), code=1)
    assert "sunset is before deprecated_at" in refused
    assert "there is no route" in refused
