"""Messages with several problems, the first of which stands in the first line."""

from __future__ import annotations

__all__ = ["listed"]


def listed(error: BaseException) -> list[str]:
    """Return the problems in a message, each indented."""
    first, *lines = str(error).splitlines()
    return ["  " + first.partition(": ")[2], *lines]
