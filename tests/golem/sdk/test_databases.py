"""Databases of agents: what PEP 249 promises, values both ways, and SQLite in tests."""

# ruff: noqa: DTZ001 - databases have times without a zone

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from witgen.golem.sdk import agent, mysql, postgres
from witgen.golem.sdk._bindings.types import golem_rdbms_mysql as mysql_types
from witgen.golem.sdk._bindings.types import golem_rdbms_postgres as types
from witgen.golem.sdk._bindings.types import golem_rdbms_types as common
from witgen.golem.sdk.databases import mysql_values, postgres_values
from witgen.golem.sdk.testing import Agents

URL = "postgres://app:secret@db/bank"


@agent
class Bank:
    """An agent that keeps accounts in a database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, name: str, balance: int) -> None:
        with postgres.connect(self.url) as db:
            db.execute("INSERT INTO account VALUES ($1, $2)", [name, Decimal(balance)])

    def balance(self, name: str) -> int | None:
        with postgres.connect(self.url) as db:
            found = db.execute("SELECT balance FROM account WHERE name = $1", [name]).fetchone()
        return None if found is None else int(found[0])

    def move(self, source: str, target: str, amount: int) -> bool:
        try:
            with postgres.connect(self.url) as db:
                for name, change in ((target, amount), (source, -amount)):
                    db.execute("UPDATE account SET balance = balance + $1 WHERE name = $2", [change, name])
        except postgres.IntegrityError:
            return False
        return True


@pytest.fixture
def db(witgen_agents: Agents) -> postgres.Connection:
    return postgres.connect(URL, autocommit=True)


def test_an_agent_with_a_database(witgen_agents: Agents) -> None:
    inside = witgen_agents.database(URL)
    inside.execute("CREATE TABLE account (name TEXT PRIMARY KEY, balance NUMERIC NOT NULL CHECK (balance >= 0))")
    bank = witgen_agents.get(Bank, URL)
    bank.open("ann", 5)
    bank.open("bob", 0)
    assert bank.move("ann", "bob", 3)
    assert not bank.move("ann", "bob", 3)
    assert (bank.balance("ann"), bank.balance("bob"), bank.balance("eve")) == (2, 3, None)
    assert inside.execute("SELECT count(*) FROM account").fetchone() == (2,)


def test_databases_are_empty_for_each_test(db: postgres.Connection) -> None:
    with pytest.raises(postgres.DatabaseError, match="no such table: account"):
        db.execute("SELECT * FROM account")


def test_fetching(db: postgres.Connection) -> None:
    db.execute("CREATE TABLE n (i INTEGER)")
    with db.cursor() as cursor:
        cursor.executemany("INSERT INTO n VALUES ($1)", [[i] for i in range(120)])
        assert cursor.rowcount == 120
        cursor.execute("SELECT i FROM n ORDER BY i")
        assert cursor.rowcount == 120
        assert cursor.description == [("i", "int4", None, None, None, None, None)]
        assert cursor.description[0][1] == postgres.NUMBER
        assert cursor.fetchone() == (0,)
        assert cursor.fetchmany() == [(1,)]
        assert cursor.fetchmany(2) == [(2,), (3,)]
        assert next(cursor) == (4,)
        assert len(cursor.fetchall()) == 115
        assert (cursor.fetchone(), cursor.fetchall()) == (None, [])
        cursor.execute("UPDATE n SET i = i + 1 WHERE i < $1", [10])
        assert (cursor.rowcount, cursor.description) == (10, None)
        with pytest.raises(postgres.InterfaceError, match="no result to fetch"):
            cursor.fetchone()
    with pytest.raises(postgres.InterfaceError, match="the cursor is closed"):
        cursor.execute("SELECT 1")


def test_streams(db: postgres.Connection, witgen_agents: Agents) -> None:
    db.execute("CREATE TABLE n (i INTEGER)")
    db.cursor().executemany("INSERT INTO n VALUES ($1)", [[i] for i in range(120)])
    cursor = db.cursor(streaming=True).execute("SELECT i FROM n ORDER BY i")
    assert cursor.rowcount == -1
    assert [cursor.fetchone(), len(cursor.fetchmany(60))] == [(0,), 60]
    assert len(witgen_agents.fakes.golem_rdbms_postgres.DbResultStream.get_next.calls) == 2
    assert sum(1 for _ in cursor) == 59


def test_transactions(witgen_agents: Agents) -> None:
    inside = witgen_agents.database(URL)
    inside.execute("CREATE TABLE n (i INTEGER)")
    db = postgres.connect(URL)
    count = "SELECT count(*) FROM n"
    db.execute("INSERT INTO n VALUES (1)")
    assert db.in_transaction
    assert (db.execute(count).fetchone(), inside.execute(count).fetchone()) == ((1,), (0,))
    db.commit()
    assert not db.in_transaction
    assert inside.execute(count).fetchone() == (1,)
    db.execute("INSERT INTO n VALUES (2)")
    db.rollback()
    with pytest.raises(postgres.DatabaseError, match="no such column"):
        insert_badly(db)
    db.execute("INSERT INTO n VALUES (4)")
    with pytest.raises(postgres.InterfaceError, match="autocommit"):
        db.autocommit = True
    db.close()
    db.close()
    assert inside.execute(count).fetchone() == (1,)
    with pytest.raises(postgres.InterfaceError, match="the connection is closed"):
        db.execute(count)


def insert_badly(db: postgres.Connection) -> None:
    with db:
        db.execute("INSERT INTO n VALUES (3)")
        db.execute("INSERT INTO n VALUES (three)")


def test_declared_types_in_tests(db: postgres.Connection) -> None:
    db.execute("CREATE TABLE t (a NUMERIC, b TIMESTAMPTZ, c DATE, d BOOLEAN, e UUID, f JSONB, g BYTEA, h TIMESTAMP)")
    row = [
        Decimal("1.50"), dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC), dt.date(2026, 1, 2), True, UUID(int=7),
        {"a": [1, None]}, b"\0\xff", dt.datetime(2026, 1, 2, 3, 4),
    ]  # fmt: skip
    db.execute("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", row)
    assert db.execute("SELECT * FROM t").fetchall() == [tuple(row)]
    with pytest.raises(postgres.ProgrammingError, match="databases in tests are SQLite, which stores no list"):
        db.execute("SELECT $1", [[1, 2]])


def test_mysql(witgen_agents: Agents) -> None:
    with mysql.connect("mysql://db/shop") as db:
        db.execute("CREATE TABLE item (name VARCHAR(20), price DECIMAL(10, 2), since TIMESTAMP)")
        since = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        db.execute("INSERT INTO item VALUES (?, ?, ?)", ["pen", Decimal("1.25"), since])
        cursor = db.execute("SELECT * FROM item")
        assert cursor.fetchall() == [("pen", Decimal("1.25"), since)]
        assert [column[1] for column in cursor.description or ()] == ["longtext", "decimal", "timestamp"]


def test_golems_errors(db: postgres.Connection, witgen_agents: Agents) -> None:
    fake = witgen_agents.fakes.golem_rdbms_postgres
    kinds: list[tuple[Any, type[Exception]]] = [
        (types.ErrorConnectionFailure("gone"), postgres.OperationalError),
        (types.ErrorQueryParameterFailure("no"), postgres.ProgrammingError),
        (types.ErrorQueryExecutionFailure("no"), postgres.DatabaseError),
        (types.ErrorQueryExecutionFailure('violates unique constraint "k"'), postgres.IntegrityError),
        (types.ErrorQueryExecutionFailure("error: 1062 (23000): Duplicate entry"), postgres.IntegrityError),
        (types.ErrorQueryResponseFailure("no"), postgres.InterfaceError),
        (types.ErrorOther("no"), postgres.DatabaseError),
    ]
    for error, kind in kinds:
        fake.DbConnection.query.raises(error)
        with pytest.raises(postgres.Error) as caught:
            db.execute("SELECT 1")
        assert type(caught.value) is kind
        assert str(caught.value) == error.value
    fake.DbConnection.open.raises(types.ErrorConnectionFailure("refused"))
    with pytest.raises(postgres.OperationalError, match="refused"):
        postgres.connect(URL)


class Colour(str, enum.Enum):  # noqa: UP042 - `str` of it is not its text
    RED = "red"


NOON = common.Timestamp(common.Date(2026, 1, 2), common.Time(12, 0, 0, 1000))
PARAMETERS: list[tuple[object, object]] = [
    (None, types.DbValueNull()),
    (True, types.DbValueBoolean(True)),
    (5, types.DbValueInt4(5)),
    (1 << 31, types.DbValueInt8(1 << 31)),
    (1 << 63, types.DbValueNumeric("9223372036854775808")),
    (1.5, types.DbValueFloat8(1.5)),
    (Decimal("1.20"), types.DbValueNumeric("1.20")),
    ("x", types.DbValueText("x")),
    (Colour.RED, types.DbValueText("red")),
    (bytearray(b"x"), types.DbValueBytea(b"x")),
    (dt.datetime(2026, 1, 2, 12, 0, 0, 1), types.DbValueTimestamp(NOON)),
    (
        dt.datetime(2026, 1, 2, 12, 0, 0, 1, dt.timezone(dt.timedelta(hours=2))),
        types.DbValueTimestamptz(common.Timestamptz(NOON, 7200)),
    ),
    (dt.timedelta(days=1, seconds=-1), types.DbValueInterval(types.Interval(0, 0, 86_399_000_000))),
    (postgres.Interval(months=1), types.DbValueInterval(types.Interval(1, 0, 0))),
    (UUID(int=1 << 64 | 2), types.DbValueUuid(common.Uuid(1, 2))),
    (ipaddress.ip_address("127.0.0.1"), types.DbValueInet(common.IpAddressIpv4((127, 0, 0, 1)))),
    ({"a": 1}, types.DbValueJsonb('{"a": 1}')),
    (
        postgres.Range(1, None),
        types.DbValueInt4range(types.Int4range(types.Int4boundIncluded(1), types.Int4boundUnbounded())),
    ),
    (postgres.int2(5), types.DbValueInt2(5)),
    (postgres.varchar("x"), types.DbValueVarchar("x")),
    (postgres.enum("mood", "happy"), types.DbValueEnumeration(types.Enumeration("mood", "happy"))),
    (postgres.macaddr("08:00:2b:01:02:03"), types.DbValueMacaddr(common.MacAddress((8, 0, 43, 1, 2, 3)))),
    (postgres.bit("01"), types.DbValueBit([False, True])),
    (postgres.SparseVector(3, {2: 1.5}), types.DbValueSparsevec(types.SparseVec(3, [2], [1.5]))),
]


@pytest.mark.parametrize(("value", "expected"), PARAMETERS)
def test_parameters(value: object, expected: object) -> None:
    made = postgres_values.to_value(value)
    assert (type(made), made) == (type(expected), expected)


def test_values_come_back(witgen_agents: Agents) -> None:
    values: list[object] = [
        None, True, 5, 1 << 40, 1.5, Decimal("1.20"), "x", b"x", dt.date(2026, 1, 2), dt.time(1, 2),
        dt.time(1, 2, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, 3), dt.timedelta(days=-1, seconds=5),
        postgres.Interval(1, 2, 3), UUID(int=7), ipaddress.ip_address("::1"), {"a": [1]}, [1, None, [2]],
        postgres.Range(Decimal(1), Decimal(2), "(]"), postgres.Range(dt.date(2026, 1, 2)), postgres.Range(1 << 40),
        postgres.SparseVector(3, {2: 1.5}),
    ]  # fmt: skip
    for value in values:
        assert postgres_values.from_value(postgres_values.to_value(value)) == value
    for typed, value in (
        (postgres.composite("pair", 1, "x"), (1, "x")),
        (postgres.domain("positive", 5), 5),
        (postgres.range_of("textrange", postgres.Range("a", "b")), postgres.Range("a", "b")),
        (postgres.range_of("int8range", postgres.Range()), postgres.Range(bounds="()")),
    ):
        assert postgres_values.from_value(postgres_values.to_value(typed)) == value


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: postgres.int2(40_000), "40000 is out of the range of int2, -32768 to 32767"),
        (lambda: postgres.int4(True), "int4 takes an int, not bool"),
        (lambda: postgres.text(5), "text takes a str, not int"),  # type: ignore[arg-type]
        (lambda: postgres.bit("2"), "bit takes digits 0 and 1 as a str, not '2'"),
        (lambda: postgres.float4(1e300), "out of the range of float4"),
        (lambda: postgres_values.to_value(object()), "PostgreSQL has no type for object"),
        (lambda: postgres_values.to_value(postgres.Range()), "a range without bounds needs its type"),
        (lambda: mysql.typed("tinyint", 200), "200 is out of the range of tinyint, -128 to 127"),
        (lambda: mysql.typed("int3", 1), "'int3' is no type for a parameter; there are bigint,"),
        (lambda: mysql.typed("blob", "x"), "blob takes a bytes, not str"),
        (lambda: mysql_values.to_value(UUID(int=1)), "MySQL has no type for UUID"),
    ],
)
def test_values_that_are_refused(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError), match=message):
        make()


def test_parameters_are_refused_by_their_number(db: postgres.Connection) -> None:
    with pytest.raises(postgres.ProgrammingError, match="parameter 2: PostgreSQL has no type for object"):
        db.execute("SELECT $1, $2", [1, object()])
    with pytest.raises(postgres.DataError, match="parameter 1: 1180591620717411303424 is out of the range"):
        db.execute("SELECT $1", [postgres.Range(1 << 70)])
    with pytest.raises(postgres.InterfaceError, match="a list or a tuple, not str: 'ann'"):
        db.execute("SELECT $1", "ann")


def test_values_of_mysql() -> None:
    moment = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
    for value in (None, True, 5, (1 << 64) - 1, 1.5, Decimal("1.2"), "x", b"x", {"a": 1}, [1], moment,
                  dt.datetime(2026, 1, 2), dt.date(2026, 1, 2), dt.time(1, 2, 3)):  # fmt: skip
        assert mysql_values.from_value(mysql_values.to_value(value)) == value
    typed = mysql.typed("tinyint unsigned", 200)
    assert mysql_values.to_value(typed) == mysql_types.DbValueTinyintUnsigned(200)
    assert mysql_values.to_value(mysql.json("x")) == mysql_types.DbValueJson('"x"')
    late = mysql_types.DbValueTime(common.Time(30, 1, 2, 3000))
    assert mysql_values.from_value(late) == dt.timedelta(hours=30, minutes=1, seconds=2, microseconds=3)


def test_values_that_python_does_not_have() -> None:
    with pytest.raises(postgres.DataError, match="Python has no date or time for"):
        postgres_values.from_value(types.DbValueDate(common.Date(-44, 3, 15)))
