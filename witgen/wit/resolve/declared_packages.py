"""The packages that a file or a folder of a tree declares, without resolving anything."""

from __future__ import annotations

from ..model.ir import PackageName
from ..syntax.errors import WitSyntaxError
from ..syntax.parser import parse_text
from ..tree import Folder, SingleFile, decode_text
from .contents import is_binary
from .context import Context
from .inputs import packages_of

__all__ = ["declared_packages"]


def declared_packages(source: Folder | SingleFile) -> frozenset[PackageName]:
    """Return the names of the packages of a source, those nested in its files included; none if it is not valid WIT.

    Raises:
        WitgenError: the source is no text, or a damaged binary.
    """
    if isinstance(source, SingleFile) and is_binary(source.data):
        from ..binary import decode_package  # noqa: PLC0415 - slow to load, and most trees have nothing to decode

        decoded = decode_package(source.data, source.path)
        return frozenset({decoded.packages[decoded.main].name})
    files = source.files if isinstance(source, Folder) else (decode_text(source.path, source.data),)
    try:
        parsed = [(file, parse_text(file.text)) for file in files]
    except WitSyntaxError:
        return frozenset()
    package, nested = packages_of(Context((), all_features=True), source.path, parsed)
    return frozenset(each.name for each in (*nested, *([package] if package is not None else [])))
