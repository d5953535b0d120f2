"""Source text and places in it."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from .frozen import frozen

__all__ = ["SourceFile", "Span"]


@lru_cache(maxsize=16)
def _line_starts(text: str) -> list[int]:
    starts = [0]
    for index, char in enumerate(text):
        if char == "\n":
            starts.append(index + 1)
    return starts


@frozen
class SourceFile:
    """One input file: the path as the user would write it, and its decoded text."""

    path: str
    text: str

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column (in characters) of `offset`."""
        starts = _line_starts(self.text)
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of the 1-based line `number` without its line end."""
        start = _line_starts(self.text)[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


@frozen
class Span:
    """A half-open range of characters in a file."""

    file: SourceFile
    start: int
    end: int

    @property
    def line(self) -> int:
        """The 1-based line of the first character."""
        return self.file.position(self.start)[0]

    @property
    def column(self) -> int:
        """The 1-based column of the first character."""
        return self.file.position(self.start)[1]

    @property
    def text(self) -> str:
        """The source text of the range."""
        return self.file.text[self.start : self.end]
