"""Components in the text format: recognised, and assembled to binaries with wasmtime's parser."""

from __future__ import annotations

import re

from .problem import Code, Input

__all__ = ["is_component_text", "to_binary"]

# White space and comments (block comments nest; a head that holds one too odd for this is not taken for a component).
_BLANK = re.compile(rb"(?:\s+|;;[^\n]*\n?|\(;(?:[^;(]|;(?!\))|\((?!;))*;\))*")
_START = re.compile(rb"\(\s*(component|module)\b")


def is_component_text(data: bytes) -> bool:
    """Tell whether the text starts with `(component` or `(module`, after blanks and comments."""
    text = data.removeprefix(b"\xef\xbb\xbf")
    blank = _BLANK.match(text)
    return _START.match(text, blank.end() if blank else 0) is not None


def to_binary(input: Input) -> bytes:
    """Assemble the text; what is wrong with it is said in the words of wasmtime's parser, which name the line."""
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
        raise input.problem(Code.TEXT, f"this component text cannot be assembled: {error}") from None
