"""What was probably meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message: ``. Did you mean `add`?``, or nothing if no known name is close."""
    close = get_close_matches(name, list(known), n=1)
    return f". Did you mean `{close[0]}`?" if close else ""
