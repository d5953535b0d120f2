"""Components in the text format: recognised, and assembled to binaries with wasmtime's parser."""

from __future__ import annotations

import re

from ...base.source import SourceFile, Span
from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic
from .problem import Code, Input

__all__ = ["is_component_text", "to_binary"]

_SPACE_OR_LINE_COMMENT = re.compile(rb"(?:\s|;;[^\n]*)*")
_COMMENT_MARK = re.compile(rb"\(;|;\)")
_PLACE = re.compile(r"<anon>:([0-9]+):([0-9]+)")
_START = re.compile(rb"\(\s*(component|module)\b")


def is_component_text(data: bytes) -> bool:
    """Return whether the text starts with `(component` or `(module`, after blanks and comments."""
    return _START.match(data, _after_blanks(data, 3 if data.startswith(b"\xef\xbb\xbf") else 0)) is not None


def _after_blanks(data: bytes, pos: int) -> int:
    """Return where the first token starts; block comments nest."""
    depth = 0
    while True:
        if depth == 0:
            blank = _SPACE_OR_LINE_COMMENT.match(data, pos)
            pos = blank.end() if blank else pos
            if not data.startswith(b"(;", pos):
                return pos
        mark = _COMMENT_MARK.search(data, pos)
        if mark is None:
            return len(data)
        depth += 1 if mark[0] == b"(;" else -1
        pos = mark.end()


def to_binary(input: Input) -> bytes:
    """Assemble the text; errors have the message of wasmtime's parser, which names the line."""
    try:
        text = input.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input.problem(Code.TEXT, "component text must be UTF-8", error.start) from None
    if "\0" in text:
        raise input.problem(Code.TEXT, "component text holds a NUL character", text.index("\0"))
    try:
        from wasmtime import WasmtimeError, wat2wasm  # noqa: PLC0415 - only component text needs it
    except ImportError:
        help = "install it (`pip install wasmtime`), or give the component in binary form"
        raise input.problem(Code.TEXT, "component text is read with the wasmtime package", help=help) from None
    try:
        return bytes(wat2wasm(text))
    except WasmtimeError as error:
        raise _at_its_place(input, text, str(error)) from None


def _at_its_place(input: Input, text: str, message: str) -> WitgenError:
    """The parser's message is the problem followed by `--> <anon>:line:column` and the source."""
    reason = _PLACE.sub("", message.partition("\n")[0]).removesuffix(" at ")
    place = _PLACE.search(message)
    if place is None:
        return input.problem(Code.TEXT, f"this component text cannot be assembled: {reason}")
    file = SourceFile(input.path, text)
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[: int(place[1]) - 1]) + int(place[2]) - 1
    start = min(start, len(text))
    return WitgenError([Diagnostic(Code.TEXT, reason, Span(file, start, min(start + 1, len(text))))])
