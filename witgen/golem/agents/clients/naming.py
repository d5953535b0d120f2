"""Names of other languages as names of Python."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ....bindings.facts.names import BUILTINS, escape
from ....bindings.render.displays import literal

__all__ = ["attribute_name", "case_name", "class_name", "quoted", "titled"]

_OTHER: Final = re.compile(" +")
_WORDS: Final = re.compile(r"_+")
_NEW_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _plain(text: str) -> str:
    """Return a text with `_` in place of what no name has; two texts that Python takes for one name are one here, too.

    Python reads names in the form NFKC (reference manual, 2.3).
    """
    normal = unicodedata.normalize("NFKC", text)
    return _OTHER.sub("_", "".join(char if f"a{char}".isidentifier() else " " for char in normal))


def _begun(text: str, start: str) -> str:
    """Return a name: the text, after a letter where it cannot begin one."""
    return text if text.isidentifier() else start + text


def titled(text: str) -> str:
    """`close-info` → `CloseInfo`, `camelCase` → `CamelCase`: a part of the name of a class."""
    return "".join(word[:1].upper() + word[1:] for word in _WORDS.split(_plain(text)) if word)


def class_name(text: str) -> str:
    """Return a name for a class: the text, where it is one already."""
    is_name = text == _plain(text) and text[:1].isupper()
    found = _begun(text if is_name else titled(text), "T")
    return f"{found}_" if found in BUILTINS else escape(found)


def attribute_name(text: str) -> str:
    """Return a name for a field, a parameter or a method. Those with `_` at either end mean something to Python."""
    return escape(_begun(_plain(text).strip("_"), "n"))


def case_name(text: str) -> str:
    """Return a name for a member of an enum: `dark-blue` → `DARK_BLUE`."""
    return escape(_begun(_plain(_NEW_WORD.sub("_", text).upper()).strip("_"), "N"))


def quoted(text: str) -> str:
    """Return a text as black writes it: in single quotes where double ones would have to be escaped."""
    written = literal(text)
    if '"' not in text or "'" in text:
        return written
    return "'" + written[1:-1].replace('\\"', '"') + "'"
