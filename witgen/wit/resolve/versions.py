"""The order of semantic versions (Semantic Versioning 2.0.0, item 11)."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["VersionKey", "version_key"]

_Identifier: TypeAlias = tuple[int, int, str]
VersionKey: TypeAlias = tuple[int, int, int, tuple[bool, tuple[_Identifier, ...]], tuple[_Identifier, ...]]


def version_key(version: str) -> VersionKey:
    """Return a key that sorts versions: a pre-release comes before its release, and build metadata decides last."""
    core, _, build = version.partition("+")
    numbers, _, pre = core.partition("-")
    major, minor, patch = (int(number) for number in numbers.split("."))
    return major, minor, patch, (not pre, _identifiers(pre)), _identifiers(build)


def _identifiers(text: str) -> tuple[_Identifier, ...]:
    if not text:
        return ()
    return tuple(_identifier(part) for part in text.split("."))


def _identifier(part: str) -> _Identifier:
    """Return a key that sorts numbers by value, before words. `int` refuses numbers of more than 4,300 digits."""
    if not part.isdigit():
        return (1, 0, part)
    digits = part.lstrip("0")
    return (0, len(digits), digits)
