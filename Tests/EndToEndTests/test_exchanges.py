"""Exchanges with backends that stream for ever, name conversations themselves, or wait for a word in between."""

import json

import pytest

from harness import LEGACY_PATHS, MIGRATION, is_error, merged, new_token, until

STREAM = {
    "upstream_defaults": {"replies": {"match": ["token"], "until": {"type": ["done"]}}},
    "session": {"linger": "1s", "parked_replies": {"for": "1s"}},
}


@pytest.mark.parametrize("has_token", [False, True])
def test_streams_whose_client_is_gone_end(start_proxy, odd_backend, has_token):
    proxy = start_proxy(STREAM, legacy=odd_backend("endless").port)
    for _ in range(20):
        with proxy.connect(new_token() if has_token else None) as client:
            client.send("guide", "go")
            assert client.receive()["message"] == "part"

    def now():
        counts = proxy.state("status")["now"]
        return sum(counts[each] for each in ("clients", "connections", "exchanges", "sessions"))

    until(lambda: now() == 0, "nothing of them is left", 20)


def test_a_stream_ends_after_its_total_time(start_proxy, odd_backend):
    changes = STREAM | {"routes": {"guide": {"legacy": {"upstream": {"exchange": {"total": "1s"}}}}}}
    with start_proxy(changes, legacy=odd_backend("endless").port).connect(new_token()) as client:
        client.send("guide", "go")
        while (heard := client.receive())["type"] == "token":
            assert heard["message"] == "part"
        assert (heard["code"], heard["sent"]) == ("timeout", True)


def test_an_answer_that_takes_longer_than_the_idle_time_makes_nobody_idle(start_proxy, odd_backend):
    backend = odd_backend("busy")
    with start_proxy({"limits": {"idle_timeout": "1s"}}, legacy=backend.port).connect(new_token()) as client:
        client.send("guide", "compute")
        until(lambda: backend.computing, "it computes")
        # The socket must outlive its idle time, then begin it anew.
        with pytest.raises(TimeoutError):
            client.receive_text(2)
        backend.finish()
        assert client.receive()["message"] == "guide: compute"
        client.hears_nothing_but("guide", "next")


def test_the_conversation_is_the_one_that_the_backend_names(start_proxy, odd_backend):
    backend = odd_backend("naming")
    with start_proxy(legacy=backend.port).connect(new_token()) as client:
        first = client.ask("guide", "1")
        assert first["conversation_id"] == "srv-1"
        assert client.ask("guide", "2", conversation_id="")["conversation_id"] == "srv-1"
        assert client.ask("guide", "3", conversation_id=None)["conversation_id"] == "srv-1"
        assert client.ask("guide", "4", conversation_id="srv-1")["conversation_id"] == "srv-1"
    assert [each or None for each in backend.named] == [None, "srv-1", "srv-1", "srv-1"]


def test_an_approval_does_not_wait_for_the_answer_that_waits_for_it(start_proxy, odd_backend):
    backend = odd_backend("approving")
    with start_proxy({"unified": {"one_way": ["approval"]}}, legacy=backend.port).connect(new_token()) as client:
        client.send("guide", "delete it all", conversation_id="c")
        client.send("guide", "and then this", conversation_id="c")
        until(lambda: backend.computing, "it asks back")
        client.send("guide", "yes", conversation_id="c", type="approval")
        assert client.receive()["message"] == "approved: yes"


@pytest.mark.parametrize("side", ["legacy", "unified"])
def test_an_approval_of_an_old_client_goes_to_the_side_that_waits_for_it(start_proxy, odd_backend, side):
    waiting, other = odd_backend("approving"), odd_backend("busy")
    legacy, unified = (waiting, other) if side == "legacy" else (other, waiting)
    upstream = {"url": f"ws://127.0.0.1:{unified.port}/api/ws/agent"}
    changes = {
        "unified": {"one_way": ["approval"], "upstream": upstream},
        "routes": {"guide": {"served_by": side}},
    }
    proxy = start_proxy(merged(MIGRATION, changes), legacy=legacy.port)
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as client:
        client.send_text(json.dumps({"message": "delete it all"}))
        until(lambda: waiting.computing, "it asks back")
        proxy.serve("guide", "unified" if side == "legacy" else "legacy")
        client.send_text(json.dumps({"message": "and then this"}))
        client.send_text(json.dumps({"type": "approval", "message": "yes"}))
        assert client.receive()["message"] == "approved: yes"
        assert client.receive()["message"] == "guide: and then this", "by the other side"


def test_an_old_client_hears_of_a_message_that_is_given_up_because_its_route_moved(start_proxy, odd_backend):
    backend = odd_backend("busy")
    upstream = {"exchange": {"timeout": "1s"}}
    changes = {"routes": {"guide": {"served_by": "legacy", "legacy": {"upstream": upstream}}}}
    proxy = start_proxy(merged(MIGRATION, changes), legacy=backend.port)
    with proxy.connect(new_token(), path=LEGACY_PATHS["guide"]) as client:
        client.send_text(json.dumps({"message": "compute"}))
        until(lambda: backend.computing, "it computes")
        proxy.serve("guide", "unified")
        assert is_error(client.receive(), "timeout", sent=True)
        assert proxy.route()["counts"]["errors_by_legacy"] == 1
        backend.finish()
