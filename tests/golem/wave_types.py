"""Types of every kind and their values, for the tests of WAVE."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass, make_dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from witgen.runtime import abi
from witgen.runtime.check import INTEGERS
from witgen.runtime.values import Err, Ok, Some

__all__ = ["SHOP", "TYPES", "values"]

_names = itertools.count()

# Names of cases that are words of WAVE's own are among them.
_CASES = ("ok", "err", "none", "some", "true", "nan", "inf", "false", "HTTP-get", "x-y2")
_PRIMITIVES = [*INTEGERS, abi.BOOL, abi.F32, abi.F64, abi.CHAR, abi.STRING]
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _record(types: list[abi.Type]) -> abi.Type:
    name = f"Record{next(_names)}"
    made: type = make_dataclass(name, [f"f{i}" for i in range(len(types))], slots=True)
    return abi.Record(name.lower(), made, tuple(abi.Field(f"f-{i}", f"f{i}", t) for i, t in enumerate(types)))


def _variant(payloads: list[abi.Type | None]) -> abi.Type:
    name, cases = f"Variant{next(_names)}", []
    for index, payload in enumerate(payloads):
        made: type = make_dataclass(f"{name}Case{index}", ["value"] if payload else [], slots=True)
        cases.append(abi.Case(_CASES[index], made, payload))
    return abi.Variant(name.lower(), tuple(cases))


def _enum(size: int) -> abi.Type:
    name = f"Enum{next(_names)}"
    return abi.Enum(name.lower(), enum.Enum(name, [f"M{i}" for i in range(size)]), _CASES[:size])


def _flags(size: int) -> abi.Type:
    name = f"Flags{next(_names)}"
    made = enum.Flag(name, [(f"B{i}", 1 << i) for i in range(size)])
    return abi.Flags(name.lower(), made, tuple(f"b{i}" for i in range(size)))


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maybe = st.none() | inner
    keys = st.sampled_from([abi.STRING, abi.CHAR, abi.U32, abi.S8, abi.BOOL])
    return st.one_of(
        st.builds(abi.List, inner),
        st.builds(abi.FixedList, inner, st.integers(1, 3)),
        st.builds(abi.Map, keys, inner),
        st.builds(abi.Option, inner),
        st.builds(abi.Result, maybe, maybe),
        st.lists(inner, min_size=1, max_size=4).map(lambda types: abi.Tuple(tuple(types))),
        st.lists(inner, min_size=1, max_size=5).map(_record),
        st.lists(maybe, min_size=1, max_size=7).map(_variant),
    )


TYPES = st.recursive(
    st.sampled_from(_PRIMITIVES) | st.integers(1, 10).map(_enum) | st.integers(1, 32).map(_flags),
    _composed,
    max_leaves=12,
)
"""Random types."""


def values(type_: abi.Type | None) -> st.SearchStrategy[Any]:
    """Return random values of a type, in canonical form."""
    match type_:
        case None:
            return st.none()
        case abi.Prim() if type_ in INTEGERS:
            return st.integers(*INTEGERS[type_])
        case abi.Prim():
            return {
                abi.BOOL: st.booleans(), abi.STRING: _TEXT, abi.F64: st.floats(),
                abi.F32: st.floats(width=32),
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
            return st.binary(max_size=40) if type_.element is abi.U8 else st.lists(values(type_.element), max_size=6)
        case abi.FixedList():
            return st.lists(values(type_.element), min_size=type_.size, max_size=type_.size)
        case abi.Map():
            return st.dictionaries(values(type_.key), values(type_.value), max_size=5)
        case _:
            raise NotImplementedError(type_)


class _State(enum.Enum):
    OK = 0
    NOT_FOUND = 1


class _Tags(enum.Flag):
    NEW = 1
    SALE = 2


@dataclass(slots=True)
class _PriceFree:
    pass


@dataclass(slots=True)
class _PriceErr:
    value: int


@dataclass(slots=True)
class _Order:
    name: str
    tags: _Tags
    state: _State
    price: _PriceFree | _PriceErr
    note: str | None


_STATE = abi.Enum("state", _State, ("ok", "not-found"))
_TAGS = abi.Flags("tags", _Tags, ("new", "sale"))
_PRICE = abi.Variant("price", (abi.Case("free", _PriceFree), abi.Case("err", _PriceErr, abi.U8)))
_ORDER = abi.Record(
    "order",
    _Order,
    (
        abi.Field("name", "name", abi.STRING),
        abi.Field("tags", "tags", _TAGS),
        abi.Field("state", "state", _STATE),
        abi.Field("price", "price", _PRICE),
        abi.Field("note", "note", abi.Option(abi.STRING)),
    ),
)
SHOP = SimpleNamespace(
    order=_ORDER, price=_PRICE, state=_STATE, tags=_TAGS,
    Order=_Order, PriceErr=_PriceErr, PriceFree=_PriceFree, State=_State, Tags=_Tags,
)  # fmt: skip
"""A record with one field of each named kind, its types and classes."""
