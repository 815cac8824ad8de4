"""What each server does without the proxy, measured with the versions of requirements.txt (ws: 8.11.0, Debian 12's
node-ws): the same for most, and who differs. Backends.md tells it to people."""

from .cases import REASON
from .fleet import KINDS

HELLO = ("reply", "5:hello")
CUT = ("cut",)
NO_CODE = ("close", 1005, "")
PLAIN = ("content-type", "text/plain; charset=utf-8")
HTML = ("content-type", "text/html; charset=UTF-8")
BARE_HTML = ("content-type", "text/html")
BYTES = ("content-type", "application/octet-stream")
BECAUSE = ("x-reason", "because")
LATER = ("retry-after", "7")


def most(usual, **others) -> dict:
    """By server: the usual, but for the others (underscores stand for dashes)."""
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return {kind.name: usual for kind in KINDS} | named


def refused(status: int, *fields: tuple[str, str], body: bytes = b"", dressed: bool = False) -> tuple:
    return ("refused", status, list(fields), body, dressed)


def log_in(*fields: tuple[str, str]) -> tuple:
    return refused(401, *fields, body=b"log in\n")


def slow_down(*fields: tuple[str, str], dressed: bool = False) -> tuple:
    return refused(429, *fields, LATER, BECAUSE, body=b"slow down\n", dressed=dressed)


def offers(listed: tuple[str, str, str, str], chosen=("v1", "v1", "v1", "v1")) -> list:
    """What the application hears of `v1` and `v2` in two fields and in one, of `v1` twice in one field and in two."""
    sent = (("v1", "v2"), ("v1, v2",), ("v1, v1",), ("v1", "v1"))
    return [
        (offer, 101, [choice] if choice else [], ("reply", heard))
        for offer, choice, heard in zip(sent, chosen, listed, strict=True)
    ]


def twice_refused(listed: str, body: bytes) -> list:
    """The same where an offer that names one twice is no handshake."""
    usual = offers((listed, listed, "", ""))
    return usual[:2] + [(offer, 400, [], body) for offer, *_ in usual[2:]]


def sizes(above: tuple, at: tuple = ("reply", f"1048561:{'x' * 20}")) -> list:
    """1 MiB less a kibibyte, 1 MiB, and a byte more."""
    return [("reply", f"1047537:{'x' * 20}"), at, above]


SPLIT = offers(("v1 v2", "v1 v2", "v1 v1", "v1 v1"))
AS_SENT = offers(("v1 v2", "v1, v2", "v1, v1", "v1 v1"))
LIBRARY = sizes(("close", 1009, "frame with 1048577 bytes exceeds limit of 1048576 bytes"))
ANSWERED = [("reply", "5:hello"), ("reply", "5:slept")]

FACTS = {
    "refused": most(
        refused(403),
        uvicorn=refused(403, PLAIN),
        aiohttp=log_in(PLAIN, BECAUSE),
        tornado=log_in(HTML, BECAUSE),
        sanic=("close", 1000, ""),
        websockets=log_in(PLAIN),
        ws=log_in(BARE_HTML, BECAUSE),
    ),
    "denied": most(
        slow_down(),
        uvicorn=slow_down(PLAIN),
        daphne=refused(403),
        granian=slow_down(dressed=True),
        aiohttp=slow_down(BYTES),
        tornado=slow_down(HTML),
        sanic=slow_down(BYTES),
        websockets=slow_down(PLAIN),
        ws=slow_down(BARE_HTML),
    ),
    "fields": most(
        (101, [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-accepted", "yes")]),
        daphne=(101, []),
        granian=(101, []),
        sanic=(101, []),
    ),
    "subprotocols": most(
        SPLIT,
        hypercorn=offers(("v2", "v1 v2", "v1 v1", "v1"), chosen=("v2", "v1", "v1", "v1")),
        daphne=twice_refused("v1 v2", b""),
        aiohttp=AS_SENT,
        sanic=offers(("v1 v2", "v1, v2", "v1, v1", "v1 v1"), chosen=("", "", "", "")),
        websockets=AS_SENT,
        ws=twice_refused("v1, v2", b"Invalid Sec-WebSocket-Protocol header"),
    ),
    "greeted": most(
        [(("reply", "hello"), ("close", 4001, "not now"))], daphne=[(("reply", "hello"), ("close", 4001, ""))]
    ),
    "shut": most([(("close", 4001, "not now"),)], daphne=[(("close", 4001, ""),)]),
    "raised": most(
        [HELLO, CUT],
        hypercorn=[HELLO, ("close", 1011, "")],
        daphne=[HELLO, ("close", 1011, "")],
        granian=[HELLO, NO_CODE],
        sanic=[HELLO, ("close", 1000, "")],
        websockets=[HELLO, ("close", 1011, "")],
    ),
    "returned": most(
        [HELLO, ("close", 1000, "")],
        uvicorn=[HELLO, CUT],
        uvicorn_wsproto=[HELLO, CUT],
        hypercorn=[HELLO, ("close", 1011, "")],
        granian=[HELLO, NO_CODE],
    ),
    "closed": most([HELLO, ("close", 4321, REASON)], daphne=[HELLO, ("close", 4321, "")]),
    "closed-by-client": most(
        [[4001, "bye"]],
        hypercorn=[[1006, ""]],
        daphne=[[4001, ""]],
        granian=[[4001, ""]],
        aiohttp=[[4001, ""]],
        sanic=[[None, "cancelled"]],
    ),
    "client-gone": most(
        [[1006, ""]],
        uvicorn=[[1005, ""]],
        uvicorn_wsproto=[[1005, ""]],
        granian=[[1005, ""]],
        tornado=[[None, ""]],
        sanic=[[None, "cancelled"]],
    ),
    "limit": most(
        LIBRARY,
        uvicorn_wsproto=sizes(("close", 1009, "Message exceeds the maximum size (1048576 bytes)")),
        hypercorn=sizes(("close", 1009, "")),
        daphne=sizes(CUT),
        granian=sizes(("reply", f"1048562:{'x' * 20}")),
        aiohttp=sizes(("close", 1009, ""), at=("close", 1009, "")),
        tornado=sizes(("close", 1009, "message too big")),
        ws=sizes(("close", 1009, "")),
    ),
    "big": most([HELLO, ("reply", "2097152 long")], daphne=[HELLO, ("close", 1011, "")]),
    "fragments": most((("reply", "5:three"), [b"now"])),
    "pings": {
        kind.name: (
            kind.name not in ("granian", "aiohttp", "tornado", "ws"),
            HELLO,
            ("silence",),
            HELLO,
            [],
        )
        for kind in KINDS
    },
    "sleeping": most(ANSWERED),
    "blocking": most([HELLO, HELLO, ("reply", "7:blocked"), HELLO]),
    "terminated": most(
        [HELLO, CUT],
        uvicorn=[HELLO, ("close", 1012, "")],
        uvicorn_wsproto=[HELLO, ("close", 1012, "")],
        hypercorn=[HELLO, ("close", 1011, "")],
        # The call is answered; what comes behind it is not read any more.
        aiohttp=[HELLO, ("reply", "5:slept"), CUT],
        sanic=[HELLO, ("close", 1000, "")],
        websockets=[HELLO, ("close", 1001, "")],
    ),
}
