"""Random WIT types, many of them with bytes, and random values of them: all from one `random.Random`."""

from __future__ import annotations

import math
import struct
from random import Random
from typing import Any, TypeVar

from wit_types import KEYS, enumeration, flags, record, variant

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

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
