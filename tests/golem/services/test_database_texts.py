"""Values of databases as texts, as far as they can be seen without a server."""

from __future__ import annotations

import pytest

from tests.golem.services.test_databases import MYSQL, VALUES
from witgen.golem.agents._bindings.types import golem_rdbms_mysql as mysql
from witgen.golem.agents._bindings.types import golem_rdbms_postgres as types
from witgen.golem.services.databases.lazy import lazy_classes
from witgen.golem.services.databases.mysql_values import literal, with_literals
from witgen.golem.services.databases.postgres_read import Reader, Type
from witgen.golem.services.databases.postgres_write import text_of, type_of

LAZY = lazy_classes()


@pytest.mark.parametrize(("name", "value"), [each for each in VALUES if each[0] not in {"interval", "money"}])
def test_texts_of_postgres_come_back(name: str, value: types.DbValue) -> None:
    assert type_of(value).strip('"') == name.strip('"')
    assert Reader(LAZY).value(Type(name.strip('"'), "b"), text_of(value)) == value


def test_arrays_know_the_type_of_their_elements() -> None:
    def array(*values: types.DbValue) -> types.DbValue:
        return types.DbValueArray([LAZY.LazyDbValue(each) for each in values])

    assert type_of(array()) == type_of(array(types.DbValueNull())) == ""
    assert type_of(array(types.DbValueText("x"), types.DbValueNull())) == "text[]"
    assert type_of(array(array(types.DbValueInt4(1)))) == "int4[]"
    assert type_of(array(types.DbValueInt8(1), types.DbValueInt2(1))) == "int8[]"
    assert text_of(array(types.DbValueText('a"b\\'), types.DbValueNull())) == '{"a\\"b\\\\",NULL}'


def test_vectors() -> None:
    for name, value, text in (
        ("vector", types.DbValueVector([1.5, 2.0]), "[1.5,2.0]"),
        ("halfvec", types.DbValueHalfvec([1.5]), "[1.5]"),
        ("sparsevec", types.DbValueSparsevec(types.SparseVec(5, [1, 3], [1.5, 2.0])), "{1:1.5,3:2.0}/5"),
    ):
        assert text_of(value) == text
        assert Reader(LAZY).value(Type(name, "b"), text) == value


@pytest.mark.parametrize(("name", "value"), MYSQL)
def test_literals_of_mysql(name: str, value: mysql.DbValue) -> None:
    written = literal(value, repr)
    assert written in {"TRUE", "NULL"} or written[0] in "-0123456789'\"xb", name


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(mysql.ErrorQueryParameterFailure, match="1; DROP TABLE item"):
        literal(mysql.DbValueDecimal("1; DROP TABLE item"), repr)


def test_placeholders_of_mysql() -> None:
    statement = "SELECT '?', `?`, \"?\", ? -- ?\n, ? /* ? */ # ?"
    values = [mysql.DbValueInt(5), mysql.DbValueText("?")]
    assert with_literals(statement, values, repr) == "SELECT '?', `?`, \"?\", 5 -- ?\n, '?' /* ? */ # ?"
