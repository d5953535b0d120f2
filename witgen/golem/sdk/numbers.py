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
U16: TypeAlias = Annotated[int, Width("u16")]
U32: TypeAlias = Annotated[int, Width("u32")]
U64: TypeAlias = Annotated[int, Width("u64")]
S8: TypeAlias = Annotated[int, Width("s8")]
S16: TypeAlias = Annotated[int, Width("s16")]
S32: TypeAlias = Annotated[int, Width("s32")]
S64: TypeAlias = Annotated[int, Width("s64")]
F32: TypeAlias = Annotated[float, Width("f32")]
Char: TypeAlias = Annotated[str, Width("char")]
