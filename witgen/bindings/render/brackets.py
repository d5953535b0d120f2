"""The brackets of one line of code."""

from __future__ import annotations

import re
from collections import defaultdict

__all__ = ["Brackets"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[(\[{]|[)\]}]|,')


class Brackets:
    """Which brackets belong together, and the commas directly inside of each; by position in the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pairs: dict[int, int] = {}
        self._commas: defaultdict[int, list[int]] = defaultdict(list)
        self._covered: list[tuple[int, int]] = []
        open_: list[int] = []
        for match in _TOKEN.finditer(text):
            at = match.start()
            char = text[at]
            if char == ",":
                if open_:
                    self._commas[open_[-1]].append(at)
            elif char in "([{":
                open_.append(at)
            elif char in ")]}":
                start = open_.pop()
                self._pairs[start] = at
                if not open_:
                    self._covered.append((start, at))
            elif not open_:
                self._covered.append((at, match.end() - 1))

    def first(self) -> tuple[int, int]:
        """Return the first pair."""
        start = min(self._pairs)
        return start, self._pairs[start]

    def closing(self, start: int) -> int:
        """Return where the bracket that opens at `start` closes."""
        return self._pairs[start]

    def opening(self, end: int) -> int:
        """Return where the bracket that closes at `end` opens."""
        return next(start for start, closing in self._pairs.items() if closing == end)

    def commas(self, start: int) -> list[int]:
        """Return the commas directly inside of the bracket that opens at `start`."""
        return self._commas[start]

    def items(self, start: int) -> list[tuple[int, int]]:
        """Return the ranges between the commas, without blanks around them and without an empty last one."""
        found: list[tuple[int, int]] = []
        begin = start + 1
        for comma in (*self._commas[start], self._pairs[start]):
            if begin < comma:
                found.append((begin, comma))
            begin = comma + 2
        return found

    def alternatives(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return the ranges of the members of the union between two places; one range where there is none."""
        if self._text.find(" | ", first, last) < 0:
            return [(first, last)]
        found: list[tuple[int, int]] = []
        begin = at = first
        while at < last:
            if at in self._pairs:
                at = self._pairs[at]
            elif self._text.startswith(" | ", at):
                found.append((begin, at))
                at += len(" | ")
                begin = at
                continue
            at += 1
        return [*found, (begin, last)]

    def outside(self, word: str, begin: int = 0) -> int:
        """Return where `word` stands outside of all brackets and strings, from `begin` on; -1 if nowhere."""
        return next((first - len(word) for first, _ in self.split(word, begin)[1:]), -1)

    def split(self, word: str, begin: int) -> list[tuple[int, int]]:
        """Return the ranges between the `word`s that stand outside of all brackets and strings, from `begin` on."""
        found: list[tuple[int, int]] = []
        start = begin
        at = self._text.find(word, begin)
        while at >= 0:
            if not any(first < at < last for first, last in self._covered):
                found.append((start, at))
                start = at + len(word)
            at = self._text.find(word, at + len(word))
        return [*found, (start, len(self._text))]
