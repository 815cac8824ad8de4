"""What is tried on every server, by every way at once: a table of cases, each with what it observes and what it expects
behind the proxy, given what the server does without it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness import frame, until

from .fleet import Post, Way, all_at_once
from .talker import PING, TEXT, Talker

LIMIT = 1 << 20
REASON = "r" * 123
BUSY_SECONDS = 4.5
CALLBACKS = "its sockets are served by callbacks; none of them returns for good"

LOST = ("error", "upstream_lost", True)


@dataclass(frozen=True)
class Case:
    """`observe` gives what was seen by each way. `managed`, `raw` and `routed` make of what a direct client saw the
    values that may be seen there; where nothing else is said that is just the same. A case without `routed` means
    nothing where Shunt itself is the server. `without` names servers that it does not fit, and why."""

    name: str
    observe: Callable[[Post], dict]
    routed: Callable[[object], list] | None = None
    managed: Callable[[object], list] = lambda direct: [direct]
    raw: Callable[[object], list] = lambda direct: [direct]
    without: dict[str, str] = field(default_factory=dict)

    def allowed(self, way: str, direct) -> list:
        if way == "managed":
            return self.managed(direct)
        if way == "raw":
            return self.raw(direct)
        return self.routed(direct)


def each_way(observe: Callable[[Way], object], in_turn: bool = False) -> Callable[[Post], dict]:
    """Observes all ways at once; or one after the other, where what is done may end the server."""

    def observations(post: Post) -> dict:
        if not in_turn:
            return all_at_once({way.name: lambda way=way: observe(way) for way in post.ways()})
        return {way.name: observe(way, post) for way in post.ways()}

    return observations


def handshake(do: str) -> Callable[[Way], tuple]:
    """A refusal as it is answered, and whether it is dressed as an upgrade; where there is a 101, what comes to who
    speaks first on a way of Shunt's own."""

    def observe(way: Way):
        with Talker(way, do) as client:
            if client.status != 101:
                dressed = bool(client.values("upgrade") or client.values("sec-websocket-accept"))
                return ("refused", client.status, client.end_to_end_fields(), client.body, dressed)
            return client.ask("hello") if way.routed else client.hear()

    return observe


def undressed(direct) -> list:
    return [(*direct[:4], False) if direct[0] == "refused" else direct]


def refused_routed(direct) -> list:
    """401 and 403 are the session's (`refusals`), other answers the upstream's. A close without a name in `closes`
    behind a 101 may have read the message, if it came to be written."""
    if direct[0] != "refused":
        return [LOST, ("error", "upstream_lost", False), ("error", "upstream_unavailable", False)]
    return [("error", "session_expired" if direct[1] in (401, 403) else "upstream_unavailable", False)]


def fields_of_the_101(way: Way):
    with Talker(way, "fields") as client:
        return (client.status, client.end_to_end_fields())


def subprotocols(way: Way):
    """What each offer gets: the answer, the choice, what the application was told of the offer."""
    seen = []
    for offer in (("v1", "v2"), ("v1, v2",), ("v1, v1",), ("v1", "v1")):
        with Talker(way, protocols=offer) as client:
            told = client.ask("/offered") if client.status == 101 else client.body
            seen.append((offer, client.status, client.values("sec-websocket-protocol"), told))
    return seen


def right_behind_the_101(do: str) -> Callable[[Way], object]:
    """Twenty times, because what is lost there is lost now and then."""

    def observe(way: Way):
        return sorted({one_greeting(way, do) for _ in range(20)})

    return observe


def one_greeting(way: Way, do: str) -> tuple:
    with Talker(way, do) as client:
        if client.status != 101:
            return ("refused", client.status, client.body)
        if way.routed:
            client.say("hello")
        heard = [client.hear()]
        while heard[-1][0] == "reply":
            heard.append(client.hear())
        # The greeting of an upstream is a push, which may be over before its client is there.
        return tuple(heard[-1:] if way.routed else heard)


def greeted_routed(direct) -> list:
    """Between the greeting and the close a message may have been written, and read for all one knows."""
    refused, read = ((("error", "session_expired", sent),) for sent in (False, True))
    return [[refused], [read], [refused, read]]


def in_an_exchange(words: str) -> Callable:
    """A first exchange, then what the words do; on routed ways the same client is served again afterwards."""

    def observe(way: Way, post: Post | None = None):
        with Talker(way) as client:
            seen = [client.ask("hello"), client.ask(words)]
            if post is not None and post.server.kind.name == "ws":
                until(lambda: not post.server.running, "the process is gone")
                post.server.again()
            return [*seen, client.ask("hello")] if way.routed else seen

    return observe


def lost_and_served_again(direct) -> list:
    return [[direct[0], direct[1] if direct[1][0] == "reply" else LOST, direct[0]]]


def padded(length: int) -> str:
    return "x" * (length - len('{"message": ""}'))


def limit(way: Way):
    """Messages below the limit, just at it, and a byte above. On routed ways a message grows by its address."""
    sizes = (LIMIT - 1024, LIMIT + 1) if way.routed else (LIMIT - 1024, LIMIT, LIMIT + 1)
    seen = []
    for size in sizes:
        with Talker(way) as client:
            seen.append(client.ask(padded(size), 30))
    return seen


def limit_routed(direct) -> list:
    below, _, above = direct
    if above[0] == "reply":
        return [[below, above]]
    return [[below, ("error", "message_too_large", True) if above[:2] == ("close", 1009) else LOST]]


def fragments(way: Way):
    """Three, with a ping between them."""
    with Talker(way) as client:
        client.send(frame(TEXT, b'{"mess', fin=False) + frame(0, b'age":"thr', fin=False))
        client.send(frame(PING, b"now") + frame(0, b'ee"}'))
        return (client.hear(), client.pongs)


def pings(post: Post) -> dict:
    """Whether the server's pings are heard in some silence, and whether the same connection still answers then."""

    def observe(way: Way):
        with Talker(way) as client:
            before = client.ask("hello")
            silence = client.hear(3.3)
            after = client.ask("hello")
            return (len(client.pings) > 0, before, silence, after, post.server.notes("closed", client.token))

    return each_way(observe)(post)


def sleeping(way: Way):
    """A call for longer than the keepalive lasts, whose handler lets others work, and a message behind it: most servers
    read no further then, so that nobody answers pings."""
    with Talker(way) as client:
        client.say(f"/sleep {BUSY_SECONDS}")
        return sorted([client.ask("hello", 30), client.hear(30)])


def blocking(post: Post) -> dict:
    """A call that stops the whole server for longer than the keepalive lasts. It is the direct client's; the others
    ask meanwhile. Of each way a second client is idle for that long, and asks when it is over."""
    clients = {way.name: Talker(way) for way in post.ways()}
    idle = {way.name: Talker(way) for way in post.ways()}
    greetings = {name: (client.ask("hello"), idle[name].ask("hello")) for name, client in clients.items()}
    direct = clients["direct"]
    direct.say(f"/block {BUSY_SECONDS}")
    until(lambda: post.server.notes("busy", direct.token), "the server is blocked")

    def observe(name: str):
        heard = clients[name].hear(30) if name == "direct" else clients[name].ask("hello", 30)
        return [*greetings[name], heard, idle[name].ask("hello", 30)]

    try:
        return all_at_once({name: lambda name=name: observe(name) for name in clients})
    finally:
        for client in [*clients.values(), *idle.values()]:
            client.raw.socket.close()


def blocked_others(direct) -> list:
    return [[direct[0]] * 4]


def terminated(post: Post) -> dict:
    """SIGTERM while each way's exchange is under way; and what follows where its reply still came."""
    clients = {way.name: Talker(way) for way in post.ways()}
    greetings = {name: client.ask("hello") for name, client in clients.items()}
    for client in clients.values():
        client.say("/sleep 3")
        until(lambda client=client: post.server.notes("busy", client.token), "the call is under way")
    post.server.terminate()

    def observe(name: str) -> list:
        heard = clients[name].hear(30)
        more = [clients[name].ask("hello", 30)] if heard[0] == "reply" else []
        return [greetings[name], heard, *more]

    seen = all_at_once({name: lambda name=name: observe(name) for name in clients})
    for client in clients.values():
        client.raw.socket.close()
    until(lambda: not post.server.running, f"{post.name} ends", 30)
    post.server.again()
    return seen


def lost_after_replies(direct) -> list:
    return [[heard if heard[0] == "reply" else LOST for heard in direct]]


def gone(closes: bool) -> Callable[[Post], dict]:
    """What the application is told of a client that closes, or that is gone without a close. (The echo is each leg's
    own.)"""

    def observations(post: Post) -> dict:
        def observe(way: Way):
            with Talker(way) as client:
                client.ask("hello")
                if closes:
                    client.close(4001, "bye")
            return until(lambda: post.server.notes("closed", client.token), f"{post.name} notes the end by {way.name}")

        return all_at_once({way.name: lambda way=way: observe(way) for way in post.ways() if not way.routed})

    return observations


CASES = [
    Case("refused", each_way(handshake("refuse")), refused_routed, managed=undressed, raw=undressed),
    Case("denied", each_way(handshake("deny")), refused_routed, managed=undressed, raw=undressed),
    Case("fields", each_way(fields_of_the_101)),
    Case("subprotocols", each_way(subprotocols)),
    Case("greeted", each_way(right_behind_the_101("greet")), greeted_routed),
    Case("shut", each_way(right_behind_the_101("shut")), lambda direct: [[(("error", "session_expired", False),)]]),
    Case("raised", each_way(in_an_exchange("/raise"), in_turn=True), lost_and_served_again),
    Case(
        "returned",
        each_way(in_an_exchange("/return")),
        lost_and_served_again,
        without={"daphne": CALLBACKS, "tornado": CALLBACKS, "ws": CALLBACKS},
    ),
    Case("closed", each_way(in_an_exchange(f"/close 4321 {REASON}")), lost_and_served_again),
    Case("closed-by-client", gone(closes=True)),
    Case("client-gone", gone(closes=False)),
    Case("limit", each_way(limit), limit_routed),
    Case("big", each_way(in_an_exchange("/big 2097152")), lost_and_served_again),
    Case("fragments", each_way(fragments), lambda direct: [direct]),
    Case("pings", pings, lambda direct: [(False, *direct[1:])], managed=lambda direct: [(False, *direct[1:])]),
    Case("sleeping", each_way(sleeping), lambda direct: [direct]),
    Case("blocking", blocking, blocked_others, managed=blocked_others, raw=blocked_others),
    Case("terminated", terminated, lost_after_replies),
]
