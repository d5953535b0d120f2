"""Numbers and characters of a width, for type hints of agents; a plain `int` is 64 bits wide and has a sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

__all__ = ["F32", "S8", "S16", "S32", "S64", "U8", "U16", "U32", "U64", "Char", "Width"]


@dataclass(frozen=True, slots=True)
class Width:
    """The primitive type that an annotation stands for, by its name in WIT."""

    name: str


U8: TypeAlias = Annotated[int, Width("u8")]
"""An integer from 0 to 255."""
U16: TypeAlias = Annotated[int, Width("u16")]
"""An integer from 0 to 65,535."""
U32: TypeAlias = Annotated[int, Width("u32")]
"""An integer from 0 to 4,294,967,295."""
U64: TypeAlias = Annotated[int, Width("u64")]
"""An integer from 0 to 2^64 - 1."""
S8: TypeAlias = Annotated[int, Width("s8")]
"""An integer from -128 to 127."""
S16: TypeAlias = Annotated[int, Width("s16")]
"""An integer from -32,768 to 32,767."""
S32: TypeAlias = Annotated[int, Width("s32")]
"""An integer from -2,147,483,648 to 2,147,483,647."""
S64: TypeAlias = Annotated[int, Width("s64")]
"""An integer from -2^63 to 2^63 - 1, as `int` is by itself."""
F32: TypeAlias = Annotated[float, Width("f32")]
"""A number with single precision; `float` by itself has double precision."""
Char: TypeAlias = Annotated[str, Width("char")]
"""A text of one Unicode scalar value."""
