"""Random WIT types, for hypothesis, and descriptors of named types with classes made for them.

Values of types are in `wit_values`, and how component text writes types is in `wit_text`.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Sequence
from dataclasses import make_dataclass
from typing import Any

from hypothesis import strategies as st

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS

PRIMITIVES = [*INTEGERS, abi.BOOL, abi.F32, abi.F64, abi.CHAR, abi.STRING]
KEYS = [*INTEGERS, abi.BOOL, abi.CHAR, abi.STRING]
"""What a map's keys can be."""

_CASES = tuple(f"c-{index}" for index in range(40))
_numbers = itertools.count()


def record(types: Sequence[abi.Type]) -> abi.Record:
    """Return a new record with fields of these types."""
    name = f"record{next(_numbers)}"
    made: type = make_dataclass(name.title(), [f"f{i}" for i in range(len(types))], slots=True)
    return abi.Record(name, made, tuple(abi.Field(f"f-{i}", f"f{i}", type_) for i, type_ in enumerate(types)))


def variant(payloads: Sequence[abi.Type | None], names: Sequence[str] = _CASES) -> abi.Variant:
    """Return a new variant with cases of these payloads."""
    name, cases = f"variant{next(_numbers)}", list[abi.Case]()
    for index, payload in enumerate(payloads):
        made: type = make_dataclass(f"{name.title()}Case{index}", ["value"] if payload else [], slots=True)
        cases.append(abi.Case(names[index], made, payload))
    return abi.Variant(name, tuple(cases))


def enumeration(names: Sequence[str]) -> abi.Enum:
    """Return a new enum with these cases."""
    name = f"enum{next(_numbers)}"
    made: Any = enum.Enum(name.title(), [f"M{i}" for i in range(len(names))])
    return abi.Enum(name, made, tuple(names))


def flags(size: int) -> abi.Flags:
    """Return new flags."""
    name = f"flags{next(_numbers)}"
    made: Any = enum.Flag(name.title(), [(f"B{i}", 1 << i) for i in range(size)])
    return abi.Flags(name, made, tuple(f"b{i}" for i in range(size)))


Inner = st.SearchStrategy[Any]


def types(
    further: Callable[[Inner], Sequence[Inner]] = lambda _: (), names: Sequence[str] = _CASES[:9]
) -> st.SearchStrategy[Any]:
    """Return random types; `further` makes those of other kinds, `names` are those of cases."""

    def composed(inner: Inner) -> Inner:
        maybe = st.none() | inner
        return st.one_of(
            st.builds(abi.List, inner),
            st.builds(abi.Option, inner),
            st.builds(abi.Result, maybe, maybe),
            st.lists(inner, min_size=1, max_size=4).map(lambda types: abi.Tuple(tuple(types))),
            st.lists(inner, min_size=1, max_size=5).map(record),
            st.lists(maybe, min_size=1, max_size=7).map(lambda payloads: variant(payloads, names)),
            *further(inner),
        )

    enums = st.integers(1, len(names)).map(lambda size: enumeration(names[:size]))
    return st.recursive(st.sampled_from(PRIMITIVES) | enums | st.integers(1, 32).map(flags), composed, max_leaves=12)
