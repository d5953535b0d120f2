"""Encode names of containers and objects as paths that every file system keeps apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

__all__ = ["LIMIT", "from_path", "to_path"]

LIMIT: Final = 1024
"""The longest name, in bytes of UTF-8."""

_PART: Final = 200
"""The longest file name, in characters. Longer names are split into folders, whose names end with the mark."""

_MARK: Final = "+"

# Capital letters are encoded because some file systems ignore case. A dot is encoded as the first character (hidden
# files, `..`) and as the last (which Windows drops).
_PLAIN: Final = re.compile(r"(?<!^)\.(?!$)|[a-z0-9_-]")


def to_path(name: str) -> Path:
    """Return the relative path for a name. It contains no `..` and is unique to the name.

    Raises:
        ValueError: the name is empty, or too long.
    """
    if not name:
        raise ValueError("a name cannot be empty")
    if len(name.encode()) > LIMIT:
        raise ValueError(f"a name of {len(name.encode())} bytes is too long: the limit is {LIMIT}")
    encoded = "".join(_encoded(name, index) for index in range(len(name)))
    parts = [encoded[start : start + _PART] for start in range(0, len(encoded), _PART)]
    return Path(*(f"{part}{_MARK}" for part in parts[:-1]), parts[-1])


def _encoded(name: str, index: int) -> str:
    if _PLAIN.match(name, index):
        return name[index]
    return "".join(f"%{byte:02x}" for byte in name[index].encode())


def from_path(path: Path) -> str:
    """Return the name that a relative path encodes."""
    return unquote("".join(part.removesuffix(_MARK) for part in path.parts), errors="strict")
