"""Messages that no backend must see: an error on the same socket, which stays usable."""

import pytest

from harness import AGENTS, RawSocket, frame, is_error, new_token

NESTED = '{"agent_type":"guide","message":"x","deep":' + "[" * 2000 + "]" * 2000 + "}"

CASES = {
    "nothing": ("", "bad_json"),
    "words": ("hello", "bad_json"),
    "half an object": ('{"agent_type":"guide","message":"x"', "bad_json"),
    "a malformed tail": ('{"agent_type":"guide","message":"x","tail":tru}', "bad_json"),
    "more behind the object": ('{"agent_type":"guide","message":"x"} {}', "bad_json"),
    "a trailing comma": ('{"agent_type":"guide","message":"x",}', "bad_json"),
    "single quotes": ("{'agent_type':'guide','message':'x'}", "bad_json"),
    "a byte order mark": ('\ufeff{"agent_type":"guide","message":"x"}', "bad_json"),
    "a raw line break in a string": ('{"agent_type":"guide","message":"x\ny"}', "bad_json"),
    "a number that is none": ('{"agent_type":"guide","message":"x","n":01}', "bad_json"),
    "not a number": ('{"agent_type":"guide","message":"x","n":NaN}', "bad_json"),
    "a bad escape": ('{"agent_type":"guide","message":"\\x"}', "bad_json"),
    "two thousand nested arrays": (NESTED, "bad_json"),
    "nested for ever": ("[" * 100_000, "bad_json"),
    "an array": ('[{"agent_type":"guide","message":"x"}]', "not_an_object"),
    "a string": ('"guide"', "not_an_object"),
    "a number": ("42", "not_an_object"),
    "null": ("null", "not_an_object"),
    "an unknown agent": ('{"agent_type":"wizard","message":"x"}', "unknown_agent"),
    "an agent in other case": ('{"agent_type":"Guide","message":"x"}', "unknown_agent"),
    "an agent that is a number": ('{"agent_type":7,"message":"x"}', "unknown_agent"),
    "a liaison without pillar": ('{"agent_type":"liaison","message":"x"}', "pillar_required"),
    "an unknown pillar": ('{"agent_type":"liaison","pillar":"finance","message":"x"}', "unknown_pillar"),
    "a pillar with a hyphen": ('{"agent_type":"liaison","pillar":"business-outcomes","message":"x"}', "unknown_pillar"),
    "two agents": ('{"agent_type":"guide","agent_type":"liaison","pillar":"content","message":"x"}', "ambiguous_member"),
    "two pillars, one escaped": (
        '{"agent_type":"liaison","pillar":"content","pi\\u006clar":"insights","message":"x"}',
        "ambiguous_member",
    ),
    "two conversations": ('{"message":"x","conversation_id":"a","conversation_id":"b"}', "ambiguous_member"),
    "two types": ('{"type":"heartbeat","type":"chat","message":"x"}', "ambiguous_member"),
    "half a surrogate pair as conversation": ('{"message":"x","conversation_id":"\\ud83d"}', "bad_member"),
    "U+0000 in a conversation": ('{"message":"x","conversation_id":"a\\u0000"}', "bad_member"),
    "U+0000 in a name": ('{"message":"x","message\\u0000":"y"}', "bad_member"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_message_is_answered_with_an_error_and_goes_nowhere(proxy, legacy, name):
    text, code = CASES[name]
    token = new_token()
    with proxy.connect(token) as client:
        client.hears_nothing_but("guide", "before")
        client.send_text(text)
        assert is_error(client.receive(), code, sent=False)
        for agent in AGENTS:
            client.hears_nothing_but(agent, "after")
    assert sum(connection["messages"] for connection in legacy.seen(token)["connections"]) == 6


def test_an_error_says_which_conversation_it_is_about(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"agent_type":"wizard","message":"x","conversation_id":"c 1"}')
        reply = client.receive()
        assert is_error(reply, "unknown_agent", sent=False)
        assert reply["conversation_id"] == "c 1"
        assert reply["agent_type"] == "wizard"
        assert "wizard" in reply["message"]


def test_binary_is_refused(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text(b'{"agent_type":"guide","message":"x"}')
        assert is_error(client.receive(), "binary_unsupported", sent=False)
        client.hears_nothing_but("guide", "text works")


def test_equal_duplicates_are_one_member(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text(
            '{"agent_type":"liaison","agent_type":"liais\\u006fn","pillar":"insights","pillar":"insights","message":"yes",'
            '"conversation_id":"c","conversation_id":"c"}'
        )
        reply = client.receive()
        assert reply["message"] == "insights: yes"
        assert reply["conversation_id"] == "c"


def test_keys_and_values_compare_after_unescaping(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"agent\\u005ftype":"li\\u0061ison","pill\\u0061r":"\\u0063ontent","message":"escaped"}')
        assert client.receive()["message"] == "content: escaped"


def test_nesting_up_to_the_limit_is_fine(proxy):
    with proxy.connect(new_token()) as client:
        client.send_text('{"agent_type":"guide","message":"deep","d":' + "[" * 127 + "]" * 127 + "}")
        assert client.receive()["message"] == "guide: deep"


def test_the_nesting_limit_is_the_configuration_s(start_proxy):
    with start_proxy({"limits": {"nesting": 4}}).connect(new_token()) as client:
        client.send_text('{"message":"a","d":[[[]]]}')
        assert client.receive()["message"] == "guide: a"
        client.send_text('{"message":"a","d":[[[[]]]]}')
        assert is_error(client.receive(), "bad_json", sent=False)


def test_the_first_message_may_be_large(proxy):
    text = "z" * (2 << 20)
    with proxy.connect(new_token()) as client:
        assert client.ask("content", text)["message"] == "content: " + text


def test_a_message_over_the_limit_closes_the_socket_with_1009(start_proxy):
    proxy = start_proxy({"limits": {"message": "64KiB"}})
    with RawSocket(proxy.port) as raw:
        raw.upgrade()
        raw.send(frame(1, b"x" * (64 * 1024 + 1)))
        assert is_error(raw.next_message(), "message_too_large", sent=False)
        assert raw.close_code() == 1009
    with proxy.connect(new_token()) as client:
        client.hears_nothing_but("guide", "others are served")


def test_a_reply_over_the_limit_costs_one_error(start_proxy):
    with start_proxy({"limits": {"message": "64KiB"}}).connect(new_token()) as client:
        client.send("guide", "/big 70000")
        assert is_error(client.receive(), "reply_too_large", sent=True)
        client.hears_nothing_but("guide", "on we go")
