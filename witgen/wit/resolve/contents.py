"""What a file holds."""

from __future__ import annotations

from ..tree import SingleFile

__all__ = ["holds_binary", "is_binary"]

# A look at the start does not copy what may be large; nothing real has as many blanks there.
_BLANKS = 4096


def holds_binary(file: SingleFile) -> bool:
    """Tell whether a file that was asked for is, or is meant to be, WebAssembly; a damaged one has its name alone."""
    return file.path.endswith(".wasm") or is_binary(file.data)


def is_binary(data: bytes) -> bool:
    """Tell by content whether a file is a binary package or component (or its text), not WIT."""
    # WIT cannot begin like this: a look at the first byte saves loading the decoder.
    if data[:_BLANKS].lstrip()[:1] not in (b"\0", b"(", b";"):
        return False
    from .. import binary  # noqa: PLC0415 - slow to load, and most trees have none

    return binary.is_binary(data)
