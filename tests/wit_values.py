"""Random values of WIT types, for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

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
