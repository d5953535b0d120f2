"""Agents with accounts in a database, for test_databases.py."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

from witgen.golem.sdk import agent, mysql, postgres
from witgen.golem.sdk.durability import idempotence


@agent
class Bank:
    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[str] = []
        self.kept: Any = None

    @property
    def _module(self) -> ModuleType:
        return postgres if self.url.startswith("postgres") else mysql

    def _connect(self, **options: bool) -> Any:
        return self._module.connect(self.url, **options)

    def _sql(self, statement: str) -> str:
        return statement if self._module is postgres else statement.replace("$1", "?").replace("$2", "?")

    def prepare(self) -> None:
        db = self._connect(autocommit=True)
        db.execute("CREATE TABLE entry (id int PRIMARY KEY, text varchar(20))")
        db.execute("CREATE TABLE log (id int)")

    def insert(self, number: int) -> int:
        return int(self._connect(autocommit=True).execute(self._sql("INSERT INTO log VALUES ($1)"), [number]).rowcount)

    def count(self) -> int:
        [[found]] = self._connect(autocommit=True).execute("SELECT count(*) FROM log").fetchall()
        return int(found)

    def slowly(self, seconds: float) -> list[str]:
        """Insert something, in a transaction that takes its time."""
        seen: list[str] = []
        with self._connect() as db:
            db.execute(self._sql("INSERT INTO log VALUES ($1)"), [7])
            time.sleep(seconds)
            seen = [str(each) for (each,) in db.execute("SELECT id FROM log ORDER BY id")]
        self.seen += seen
        return self.seen

    def clash(self) -> str:
        db = self._connect()
        db.execute("INSERT INTO entry VALUES (1, 'a')")
        try:
            db.execute("INSERT INTO entry VALUES (1, 'b')")
        except postgres.IntegrityError as error:
            db.rollback()
            return str(error)
        return ""

    def stream(self, rows: int) -> int:
        db = self._connect(autocommit=True)
        for start in range(0, rows, 500):
            values = ", ".join(f"({each})" for each in range(start, min(rows, start + 500)))
            db.execute(f"INSERT INTO log VALUES {values}")
        cursor = db.cursor(streaming=True).execute("SELECT id FROM log ORDER BY id")
        return sum(each for (each,) in cursor)

    def keep(self) -> None:
        """Leave a transaction open."""
        self.kept = self._connect()
        self.kept.execute("INSERT INTO log VALUES (99)")

    def commit(self) -> str:
        try:
            self.kept.commit()
        except postgres.DatabaseError as error:
            return str(error)
        return "committed"

    def carefully(self, seconds: float) -> list[str]:
        with idempotence(repeat=False):
            return self.slowly(seconds)

    def types(self) -> list[str]:
        values: list[object] = [None, True, 5, 1.5, "x", b"x", {"a": [1]}, [1, None, 3], postgres.Range(1, 5)]
        [row] = self._connect().execute(f"SELECT {', '.join(f'${i}' for i in range(1, 10))}", values)
        return [repr(each) for each in row]
