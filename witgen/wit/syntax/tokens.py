"""WIT text to tokens (WIT.md, "Lexical structure").

Lark's lexers cannot nest comments and are several times slower; this one is a single compiled expression. Its words and
punctuation come from the grammar's terminals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .errors import WitSyntaxError

__all__ = ["MAX_DEPTH", "Token", "is_kebab_name", "tokenize"]

# How deep types and packages may be nested. WIT.md names no limit; the reference implementation stops at 100.
MAX_DEPTH = 100

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters but tab, LF and CR
    "\u202a-\u202e\u2066-\u2069"  # bidirectional overrides: text would differ from its appearance
    "\u0149\u0673\u0f77\u0f79\u17a3\u17a4\u17b4\u17b5]"  # deprecated or discouraged by Unicode
)
_TOKEN = re.compile(
    r"(?:[ \t\n]++|\r\n|//[^\n]*+)*+(?:"  # possessive: it must not backtrack when the following text is invalid
    r"(?P<ID>%?[^\W\d][\w-]*)"
    r"|(?P<BLOCK_COMMENT>/\*)"
    r"|(?P<PUNCTUATION>->|[{}();:,<>=./@])"
    r"|(?P<VERSION>[0-9]+\.[0-9A-Za-z+-]+(?:\.[0-9A-Za-z+-]+)*)"
    r"|(?P<INTEGER>[0-9]+)"
    r'|(?P<STRING>"(?:[^"\\\n]|\\[^\n])*")'
    r"|(?P<END>\Z))"
)
_SPACE = re.compile(r"(?:[ \t\n]++|\r\n|//[^\n]*+)*+")
_WORD = r"(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)"
_KEBAB = re.compile(rf"{_WORD}(?:-(?:{_WORD}|[0-9]++{_WORD}?))*")
_COMMENT_MARK = re.compile(r"/\*|\*/")


class Token:
    """One token: its name in the grammar, its text (a name without its `%`), and its place.

    `lead` is the end of the previous token, so that the comments in between can be read if the grammar needs them.
    """

    __slots__ = ("end", "lead", "start", "text", "type")

    # Lark copies these from the last token to its own end-of-file token; they are never read.
    line = column = start_pos = end_line = end_column = end_pos = None

    def __init__(self, type: str, text: str, start: int, end: int, lead: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end
        self.lead = lead


def is_kebab_name(text: str) -> bool:
    """Return whether `text` is a WIT identifier: words of one case joined by `-`, the first beginning with a letter."""
    return _KEBAB.fullmatch(text) is not None


def tokenize(text: str, terminals: Mapping[str, str]) -> Iterator[Token]:
    """Yield the tokens of `text`, without an end-of-file token; `terminals` names keywords and punctuation.

    Tokens are yielded one by one, so that the parser meets the first of several problems first.
    """
    if (bad := _FORBIDDEN.search(text)) is not None:
        raise WitSyntaxError("W0001", _forbidden_message(bad.group()), bad.start(), bad.end())
    match = _TOKEN.match
    position = lead = 0
    previous = ""
    nesting = _Nesting()
    while True:
        found = match(text, position)
        if found is None:
            raise _unexpected(text, position)
        kind = found.lastgroup or ""
        position = found.end()
        content = found.group(kind)
        start = position - len(content)
        if kind == "ID":
            kind = terminals.get(content, kind)
            if kind == "ID":
                content = _name(content, start)
            elif kind == "PACKAGE":
                nesting.package(start, position)
        elif kind == "PUNCTUATION":
            kind = terminals[content]
            if content in "<>;{}":
                nesting.sign(content, start, previous)
        elif kind == "BLOCK_COMMENT":
            position = _comment_end(text, start)
            continue
        elif kind == "END":
            return
        yield Token(kind, content, start, position, lead)
        lead = position
        previous = kind


class _Nesting:
    """How many types and braces are open. Too many are an error here, before they are a problem for anyone."""

    __slots__ = ("braces", "types")

    def __init__(self) -> None:
        self.braces = 0
        self.types = 0

    def sign(self, sign: str, start: int, previous: str) -> None:
        """Count a sign; `previous` is the kind of the token before it."""
        if sign == "<":
            # `own` or `borrow` is followed by a name, not by another type.
            if self.types >= MAX_DEPTH or (self.types == MAX_DEPTH - 1 and previous not in ("OWN", "BORROW")):
                raise WitSyntaxError("W0005", "types are nested too deeply", start, start + 1)
            self.types += 1
        elif sign == ">":
            self.types -= 1
        elif sign == ";":
            self.types = 0
        else:
            self.braces += 1 if sign == "{" else -1

    def package(self, start: int, end: int) -> None:
        """Count a package."""
        if self.braces >= MAX_DEPTH:
            raise WitSyntaxError("W0005", "packages are nested too deeply", start, end)


def _name(text: str, start: int) -> str:
    name = text.removeprefix("%")
    if is_kebab_name(name):
        return name
    raise WitSyntaxError(
        "W0003",
        f"`{name}` is not a valid name",
        start,
        start + len(text),
        help=_kebab_help(name),
    )


def _kebab_help(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", "-", name).strip("-").lower()
    words = re.sub(r"-+", "-", words)
    rule = "names are ASCII words of one case joined by `-`, the first one beginning with a letter"
    return f"write `{words}`: {rule}" if is_kebab_name(words) else rule


def _comment_end(text: str, start: int) -> int:
    """Return the end of the block comment that begins at `start`; block comments nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    help = "block comments nest: count `/*` and `*/`"
    raise WitSyntaxError("W0002", "this comment is never closed", start, start + 2, help=help)


def _unexpected(text: str, position: int) -> WitSyntaxError:
    space = _SPACE.match(text, position)
    start = space.end() if space is not None else position
    char = text[start]
    if char == '"':
        return WitSyntaxError("W0002", "this string is never closed", start, start + 1)
    if char == "%":
        return WitSyntaxError("W0003", "a name is missing after `%`", start, start + 1)
    return WitSyntaxError("W0001", f"unexpected character {char!r}", start, start + 1)


def _forbidden_message(char: str) -> str:
    point = f"U+{ord(char):04X}"
    if "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069":
        return f"bidirectional override {point}: the text would not be what it looks like"
    if ord(char) < 0xA0:
        return f"control character {point}"
    return f"character {point}, which Unicode discourages"
