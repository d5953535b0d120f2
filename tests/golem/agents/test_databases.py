"""Agents with real databases: what is replayed, what is done again, and what is lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from tests.golem.agents.machine import Machine
from tests.support.databases import mariadb_server, postgres_server
from tests.support.guests import once
from witgen.build.componentize import Build, build, settings
from witgen.golem.worker.errors import WorkerError

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        app = shutil.copy(Path(__file__).parent / "databases" / "banks.py", folder)
        build(Build(str(app), out=folder / "banks.wasm", **settings(folder, {"golem": "1.5", "paths": [str(folder)]})))

    return once(tmp_path_factory, "banks", make) / "banks.wasm"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def mysql_url() -> Iterator[str]:
    with mariadb_server() as url:
        yield url


class Database:
    """A database, seen from outside."""

    def __init__(self, url: str, connection: Any) -> None:
        self.url = url
        self.connection = connection

    def ids(self) -> list[int]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT id FROM log ORDER BY id")
            return [each for (each,) in cursor.fetchall()]

    def change(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(params=["postgres", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    url = request.getfixturevalue(f"{request.param}_url")
    if request.param == "postgres":
        made = Database(url, psycopg.connect(url, autocommit=True))
    else:
        port = int(url.rpartition(":")[2].partition("/")[0])
        options: dict[str, Any] = {"host": "127.0.0.1", "port": port, "user": "root", "database": "golem"}
        made = Database(url, pymysql.connect(**options, autocommit=True))
    with made.connection:
        yield made
        with made.connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS log, entry")


class Teller:
    """Calls one agent."""

    def __init__(self, machine: Machine, url: str) -> None:
        self.machine = machine
        self.agent = f'Bank("{url}")'

    def __call__(self, *words: str, **options: Any) -> Any:
        return json.loads(self.machine.run(self.agent, *words, json=True, **options).text or "null")

    def killed(self, until: Callable[[], object], *words: str) -> None:
        """Call a method in a process, and kill that as soon as something holds."""
        self.machine.killed(until, self.agent, *words)

    def executed(self) -> int:
        """Return how many statements of transactions count in the agent's history."""
        if self.agent not in self.machine.names:
            return 0
        names = [each["name"] for each in self.machine.oplog(self.agent)]
        return sum(name.endswith("db-transaction.execute") for name in names)


@pytest.fixture
def teller(banks: Path, tmp_path: Path, database: Database) -> Teller:
    made = Teller(Machine(banks, tmp_path), database.url)
    made("prepare")
    return made


def test_statements_are_replayed(teller: Teller, database: Database) -> None:
    assert teller("insert", "1") == 1
    assert teller("count") == 1
    database.change("INSERT INTO log VALUES (2)")
    # This machine makes each call in a new process, which replays all earlier ones.
    assert teller("count") == 2
    assert database.ids() == [1, 2]
    assert teller("clash") != ""


def test_a_transaction_that_was_interrupted_is_done_again(teller: Teller, database: Database) -> None:
    teller("insert", "1")
    teller.killed(lambda: teller.executed() == 1, "slowly", "4")
    assert database.ids() == [1]
    database.change("INSERT INTO log VALUES (2)")
    # The next process goes on with the call; its transaction sees what is there now.
    assert teller("slowly", "0") == ["1", "2", "7", "1", "2", "7", "7"]
    assert database.ids() == [1, 2, 7, 7]
    assert teller.executed() == 2


def test_a_transaction_may_be_done_again_where_writes_may_not(teller: Teller, database: Database) -> None:
    teller.killed(lambda: teller.executed() == 1, "carefully", "4")
    assert teller("slowly", "0") == ["7", "7", "7"]
    assert database.ids() == [7, 7]


def unanswered(state: Path) -> None:
    """Let an oplog look as if the process had been killed between a commit and its answer."""
    with sqlite3.connect(state) as connection:
        [[last]] = connection.execute("SELECT max(position) FROM oplog WHERE kind = 'committed-remote-transaction'")
        connection.execute("UPDATE oplog SET response = NULL, response_data = NULL WHERE position = ?", [last])
        connection.execute("DELETE FROM oplog WHERE position > ? AND kind NOT LIKE 'pre-commit%'", [last])
    connection.close()


def test_a_commit_without_an_answer(teller: Teller, database: Database) -> None:
    teller("slowly", "0")
    unanswered(teller.machine.state)
    # The same command goes on with the call.
    after = teller("slowly", "0")
    if database.url.startswith("postgres"):
        # PostgreSQL is asked what became of it.
        assert (after, database.ids()) == (["7"], [7])
    else:
        # MySQL cannot be asked, so the transaction is done again.
        assert database.ids() == [7, 7]


def test_a_commit_that_did_not_happen(banks: Path, tmp_path: Path, postgres_url: str) -> None:
    teller = Teller(Machine(banks, tmp_path), postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        database = Database(postgres_url, connection)
        teller("prepare")
        teller("slowly", "0")
        unanswered(tmp_path / "state.db")
        with connection.transaction(force_rollback=True):
            [[other]] = connection.execute("SELECT txid_current()::text")
        with sqlite3.connect(tmp_path / "state.db") as state:
            [[before]] = state.execute("SELECT request FROM oplog WHERE kind LIKE 'pre-commit%'")
            begin, kind, url, _ = json.loads(before)
            changed = json.dumps([begin, kind, url, other])
            state.execute("UPDATE oplog SET request = ? WHERE kind LIKE 'pre-commit%'", [changed])
        state.close()
        database.change("DELETE FROM log")
        assert (teller("slowly", "0"), database.ids()) == (["7"], [7])
        connection.execute("DROP TABLE log, entry")


def test_a_transaction_that_is_left_open_is_lost(teller: Teller, database: Database) -> None:
    teller("keep")
    assert "the worker was stopped while it was open" in teller("commit")
    assert database.ids() == []
    assert teller("insert", "1") == 1


def test_streams(teller: Teller) -> None:
    assert teller("stream", "2000") == sum(range(2000))
    assert teller("count") == 2000


def test_values(banks: Path, tmp_path: Path, postgres_url: str) -> None:
    teller = Teller(Machine(banks, tmp_path), postgres_url)
    plain = ["None", "True", "5", "1.5", "'x'", "b'x'", "{'a': [1]}", "[1, None, 3]"]
    expected = [*plain, "Range(lower=1, upper=5, bounds='[)')"]
    for _ in range(2):
        assert teller("types") == expected


def test_the_network_can_be_forbidden(banks: Path, tmp_path: Path, postgres_url: str) -> None:
    teller = Teller(Machine(banks, tmp_path), postgres_url)
    with pytest.raises(WorkerError, match="permission denied"):
        teller("count", network=False)


def test_a_driver_that_is_missing(
    banks: Path, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    teller = Teller(Machine(banks, tmp_path), postgres_url)
    with pytest.raises(WorkerError, match=r"pip install 'witgen\[postgres\]'"):
        teller("count")
    assert teller.machine.said == []
