"""WIT documentation as Python docstrings."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache

__all__ = ["docstring", "paragraphs", "summary", "wrapped", "wrapped_signature"]

_WIDTH = 112
"""Columns of text in the docstring of a method, which stands eight columns in: lines of 120."""

_KEPT = 4096
"""How many texts are kept: the modules of an interface say much the same, for the host, for asyncio and for guests."""

_CLOSING = len('"""') * 2
_GLUE = "\0"
"""Stands for a blank that no line ends at."""

_QUOTE = '"'
_LAYOUT = dict.fromkeys(map(ord, "\n\t"))
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_BLANKS = re.compile(r"[ \t\n]+")
_SENTENCE = re.compile(r".*?(?<!\be\.g)(?<!\bi\.e)[.!?][\"'`)\]]*(?= (?![a-z])|$)", re.DOTALL)


@lru_cache(_KEPT)
def docstring(text: str, indent: int = 0) -> str:
    """Return `text` as a docstring literal that says exactly `text` and that black leaves alone.

    Every line after the first is indented by `indent` blanks. Backslashes and triple quotes are escaped, so that
    documentation can never become code. Like black, this separates a quote at either end with a blank.
    """
    pad = " " * indent
    lines = [line.strip() if number == 0 else line.rstrip() for number, line in enumerate(_dedent(text))]
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if escaped[0].startswith(_QUOTE):
        escaped[0] = f" {escaped[0]}"
    if len(escaped) == 1:
        only = escaped[0]
        return f'"""{only}{" " if only.endswith(_QUOTE) else ""}"""'
    body = "\n".join(pad + line if line else "" for line in escaped[1:])
    return f'"""{escaped[0]}\n{body}\n{pad}"""'


def paragraphs(*parts: str | None) -> str:
    """Join the parts that are there, with an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part and part.strip())


@lru_cache(_KEPT)
def summary(text: str) -> str:
    """Return the first sentence of documentation, on one line; without a full stop it is the first paragraph."""
    first = _PARAGRAPH.split(_visible(text).strip(" \t\n"), maxsplit=1)[0]
    line = _BLANKS.sub(" ", first).strip()
    sentence = _SENTENCE.match(line)
    return sentence[0] if sentence else line


@lru_cache(_KEPT)
def wrapped(text: str, *, indent: int = 0) -> str:
    """Return a paragraph in lines that fit into a docstring; no word is broken.

    The first line is indented by `indent` blanks, the others by four more if it is.
    """
    pad = " " * indent
    return _filled(_visible(text), _WIDTH, pad, f"{pad}    " if indent else "")


@lru_cache(_KEPT)
def wrapped_signature(text: str) -> str:
    """Return a WIT signature as code, in lines that end after a parameter or before the result where that is possible.

    They leave place for the quotes of a docstring that says nothing else.
    """
    width = _WIDTH - _CLOSING
    glued = _glued(f"`{text}`")
    fits = all(len(unit) <= width for unit in glued.split(" "))
    return _filled(glued if fits else f"`{text}`", width).replace(_GLUE, " ")


def _glued(signature: str) -> str:
    """Glue each parameter of a signature together, and the arrow with the result."""
    parts, depth = list[str](), 0
    for previous, char in zip(f" {signature}", signature, strict=False):
        depth += (char == "<") - (char == ">" and previous != "-")
        parts.append(_GLUE if char == " " and (depth or previous not in ",)") else char)
    return "".join(parts)


def _filled(text: str, width: int, first: str = "", others: str = "") -> str:
    if text and len(first) + len(text) <= width and text.isprintable() and text[0] != " " != text[-1]:
        return first + text  # what `textwrap` returns, without its thirty times as many steps
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _visible(text: str) -> str:
    """Return `text` with its control characters made visible, but for those that are layout."""
    if text.translate(_LAYOUT).isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def _dedent(text: str) -> list[str]:
    """Split `text` into lines, tabs expanded, control characters made visible, common indentation removed."""
    lines = _visible(text).expandtabs(4).strip("\n").split("\n")
    first, rest = lines[0].strip(), lines[1:]
    depth = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return [first, *(line[depth:] for line in rest)]
