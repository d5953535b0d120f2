"""Versions and strings."""

from __future__ import annotations

import re

from .errors import WitSyntaxError
from .tokens import Token

__all__ = ["check_version", "decode_string"]

_NUMBER = r"(0|[1-9][0-9]*)"
_PRE = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
# Semantic Versioning 2.0.0, item 2, 9 and 10.
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_MAX_NUMBER = str(0xFFFF_FFFF_FFFF_FFFF)
_ESCAPE = re.compile(r"\\(?:([tnr\"'\\])|([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*)\}|)", re.DOTALL)
_SIMPLE_ESCAPES = {"t": b"\t", "n": b"\n", "r": b"\r", '"': b'"', "'": b"'", "\\": b"\\"}


def check_version(token: Token) -> None:
    """Raise unless the token is a semantic version; its numbers must fit into 64 bits, as in other WIT tools."""
    found = _SEMVER.fullmatch(token.text)
    if found is None:
        raise WitSyntaxError(
            "W0007",
            f"`{token.text}` is not a semantic version",
            token.start,
            token.end,
            help="a version has three numbers without leading zeros, as in `1.0.2` or `0.3.0-rc.1+build.5`",
        )
    for number in found.groups():
        if (len(number), number) > (len(_MAX_NUMBER), _MAX_NUMBER):
            raise WitSyntaxError("W0007", "a number of this version is too large", token.start, token.end)


def decode_string(token: Token) -> str:
    """Return the value of a string literal (WIT.md, "Strings": escapes, UTF-8)."""
    parts: list[bytes] = []
    body = token.text[1:-1]
    position = 0
    while position < len(body):
        if body[position] != "\\":
            end = body.find("\\", position)
            end = len(body) if end < 0 else end
            parts.append(body[position:end].encode())
        else:
            piece, end = _escape(body, position, token.start + 1)
            parts.append(piece)
        position = end
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        raise WitSyntaxError("W0009", "the bytes of this string are not UTF-8", token.start, token.end) from None


def _escape(body: str, position: int, offset: int) -> tuple[bytes, int]:
    found = _ESCAPE.match(body, position)
    end = found.end() if found is not None else position + 1
    simple, byte, point = found.groups() if found is not None else (None, None, None)
    if simple is not None:
        return _SIMPLE_ESCAPES[simple], end
    if byte is not None:
        return bytes([int(byte, 16)]), end
    if point is not None:
        digits = point.replace("_", "").lstrip("0")
        number = int(digits[:7] or "0", 16)
        if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
            return chr(number).encode(), end
        raise WitSyntaxError("W0009", "this is not a Unicode scalar value", offset + position, offset + end)
    raise WitSyntaxError(
        "W0009",
        "unknown escape",
        offset + position,
        offset + position + 2,
        help=r"escapes are \t \n \r \" \' \\, two hexadecimal digits, or \u{…}",
    )
