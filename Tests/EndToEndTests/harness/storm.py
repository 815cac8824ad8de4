"""Many clients that connect in the same instant, as after a restart, and what became of each of them.

    python -m harness.storm PORT COUNT [--path PATH] [--addresses 11] [--within 15] [--trip 0.1]

One thread over epoll, no library in between: a client connects, asks when its network's round trip is over, reads the
answer, and stays until all have theirs.
"""

import argparse
import base64
import errno
import json
import os
import resource
import select
import socket
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from .raw import request

# IP_BIND_ADDRESS_NO_PORT of linux/in.h: the port is chosen when the other end is known.
BIND_ADDRESS_NO_PORT = 24


@dataclass
class Outcome:
    """`served` holds the seconds after which each client had its 101; `refused` counts statuses with their codes, `cut`
    those that got nothing, by how that ended; `late` those that had no answer when the time was over."""

    clients: int
    served: list[float] = field(default_factory=list)
    refused: Counter = field(default_factory=Counter)
    cut: Counter = field(default_factory=Counter)
    late: int = 0

    def __str__(self) -> str:
        times = sorted(self.served) or [0.0]
        median, most = times[len(times) // 2], times[-1]
        return (
            f"{len(self.served)} of {self.clients} served, median {median:.2f} s, last {most:.2f} s; "
            f"refused {dict(self.refused)}, cut {dict(self.cut)}, late {self.late}"
        )


class Visitor:
    """One of them."""

    def __init__(self, number: int, port: int, path: str, addresses: int, behind: bytes):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((f"127.0.0.{1 + number % addresses}", 0))
        self.port = port
        self.request = request(path.replace("%d", str(number)), sec_websocket_key=key(number)) + behind
        self.answer = b""
        self.has_asked = False

    def connect(self):
        code = self.socket.connect_ex(("127.0.0.1", self.port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))

    def ask(self):
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        sent = self.socket.send(self.request)
        assert sent == len(self.request), "a request fits an empty socket"
        self.has_asked = True

    def hear(self) -> str | None:
        """Reads: `101`, or status and code of a refusal that has arrived in full; None while there is more to come."""
        data = self.socket.recv(65536)
        self.answer += data
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if end and head.startswith(b"HTTP/1.1 101 "):
            return "101"
        if data:
            return None
        if not end:
            raise ConnectionError("end")
        return head.split(b" ", 2)[1].decode() + " " + json.loads(body)["error"]["code"]


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(16, "big")).decode()


class Storm:
    def __init__(
        self, port: int, clients: int, path: str, addresses: int, within: float, trip: float, behind: bytes = b""
    ):
        self.within = within
        self.trip = trip
        self.outcome = Outcome(clients)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.visitors: dict[int, Visitor] = {}
        for number in range(clients):
            visitor = Visitor(number, port, path, addresses, behind)
            self.visitors[visitor.socket.fileno()] = visitor

    def run(self) -> Outcome:
        poll = select.epoll(len(self.visitors))
        started = time.monotonic()
        waiting = set()
        for number, visitor in self.visitors.items():
            try:
                visitor.connect()
            except OSError as failure:
                self.cut(failure)
                continue
            poll.register(number, select.EPOLLOUT)
            waiting.add(number)
        # Those that are connected, and when they ask.
        connected: deque[tuple[float, int]] = deque()
        while waiting and (left := self.within - (time.monotonic() - started)) > 0:
            if connected:
                left = max(0, min(left, connected[0][0] - time.monotonic()))
            for number, _ in poll.poll(left, 1024):
                if not self.visitors[number].has_asked:
                    poll.unregister(number)
                    connected.append((time.monotonic() + self.trip, number))
                elif self.hear(poll, number, started):
                    waiting.discard(number)
            while connected and connected[0][0] <= time.monotonic():
                number = connected.popleft()[1]
                if not self.ask(poll, number):
                    waiting.discard(number)
        self.outcome.late = len(waiting)
        poll.close()
        return self.outcome

    def ask(self, poll: select.epoll, number: int) -> bool:
        try:
            self.visitors[number].ask()
        except OSError as failure:
            self.cut(failure)
            return False
        poll.register(number, select.EPOLLIN)
        return True

    def hear(self, poll: select.epoll, number: int, started: float) -> bool:
        """Whether that was its answer, or its end."""
        try:
            answer = self.visitors[number].hear()
        except OSError as failure:
            self.cut(failure)
        else:
            if answer is None:
                return False
            if answer == "101":
                self.outcome.served.append(time.monotonic() - started)
            else:
                self.outcome.refused[answer] += 1
        poll.unregister(number)
        return True

    def cut(self, failure: OSError):
        self.outcome.cut[errno.errorcode.get(failure.errno or 0, str(failure))] += 1

    def close(self):
        for visitor in self.visitors.values():
            visitor.socket.close()


def storm(
    port: int,
    clients: int,
    path: str = "/api/ws/agent",
    *,
    addresses: int = 11,
    within: float = 15,
    trip: float = 0.1,
    behind: bytes = b"",
    then=None,
) -> Outcome:
    """Lets them connect, each from one of so many addresses, and ask `trip` seconds later, with `behind` in the same
    packet. `%d` in the path is the client's number. Those that were served stay until all have their answer, and until
    `then` has run."""
    crowd = Storm(port, clients, path, addresses, within, trip, behind)
    try:
        outcome = crowd.run()
        if then:
            then(outcome)
        return outcome
    finally:
        crowd.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("clients", type=int)
    parser.add_argument("--path", default="/api/ws/agent?session_token=storm-%d")
    parser.add_argument("--addresses", type=int, default=11)
    parser.add_argument("--within", type=float, default=15)
    parser.add_argument("--trip", type=float, default=0.1)
    options = vars(parser.parse_args())
    print(storm(options.pop("port"), options.pop("clients"), **options))
