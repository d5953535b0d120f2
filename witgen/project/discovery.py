"""Projects: the pyproject.toml that counts, and the targets in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.files import NOT_REGULAR, is_nothing_to_read, read
from ..base.resources import golem_wit
from ..config import Config
from ..diagnostics.model import Diagnostic

if TYPE_CHECKING:
    from ..base.source import Span
    from .toml_spans import Place

__all__ = ["FILE_NAME", "Target", "default_wit", "find", "parse"]

FILE_NAME = "pyproject.toml"


class Target(NamedTuple):
    """One output folder, and where its options stand in the file: `("names", "ns:pkg/interface")`."""

    config: Config
    places: Mapping[tuple[str | int, ...], Place]

    def locate(self, *option: str | int) -> Span | None:
        """Return the place of an option, or of the closest table around it."""
        for length in range(len(option), -1, -1):
            place = self.places.get(option[:length])
            if place is not None:
                return place.key
        return None


def default_wit(folder: Path, *, golem: str | bool) -> Path:
    """Return the default path of the WIT: `wit` in `folder`, or with `golem`, if that is missing, Golem's own."""
    own = folder / "wit"
    return golem_wit(golem) if golem and not own.exists() else own


def find(start: Path) -> Path | None:
    """Return the closest pyproject.toml with a `[tool.witgen]`, in `start` or above it.

    Raises:
        WitgenError: one of them is a FIFO, a device or a socket.
        OSError: one of them cannot be read.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / FILE_NAME
        if is_nothing_to_read(path):
            from ..diagnostics.errors import WitgenError  # noqa: PLC0415 - only where something is wrong

            raise WitgenError([Diagnostic("W0901", f"`{path}` is {NOT_REGULAR}", path=str(path), help="move it away")])
        if path.is_file() and _mentions(read(path)):
            return path
    return None


def parse(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        ValueError: the text is not TOML, or Python cannot read it. `tomllib`'s own error does not cover every case.
    """
    import tomllib  # noqa: PLC0415 - most runs of a tool that is given all its options need no TOML

    try:
        return tomllib.loads(text)
    except RecursionError:
        msg = "lists or tables are nested too deeply"
        raise ValueError(msg) from None


def _mentions(data: bytes) -> bool:
    """Return whether a file has the table; invalid TOML counts if it looks like it, so that `load` reports it."""
    if b"witgen" not in data:
        return False
    try:
        document = parse(data.decode())
    except ValueError:
        return re.search(rb"^\s*\[+\s*tool\s*\.\s*witgen\b", data, re.MULTILINE) is not None
    tool = document.get("tool")
    return isinstance(tool, dict) and "witgen" in tool
