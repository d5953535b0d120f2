"""Did-you-mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["did_you_mean", "it_has", "list_names"]

# Comparing a very long name with every other one would take long without helping.
_LONGEST = 100
_MOST = 12


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return a help text that names the candidate closest to `name`, if one is close."""
    if len(name) > _LONGEST:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    known = [candidate for candidate in dict.fromkeys(candidates) if len(candidate) <= _LONGEST]
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None


def list_names(names: Iterable[str]) -> str:
    """Return the names in backticks, sorted, joined by commas; of many names only the first."""
    listed = sorted(names)
    return ", ".join(f"`{name}`" for name in listed[:_MOST]) + (", …" if len(listed) > _MOST else "")


def it_has(names: Collection[str]) -> str:
    """Return a help text that lists the existing names."""
    return f"it has {list_names(names)}" if names else "it is empty"
