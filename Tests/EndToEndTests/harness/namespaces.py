"""Another host on this machine: a network namespace behind a cable that can be unplugged."""

import contextlib
import ctypes
import itertools
import os
import shutil
import subprocess
import threading

import pytest

CLONE_NEWNET = 0x40000000
numbers = itertools.count(1)


class Namespace:
    """A namespace, called `name`, with the address `there`; this side of the cable has `here`."""

    def __init__(self, name: str, number: int):
        self.name = name
        self.cable = f"{name}a"
        self.here, self.there = f"10.213.{number}.1", f"10.213.{number}.2"

    def enter(self):
        """The calling thread, and nothing else of the process, is over there from now on."""
        with open(f"/run/netns/{self.name}") as place:
            library = ctypes.CDLL(None, use_errno=True)
            if library.setns(place.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def call(self, function):
        """What a function gives that runs over there."""
        results = []

        def run():
            self.enter()
            results.append(function())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(20)
        assert results, "the call from the other host did not succeed"
        return results[0]

    def unplug(self):
        """From now on packets of both sides are lost without a word."""
        ip("-n", self.name, "link", "set", f"{self.name}b", "down")

    def _set_up(self):
        other = f"{self.name}b"
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", other, "netns", self.name)
        ip("address", "add", f"{self.here}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        ip("-n", self.name, "address", "add", f"{self.there}/30", "dev", other)
        ip("-n", self.name, "link", "set", other, "up")

    def _remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def ip(*arguments: str):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def namespace():
    """Skips the test, with the reason, where there can be none."""
    if shutil.which("ip") is None:
        pytest.skip("no other host: there is no `ip` (Debian's iproute2)")
    # One that is removed stays for a moment: each has a name and addresses of its own.
    number = next(numbers)
    made = Namespace(f"sh{os.getpid() % 100000}n{number}", (os.getpid() + number) % 250)
    try:
        try:
            made._set_up()
            made.call(lambda: True)
        except (subprocess.CalledProcessError, OSError, AssertionError) as refused:
            pytest.skip(f"no other host: {getattr(refused, 'stderr', None) or refused}")
        yield made
    finally:
        made._remove()
