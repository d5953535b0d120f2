"""What a file holds."""

from __future__ import annotations

__all__ = ["is_binary"]


def is_binary(data: bytes) -> bool:
    """Tell by content whether a file is a binary package or component (or its text), not WIT."""
    # WIT cannot begin like this: a look at the first byte saves loading the decoder.
    if data.lstrip()[:1] not in (b"\0", b"(", b";"):
        return False
    from .. import binary  # noqa: PLC0415 - slow to load, and most trees have none

    return binary.is_binary(data)
