"""JSON Schema of exports: it is valid, it has the documentation, and it agrees with the JSON form of values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.golem.wave_types import TYPES, values
from tests.host.test_hosts_documentation import blocks
from tests.support.paths import ROOT
from tests.support.projects import Run
from witgen import resolve
from witgen.wave import WaveError, from_json, to_json
from witgen.wit.json_schema import Schemas, world_schema
from witgen.wit.model import ir
from witgen_runtime import abi

WIT = """\
package docs:shop@1.0.0;

interface orders {
  /// What somebody wants.
  record order {
    /// How many.
    count: u8,
    note: option<string>,
    kind: kind,
  }
  /// Of what kind.
  enum kind {
    /// Sent at once.
    express,
    normal,
  }
  variant problem { sold-out, late(u32) }
  resource basket { add: func(order: order); }
  /// Places an order.
  place: func(order: order, at: option<u64>) -> result<list<u8>, problem>;
  take: func() -> basket;
}

/// A shop.
world shop {
  export orders;
  export open: func(pairs: list<tuple<char, f32>>);
}
"""


@pytest.fixture(scope="module")
def wit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "shop.wit"
    path.write_text(WIT)
    return path


@pytest.fixture(scope="module")
def document(wit: Path) -> Any:
    tree = resolve(wit)
    return world_schema(tree, tree.worlds[0])


def validator(document: Any, function: str, part: str) -> Draft202012Validator:
    (found,) = (each for each in document["functions"] if each["name"].endswith(function))
    return Draft202012Validator({**found[part], "$defs": document["$defs"]})


def test_it_is_valid_and_documented(document: Any) -> None:
    Draft202012Validator.check_schema(document)
    assert (document["title"], document["description"]) == ("docs:shop/shop@1.0.0", "A shop.")
    names = {each["name"]: each.get("description") for each in document["functions"]}
    assert names["docs:shop/orders@1.0.0#place"] == "Places an order."
    order = document["$defs"]["docs:shop/orders@1.0.0#order"]
    assert order["description"] == "What somebody wants."
    assert order["properties"]["count"] == {"type": "integer", "minimum": 0, "maximum": 255, "description": "How many."}
    assert order["required"] == ["count", "kind"]
    express, _ = document["$defs"]["docs:shop/orders@1.0.0#kind"]["oneOf"]
    assert express == {"const": "express", "description": "Sent at once."}


@pytest.mark.parametrize(
    ("function", "part", "value", "fits"),
    [
        ("#place", "arguments", {"order": {"count": 1, "kind": "normal"}}, True),
        ("#place", "arguments", {"order": {"count": 256, "kind": "normal"}}, False),
        ("#place", "arguments", {"order": {"count": 1, "kind": "slow"}}, False),
        ("#place", "arguments", {"order": {"count": 1, "kind": "normal", "more": 1}, "at": None}, False),
        ("#place", "arguments", {}, False),
        ("#place", "result", {"ok": [1, 2, 255]}, True),
        ("#place", "result", {"err": "sold-out"}, True),
        ("#place", "result", {"err": {"late": 3}}, True),
        ("#place", "result", {"err": {"late": 3, "sold-out": None}}, False),
        ("#take", "result", "<basket>", True),
        ("basket.add", "arguments", {"self": 1, "order": {"count": 1, "kind": "normal"}}, False),
        ("open", "arguments", {"pairs": [["é", 1.5], ["x", "nan"]]}, True),
        ("open", "arguments", {"pairs": [["too long", 1]]}, False),
        ("open", "result", None, True),
    ],
)
def test_what_fits(document: Any, function: str, part: str, value: object, fits: bool) -> None:
    assert validator(document, function, part).is_valid(value) is fits


def test_the_command(wit: Path, document: Any, witgen: Run) -> None:
    assert json.loads(witgen("inspect", str(wit), "--schema").stdout) == document


def test_the_page_shows_it(tmp_path: Path) -> None:
    (shown,) = blocks(ROOT / "docs" / "tools.md", "wit")
    (tmp_path / "shop.wit").write_text(shown)
    tree = resolve(tmp_path / "shop.wit")
    documented = blocks(ROOT / "docs" / "tools.md", "json")
    assert world_schema(tree, tree.worlds[0]) == json.loads(documented[0])


class _Arena:
    """The WIT of descriptors; named types are of one interface."""

    def __init__(self) -> None:
        self.types: list[ir.TypeDef] = []
        self._known: dict[int, ir.Type] = {}

    def type(self, type_: abi.Type) -> ir.Type:
        if isinstance(type_, abi.Prim):
            return ir.Prim(type_.value)
        if id(type_) not in self._known:
            kind = self._kind(type_)
            name = getattr(type_, "name", None)
            owner = ir.TypeOwner(interface=ir.InterfaceId(0)) if name is not None else None
            self.types.append(ir.TypeDef(name, kind, owner))
            self._known[id(type_)] = ir.TypeRef(ir.TypeId(len(self.types) - 1))
        return self._known[id(type_)]

    def _maybe(self, type_: abi.Type | None) -> ir.Type | None:
        return None if type_ is None else self.type(type_)

    def _kind(self, type_: abi.Type) -> ir.TypeKind:
        match type_:
            case abi.Record():
                return ir.Record(tuple(ir.Field(field.name, self.type(field.type)) for field in type_.fields))
            case abi.Variant():
                return ir.Variant(tuple(ir.Case(case.name, self._maybe(case.payload)) for case in type_.cases))
            case abi.Enum():
                return ir.Enum(tuple(map(ir.EnumCase, type_.cases)))
            case abi.Flags():
                return ir.Flags(tuple(map(ir.Flag, type_.flags)))
            case abi.Tuple():
                return ir.Tuple(tuple(map(self.type, type_.types)))
            case abi.Option():
                return ir.Option(self.type(type_.type))
            case abi.Result():
                return ir.Result(self._maybe(type_.ok), self._maybe(type_.err))
            case abi.List():
                return ir.List(self.type(type_.element))
            case abi.FixedList():
                return ir.FixedList(self.type(type_.element), type_.size)
            case abi.Map():
                return ir.Map(self.type(type_.key), self.type(type_.value))
            case _:
                raise NotImplementedError(type_)


def schema_of(type_: abi.Type) -> Draft202012Validator:
    arena = _Arena()
    root = arena.type(type_)
    package = ir.Package(ir.PackageName("random", "types"), {"all": ir.InterfaceId(0)}, {})
    interface = ir.Interface("all", {}, {}, ir.PackageId(0))
    schemas = Schemas(ir.Resolve((package,), (), (interface,), tuple(arena.types), ir.PackageId(0)))
    schema = schemas.result(root)
    return Draft202012Validator({**schema, "$defs": schemas.definitions()})


CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "derandomize": True}


@settings(max_examples=80, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_values_are_valid(case: tuple[abi.Type, Any]) -> None:
    type_, value = case
    validator = schema_of(type_)
    Draft202012Validator.check_schema(validator.schema)
    validator.validate(json.loads(json.dumps(to_json(value, type_))))


@settings(max_examples=80, **QUIET)  # type: ignore[arg-type]
@given(CASES, TYPES)
def test_what_is_valid_is_read(case: tuple[abi.Type, Any], other: abi.Type) -> None:
    """A value of another type is read if the schema accepts it."""
    type_, value = case
    written = json.loads(json.dumps(to_json(value, type_)))
    if schema_of(other).is_valid(written):
        try:
            from_json(written, other)
        except WaveError as error:
            assert "twice" in str(error), "keys of maps are all that a schema cannot express"  # noqa: PT017
