"""The Python modules in a component: where they come from, and what their code takes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, TypeAlias

from .place import Place

__all__ = ["ModuleInside", "Origin", "RecordedModule", "modules_inside"]

RecordedModule: TypeAlias = tuple[str, str | None, int | None, bool]
"""Name, file in the guest, size of the code in bytes, and whether it is late: what the entry records."""


class Origin(Enum):
    """Where a module comes from."""

    APPLICATION = "application"
    PACKAGES = "packages"
    STANDARD_LIBRARY = "standard library"
    RUNTIME = "witgen's runtime"
    COMPONENTIZE = "componentize-py"
    INTERPRETER = "built into CPython"


class ModuleInside(NamedTuple):
    """A module in a component.

    Attributes:
        name: its full name.
        origin: where it comes from.
        is_late: whether it is imported at run time, from code that the component keeps compressed.
        size: its code in bytes, compressed if it is late; None for a module that was there before the build began, or
            that has no code of Python.
    """

    name: str
    origin: Origin
    is_late: bool
    size: int | None


def modules_inside(place: Place, recorded: Iterable[RecordedModule]) -> tuple[ModuleInside, ...]:
    """Return the modules that the entry has recorded, with their origins."""
    return tuple(ModuleInside(name, _origin(place, file), is_late, size) for name, file, size, is_late in recorded)


def _origin(place: Place, file: str | None) -> Origin:
    top = (file or "").lstrip("/").partition("/")[0]
    if not file or not file.startswith("/"):
        return Origin.INTERPRETER
    if top.isdigit():
        number = int(top)
        if number < len(place.folders):
            return Origin.APPLICATION
        return Origin.PACKAGES if number == place.number_of_packages else Origin.RUNTIME
    return Origin.STANDARD_LIBRARY if top == "python" else Origin.COMPONENTIZE
