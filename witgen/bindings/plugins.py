"""Plugins: further modules of `guest/`, for worlds that import certain interfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from ..base.frozen import frozen

__all__ = ["Functions", "GuestPlugin", "GuestSource"]

Functions: TypeAlias = Mapping[str, Sequence[str]]
"""Functions by interface (without a version): their WIT text, with the resource's name and a dot before a method."""

_NONE: Functions = MappingProxyType({})


@frozen
class GuestSource:
    """A module of plain Python that is the source of one in `guest/`.

    It names modules and classes as the output does by default. A relative import of `wasi_keyvalue_types` stands for
    the wrappers of `wasi:keyvalue/types`, and for its types where the import passes through a package `types`.

    Attributes:
        path: of the file.
        needs: the functions that the module calls.
        optional: functions of further interfaces. Where a world lacks some of an interface, its import and the
            functions and methods that use it are left out.
    """

    path: Path
    needs: Functions
    optional: Functions = _NONE

    @property
    def text(self) -> str:
        """The source."""
        return self.path.read_text(encoding="utf-8")


@frozen
class GuestPlugin:
    """A module of `guest/`, made of the first of its sources whose functions a world imports; absent if there is none.

    Attributes:
        name: of the module.
        sources: its variants.
    """

    name: str
    sources: Sequence[GuestSource]
