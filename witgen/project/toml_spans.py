"""Finds the places of keys and values in a TOML document, which `tomllib` does not keep.

Only for documents that `tomllib` accepts (TOML 1.0); it reports the problems of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..base.frozen import frozen
from ..base.source import SourceFile, Span

__all__ = ["Place", "places"]

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")


@frozen
class Place:
    """Where a key and its value are; of a table, where its header is."""

    key: Span
    value: Span


def places(file: SourceFile) -> Mapping[Path, Place]:
    """Return the place of every key: `("tool", "witgen", "target", 0, "out")`."""
    return _Scanner(file).places


class _Scanner:
    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._text = file.text
        self._at = 0
        self._lengths: dict[Path, int] = {}
        self.places: dict[Path, Place] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        self._skip(_SPACE)
        start = self._at
        words, last = self._key()
        key = Span(self._file, start, last.end)
        self._at += 2 if array else 1
        table: Path = ()
        for number, word in enumerate(words):
            table = (*table, word)
            self.places.setdefault(table, Place(key, key))
            if array and number == len(words) - 1:
                self._lengths[table] = self._lengths.get(table, 0) + 1
            if table in self._lengths:
                table = (*table, self._lengths[table] - 1)
        self.places.setdefault(table, Place(key, key))
        return table

    def _key(self) -> tuple[list[str], Span]:
        """Read a dotted key; its span is that of the last part."""
        words: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            word = self._skip(_KEY)
            words.append(_unquoted(word))
            span = Span(self._file, start, self._at)
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return words, span
            self._at += 1

    def _pair(self, table: Path) -> None:
        words, key = self._key()
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        path = (*table, *words)
        for length in range(len(table) + 1, len(path)):
            self.places.setdefault(path[:length], Place(key, key))
        start = self._at
        self._value(path)
        self.places[path] = Place(key, Span(self._file, start, self._at))

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._skip(_STRING)
        elif first == "[":
            self._list(path)
        elif first == "{":
            self._inline(path)
        else:
            plain = self._skip(_PLAIN)
            self._at -= len(plain) - len(plain.rstrip())

    def _list(self, path: Path) -> None:
        index = 0
        self._at += 1
        while self._next() != "]":
            start = self._at
            self._value((*path, index))
            span = Span(self._file, start, self._at)
            self.places[(*path, index)] = Place(span, span)
            index += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._next() != "}":
            self._pair(path)
        self._at += 1

    def _next(self) -> str:
        """Go to the next element of a list or inline table, or to its end."""
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)
        return self._text[self._at]

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            msg = f"{self._file.path} is not TOML at offset {self._at}"
            raise LookupError(msg)
        self._at = match.end()
        return match.group()


def _unquoted(word: str) -> str:
    if word.startswith("'"):
        return word[1:-1]
    if word.startswith('"'):
        import tomllib  # noqa: PLC0415 - quoted keys are rare

        value: str = tomllib.loads(f"key = {word}")["key"]
        return value
    return word
