"""Numbers with their nouns, for messages."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 entry`, `2 entries`.

    Args:
        number: how many.
        noun: the noun in the singular.
        plural: the noun in the plural, unless that is the singular with an `s`.
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
