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
                self._pairs[open_.pop()] = at

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

    def outside(self, word: str, begin: int = 0) -> int:
        """Return where `word` stands outside of all brackets and strings, from `begin` on; -1 if nowhere."""
        return next((first - len(word) for first, _ in self.split(word, begin)[1:]), -1)

    def split(self, word: str, begin: int) -> list[tuple[int, int]]:
        """Return the ranges between the `word`s that stand outside of all brackets and strings, from `begin` on."""
        found: list[tuple[int, int]] = []
        start = at = begin
        while at < len(self._text):
            if at in self._pairs:
                at = self._pairs[at]
            elif self._text[at] == '"':
                match = _TOKEN.match(self._text, at)
                at = match.end() - 1 if match is not None else at
            elif self._text.startswith(word, at):
                found.append((start, at))
                start = at + len(word)
                at = start - 1
            at += 1
        return [*found, (start, len(self._text))]
