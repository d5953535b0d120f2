"""Black's layout for the statements that templates write, without black, which needs seconds for a large world.

Templates write every statement on one line and blank lines as black wants them. A line that fits stays. One that does
not is split as black splits it, for the statements in templates: imports, `def`, `class`, a call, an assignment of a
call or of a union. Other statements, and those with a part that fits nowhere, are passed to black itself, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from .brackets import Brackets

__all__ = ["by_black", "formatted"]

_WIDTH = 88
_STEP = 4
_GAPS = re.compile(r"\n{4,}")
_QUOTES = '"""'
_CALL = re.compile(r"(?:(?:\w+=)|(?:\| )|(?:\w+: )|(?:\"[^\"\\]*\": ))?(?:\w+(?:\.\w+)?)?[(\[{]")
_RETURN_AWAIT = re.compile(r"(?:return )?(?:await )?")
_PLAIN_ANNOTATION = re.compile(r"[\w.]+: [\w.]+ = ")
_TARGET = re.compile(r"\w+: ")
_UNION_INSIDE = re.compile(r"(\w+: \w+\[)([\w.]+(?: \| [\w.]+)+)(\])")
_CALLEE = re.compile(r"(?:super\(\)\.)?\w+(?:\.\w+)?\(|\{")
_OPTIONAL = re.compile(r"(\w+: )(.* \| .*)( = None)")


class _UnknownShapeError(Exception):
    """A statement, or a part of one, that only black knows how to split."""


def formatted(text: str) -> str:
    """Return the text of a module as black lays it out with its defaults."""
    # Nothing in a module but docstrings has triple quotes.
    parts = (text.rstrip("\n") + "\n").split(_QUOTES)
    parts[::2] = map(_code, parts[::2])
    return _QUOTES.join(parts)


def _code(text: str) -> str:
    """Return what stands between docstrings with long statements split; comments are unchanged."""
    lines = _GAPS.sub("\n\n\n", text).split("\n")
    return "\n".join([line if len(line) <= _WIDTH else _split(line) for line in lines])


def _split(line: str) -> str:
    start = line.lstrip()
    return line if start.startswith("#") else "\n".join(_statement(start, len(line) - len(start)))


@cache
def _statement(text: str, indent: int) -> tuple[str, ...]:
    try:
        return tuple(_Statement(text, indent).lines())
    except _UnknownShapeError:
        return _statement_by_black(text, indent)


class _Statement:
    """One statement that does not fit on its line."""

    def __init__(self, text: str, indent: int) -> None:
        self._text = text
        self._indent = indent
        self._brackets = Brackets(text)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the statement."""
        if "  #" in self._text:
            raise _UnknownShapeError
        keyword = self._text.partition(" ")[0]
        if keyword == "from":
            return self._import()
        if keyword in {"def", "async", "class"}:
            return self._header(exploded_alone=keyword != "class")
        return self._assignment()

    def _line(self, indent: int, text: str) -> str:
        """Return a line that fits."""
        if indent + len(text) > _WIDTH:
            raise _UnknownShapeError
        return " " * indent + text

    def _import(self) -> Iterator[str]:
        head, _, names = self._text.partition(" import ")
        outer, inner = " " * self._indent, " " * (self._indent + _STEP)
        yield f"{outer}{head} import ("
        yield from (f"{inner}{name}," for name in names.split(", "))
        yield f"{outer})"

    def _header(self, *, exploded_alone: bool) -> Iterator[str]:
        """Split `def` or `class` at its parentheses; black ends a lone parameter with a comma, but no lone base."""
        if "(" not in self._text:
            # A class without bases, however long its name is.
            yield " " * self._indent + self._text
            return
        start, end = self._brackets.first()
        inner = self._indent + _STEP
        body = self._text[start + 1 : end]
        commas = self._brackets.commas(start)
        if not body:
            raise _UnknownShapeError
        yield self._line(self._indent, self._text[: start + 1])
        if inner + len(body) <= _WIDTH and (commas or not exploded_alone):
            yield " " * inner + body
        elif commas or exploded_alone:
            for first, last in self._brackets.items(start):
                yield from self._parameter(first, last, inner)
        else:
            raise _UnknownShapeError
        yield self._line(self._indent, self._text[end:])

    def _parameter(self, first: int, last: int, indent: int) -> Iterator[str]:
        """Lay out a parameter, or a base. What is a union and too long gets parentheses."""
        target = _TARGET.match(self._text, first, last)
        if indent + last - first + 1 <= _WIDTH or target is None:
            yield self._line(indent, self._text[first:last] + ",")
            return
        members = self._brackets.alternatives(target.end(), last)
        if len(members) == 1:
            yield from self._item(first, last, indent, ",")
            return
        if len(members) == 2 or " = " in self._text[first:last]:  # black weighs several ways then
            raise _UnknownShapeError
        yield self._line(indent, target[0] + "(")
        yield from self._alternatives(target.end(), last, indent + _STEP, "")
        yield self._line(indent, "),")

    def _assignment(self) -> Iterator[str]:
        """Split `return await call(…)` or a part of it, `target = call(…)`, `target = a | b` or `target: a | b`."""
        equals = self._brackets.outside(" = ")
        optional = _OPTIONAL.fullmatch(self._text)
        if optional is not None and len(self._brackets.alternatives(optional.start(2), optional.end(2))) > 1:
            return self._optional(optional.end(1), optional.end(2))
        value = equals + len(" = ") if equals >= 0 else _before_value(self._text)
        if equals < 0 and (inside := _UNION_INSIDE.fullmatch(self._text)) is not None:
            return self._union_inside(*inside.groups())
        if equals < 0 and (target := _TARGET.match(self._text)) is not None:
            value = target.end()
        if self._brackets.outside(" | ", value) >= 0:
            return self._union(value)
        match = _CALLEE.match(self._text, value + len("await ") * self._text.startswith("await ", value))
        if match is None or self._brackets.closing(match.end() - 1) != len(self._text) - 1:
            raise _UnknownShapeError
        if self._indent + match.end() <= _WIDTH:
            return self._bracketed(0, match.end() - 1, self._indent, "")
        if equals >= 0 and self._indent + value + 1 <= _WIDTH:
            fits = self._indent + _STEP + len(self._text) - value <= _WIDTH
            if not fits and self._text[equals - 1] == "]":  # black weighs the brackets of both sides
                raise _UnknownShapeError
            return self._parenthesised(value, match.end() - 1)
        if _PLAIN_ANNOTATION.match(self._text):
            return self._parenthesised_annotation(equals, match.end() - 1)
        return self._annotation(equals, match.end() - 1)

    def _parenthesised(self, value: int, start: int) -> Iterator[str]:
        """Split `target: A = call(…)`: parentheses around the call, which is split at `start` if need be."""
        inner = self._indent + _STEP
        yield self._line(self._indent, self._text[:value] + "(")
        if inner + len(self._text) - value <= _WIDTH:
            yield " " * inner + self._text[value:]
        else:
            yield from self._bracketed(value, start, inner, "")
        yield self._line(self._indent, ")")

    def _parenthesised_annotation(self, equals: int, start: int) -> Iterator[str]:
        """Split `target: A = call(…)` where target and annotation are too long for one line."""
        colon = self._text.index(": ") + 2
        yield self._line(self._indent, self._text[:colon] + "(")
        yield self._line(self._indent + _STEP, self._text[colon:equals])
        if self._indent + 1 + len(self._text) - equals <= _WIDTH:
            yield " " * self._indent + ")" + self._text[equals:]
            return
        yield self._line(self._indent, ")" + self._text[equals : start + 1])
        yield from self._inside(start, len(self._text) - 1, self._indent + _STEP)
        yield self._line(self._indent, ")")

    def _annotation(self, equals: int, callee: int) -> Iterator[str]:
        """Split `target: A[…] = call(…)` in the annotation, because not even the name of the callee fits."""
        if equals < 0 or self._text[equals - 1] != "]" or self._brackets.outside(" | ") >= 0:
            raise _UnknownShapeError
        start = self._brackets.opening(equals - 1)
        yield self._line(self._indent, self._text[: start + 1])
        yield from self._inside(start, equals - 1, self._indent + _STEP)
        if self._indent + len(self._text) - equals + 1 <= _WIDTH:
            yield " " * self._indent + self._text[equals - 1 :]
        else:
            yield from self._bracketed(equals - 1, callee, self._indent, "")

    def _union(self, value: int) -> Iterator[str]:
        if self._text[value - 3 : value] != " = " and self._text[value - 2 : value] != ": ":
            raise _UnknownShapeError
        yield self._line(self._indent, self._text[:value] + "(")
        yield from self._alternatives(value, len(self._text), self._indent + _STEP, "")
        yield self._line(self._indent, ")")

    def _optional(self, first: int, last: int) -> Iterator[str]:
        """Split `target: a | b = None`, where the union is between two places."""
        before = self._text.removesuffix("None") + "("
        if self._indent + len(before) > _WIDTH:
            yield self._line(self._indent, self._text[:first] + "(")
            yield from self._alternatives(first, last, self._indent + _STEP, "")
            yield self._line(self._indent, ")" + self._text[last:])
            return
        yield " " * self._indent + before
        yield " " * (self._indent + _STEP) + "None"
        yield " " * self._indent + ")"

    def _union_inside(self, head: str, union: str, tail: str) -> Iterator[str]:
        """Split brackets that hold only a union of names, such as `target: A[b | c]`."""
        inner = self._indent + _STEP
        yield self._line(self._indent, head)
        if inner + len(union) <= _WIDTH:
            yield " " * inner + union
        else:
            for number, member in enumerate(union.split(" | ")):
                yield self._line(inner, ("| " if number else "") + member)
        yield self._line(self._indent, tail)

    def _bracketed(self, first: int, start: int, indent: int, suffix: str) -> Iterator[str]:
        """Split from `first` on at the bracket at `start`, whose end is followed by `suffix` alone."""
        end = self._brackets.closing(start)
        yield self._line(indent, self._text[first : start + 1])
        yield from self._inside(start, end, indent + _STEP)
        yield self._line(indent, self._text[end] + suffix)

    def _inside(self, start: int, end: int, indent: int) -> Iterator[str]:
        """Lay out the content of brackets: on a separate line if it fits, unless it is a display of several items."""
        items = self._brackets.items(start)
        if not items:
            raise _UnknownShapeError
        display = start == 0 or not (self._text[start - 1].isalnum() or self._text[start - 1] == "_")
        body = self._text[start + 1 : end]
        if indent + len(body) <= _WIDTH and not (display and len(items) > 1):
            yield " " * indent + body
            return
        suffix = "," if self._brackets.commas(start) else ""
        for first, last in items:
            yield from self._item(first, last, indent, suffix)

    def _item(self, first: int, last: int, indent: int, suffix: str) -> Iterator[str]:
        if indent + last - first + len(suffix) <= _WIDTH:
            yield " " * indent + self._text[first:last] + suffix
            return
        if len(self._brackets.alternatives(first, last)) > 1:
            yield from self._alternatives(first, last, indent, suffix)
        else:
            yield from self._bracketed_item(first, last, indent, suffix)

    def _alternatives(self, first: int, last: int, indent: int, suffix: str) -> Iterator[str]:
        """Lay out a union inside of brackets: its members on separate lines, if it is too long for one."""
        if indent + last - first + len(suffix) <= _WIDTH:
            yield " " * indent + self._text[first:last] + suffix
            return
        members = self._brackets.alternatives(first, last)
        for member, end in members:
            begin = member if member == first else member - len("| ")
            ending = suffix if end == last else ""
            if indent + end - begin + len(ending) <= _WIDTH:
                yield " " * indent + self._text[begin:end] + ending
            else:
                yield from self._bracketed_item(begin, end, indent, ending)

    def _bracketed_item(self, first: int, last: int, indent: int, suffix: str) -> Iterator[str]:
        match = _CALL.match(self._text, first, last)
        if match is None or self._brackets.closing(match.end() - 1) != last - 1:
            raise _UnknownShapeError
        yield from self._bracketed(first, match.end() - 1, indent, suffix)


def _before_value(text: str) -> int:
    """Return the number of characters before the expression that is returned, awaited or called."""
    match = _RETURN_AWAIT.match(text)
    return match.end() if match else 0


def by_black(text: str) -> str:
    """Return the text of a module as black itself lays it out: for statements that do not stand on one line each."""
    import black  # noqa: PLC0415 - loading black takes longer than most runs do without it

    return black.format_str(text, mode=black.Mode())


def _statement_by_black(text: str, indent: int) -> tuple[str, ...]:
    """Let black lay out one statement, at its depth."""
    depth = indent // _STEP
    opens = [" " * (_STEP * level) + "if _:" for level in range(depth)]
    source = ["from __future__ import annotations", "", *opens, " " * indent + text]
    is_header = text.partition("  #")[0].endswith(":")
    is_decorator = text.startswith("@")
    if is_decorator:
        source.append(" " * indent + "class _: ...")
    elif is_header:
        source.append(" " * (indent + _STEP) + "pass")
    lines = by_black("\n".join(source) + "\n").rstrip("\n").split("\n")
    first = lines.index("if _:") + depth if depth else 2
    body = lines[first:]
    while body and not body[0]:
        body = body[1:]
    return tuple(body[:-1] if is_header or is_decorator else body)
