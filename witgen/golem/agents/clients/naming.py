"""Names of other languages as names of Python."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ....bindings.facts.names import BUILTINS, escape
from ....bindings.render.displays import literal

__all__ = ["attribute_name", "case_name", "class_name", "quoted", "titled"]

_OTHER: Final = re.compile(r"\W+")


def _normal(text: str) -> str:
    """Return a text as Python reads names: two that it takes for one are one here, too."""
    return unicodedata.normalize("NFKC", text)


def titled(text: str) -> str:
    """`close-info` → `CloseInfo`, `camelCase` → `CamelCase`: a part of the name of a class."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", _normal(text)) if word)


def class_name(text: str) -> str:
    """Return a name for a class: the text, where it is a name already."""
    plain = _normal(text)
    plain = plain if plain.isidentifier() and not plain.startswith("_") and not plain[0].islower() else titled(plain)
    found = plain if plain.isidentifier() else f"T{_OTHER.sub('_', plain)}"
    return f"{found}_" if found in BUILTINS else escape(found)


def attribute_name(text: str) -> str:
    """Return a name for a field, a parameter or a method."""
    found = _OTHER.sub("_", _normal(text)).strip("_")
    return escape(found if found.isidentifier() else f"n{found}")


def case_name(text: str) -> str:
    """Return a name for a member of an enum: `dark-blue` → `DARK_BLUE`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _normal(text))
    found = _OTHER.sub("_", spaced).strip("_").upper()
    return escape(found if found.isidentifier() else f"N{found}")


def quoted(text: str) -> str:
    """Return a text as black writes it: in single quotes where double ones would have to be escaped."""
    written = literal(text)
    if '"' not in text or "'" in text:
        return written
    return "'" + written[1:-1].replace('\\"', '"') + "'"
