"""Types of every kind and their values, for the tests of WAVE."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from tests.support import random_types
from tests.support.random_types import KEYS, types
from witgen_runtime import abi

__all__ = ["SHOP", "TYPES", "values"]

# Names of cases that are words of WAVE's own are among them.
_CASES = ("ok", "err", "none", "some", "true", "nan", "inf", "false", "HTTP-get", "x-y2")


def _further(inner: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Any]]:
    return [st.builds(abi.FixedList, inner, st.integers(1, 3)), st.builds(abi.Map, st.sampled_from(KEYS), inner)]


TYPES = types(_further, _CASES)
"""Random types."""


def values(type_: abi.Type | None) -> st.SearchStrategy[Any]:
    """Return random values of a type, in canonical form, among them not-a-number."""
    return random_types.values(type_, nan=True)


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
