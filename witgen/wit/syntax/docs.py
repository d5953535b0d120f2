"""Documentation comments.

WIT.md mentions `///` and `/**` only. The reference implementation takes every comment directly before an item as its
documentation. witgen does the same, because other tools compare with its printed form of a package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

__all__ = ["documentation", "with_comments", "without_comments"]

_COMMENT_START = re.compile(r"//|/\*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_BLANKS = re.compile(r"[ \t\n\r\f]*")
_ASCII_SPACE = " \t\n\r\f"
_STRING_OR_START = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|//[^\n]*|/\*')
# Not possessive: CPython 3.11.2, which Debian 12 has, matches too little then with such alternatives.
_STRING_OR_COMMENT = re.compile(r'("(?:[^"\\\n]|\\[^\n])*")|//[^\n]*|/\*[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*\*/')


def documentation(text: str, start: int, end: int) -> str | None:
    """Return the text of the comments in `text[start:end]` without markers and common indentation; None without any."""
    comments = _comments(text, start, end)
    if not comments:
        return None
    indent = min((_indent(comment) for comment in comments if comment), default=0)
    lines: list[str] = []
    for comment in comments:
        body = comment[indent:] if comment.startswith(" " * indent) else comment
        lines += body.replace("\r\n", "\n").split("\n")
    return "\n".join(lines).rstrip("\n")


@lru_cache(maxsize=256)
def without_comments(text: str) -> str:
    """Return WIT without comments and insignificant blanks; unchanged if comments are nested.

    Two texts with the same result differ in documentation alone.
    """
    bare = _STRING_OR_COMMENT.sub(r"\1 ", text)
    return text if "/*" in bare else " ".join(bare.split())


def with_comments(text: str, change: Callable[[str], str]) -> str:
    """Return WIT with `change` made to each of its comments."""
    parts: list[str] = []
    end = 0
    while (found := _STRING_OR_START.search(text, end)) is not None:
        parts.append(text[end : found.start()])
        end = _block_end(text, found.start(), len(text)) if found.group() == "/*" else found.end()
        whole = text[found.start() : end]
        parts.append(whole if whole.startswith('"') else change(whole))
    return "".join([*parts, text[end:]])


def _indent(comment: str) -> int:
    found = _BLANKS.match(comment)
    return found.end() if found is not None else 0


def _comments(text: str, start: int, end: int) -> list[str]:
    comments: list[str] = []
    while (found := _COMMENT_START.search(text, start, end)) is not None:
        if found.group() == "//":
            line_end = text.find("\n", found.start(), end)
            start = end if line_end < 0 else line_end + 1
            comments.append(text[found.start() : start].lstrip("/").rstrip())
        else:
            start = _block_end(text, found.start(), end)
            block = text[found.start() : start]
            if block.startswith("/**"):
                comments.append(block[3:].removesuffix("*/").rstrip())
            else:
                comments.append(block.lstrip("/").rstrip())
    return comments


def _block_end(text: str, start: int, end: int) -> int:
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start, end):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return end
