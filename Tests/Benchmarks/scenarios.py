"""What is done to a peer, and what is to be told of it."""

import dataclasses

from peers import Peer

_COMMON = ("shunt", "nginx", "haproxy", "envoy", "caddy", "node", "fastapi")
_AGENTS = "agent0,agent1,agent2,agent3,agent4"


@dataclasses.dataclass(frozen=True)
class Scenario:
    letter: str
    # In the picture.
    short: str
    title: str
    peers: tuple[str, ...]
    # Of `shunt load`.
    options: tuple[str, ...] = ()
    # What the others are divided by; nil where nothing is.
    base: str | None = "nginx"
    # `message` and `handshake` cost processor time; `memory` is of idle sockets.
    measures: str = "message"
    scheme: str = "ws"
    # Of every peer, in place of its own.
    path: str | None = None
    # The proxy may run on all cores.
    is_spread: bool = False

    @property
    def unit(self) -> str:
        return {"message": "µs a message", "handshake": "µs a handshake", "memory": "KiB a client"}[self.measures]

    def command(self, peer: Peer) -> list[str]:
        """The arguments of `shunt load`, but for how long. Messages have a member for their number that means nothing to a
        proxy."""
        number = ["--number", "seq"]
        if self.letter != "u":
            return [peer.url(self.path, self.scheme), *self.options, *number]
        if peer.is_unified:
            return [peer.url(), "--users", "100", "--agents", _AGENTS, "--in-flight", "5", *number]
        return [peer.url("/ws/{agent}"), "--users", "100", "--agents", _AGENTS, *number]


_TLS = ("shunt, TLS", "shunt, TLS, raw", "nginx, TLS")
_BULK = ("--users", "100", "--in-flight", "4", "--size", "16384")
_SHAKE = ("--users", "32", "--handshakes")

_ALL = [
    Scenario(
        "a", "100 clients", "100 clients, one message of 200 bytes under way each",
        (*_COMMON, "shunt, managed", "shunt, raw"), ("--users", "100"),
    ),
    Scenario(
        "b", "16 under way each", "100 clients, 16 messages of 200 bytes under way each", _COMMON,
        ("--users", "100", "--in-flight", "16"),
    ),
    Scenario(
        "c", "1,000 clients", "1,000 clients, one message of 200 bytes under way each", _COMMON, ("--users", "1000"),
    ),
    Scenario(
        "d", "16 KiB", "100 clients, four messages of 16 KiB under way each", (*_COMMON, "nginx, 64 KiB", "shunt, raw"), _BULK,
    ),
    Scenario(
        "g", "5,000 a second", "open loop, 5,000 messages a second over 100 clients", _COMMON,
        ("--users", "100", "--rate", "5000"),
    ),
    Scenario(
        "u", "users × agents", "100 users, each talks with five agents: one socket each where the peer can do that, else five",
        _COMMON,
    ),
    Scenario(
        "f", "handshakes", "handshakes, 32 at a time, each closed at once", (*_COMMON, "shunt, raw"), _SHAKE,
        measures="handshake",
    ),
    Scenario(
        "e", "idle, have spoken", "2,000 clients that have said something and are idle, the backend's side included",
        (*_COMMON, "shunt, raw"), ("--messages", "2000"), measures="memory",
    ),
    Scenario(
        "i", "idle, silent", "2,000 clients that have said nothing", ("shunt", "nginx", "node", "fastapi"),
        ("--messages", "0"), measures="memory",
    ),
    Scenario(
        "t", "TLS handshakes", "TLS handshakes, none resumed, 32 at a time, each closed at once", _TLS, _SHAKE,
        base="nginx, TLS", measures="handshake", scheme="wss",
    ),
    Scenario(
        "v", "TLS, 16 KiB", "TLS, 100 clients, four messages of 16 KiB under way each", _TLS, _BULK, base="nginx, TLS",
        scheme="wss",
    ),
    Scenario(
        "w", "TLS, idle, silent", "TLS, 2,000 clients that have said nothing", _TLS, ("--messages", "0"),
        base="nginx, TLS", measures="memory", scheme="wss",
    ),
    Scenario(
        "s", "two workers", "two workers beside one: 100 sessions with four sockets each, the proxy on all cores",
        ("two workers", "one worker"), ("--users", "100", "--agents", "agent0,agent1,agent2,agent3"), base="one worker",
        is_spread=True, path="/api/ws/agent?session_token=s{user}&socket={agent}",
    ),
]  # fmt: skip
SCENARIOS = {scenario.letter: scenario for scenario in _ALL}
