"""Random types, as component text, with random values: what goes in comes back, through an export and an import."""

from __future__ import annotations

import enum
import itertools
from dataclasses import make_dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from witgen.runtime import abi
from witgen.runtime.check import INTEGERS
from witgen.runtime.values import Err, Ok, Some

from .echo import echo

_names = itertools.count()

PRIMITIVES = [*INTEGERS, abi.BOOL, abi.F32, abi.F64, abi.CHAR, abi.STRING]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _record(types: list[abi.Type]) -> abi.Type:
    name = f"Record{next(_names)}"
    made: type = make_dataclass(name, [f"f{i}" for i in range(len(types))], slots=True)
    return abi.Record(name.lower(), made, tuple(abi.Field(f"f-{i}", f"f{i}", t) for i, t in enumerate(types)))


def _variant(payloads: list[abi.Type | None]) -> abi.Type:
    name, cases = f"Variant{next(_names)}", []
    for index, payload in enumerate(payloads):
        made: type = make_dataclass(f"{name}Case{index}", ["value"] if payload else [], slots=True)
        cases.append(abi.Case(f"c-{index}", made, payload))
    return abi.Variant(name.lower(), tuple(cases))


def _enum(size: int) -> abi.Type:
    name = f"Enum{next(_names)}"
    return abi.Enum(name.lower(), enum.Enum(name, [f"M{i}" for i in range(size)]), tuple(f"m{i}" for i in range(size)))


def _flags(size: int) -> abi.Type:
    name = f"Flags{next(_names)}"
    made = enum.Flag(name, [(f"B{i}", 1 << i) for i in range(size)])
    return abi.Flags(name.lower(), made, tuple(f"b{i}" for i in range(size)))


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maybe = st.none() | inner
    return st.one_of(
        st.builds(abi.List, inner),
        st.builds(abi.Option, inner),
        st.builds(abi.Result, maybe, maybe),
        st.lists(inner, min_size=1, max_size=4).map(lambda types: abi.Tuple(tuple(types))),
        st.lists(inner, min_size=1, max_size=5).map(_record),
        st.lists(maybe, min_size=1, max_size=7).map(_variant),
    )


TYPES = st.recursive(
    st.sampled_from(PRIMITIVES) | st.integers(1, 9).map(_enum) | st.integers(1, 32).map(_flags),
    _composed,
    max_leaves=12,
)


def values(type_: abi.Type | None) -> st.SearchStrategy[Any]:
    match type_:
        case None:
            return st.none()
        case abi.Prim() if type_ in INTEGERS:
            return st.integers(*INTEGERS[type_])
        case abi.Prim():
            return {
                abi.BOOL: st.booleans(), abi.STRING: TEXT, abi.F64: st.floats(allow_nan=False),
                abi.F32: st.floats(width=32, allow_nan=False),
                abi.CHAR: st.characters(exclude_categories=["Cs"]),
            }[type_]  # fmt: skip
        case abi.Record():
            return st.builds(type_.python, *(values(field.type) for field in type_.fields))
        case abi.Variant():
            cases = (st.builds(c.python, values(c.payload)) if c.payload else st.builds(c.python) for c in type_.cases)
            return st.one_of(*cases)
        case abi.Enum():
            return st.sampled_from(list(type_.python))
        case abi.Flags():
            return st.integers(0, (1 << len(type_.flags)) - 1).map(type_.python)
        case abi.Tuple():
            return st.tuples(*(values(part) for part in type_.types))
        case abi.Option():
            inner = values(type_.type)
            return st.none() | (st.builds(Some, inner) if isinstance(type_.type, abi.Option) else inner)
        case abi.Result():
            return st.builds(Ok, values(type_.ok)) | st.builds(Err, values(type_.err))
        case abi.List():
            if type_.element is abi.U8:
                return st.binary(max_size=40)
            return st.lists(values(type_.element), max_size=6)
        case _:
            raise NotImplementedError(type_)


CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), st.lists(values(type_), min_size=1, max_size=4)))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def _round_trip(case: tuple[abi.Type, list[Any]]) -> None:
    type_, listed = case
    component = echo(type_)
    with component.world:
        for value in listed:
            assert _same(component.there(value), value)
            assert _same(component.back(value), value)
            assert _same(component.seen.pop(), value)


def _same(one: Any, other: Any) -> bool:
    """Compare values as they print, which tells 0.0 from -0.0 and 1 from True."""
    return bool(one == other) and repr(one) == repr(other)


@pytest.fixture(scope="module", autouse=True)
def _uncached() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", "")
        yield


@settings(max_examples=60, derandomize=True, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_random_values_of_random_types_come_back(case: tuple[abi.Type, list[Any]]) -> None:
    _round_trip(case)


@pytest.mark.long
@settings(max_examples=10_000, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_ten_thousand_random_types(case: tuple[abi.Type, list[Any]]) -> None:
    _round_trip(case)


@settings(max_examples=60, derandomize=True, **QUIET)  # type: ignore[arg-type]
@given(st.data())
def test_random_nonsense_never_reaches_wasm(data: st.DataObject) -> None:
    type_ = data.draw(TYPES)
    good = data.draw(values(type_))
    bad = data.draw(
        st.sampled_from([object(), ..., 2**70, -(2**70), "\ud800", [object()], (object(),) * 2, {"a": object()}])
    )
    component = echo(type_)
    with component.world:
        for way in (component.there, component.back):
            with pytest.raises((TypeError, ValueError)):
                way(bad)
            assert _same(way(good), good)
        assert component.world._store.dead is None
