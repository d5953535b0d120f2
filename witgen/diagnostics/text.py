"""Diagnostics as text for people, in the shape that rustc made familiar."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..base.source import Span
from .model import Diagnostic, Severity

__all__ = ["render", "visible"]

_RESET = "\x1b[0m"
_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "place": "\x1b[1;34m", "bold": "\x1b[1m"}
_TAB = "    "
# A longer line is cut to the neighbourhood of the marked range.
_WIDEST = 160
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class _Mark:
    """A range of one line, and its label."""

    span: Span
    message: str
    is_primary: bool


def render(diagnostics: Sequence[Diagnostic], *, color: bool) -> str:
    """Return all diagnostics, one after the other, with source lines; the text ends with a line feed unless empty."""
    return "".join(_diagnostic(diagnostic, color=color) + "\n" for diagnostic in diagnostics)


def visible(text: str) -> str:
    """Replace characters that a terminal would act upon."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if ord(char) < 0xA0 else f"<U+{ord(char):04X}>"


def _diagnostic(diagnostic: Diagnostic, *, color: bool) -> str:
    kind = diagnostic.severity.value
    paint = _Painter(color=color)
    message = visible(diagnostic.message)
    lines = [paint(f"{kind}[{diagnostic.code}]", kind) + paint(f": {message}", "bold")]
    marks = _marks(diagnostic)
    margin = len(str(max((mark.span.line for mark in marks), default=0)))
    if diagnostic.span is None and diagnostic.path is not None:
        lines.append(paint(" -->", "place") + f" {visible(diagnostic.path)}")
    for number, group in enumerate(_by_file(marks)):
        lines += _snippet(group, margin, paint, is_first=number == 0, severity=diagnostic.severity)
    for word, text in (("note", diagnostic.note), ("help", diagnostic.help)):
        if text is not None:
            lines.append(" " * margin + paint(" = ", "place") + paint(word, "bold") + f": {visible(text)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Painter:
    def __init__(self, *, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, style: str) -> str:
        return f"{_STYLES[style]}{text}{_RESET}" if self._color else text


def _marks(diagnostic: Diagnostic) -> list[_Mark]:
    if diagnostic.span is None:
        return []
    labels = [_Mark(label.span, label.message, is_primary=False) for label in diagnostic.labels]
    return [_Mark(diagnostic.span, "", is_primary=True), *labels]


def _by_file(marks: Iterable[_Mark]) -> list[list[_Mark]]:
    """Group marks by file, the file of the problem itself first."""
    groups: dict[str, list[_Mark]] = {}
    for mark in marks:
        groups.setdefault(mark.span.file.path, []).append(mark)
    return list(groups.values())


def _snippet(marks: Sequence[_Mark], margin: int, paint: _Painter, *, is_first: bool, severity: Severity) -> list[str]:
    first = marks[0].span
    arrow = "-->" if is_first else ":::"
    place = f"{visible(first.file.path)}:{first.line}:{first.column}"
    bar = " " * margin + paint(" |", "place")
    lines = [" " * margin + paint(arrow, "place") + f" {place}", bar]
    by_line: dict[int, list[_Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.span.line, []).append(mark)
    previous = None
    for number in sorted(by_line):
        if previous is not None and number > previous + 1:
            lines.append(paint("...", "place"))
        previous = number
        lines += _line(number, by_line[number], margin, paint, severity)
    return lines


def _line(number: int, marks: Sequence[_Mark], margin: int, paint: _Painter, severity: Severity) -> list[str]:
    source = marks[0].span.file.line(number)
    start = max(0, marks[0].span.column - 1 - _BEFORE) if len(source) > _WIDEST else 0
    shown = source[start : start + _WIDEST]
    cut = ("…" if start else "", "…" if start + _WIDEST < len(source) else "")
    lines = [paint(f"{number:>{margin}} |", "place") + f" {cut[0]}{_expand(shown)}{cut[1]}"]
    for mark in sorted(marks, key=lambda mark: (not mark.is_primary, mark.span.column)):
        column = mark.span.column - 1
        if not start <= column <= start + _WIDEST:
            continue
        indent = " " * (len(cut[0]) + _width(source[start:column]))
        length = max(1, _width(source[column : min(column + mark.span.end - mark.span.start, start + _WIDEST)]))
        pointer = ("^" if mark.is_primary else "-") * length
        text = f"{pointer} {visible(mark.message)}".rstrip()
        style = severity.value if mark.is_primary else "place"
        lines.append(" " * margin + paint(" |", "place") + f" {indent}{paint(text, style)}")
    return lines


def _expand(text: str) -> str:
    return visible(text.replace("\t", _TAB))


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    width = 0
    for char in _expand(text):
        if unicodedata.combining(char) == 0:
            width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width
