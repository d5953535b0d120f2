"""Plugins: further modules of `guest/`, for worlds that import certain interfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from ..base.frozen import frozen

__all__ = ["Functions", "GuestPlugin", "GuestSource", "ServeForm", "ServeParameter"]

Functions: TypeAlias = Mapping[str, Sequence[str]]
"""Functions by interface (without a version): their WIT text, with the resource's name and a dot before a method."""

_NONE: Functions = MappingProxyType({})


@frozen
class GuestSource:
    """A module of plain Python that is the source of one in `guest/`.

    It names modules and classes as the output does by default. A relative import of `wasi_keyvalue_types` stands for
    the wrappers of `wasi:keyvalue/types`, and for its types where the import passes through a package `types`. What it
    imports from `witgen_runtime` comes from the runtime of the output.

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
class ServeParameter:
    """An optional parameter of `serve`: its name, its type in the runtime, its documentation."""

    name: str
    type: str
    doc: str


@frozen
class ServeForm:
    """Parameters of `serve` that implement an exported interface in another way than by an object of its class.

    Attributes:
        interface: the interface, without a version.
        functions: its functions, as in `Functions`.
        maker: the function of the plugin's module that returns the implementation. It takes the object, None if there
            is none, and the parameters by name.
        types: the module of the runtime that declares the types of the parameters.
        parameters: the parameters.
    """

    interface: str
    functions: Sequence[str]
    maker: str
    types: str
    parameters: Sequence[ServeParameter]


@frozen
class GuestPlugin:
    """A module of `guest/`, made of the first of its sources whose functions a world imports; absent if there is none.

    Attributes:
        name: of the module.
        sources: its variants.
        serve: what the module offers to `serve`; without the interface that it implements, there is no module.
    """

    name: str
    sources: Sequence[GuestSource]
    serve: ServeForm | None = None
