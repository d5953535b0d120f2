"""Random types, as component text, with random values: what goes in comes back, through an export and an import."""

from __future__ import annotations

import enum
import itertools
from dataclasses import make_dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wit_values import same, values

from witgen.runtime import abi
from witgen.runtime.check import INTEGERS

from .echo import echo

_names = itertools.count()

PRIMITIVES = [*INTEGERS, abi.BOOL, abi.F32, abi.F64, abi.CHAR, abi.STRING]


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


CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), st.lists(values(type_), min_size=1, max_size=4)))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def _round_trip(case: tuple[abi.Type, list[Any]]) -> None:
    type_, listed = case
    component = echo(type_)
    with component.world:
        for value in listed:
            assert same(component.there(value), value)
            assert same(component.back(value), value)
            assert same(component.seen.pop(), value)


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
            assert same(way(good), good)
        assert component.world._store.dead is None
