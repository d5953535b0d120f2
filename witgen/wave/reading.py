"""The tokens of WAVE: labels, numbers, quoted text, and punctuation (wave_ebnf.md of wasm-wave)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..base.counted import counted
from .describing import shown
from .errors import WaveError

__all__ = ["Reader"]

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*)*")
_LABEL = re.compile(r"(%?)([a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z0-9]+)*|[a-zA-Z_]\w*)(?![\w-])", re.ASCII)
"""A label of WIT, or a name as programming languages have it: types of Golem's agents spell their parts so."""
_NUMBER = re.compile(r"-?(?:inf|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])", re.ASCII)
_STRAIGHT = re.compile(r'[^"\\\n]*')
_ESCAPE = re.compile(r"""\\(?:u\{([0-9a-fA-F]{1,6})\}|(['"tnr\\]))""")
_MULTILINE = re.compile(r'"""\r?\n(.*?)"""', re.DOTALL)
_ANYTHING = re.compile(r"[\w%.+-]+|.", re.DOTALL)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r"}
_LAST_SCALAR = 0x10FFFF
_ESCAPES = r"escapes are \', \", \\, \t, \n, \r and \u{…}"


class Reader:
    """A position in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, problem: str, at: int | None = None) -> WaveError:
        """Return the error for a problem at a place, by default the current one."""
        before = self.text[: self.at if at is None else at]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return WaveError(problem, f"line {line}, column {column}" if "\n" in self.text else f"column {column}")

    def expected(self, what: str, remedy: str = "") -> WaveError:
        """Return the error for unexpected text at the current place."""
        self.skip()
        token = _ANYTHING.match(self.text, self.at)
        found = f"`{shown(token[0])}`" if token else "the end of the text"
        return self.error(f"expected {what}, got {found}{f'; {remedy}' if remedy else ''}")

    def skip(self) -> None:
        """Advance to the next token."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, symbol: str) -> bool:
        """Consume a symbol if it comes next; return whether it did."""
        self.skip()
        found = self.text.startswith(symbol, self.at)
        self.at += len(symbol) * found
        return found

    def comes(self, symbol: str) -> bool:
        """Return whether a symbol comes next."""
        self.skip()
        return self.text.startswith(symbol, self.at)

    def end(self) -> None:
        """Raise if any text is left."""
        self.skip()
        if self.at < len(self.text):
            raise self.expected("the end")

    def keyword(self, word: str) -> bool:
        """Consume a keyword of WAVE if it comes next; a label with a `%` before it is never a keyword."""
        self.skip()
        match = _LABEL.match(self.text, self.at)
        if match is None or match[0] != word:
            return False
        self.at = match.end()
        return True

    def label(self) -> tuple[str, bool] | None:
        """Consume a label; None if there is none. The flag says whether it was written with a `%`."""
        self.skip()
        match = _LABEL.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[2], bool(match[1])

    def number(self) -> str | None:
        """Consume a number or an infinity; None if there is none."""
        self.skip()
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def items(self, close: str, item: Callable[[], None]) -> None:
        """Read items separated by commas, up to and including `close`; a comma may follow the last item."""
        start = self.at - 1
        while not self.take(close):
            if self.at < len(self.text):
                item()
                if self.take(",") or self.comes(close):
                    continue
            if self.at < len(self.text):
                raise self.expected(f"`,` or `{close}`")
            raise self.error(f"`{self.text[start]}` is never closed; add `{close}` at the end", start)

    def character(self) -> str | None:
        """Consume a character in single quotes; None if there is none."""
        self.skip()
        start = self.at
        if not self.take("'"):
            return None
        if self.text.startswith("\\", self.at):
            content = self._escape()
        else:
            content = self.text[self.at : self.at + 1]
            self.at += 1
        if content in {"", "\n", "'"} and not self.text.startswith("\\", start + 1):
            raise self.error("a character is missing between the quotes; a quote or a line break is escaped", start)
        if not self.text.startswith("'", self.at):
            raise self.error('single quotes hold exactly one character; strings are in double quotes: "text"', start)
        self.at += 1
        return content

    def string(self) -> str | None:
        """Consume a string in double quotes, on one line or several; None if there is none."""
        self.skip()
        if self.text.startswith('"""', self.at):
            return self._multiline()
        start = self.at
        if not self.take('"'):
            return None
        content: list[str] = []
        while True:
            match = _STRAIGHT.match(self.text, self.at)
            content.append(match[0] if match else "")
            self.at += len(content[-1])
            if self.text.startswith('"', self.at):
                self.at += 1
                return "".join(content)
            if not self.text.startswith("\\", self.at):
                raise self.error('the string is never closed; add `"`, and write line breaks as \\n', start)
            content.append(self._escape())

    def _escape(self) -> str:
        match = _ESCAPE.match(self.text, self.at)
        if match is None:
            raise self.error(f"unknown escape {shown(self.text[self.at : self.at + 2])}; {_ESCAPES}")
        if match[2] is not None:
            content = _PLAIN.get(match[2], match[2])
        else:
            scalar = int(match[1], 16)
            if scalar > _LAST_SCALAR or 0xD800 <= scalar <= 0xDFFF:
                raise self.error(f"{match[0]} is not a Unicode scalar value")
            content = chr(scalar)
        self.at = match.end()
        return content

    def _multiline(self) -> str:
        match = _MULTILINE.match(self.text, self.at)
        if match is None:
            raise self.error('a string of several lines begins with """ and a line break, and ends with """')
        start, (*lines, last) = match.start(1), match[1].replace("\r\n", "\n").split("\n")
        if last.strip(" ") or not lines:
            raise self.error('the closing """ must be alone on its line', match.end() - 3)
        dedented = [line.removeprefix(last) for line in lines]
        if any(not line.startswith(last) for line in lines):
            raise self.error(
                f'every line needs the indentation of the closing """: {counted(len(last), "space")}', start
            )
        content = Reader("\n".join(dedented))
        found: list[str] = []
        while content.at < len(content.text):
            if content.text.startswith("\\", content.at):
                try:
                    found.append(content._escape())
                except WaveError as error:
                    raise self.error(error.problem, start) from None
            else:
                found.append(content.text[content.at])
                content.at += 1
        self.at = match.end()
        return "".join(found)
