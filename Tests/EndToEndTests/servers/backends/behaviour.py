"""What every backend of the suite does, in words; how it does it is each server's own code.

At the handshake, by `do` in the query: `refuse` (in the server's plainest way), `deny` (status 429, a body, fields),
`fields` (accepts with fields of its own), `greet` (accepts, sends one message and closes at once), `shut` (accepts and
closes at once). A subprotocol is chosen from `v1`, `v2` in the order of the client.

By message, `{"message": WORDS}`: `/raise`, `/return`, `/close CODE REASON`, `/big LENGTH`, `/sleep SECONDS` (awaits),
`/block SECONDS` (does not), `/offered`; everything else is answered with its length and its beginning.
"""

import json
import os
from pathlib import Path
from urllib.parse import parse_qs

LIMIT = 1 << 20
PROTOCOLS = ("v1", "v2")
DENIAL = (429, b"slow down\n", {"retry-after": "7", "x-reason": "because"})
FIELDS = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-accepted", "yes")]
GREETING = '{"type":"welcome","message":"hello"}'
CLOSE = (4001, "not now")

port = int(os.environ.get("PORT", 0))
ping_seconds = 1


def note(word: str, token: str, *values):
    """Tells the test what happened, in a line of its file."""
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(json.dumps([word, token, *values]) + "\n")


def asked(query: str) -> tuple[str, str]:
    """The token, and what the query wants done at the handshake."""
    members = parse_qs(query)
    return members.get("session_token", [""])[0], members.get("do", [""])[0]


def chosen(offered: list[str]) -> str | None:
    return next((each for each in offered if each in PROTOCOLS), None)


def words_of(text: str) -> tuple[str, list[str]]:
    """The first word of a message, and the others."""
    message = json.loads(text)["message"]
    word, *others = message.split(" ")
    return (word, others) if word.startswith("/") else ("", [message])


def reply(message: str) -> str:
    return json.dumps({"type": "response", "message": message})


def answer(message: str) -> str:
    return reply(f"{len(message)}:{message[:20]}")
