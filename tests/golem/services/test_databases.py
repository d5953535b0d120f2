"""`golem:rdbms` against real servers: statements, values both ways, transactions, streams, errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.databases import mariadb_server, postgres_server
from witgen.golem.agents._bindings.types import golem_rdbms_mysql as mysql
from witgen.golem.agents._bindings.types import golem_rdbms_postgres as types
from witgen.golem.agents._bindings.types import golem_rdbms_types as common
from witgen.golem.services.databases.service import Databases
from witgen.golem.services.waiting import checked

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def mysql_url() -> Iterator[str]:
    with mariadb_server() as url:
        yield url


@pytest.fixture
def service() -> Iterator[Databases]:
    made = Databases()
    yield made
    made.close()


def implementation(service: Databases, kind: str) -> Any:
    return service.implementations()[f"golem_rdbms_{kind}_1_5"]


@pytest.fixture
def postgres(service: Databases) -> Any:
    return implementation(service, "postgres")


@pytest.fixture
def db(postgres: Any, postgres_url: str) -> Any:
    return postgres.DbConnection.open(postgres_url)


def seen(value: Any) -> Any:
    """Return a value without handles, which are equal only to themselves."""
    return [seen(each.get()) for each in value.value] if isinstance(value, types.DbValueArray) else value


NOON = common.Timestamp(common.Date(2026, 1, 2), common.Time(12, 0, 0, 1000))
VALUES: list[tuple[str, types.DbValue]] = [
    ('"char"', types.DbValueCharacter(65)),
    ("int2", types.DbValueInt2(-5)),
    ("int4", types.DbValueInt4(1 << 30)),
    ("int8", types.DbValueInt8(-(1 << 63))),
    ("float4", types.DbValueFloat4(1.5)),
    ("float8", types.DbValueFloat8(1e300)),
    ("numeric", types.DbValueNumeric("12345678901234567890.123")),
    ("bool", types.DbValueBoolean(False)),
    ("text", types.DbValueText("it's \\ \"ü\"\n")),
    ("varchar", types.DbValueVarchar("x")),
    ("bpchar", types.DbValueBpchar("x")),
    ("timestamp", types.DbValueTimestamp(NOON)),
    ("timestamp", types.DbValueTimestamp(common.Timestamp(common.Date(-43, 3, 15), common.Time(12, 0, 0, 0)))),
    ("date", types.DbValueDate(common.Date(2026, 1, 2))),
    ("time", types.DbValueTime(common.Time(23, 59, 59, 999_999_000))),
    ("timetz", types.DbValueTimetz(common.Timetz(common.Time(1, 2, 3, 0), -9000))),
    ("interval", types.DbValueInterval(types.Interval(14, -3, -1_500_000))),
    ("interval", types.DbValueInterval(types.Interval(0, 0, 0))),
    ("bytea", types.DbValueBytea(b"\x00\xff")),
    ("uuid", types.DbValueUuid(common.Uuid(1, (1 << 64) - 1))),
    ("xml", types.DbValueXml("<a/>")),
    ("json", types.DbValueJson('{"b": 1,  "a": 2}')),
    ("jsonb", types.DbValueJsonb('{"a": 2}')),
    ("jsonpath", types.DbValueJsonpath('$."a"')),
    ("inet", types.DbValueInet(common.IpAddressIpv4((127, 0, 0, 1)))),
    ("inet", types.DbValueInet(common.IpAddressIpv6((0, 0, 0, 0, 0, 0, 0, 1)))),
    ("cidr", types.DbValueCidr(common.IpAddressIpv4((10, 0, 0, 1)))),
    ("macaddr", types.DbValueMacaddr(common.MacAddress((8, 0, 43, 1, 2, 255)))),
    ("bit", types.DbValueBit([True])),
    ("varbit", types.DbValueVarbit([True, False, True])),
    ("money", types.DbValueMoney(-123_456)),
    ("oid", types.DbValueOid(7)),
    ("int4range", types.DbValueInt4range(types.Int4range(types.Int4boundIncluded(1), types.Int4boundExcluded(5)))),
    ("int8range", types.DbValueInt8range(types.Int8range(types.Int8boundUnbounded(), types.Int8boundExcluded(5)))),
    ("numrange", types.DbValueNumrange(types.Numrange(types.NumboundExcluded("1.5"), types.NumboundIncluded("2")))),
    ("tsrange", types.DbValueTsrange(types.Tsrange(types.TsboundIncluded(NOON), types.TsboundUnbounded()))),
    ("daterange", types.DbValueDaterange(
        types.Daterange(types.DateboundIncluded(common.Date(2026, 1, 2)), types.DateboundUnbounded())
    )),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_values_of_postgres(db: Any, name: str, value: types.DbValue) -> None:
    result = db.query("SELECT $1 AS value, pg_typeof($1)::text", [value])
    assert result.rows[0].values == [value, types.DbValueText(result.rows[0].values[1].value)]
    column = result.columns[0]
    assert (column.name, column.db_type_name) == ("value", name.strip('"'))
    assert type(column.db_type).__name__.removeprefix("DbColumnType") == type(value).__name__.removeprefix("DbValue")


def test_times_with_a_zone_come_back_in_utc(db: Any) -> None:
    [row] = db.query("SELECT $1", [types.DbValueTimestamptz(common.Timestamptz(NOON, 7200))]).rows
    ten = common.Timestamp(common.Date(2026, 1, 2), common.Time(10, 0, 0, 1000))
    assert row.values == [types.DbValueTimestamptz(common.Timestamptz(ten, 0))]


def test_null(db: Any) -> None:
    db.execute("CREATE TEMP TABLE IF NOT EXISTS nothing (a int)", [])
    assert db.query("SELECT $1::int4", [types.DbValueNull()]).rows[0].values == [types.DbValueNull()]


def test_arrays(db: Any, postgres: Any) -> None:
    def array(*values: Any) -> types.DbValue:
        return types.DbValueArray([postgres.LazyDbValue(each) for each in values])

    texts = [types.DbValueText('a"b\\,{}'), types.DbValueNull(), types.DbValueText("NULL"), types.DbValueText("")]
    [row] = db.query("SELECT $1, $2, $3, '{}'::int4[]", [
        array(*texts),
        array(array(types.DbValueInt4(1), types.DbValueInt4(2)), array(types.DbValueInt4(3), types.DbValueInt4(4))),
        array(types.DbValueInt4(1), types.DbValueInt8(1 << 40)),
    ]).rows  # fmt: skip
    assert [seen(each) for each in row.values] == [
        texts,
        [[types.DbValueInt4(1), types.DbValueInt4(2)], [types.DbValueInt4(3), types.DbValueInt4(4)]],
        [types.DbValueInt8(1), types.DbValueInt8(1 << 40)],
        [],
    ]


def test_types_that_were_created(db: Any, postgres: Any) -> None:
    for statement in (
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        "CREATE TYPE pair AS (first int4, second text)",
        "CREATE DOMAIN positive AS int4 CHECK (VALUE > 0)",
        "CREATE TYPE textrange AS RANGE (subtype = text)",
        "CREATE TABLE created (a mood, b pair, c positive, d textrange, e mood[])",
    ):
        db.execute(statement, [])
    lazy = postgres.LazyDbValue
    happy = types.DbValueEnumeration(types.Enumeration("mood", "happy"))
    pair = [types.DbValueInt4(1), types.DbValueText('a "b", (c)')]
    values = [
        happy,
        types.DbValueComposite(types.Composite("pair", [*map(lazy, pair)])),
        types.DbValueDomain(types.Domain("positive", lazy(types.DbValueInt4(5)))),
        types.DbValueRange(types.Range("textrange", types.ValuesRange(
            types.ValueBoundIncluded(lazy(types.DbValueText("a,b"))), types.ValueBoundUnbounded()
        ))),
        types.DbValueArray([lazy(happy)]),
    ]  # fmt: skip
    assert db.execute("INSERT INTO created VALUES ($1, $2, $3, $4, $5)", values) == 1
    result = db.query("SELECT * FROM created", [])
    [row] = result.rows
    mood, composite, positive, span, moods = row.values
    assert mood == happy
    assert [each.get() for each in composite.value.values] == pair
    # The protocol sends a domain's column as its base.
    assert positive == types.DbValueInt4(5)
    assert span.value.value.start.value.get() == types.DbValueText("a,b")
    assert seen(moods) == [happy]
    kinds = [each.db_type for each in result.columns]
    assert kinds[0] == types.DbColumnTypeEnumeration(types.EnumerationType("mood"))
    assert [(name, each.get()) for name, each in kinds[1].value.attributes] == [
        ("first", types.DbColumnTypeInt4()), ("second", types.DbColumnTypeText())
    ]  # fmt: skip


def test_values_inside_others_are_kept_in_an_oplog(postgres: Any) -> None:
    lazy = postgres.LazyDbValue
    pair = [types.DbValueBytea(b"\xff"), types.DbValueNull()]
    inner = types.DbValueComposite(types.Composite("pair", [*map(lazy, pair)]))
    made = lazy._restore(lazy(inner)._save()).get()
    assert [each.get() for each in made.value.values] == pair


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_transactions(kind: str, service: Databases, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    db = implementation(service, kind).DbConnection.open(url)
    db.execute("CREATE TABLE n (i int PRIMARY KEY)", [])

    def count() -> int:
        return int(db.query("SELECT count(*) FROM n", []).rows[0].values[0].value)

    one = db.begin_transaction()
    assert one.execute("INSERT INTO n VALUES (1), (2)", []) == 2
    assert count() == 0
    assert one.query("SELECT i FROM n ORDER BY i", []).rows[1].values[0].value == 2
    one.commit()
    assert count() == 2
    two = db.begin_transaction()
    two.execute("DELETE FROM n", [])
    two.rollback()
    three = db.begin_transaction()
    three.execute("DELETE FROM n", [])
    three.dropped()
    assert count() == 2
    with pytest.raises(service._kinds[kind].driver.types.ErrorOther, match="the transaction is over"):
        one.query("SELECT 1", [])
    with pytest.raises(service._kinds[kind].driver.types.ErrorQueryExecutionFailure, match=r"23505|1062"):
        db.execute("INSERT INTO n VALUES (1)", [])


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_streams(kind: str, service: Databases, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    db = implementation(service, kind).DbConnection.open(url)
    db.execute("CREATE TABLE streamed (i int)", [])
    db.execute(f"INSERT INTO streamed VALUES {', '.join(f'({i})' for i in range(250))}", [])
    stream = db.query_stream("SELECT i FROM streamed ORDER BY i", [])
    assert [column.name for column in stream.get_columns()] == ["i"]
    assert stream.get_next()[99].values[0].value == 99
    assert db.query("SELECT count(*) FROM streamed", []).rows[0].values[0].value == 250
    assert [len(stream.get_next() or ()) for _ in range(4)] == [100, 50, 0, 0]
    transaction = db.begin_transaction()
    first, second = (transaction.query_stream("SELECT i FROM streamed ORDER BY i", []) for _ in range(2))
    assert [len(each.get_next()) for each in (first, second, first, first)] == [100, 100, 100, 50]
    transaction.commit()


def test_errors_of_postgres(db: Any, postgres: Any, postgres_url: str) -> None:
    with pytest.raises(types.ErrorQueryExecutionFailure, match=r'(?s)relation "missing" does not exist.*42P01'):
        db.query("SELECT * FROM missing", [])
    with pytest.raises(types.ErrorConnectionFailure):
        postgres.DbConnection.open("postgres://golem@127.0.0.1:1/postgres")
    with pytest.raises(types.ErrorQueryResponseFailure, match="infinity"):
        db.query("SELECT 'infinity'::date", [])
    transaction = db.begin_transaction()
    with pytest.raises(types.ErrorQueryExecutionFailure, match="22012"):
        transaction.query("SELECT 1 / 0", [])
    with pytest.raises(types.ErrorQueryExecutionFailure, match="was rolled back"):
        transaction.commit()


def test_what_became_of_a_transaction(db: Any, service: Databases, postgres_url: str) -> None:
    db.execute("CREATE TABLE fate (i int)", [])
    tokens: list[str] = []
    for end in ("commit", "rollback"):
        transaction = db.begin_transaction()
        assert transaction._token() == ("postgres", postgres_url, None)
        transaction.execute("INSERT INTO fate VALUES (1)", [])
        tokens.append(transaction._token()[2])
        getattr(transaction, end)()
    assert [service.is_committed("postgres", postgres_url, each) for each in tokens] == [True, False]


def test_the_network_can_be_forbidden(postgres_url: str) -> None:
    made = Databases(allowed=False)
    with pytest.raises(types.ErrorOther, match="permission denied"):
        implementation(made, "postgres").DbConnection.open(postgres_url)


MYSQL: list[tuple[str, mysql.DbValue]] = [
    ("tinyint(1)", mysql.DbValueBoolean(True)),
    ("tinyint", mysql.DbValueTinyint(-5)),
    ("smallint unsigned", mysql.DbValueSmallintUnsigned(65_535)),
    ("mediumint", mysql.DbValueMediumint(-5)),
    ("int unsigned", mysql.DbValueIntUnsigned(1 << 31)),
    ("bigint unsigned", mysql.DbValueBigintUnsigned((1 << 64) - 1)),
    ("float", mysql.DbValueFloat(1.5)),
    ("double", mysql.DbValueDouble(1e300)),
    ("decimal(20,3)", mysql.DbValueDecimal("12345678901234567.125")),
    ("date", mysql.DbValueDate(common.Date(2026, 1, 2))),
    ("datetime(6)", mysql.DbValueDatetime(NOON)),
    ("timestamp(6)", mysql.DbValueTimestamp(NOON)),
    ("time(6)", mysql.DbValueTime(common.Time(30, 0, 0, 1000))),
    ("year", mysql.DbValueYear(2026)),
    ("char(5)", mysql.DbValueFixchar("x")),
    ("varchar(50)", mysql.DbValueVarchar('it\'s \\ "ü" ? %s\n')),
    ("tinytext", mysql.DbValueTinytext("x")),
    ("text", mysql.DbValueText("x")),
    ("mediumtext", mysql.DbValueMediumtext("x")),
    ("longtext", mysql.DbValueLongtext("x")),
    ("binary(2)", mysql.DbValueBinary(b"\x00\xff")),
    ("varbinary(9)", mysql.DbValueVarbinary(b"\x00\xff")),
    ("tinyblob", mysql.DbValueTinyblob(b"\xff")),
    ("blob", mysql.DbValueBlob(b"\xff")),
    ("mediumblob", mysql.DbValueMediumblob(b"\xff")),
    ("longblob", mysql.DbValueLongblob(b"\xff")),
    ("enum('a','b')", mysql.DbValueEnumeration("b")),
    ("set('a','b')", mysql.DbValueSet("a,b")),
    ("bit(3)", mysql.DbValueBit([True, False, True])),
    ("int", mysql.DbValueNull()),
]


@pytest.mark.parametrize(("name", "value"), MYSQL)
def test_values_of_mysql(service: Databases, mysql_url: str, name: str, value: Any) -> None:
    db = implementation(service, "mysql").DbConnection.open(mysql_url)
    db.execute("DROP TABLE IF EXISTS one", [])
    db.execute(f"CREATE TABLE one (value {name} NULL)", [])
    assert db.execute("INSERT INTO one VALUES (?)", [value]) == 1
    result = db.query("SELECT value FROM one", [])
    assert result.rows[0].values == [value]
    if not isinstance(value, mysql.DbValueNull):
        kind = type(value).__name__.removeprefix("DbValue")
        assert type(result.columns[0].db_type).__name__ == f"DbColumnType{kind}"


def test_errors_of_mysql(service: Databases, mysql_url: str) -> None:
    opened = implementation(service, "mysql").DbConnection.open
    db = opened(mysql_url)
    with pytest.raises(mysql.ErrorQueryExecutionFailure, match="1146"):
        db.query("SELECT * FROM missing", [])
    with pytest.raises(mysql.ErrorQueryParameterFailure, match="1 placeholders, and 0 parameters"):
        db.query("SELECT ?", [])
    with pytest.raises(mysql.ErrorConnectionFailure):
        opened("mysql://root@127.0.0.1:1/golem")
    with pytest.raises(mysql.ErrorConnectionFailure, match="mysql://user"):
        opened("somewhere")


@pytest.mark.parametrize(("kind", "statement"), [("postgres", "SELECT pg_sleep(30)"), ("mysql", "SELECT sleep(3)")])
def test_a_statement_ends_with_its_call(
    kind: str, statement: str, service: Databases, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    db = implementation(service, kind).DbConnection.open(url)
    due = time.monotonic() + 0.5

    def check() -> None:
        if time.monotonic() > due:
            raise TimeoutError

    with checked(check), pytest.raises(TimeoutError):
        db.query(statement, [])
    assert time.monotonic() < due + 1
    assert db.query("SELECT 1", []).rows[0].values[0].value == 1
    assert service._kinds[kind].pool.use(url, lambda connection: len(service._kinds[kind].pool._idle[url])) == 0
