"""Names of containers and objects as names of folders and files, whatever the file system makes of characters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

__all__ = ["LIMIT", "from_path", "to_path"]

LIMIT: Final = 1024
"""Bytes of UTF-8 that a name may have."""

_PART: Final = 200
"""Characters of a file's name; what is longer goes into folders, whose names end with the mark."""

_MARK: Final = "+"

# Capital letters are not there because some file systems take them for small ones, a dot only where it is neither the
# first character (hidden files, `..`) nor the last (which Windows forgets).
_PLAIN: Final = re.compile(r"(?<!^)\.(?!$)|[a-z0-9_-]")


def to_path(name: str) -> Path:
    """Return the relative path that stands for a name. It has no `..`, and no other name has the same.

    Raises:
        ValueError: the name is empty, or too long.
    """
    if not name:
        raise ValueError("a name cannot be empty")
    if len(name.encode()) > LIMIT:
        raise ValueError(f"a name of {len(name.encode())} bytes is too long: {LIMIT} are possible")
    encoded = "".join(_encoded(name, index) for index in range(len(name)))
    parts = [encoded[start : start + _PART] for start in range(0, len(encoded), _PART)]
    return Path(*(f"{part}{_MARK}" for part in parts[:-1]), parts[-1])


def _encoded(name: str, index: int) -> str:
    if _PLAIN.match(name, index):
        return name[index]
    return "".join(f"%{byte:02x}" for byte in name[index].encode())


def from_path(path: Path) -> str:
    """Return the name that a relative path stands for."""
    return unquote("".join(part.removesuffix(_MARK) for part in path.parts), errors="strict")
