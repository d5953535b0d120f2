"""The kind of a file's content."""

from __future__ import annotations

from ..tree import SingleFile

__all__ = ["holds_binary", "is_binary"]

# Checking only the start avoids copying large files; real files do not begin with that many blanks.
_BLANKS = 4096


def holds_binary(file: SingleFile) -> bool:
    """Return whether a named file is, or is meant to be, WebAssembly; a damaged one is recognised by its name."""
    return file.path.endswith(".wasm") or is_binary(file.data)


def is_binary(data: bytes) -> bool:
    """Return, by content, whether a file is a binary package or component (as text or compiled, too), not WIT."""
    # WIT cannot begin like this: a look at the first byte saves loading the decoder.
    if data[:_BLANKS].lstrip()[:1] not in (b"\0", b"\x7f", b"(", b";"):
        return False
    from .. import binary  # noqa: PLC0415 - slow to load, and most trees have none

    return binary.is_binary(data)
