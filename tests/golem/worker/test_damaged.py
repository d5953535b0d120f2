"""State files with damage of any kind, and pipes, folders and devices in the place of their files: one clear error."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from tests.golem.worker.conftest import ADD
from witgen.golem.worker.command import Run, run
from witgen.golem.worker.errors import WorkerError
from witgen.golem.worker.managing import Manager, Reader

JUNK: list[Any] = [
    None, 0, -1, 2**63 - 1, 1.5, float("inf"), "", "x", "[", "[" * 5000, "{}", "[]", "[1]", "null", '"a"',
    '[1, "tried"]',
    '{"a": 1}', b"\xff\xfe", b"", "[[1, 2, 3]]", "[1e400]", "[NaN]", "9" * 5000, "\0", "[-1, 5]", "../../../x",
]  # fmt: skip


class Place:
    """A folder with a state file: a worker that is idle, one that has failed, and what else may wait in such a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "s.db"
        (path / "calc.wasm").write_bytes(wat2wasm(ADD))
        self.add("w", key="known")
        with suppress(WorkerError):
            self.run("f", "fail")
        with self.database() as connection:
            connection.execute(
                "INSERT INTO invocations VALUES (1, 'p', 'add', '[1,2]', x'', 9000000000000000000, 'pending')"
            )
            connection.execute("INSERT INTO promises VALUES (1, 2, NULL)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def database(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.state, isolation_level=None))

    def run(self, worker: str, function: str, *arguments: str, key: str | None = None) -> str:
        wanted = Run(
            component=str(self.path / "calc.wasm"), function=function, arguments=arguments, worker=worker, key=key,
            state=self.state, say=lambda line: None,
        )  # fmt: skip
        return run(wanted).text

    def add(self, worker: str, key: str | None = None) -> None:
        assert self.run(worker, "add", "3", "4", key=key) == "7"

    def read(self) -> None:
        with Reader(self.state) as reader:
            for record in reader.records.workers():
                json.dumps([reader.shown(record), *reader.oplog(record, dead=True)])

    def manage(self, verb: str, worker: str, **how: Any) -> None:
        with Manager(self.state) as manager:
            getattr(manager, verb)(manager.find(worker), **how)

    def prune(self) -> None:
        with Manager(self.state) as manager:
            manager.prune(failed=True)

    def actions(self) -> list[Callable[[], None]]:
        return [
            lambda: self.add("w"), lambda: self.add("w", key="known"), lambda: self.add("new"), self.read, self.prune,
            lambda: self.manage("abandon", "f"), lambda: self.manage("retry", "f"), lambda: self.manage("delete", "w"),
            lambda: self.manage("revert", "w", calls=1), lambda: self.manage("interrupt", "w"),
        ]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _damage(place: Place, whole: bytes, chance: random.Random) -> None:
    """Flip bits, cut the file, or put something else into one of its columns."""
    for suffix in ("-wal", "-shm"):
        place.state.with_name(f"s.db{suffix}").unlink(missing_ok=True)
    damaged = bytearray(whole)
    kind = chance.choice(["flip", "cut", "value", "value"])
    if kind == "flip":
        for _ in range(chance.randint(1, 20)):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del damaged[chance.randrange(len(damaged)) :]
    place.state.write_bytes(damaged)
    if kind == "value":
        with place.database() as connection, suppress(sqlite3.Error):
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            table = chance.choice([each for each in tables if not each.startswith("sqlite")])
            column = chance.choice([row[1] for row in connection.execute(f"PRAGMA table_info({table})")])
            connection.execute(f"UPDATE {table} SET {column} = ?", (chance.choice(JUNK),))


def test_times_that_no_calendar_has(place: Place) -> None:
    for table, column in (("workers", "created"), ("oplog", "at")):
        with place.database() as connection:
            [known, *_] = connection.execute(f"SELECT {column} FROM {table}").fetchone()
        for value in (-(2**63), 1e300, float("-inf"), "9" * 5000):
            with place.database() as connection:
                connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
            with pytest.raises(WorkerError, match=r"(entry \d+ of the oplog|about worker 'w') is damaged"):
                place.read()
        with place.database() as connection:
            connection.execute(f"UPDATE {table} SET {column} = ?", (known,))
    with place.database() as connection:
        connection.execute("UPDATE workers SET created = ?", (2**63 - 1,))
    with pytest.raises(WorkerError, match="about worker 'w' is damaged"):
        place.read()


@pytest.mark.parametrize("seed", range(2))
def test_damage_is_an_error_of_its_own(place: Place, seed: int) -> None:
    chance, whole = random.Random(seed), place.state.read_bytes()
    refusals = []
    for _ in range(120):
        _damage(place, whole, chance)
        action = chance.choice(place.actions())
        try:
            action()
        except WorkerError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    # Nobody holds the file: what failed has let go of it.
    assert [each for each in refusals if "locked" in each] == []


KINDS: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": getattr(os, "mkfifo", Path.mkdir),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "file": lambda path: path.write_bytes(b"something else"),
}


def _socket(path: Path) -> None:
    here = Path.cwd()
    # The path of a socket has to be short.
    os.chdir(path.parent)
    try:
        with closing(socket.socket(socket.AF_UNIX)) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices as Unix has them")
@pytest.mark.parametrize("kind", [*KINDS, "socket"])
def test_what_is_no_file_of_ours_is_said_at_once(place: Place, tmp_path: Path, kind: str) -> None:
    [kept] = (tmp_path / "s.db.d" / "components").iterdir()
    names = [
        "s.db", "s.db.lock", "s.db-journal", "s.db-wal", "s.db-shm", "s.db.d", "s.db.d/keyvalue.sqlite",
        "s.db.d/keyvalue.sqlite-journal", "s.db.d/blobs", "s.db.d/http", "s.db.d/http/1", "s.db.d/components",
        f"s.db.d/components/{kept.name}",
    ]  # fmt: skip
    copy = tmp_path.with_name(f"{tmp_path.name} whole")
    shutil.copytree(tmp_path, copy)
    for name in names:
        shutil.rmtree(tmp_path)
        shutil.copytree(copy, tmp_path)
        path = tmp_path / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        KINDS.get(kind, _socket)(path)
        for action in place.actions():
            _in_time(action, f"{kind} {name}")


def _in_time(action: Callable[[], None], what: str) -> None:
    unexpected: list[BaseException] = []

    def act() -> None:
        try:
            action()
        except WorkerError:
            pass
        except BaseException as error:  # noqa: BLE001 - shown below
            unexpected.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), f"{what}: it waits"
    assert unexpected == [], what
