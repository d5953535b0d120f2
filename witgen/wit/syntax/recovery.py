"""Finds more than the first problem of a text: parsing continues with the next item.

The broken interface or world is left out, and the rest is parsed again. An item begins here with its first word in the
first column, as in all formatted WIT: with missing braces or semicolons, no other sign is reliable, and reports of mere
consequences of another problem do not help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .docs import with_comments
from .errors import WitSyntaxError
from .parser import parse_text

__all__ = ["syntax_errors"]

_ITEM = re.compile(r"^(?:interface|world)\s+%?[\w-]+\s*\{", re.MULTILINE)
_NESTED = re.compile(r"^\s*package\b[^;{\n]*\{", re.MULTILINE)
_VISIBLE = re.compile(r"[^\n]")
_MOST = 20


def syntax_errors(text: str, first: WitSyntaxError) -> Iterator[WitSyntaxError]:
    """Yield the problems of a text whose first one is `first`: one of an item, and not of too many."""
    yield first
    code = with_comments(text, _blank)
    if _NESTED.search(code):
        return
    items = [found.start() for found in _ITEM.finditer(code)]
    error = first
    for _ in range(_MOST - 1):
        begin = max((item for item in items if item < error.start), default=0)
        end = min((item for item in items if item >= error.start), default=begin)
        if begin == end:
            return
        items = [item for item in items if not begin <= item < end]
        text = text[:begin] + _blank(text[begin:end]) + text[end:]
        try:
            parse_text(text)
        except WitSyntaxError as another:
            error = another
            yield error
        else:
            return


def _blank(text: str) -> str:
    return _VISIBLE.sub(" ", text)
