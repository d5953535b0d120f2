"""Packages from a library: those that others need and that are not there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from ..model.ir import PackageName
from .inputs import BinaryInput, PackageInput
from .package_order import needed_by

__all__ = ["add_needed"]


def add_needed(
    texts: dict[PackageName, PackageInput],
    binaries: Mapping[PackageName, BinaryInput],
    library: Callable[[], Iterable[PackageInput]],
) -> Collection[PackageName]:
    """Add to `texts` the library's packages that they need, transitively; return the names of all in the library.

    Packages already present stay, whatever they declare. The library is read only if a package is missing.
    """
    there = {*texts, *(package.name for binary in binaries.values() for package in binary.decoded.packages)}
    offered: dict[PackageName, PackageInput] | None = None
    open_ends = list(texts.values())
    while open_ends:
        for name, _ in needed_by(open_ends.pop()):
            if name in there:
                continue
            if offered is None:
                offered = {package.name: package for package in library()}
            if name in offered:
                there.add(name)
                texts[name] = offered[name]
                open_ends.append(offered[name])
    return offered or ()
