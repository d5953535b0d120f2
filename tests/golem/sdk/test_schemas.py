"""Type hints become schemas, which know the values that belong to them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import pydantic
import pytest

from witgen.golem.sdk import F32, S8, U8, U32, Char, Err, NoSchemaError, Ok
from witgen.golem.sdk.core_values import from_wit_value, to_wit_value
from witgen.golem.sdk.hints import schema_of
from witgen.golem.sdk.schema import EnumSchema, ListSchema, OptionSchema, Primitive, RecordSchema, VariantSchema, check
from witgen_runtime.values import Some

T = TypeVar("T")


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass
class Item:
    name: str
    price: float
    quantity: U32


class Point(NamedTuple):
    x: int
    y: int


class Options(TypedDict):
    deep: bool


class Box(pydantic.BaseModel):
    size: Annotated[int, pydantic.Field(gt=0)]
    weight: U32 = pydantic.Field(alias="grossWeight", default=1)
    parts: list[Item] = []


class Page(pydantic.BaseModel, Generic[T]):
    rows: list[T]


@dataclass
class Node:
    children: list[Node]


NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
VALUES: list[tuple[Any, Any]] = [
    (bool, True),
    (int, -5),
    (float, 0.5),
    (str, "ü"),
    (bytes, b"\0\1"),
    (U8, 255),
    (S8, -128),
    (F32, 0.5),
    (Char, "ß"),
    (list[int], [1, 2]),
    (set[str], {"a"}),
    (frozenset[str], frozenset({"a"})),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], (1, 2, 3)),
    (dict[str, float], {"a": 1.0}),
    (str | None, None),
    (int | str, "a"),
    (int | str | None, 3),
    (Item | Point, Point(1, 2)),
    (Ok[int] | Err[str], Err("no")),
    (Ok[None] | Err[str], Ok(None)),
    (Literal["a", "b"], "b"),
    (Status, Status.PAID),
    (Item, Item("pen", 1.5, 2)),
    (Point, Point(1, 2)),
    (Options, {"deep": True}),
    (Box, Box(size=3, grossWeight=7, parts=[Item("pen", 1.5, 2)])),
    (Page[Point], Page[Point](rows=[Point(1, 2)])),
    (dt.datetime, NOON),
    (dt.date, dt.date(2026, 1, 2)),
    (dt.timedelta, dt.timedelta(days=1, microseconds=3)),
    (uuid.UUID, uuid.UUID(int=1)),
    (list[dict[str, tuple[Status, Item | None]]], [{"a": (Status.OPEN, Item("ink", 1.0, 1))}]),
]


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=[str(hint) for hint, _ in VALUES])
def test_values_of_a_hint_belong_to_its_schema(hint: Any, value: Any) -> None:
    schema = schema_of(hint)
    assert schema is not None
    found = from_wit_value(schema, to_wit_value(schema, check(schema, value)))
    assert (found, type(found)) == (value, type(value))


def test_names_are_those_of_python() -> None:
    assert schema_of(Status) == EnumSchema("Status", ("OPEN", "PAID"), (Status.OPEN, Status.PAID))
    record = schema_of(Item)
    assert isinstance(record, RecordSchema)
    assert (record.name, record.owner, list(record.fields)) == ("Item", None, ["name", "price", "quantity"])
    moment = schema_of(dt.datetime)
    assert isinstance(moment, RecordSchema)
    assert (moment.name, moment.owner) == ("DateTime", "chrono")
    union = schema_of(Item | Point)
    assert isinstance(union, VariantSchema)
    assert [case.name for case in union.cases] == ["Item", "Point"]
    assert schema_of(bytes) == ListSchema(Primitive("u8"), bytes)
    assert schema_of(int | None) == OptionSchema(Primitive("s64"))
    assert schema_of(type(None)) is None


def test_models_check_what_arrives() -> None:
    schema = schema_of(Box)
    assert isinstance(schema, RecordSchema)
    assert schema.fields["weight"] == Primitive("u32")
    with pytest.raises(ValueError, match="greater than 0"):
        schema.make({"size": 0, "weight": 1, "parts": []})


def test_nested_options() -> None:
    schema = OptionSchema(OptionSchema(Primitive("u8")))
    assert check(schema, Some(None)) == Some(None)
    with pytest.raises(ValueError, match="expected Some"):
        check(schema, 1)


WRONG: list[tuple[Any, Any, str]] = [
    (U8, 256, "expected 0 to 255, got 256"),
    (int, True, "expected an integer"),
    (bool, 1, "expected True or False"),
    (str, "\ud800", "without lone surrogates"),
    (Char, "ab", "expected one character"),
    (list[str], "ab", "expected a collection"),
    (list[Item], [Item("a", 1.0, 1), Item("b", 1.0, -1)], r"\[1\]\.quantity: expected 0 to 4294967295"),
    (dict[str, U8], {"a": 300}, r"\['a'\]: expected 0 to 255"),
    (tuple[int, int], (1,), "expected a tuple of 2"),
    (Literal["a"], "b", "expected 'a'"),
    (Item | Point, 3, "expected one of Item, Point, got int"),
    (Item, "pen", "expected Item"),
    (Options, {}, "expected a dict with deep"),
    (Ok[int] | Err[str], 1, "expected Ok"),
    (dt.datetime, dt.datetime(2026, 1, 2), "with a time zone"),  # noqa: DTZ001 - that is the mistake
    (dt.timedelta, dt.timedelta(seconds=-1), "not negative"),
]


@pytest.mark.parametrize(("hint", "value", "message"), WRONG)
def test_other_values_are_refused_with_their_path(hint: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(schema_of(hint), value)


REFUSED: list[tuple[Any, str]] = [
    (Any, "Any has no schema"),
    (object, "object has no schema"),
    (list, r"list has no schema: write the types of its elements, like list\[…\]"),
    (tuple[()], "empty tuple"),
    (complex, "complex has no schema"),
    (Literal[1], r"Literal\[1\] has no schema"),
    (Node, r"Node.children: Node contains itself"),
    (Ok[int], "alone has no schema"),
    (list[int] | list[str], "cannot be told apart"),
    (dict[str, Any], "Any has no schema"),
]


@pytest.mark.parametrize(("hint", "message"), REFUSED)
def test_hints_without_a_schema_are_refused_by_name(hint: Any, message: str) -> None:
    with pytest.raises(NoSchemaError, match=message):
        schema_of(hint)
