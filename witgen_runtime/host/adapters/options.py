"""The choices of adapters."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Adapters"]

Adapters: TypeAlias = Literal["auto", "bytes", "off"]
"""Which adapters a world gets.

`auto`: for lists of bytes and numbers where the world moves any and the component can have them; `bytes`: the same, and
a component that cannot have them for bytes is refused; `off`: none for lists. Async imports always get adapters.
"""
