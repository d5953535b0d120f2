"""Identifies the code that changes components before they are compiled, for their names in the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from ...version import VERSION

__all__ = ["source_digest"]

_ADAPTERS: Final = Path(__file__).parent
_RUNTIME: Final = _ADAPTERS.parent.parent

# Modules elsewhere that composing uses, which a test compares, and those that decide what is composed or taken out.
_USED: Final = ("abi.py", "host/capi/memory_mark.py", "host/direct_lists.py", "host/linking/versions.py")
_DECIDING: Final = (
    *("host/component.py", "host/linking/definition.py", "host/signatures.py"),
    *("host/images/files.py", "host/images/splitting.py"),
)


@cache
def source_digest() -> str:
    """Return a digest of all source that a composed component depends on, and of the runtime's version.

    Where there is no source, in an archive for example, the version alone counts. Takes a millisecond, once: ask for it
    only where a component is opened.
    """
    digest = hashlib.sha256(VERSION.encode())
    for path in _sources():
        with suppress(OSError):
            content = path.read_bytes()
            digest.update(f"\0{path.relative_to(_RUNTIME).as_posix()} {len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (_RUNTIME / path for path in (*_USED, *_DECIDING))
    for folder, folders, names in os.walk(_ADAPTERS):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))
