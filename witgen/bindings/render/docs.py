"""WIT documentation as Python docstrings."""

from __future__ import annotations

__all__ = ["docstring", "paragraphs"]

_QUOTE = '"'
_LAYOUT = dict.fromkeys(map(ord, "\n\t"))


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


def _dedent(text: str) -> list[str]:
    """Split `text` into lines, tabs expanded, control characters made visible, common indentation removed."""
    if not text.translate(_LAYOUT).isprintable():
        text = "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)
    lines = text.expandtabs(4).strip("\n").split("\n")
    first, rest = lines[0].strip(), lines[1:]
    depth = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return [first, *(line[depth:] for line in rest)]
