"""A store that fails: overrides are refused with words that help, nothing is half done, and the proxy serves on."""

import contextlib
import os
import sqlite3
import subprocess

import pytest

from harness import MIGRATION, merged, new_token

SETTINGS = merged(MIGRATION, {"phase": "migrate", "routes": {"guide": {"pin": "exchange"}}})


class Disk:
    """A file system of its own, small enough to be filled."""

    def __init__(self, directory):
        self.directory = directory
        self.store = directory / "shunt.db"
        self.filler = directory / "filler"

    @property
    def settings(self) -> dict:
        return merged(SETTINGS, {"store": {"url": f"sqlite:{self.store}"}})

    def fill(self):
        with self.filler.open("wb", buffering=0) as filler:
            size = 1 << 20
            while size:
                try:
                    filler.write(b"x" * size)
                except OSError:
                    size //= 2

    def make_room(self):
        self.filler.unlink()

    def remount(self, how: str):
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.directory)], check=True)


@pytest.fixture
def disk(tmp_path):
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(directory)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except OSError as missing:
        pytest.skip(f"no file system of its own: {missing}")
    if done.returncode != 0:
        pytest.skip(f"no file system of its own: {done.stderr.strip()}")
    yield Disk(directory)
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def serves(client, side: str) -> bool:
    """Whether the next message is served by that side."""
    return client.ask("guide", "who?")["message"].startswith("unified ") == (side == "unified")


def refuses_changes(proxy, *words: str):
    """An override is refused by command line and API, in words that name the cause, and changes nothing."""
    before = proxy.state("routes")
    said = proxy.cli("set", "guide", "legacy" if before["routes"][0]["served_by"] == "unified" else "unified", code=1)
    status, problem = proxy.try_to_serve("guide", "77%")
    assert (status, problem["code"]) == (503, "store_unavailable"), problem
    for word in ("nothing was changed", *words):
        assert word in said, said
    for word in words:
        assert word in problem["detail"], problem
        assert word in proxy.log
    assert words[0] in proxy.cli("status"), "whoever looks later sees it"
    assert proxy.state("routes") == before


def set_aside(proxy) -> list:
    """The databases that were moved away; SQLite's own files beside them do not count."""
    return [file for file in proxy.directory.glob("shunt.db.corrupt-*") if not file.name.endswith(("-wal", "-shm"))]


def put_in_order(database):
    """Leaves one file, as a process that ends in good order does."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert list(database.parent.glob("shunt.db*")) == [database]


class TestADiskThatIsFull:
    def test_while_the_proxy_runs_costs_only_the_change(self, disk, start_proxy):
        proxy = start_proxy(disk.settings)
        with proxy.connect(new_token()) as client:
            proxy.cli("set", "guide", "unified", "--reason", "before")
            disk.fill()
            refuses_changes(proxy, "disk is full", "Free some space and try again")
            assert serves(client, "unified")
            # What helps to get over it is possible all the same.
            assert "not in the audit trail" in proxy.cli("pause", "guide")
            proxy.cli("resume", "guide")
            assert serves(client, "unified")
            disk.make_room()
            proxy.cli("set", "guide", "legacy", "--reason", "after")
            assert serves(client, "legacy")
        assert [entry["reason"] for entry in proxy.state("audit")["entries"]] == ["after", "before"], "and no more"
        proxy.restart_after_kill()
        assert (proxy.route()["served_by"], proxy.route()["override"]["reason"]) == ("legacy", "after")

    def test_when_the_proxy_is_killed_leaves_what_was_in_force(self, disk, start_proxy):
        proxy = start_proxy(disk.settings)
        proxy.cli("set", "guide", "unified")
        disk.fill()
        refuses_changes(proxy, "disk is full")
        proxy.restart_after_kill()
        assert (proxy.route()["served_by"], proxy.route()["decided_by"]) == ("unified", "override")
        with proxy.connect(new_token()) as client:
            assert serves(client, "unified")

    def test_at_the_first_start_is_said_and_the_file_decides(self, disk, start_proxy):
        disk.fill()
        proxy = start_proxy(disk.settings)
        with proxy.connect(new_token()) as client:
            refuses_changes(proxy, "disk is full", "restart the proxy")
            assert serves(client, "legacy")
        disk.make_room()
        proxy.stop()
        proxy.start()
        proxy.cli("set", "guide", "unified")
        assert proxy.route()["served_by"] == "unified"


class TestADirectoryThatIsReadOnly:
    @pytest.mark.parametrize("ended", ["in good order", "killed"])
    def test_lets_stored_overrides_count_and_refuses_changes(self, disk, start_proxy, ended):
        proxy = start_proxy(disk.settings)
        proxy.cli("set", "guide", "unified", "--reason", "before")
        if ended == "killed":
            proxy.kill()
        else:
            proxy.stop()
            put_in_order(disk.store)
        disk.remount("ro")
        proxy.start()
        with proxy.connect(new_token()) as client:
            assert proxy.route()["override"]["reason"] == "before"
            refuses_changes(proxy, "read-only", "restart the proxy")
            assert serves(client, "unified")
        assert [entry["reason"] for entry in proxy.state("audit")["entries"]] == ["before"]
        proxy.stop()
        disk.remount("rw")
        proxy.start()
        proxy.cli("unset", "guide")
        assert proxy.route()["decided_by"] == "file"

    def test_without_a_database_is_said_and_the_file_decides(self, disk, start_proxy):
        disk.remount("ro")
        proxy = start_proxy(disk.settings)
        with proxy.connect(new_token()) as client:
            refuses_changes(proxy, "cannot be opened", str(disk.directory), "restart the proxy")
            assert serves(client, "legacy")
        proxy.stop()
        disk.remount("rw")
        proxy.start()
        proxy.cli("set", "guide", "unified")

    def test_a_place_where_no_file_can_be_is_said_and_the_file_decides(self, start_proxy, tmp_path):
        (tmp_path / "file").write_text("no directory")
        proxy = start_proxy(merged(SETTINGS, {"store": {"url": f"sqlite:{tmp_path}/file/shunt.db"}}))
        with proxy.connect(new_token()) as client:
            refuses_changes(proxy, "cannot be opened", "restart the proxy")
            assert serves(client, "legacy")


class TestADatabaseThatIsNotAsItWas:
    @pytest.fixture
    def proxy(self, start_proxy):
        return start_proxy(SETTINGS)

    def test_removed_while_open_refuses_changes(self, proxy):
        with proxy.connect(new_token()) as client:
            for file in proxy.directory.glob("shunt.db*"):
                file.unlink()
            (proxy.directory / "shunt.db").mkdir()
            refuses_changes(proxy, "was removed or replaced", "Restart the proxy")
            assert serves(client, "legacy")

    def test_locked_by_another_refuses_changes_until_it_is_free(self, proxy):
        with (
            proxy.connect(new_token()) as client,
            contextlib.closing(sqlite3.connect(proxy.directory / "shunt.db")) as other,
        ):
            other.execute("BEGIN IMMEDIATE")
            refuses_changes(proxy, "locked by another process", "try again")
            assert serves(client, "legacy")
            other.rollback()
            proxy.cli("set", "guide", "unified")
            assert serves(client, "unified")

    @pytest.mark.parametrize("damage", ["noise", "torn", "one page"])
    def test_corrupt_at_the_start_is_set_aside_and_said(self, proxy, damage):
        proxy.cli("set", "guide", "unified")
        proxy.stop()
        database = proxy.directory / "shunt.db"
        put_in_order(database)
        sound = database.read_bytes()
        broken = {
            "noise": os.urandom(len(sound)),
            "torn": sound[: len(sound) // 2],
            "one page": sound[:4096] + os.urandom(4096) + sound[8192:],
        }[damage]
        database.write_bytes(broken)
        proxy.start()
        (aside,) = set_aside(proxy)
        assert aside.read_bytes() == broken, "for whoever wants to rescue something"
        warning = next(line for line in proxy.log.splitlines() if "was broken" in line)
        assert " error " in warning and aside.name in warning and "no longer in force" in warning
        assert proxy.route()["decided_by"] == "file"
        proxy.cli("set", "guide", "unified")
        proxy.stop()
        proxy.start()
        assert proxy.route()["decided_by"] == "override", "the new one is sound"
        assert len(set_aside(proxy)) == 1
