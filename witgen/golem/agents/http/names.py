"""Names of agent types in paths."""

from __future__ import annotations

import re

__all__ = ["kebab_case"]


def kebab_case(name: str) -> str:
    """Return a name in lower case, its words separated by `-`: `HTTPServer` becomes `http-server`."""
    return "-".join(word.lower() for word in _words(name))


def _words(name: str) -> list[str]:
    found: list[str] = []
    for part in re.split(r"[^0-9A-Za-z]+", name):
        start, is_lower = 0, None
        for at, each in enumerate(part):
            now = True if each.islower() else False if each.isupper() else is_lower  # a digit belongs to what precedes
            following = part[at + 1 : at + 2]
            if now and following.isupper():
                found.append(part[start : at + 1])
                start, is_lower = at + 1, None
            elif is_lower is False and each.isupper() and following.islower():
                found.append(part[start:at])
                start, is_lower = at, None
            else:
                is_lower = now
        found.append(part[start:])
    return [word for word in found if word]
