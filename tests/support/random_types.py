"""Random WIT types and values of them: strategies for hypothesis, and makers that draw from one `random.Random`.

Descriptors of named types come with classes made for them. `wit_text` has how component text writes types.
"""

from __future__ import annotations

import enum
import itertools
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import make_dataclass
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

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


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def values(
    type_: abi.Type | None, handles: st.SearchStrategy[Any] | None = None, *, nan: bool = False
) -> st.SearchStrategy[Any]:
    """Return values of a type as they come back: a list of bytes as bytes, an option in an option in `Some`.

    Where the type has handles, they are drawn from `handles`. `nan` tells whether floats may be not-a-number.
    """

    def of(part: abi.Type | None) -> st.SearchStrategy[Any]:
        return values(part, handles, nan=nan)

    match type_:
        case None:
            return st.none()
        case abi.Prim() if type_ in INTEGERS:
            return st.integers(*INTEGERS[type_])
        case abi.Prim():
            return {
                abi.BOOL: st.booleans(), abi.STRING: TEXT, abi.F64: st.floats(allow_nan=nan),
                abi.F32: st.floats(width=32, allow_nan=nan),
                abi.CHAR: st.characters(exclude_categories=["Cs"]),
            }[type_]  # fmt: skip
        case abi.Record():
            return st.builds(type_.python, *(of(field.type) for field in type_.fields))
        case abi.Variant():
            cases = (st.builds(c.python, of(c.payload)) if c.payload else st.builds(c.python) for c in type_.cases)
            return st.one_of(*cases)
        case abi.Enum():
            return st.sampled_from(list(type_.python))
        case abi.Flags():
            return st.integers(0, (1 << len(type_.flags)) - 1).map(type_.python)
        case abi.Tuple():
            return st.tuples(*(of(part) for part in type_.types))
        case abi.Option():
            inner = of(type_.type)
            return st.none() | (st.builds(Some, inner) if isinstance(type_.type, abi.Option) else inner)
        case abi.Result():
            return st.builds(Ok, of(type_.ok)) | st.builds(Err, of(type_.err))
        case abi.List():
            if type_.element is abi.U8:
                return st.binary(max_size=40)
            return st.lists(of(type_.element), max_size=6)
        case abi.FixedList():
            return st.lists(of(type_.element), min_size=type_.size, max_size=type_.size)
        case abi.Map():
            return st.dictionaries(of(type_.key), of(type_.value), max_size=4)
        case abi.Own() | abi.Borrow() if handles is not None:
            return handles
        case _:
            raise NotImplementedError(type_)


def same(one: Any, other: Any) -> bool:
    """Compare values as they print, which tells 0.0 from -0.0 and 1 from True."""
    return bool(one == other) and repr(one) == repr(other)


BYTES = abi.List(abi.U8)
_SCALARS = [*INTEGERS, abi.BOOL, abi.F32, abi.F64, abi.CHAR]
_LETTERS = "aZ0 \n\0éÿĀ漢😀"

T = TypeVar("T", bound=abi.Type)


class Types:
    """Makes types; `named` are those that have names in WIT, in the order in which they can be declared."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.named: list[abi.Type] = []

    def any(self, depth: int = 3) -> abi.Type:
        """Return a type: one with bytes in a third of the cases where it is a leaf."""
        random = self._random
        if self.named and random.random() < 0.2:
            return random.choice(self.named)
        if depth == 0 or random.random() < 0.25:
            # A new object for each, as generated bindings have them.
            leaf = random.choice(["bytes", "bytes", "string", "scalar", "scalar", "named"])
            if leaf == "named":
                return self._enum() if random.random() < 0.5 else self._flags()
            return {"bytes": BYTES, "string": abi.STRING}.get(leaf) or random.choice(_SCALARS)
        makes = [self._list, self._map, self._option, self._result, self._tuple, self._record, self._variant]
        return random.choice(makes)(depth - 1)

    def lending(self, resource: abi.Resource, depth: int = 2) -> abi.Type:
        """Return a type without a name that has a borrowed handle somewhere, often beside bytes."""
        if depth == 0:
            return abi.Borrow(resource)
        inner, random = self.lending(resource, depth - 1), self._random
        beside = [BYTES, self.any(1)][: random.randint(1, 2)]
        beside.insert(random.randint(0, len(beside)), inner)
        several = abi.Tuple(tuple(beside))
        made = [several, abi.List(several), abi.List(inner), abi.Option(inner), abi.Map(random.choice(KEYS), several)]
        return random.choice([*made, abi.Result(several, BYTES), abi.Result(abi.U64, inner)])

    def _maybe(self, depth: int) -> abi.Type | None:
        return self.any(depth) if self._random.random() < 0.75 else None

    def _several(self, depth: int, most: int) -> tuple[abi.Type, ...]:
        return tuple(self.any(depth) for _ in range(self._random.randint(1, most)))

    def _list(self, depth: int) -> abi.Type:
        return abi.List(self.any(depth))

    def _map(self, depth: int) -> abi.Type:
        return abi.Map(self._random.choice(KEYS), self.any(depth))

    def _option(self, depth: int) -> abi.Type:
        return abi.Option(self.any(depth))

    def _result(self, depth: int) -> abi.Type:
        return abi.Result(self._maybe(depth), self._maybe(depth))

    def _tuple(self, depth: int) -> abi.Type:
        return abi.Tuple(self._several(depth, 4))

    def _record(self, depth: int) -> abi.Type:
        return self.record(self._several(depth, 5))

    def record(self, types: tuple[abi.Type, ...]) -> abi.Record:
        """Return a record of types, which has a name."""
        return self._name(record(types))

    def _variant(self, depth: int) -> abi.Type:
        return self._name(variant([self._maybe(depth) for _ in range(self._random.randint(1, 6))]))

    def _enum(self) -> abi.Type:
        size = self._random.randint(1, 300 if self._random.random() < 0.1 else 9)
        return self._name(enumeration([f"m{i}" for i in range(size)]))

    def _flags(self) -> abi.Type:
        return self._name(flags(self._random.randint(1, 32)))

    def _name(self, type_: T) -> T:
        self.named.append(type_)
        return type_


class Values:
    """Makes values of types; `handle` makes the object for a handle."""

    def __init__(self, random: Random, handle: Any = None) -> None:
        self._random = random
        self._handle = handle

    def of(self, type_: abi.Type | None) -> Any:
        """Return a value in the form in which it comes back."""
        random = self._random
        match type_:
            case None:
                return None
            case abi.Prim():
                return self._scalar(type_)
            case abi.Record():
                return type_.python(*(self.of(field.type) for field in type_.fields))
            case abi.Variant():
                case = random.choice(type_.cases)
                return case.python(self.of(case.payload)) if case.payload else case.python()
            case abi.Enum():
                return random.choice(list(type_.python))
            case abi.Flags():
                return type_.python(random.getrandbits(len(type_.flags)))
            case abi.Tuple():
                return tuple(self.of(part) for part in type_.types)
            case abi.Option():
                if random.random() < 0.3:
                    return None
                inner = self.of(type_.type)
                return Some(inner) if isinstance(type_.type, abi.Option) else inner
            case abi.Result():
                return Ok(self.of(type_.ok)) if random.random() < 0.5 else Err(self.of(type_.err))
            case abi.List():
                return self._list(type_)
            case abi.Map():
                return {self.of(type_.key): self.of(type_.value) for _ in range(random.choice([0, 1, 2, 5]))}
            case abi.Own() | abi.Borrow():
                return self._handle()
            case _:
                raise NotImplementedError(type_)

    def _list(self, type_: abi.List) -> Any:
        random = self._random
        if type_.element is abi.U8:
            size = random.choice([0, 1, 2, 3, 7, 31, 255, 256, random.randint(0, 3000)])
            return random.randbytes(size) if random.random() < 0.7 else b"a" * size
        return [self.of(type_.element) for _ in range(random.choice([0, 1, 2, 3, 5]))]

    def _scalar(self, type_: abi.Prim) -> Any:
        random = self._random
        if type_ in INTEGERS:
            smallest, largest = INTEGERS[type_]
            return random.choice([smallest, largest, 0, random.randint(smallest, largest)])
        if type_ is abi.BOOL:
            return random.random() < 0.5
        if type_ is abi.STRING:
            return "".join(random.choices(_LETTERS, k=random.choice([0, 1, 2, 3, 17])))
        if type_ is abi.CHAR:
            return random.choice(_LETTERS)
        number = random.choice([0.0, -0.0, math.inf, -math.inf, 1.5, random.uniform(-1e9, 1e9)])
        return struct.unpack("<f", struct.pack("<f", number))[0] if type_ is abi.F32 else number
