"""Variants whose cases have names or payloads that no class tells apart, flags, and options of options."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag
from typing import Any

import pytest

from witgen.golem.sdk import F32, U32, Multimodal, NoSchemaError, UnstructuredText, agent
from witgen.golem.sdk._bindings.types import golem_core_types as core
from witgen.golem.sdk.core_values import from_wit_value, to_wit_type, to_wit_value
from witgen.golem.sdk.hints import schema_of
from witgen.golem.sdk.json_values import from_json, to_json
from witgen.golem.sdk.remote import Case
from witgen.golem.sdk.schema import check
from witgen.golem.sdk.testing import Agents
from witgen_runtime.values import Some


@dataclass
class Dot(Case, name="dot"): ...


@dataclass
class Circle(Case, name="circle"):
    value: F32


@dataclass
class Radius(Case):
    value: F32 | None


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Text(Case, name="text"):
    value: UnstructuredText


@dataclass
class Number(Case, name="number"):
    value: U32


@dataclass
class Two(Case):
    one: int
    two: int


VALUES: list[tuple[Any, Any, Any]] = [
    (Dot | Circle | Radius, Dot(), {"dot": None}),
    (Dot | Circle | Radius, Circle(1.5), {"circle": 1.5}),
    (Dot | Circle | Radius, Radius(None), {"Radius": None}),
    (Dot, Dot(), {"dot": None}),
    (Circle | str, "a", {"str": "a"}),
    (Rights, Rights.READ | Rights.WRITE, ["READ", "WRITE"]),
    (Rights, Rights(0), []),
    (Some[int | None] | None, Some(None), {"some": None}),
    (Some[int | None] | None, Some(3), {"some": 3}),
    (Some[int | None] | None, None, None),
]


@pytest.mark.parametrize(("hint", "value", "json"), VALUES, ids=[repr(value) for _, value, _ in VALUES])
def test_values_stay(hint: Any, value: Any, json: Any) -> None:
    schema = schema_of(hint)
    assert schema is not None
    assert check(schema, value) == value
    assert from_wit_value(schema, to_wit_value(schema, value)) == value
    assert to_json(schema, value) == json
    assert from_json(schema, json) == value


def test_types() -> None:
    schema = schema_of(Dot | Circle)
    assert schema is not None
    first, number = to_wit_type(schema).nodes
    assert first.type == core.WitTypeNodeVariantType([("dot", None), ("circle", 1)])
    assert number.type == core.WitTypeNodePrimF32Type()
    rights = schema_of(Rights)
    assert rights is not None
    [node] = to_wit_type(rights).nodes
    assert (node.name, node.type) == ("Rights", core.WitTypeNodeFlagsType(["READ", "WRITE"]))


@pytest.mark.parametrize(
    ("hint", "value", "message"),
    [
        (Dot | Circle, Circle("x"), "expected a number"),  # type: ignore[arg-type]
        (Dot | Circle, 1.5, "expected one of dot, circle, got float"),
        (Rights, 1, "expected Rights, got 1"),
        (Some[int | None] | None, 3, "expected Some"),
    ],
)
def test_other_values(hint: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(schema_of(hint), value)


@pytest.mark.parametrize(
    ("hint", "message"),
    [
        (Two | int, "Two: a case has no field, or one that is called `value`"),
        (Some[int] | None, "only an option of an option has Some"),
        (Some[int], "has no schema"),
    ],
)
def test_what_has_no_schema(hint: Any, message: str) -> None:
    with pytest.raises(NoSchemaError, match=message):
        schema_of(hint)


@agent
class Mixer:
    def mix(self, parts: Multimodal[Text | Number]) -> Multimodal[Number | Text]:
        text, number = parts
        assert isinstance(text, Text)
        assert isinstance(number, Number)
        return Multimodal([Number(number.value + 1), Text(UnstructuredText(text.value.data.upper()))])


def test_kinds_of_multimodal_data(witgen_agents: Agents) -> None:
    mixed = witgen_agents.get(Mixer).mix(Multimodal([Text(UnstructuredText("a")), Number(2)]))
    assert list(mixed) == [Number(3), Text(UnstructuredText("A"))]
