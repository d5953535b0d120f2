"""Headers that pass from one connection to the next, and those that do not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["HOP_BY_HOP", "HeadError", "end_to_end", "is_field"]

HOP_BY_HOP: Final = frozenset(
    {b"connection", b"http2-settings", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"}
    | {b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"}
)
"""Headers of one connection (RFC 9110, 7.6.1), and those that wasmtime refuses for that reason."""

_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class HeadError(Exception):
    """The head of a message is malformed."""


def is_field(name: str, value: bytes) -> bool:
    """Return whether name and value of a header have only characters that they may have."""
    return name.isascii() and bool(_NAME.fullmatch(name.encode()) and _VALUE.fullmatch(value))


def end_to_end(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers without those of the connection, which `Connection` may name (RFC 9110, 7.6.1).

    Args:
        fields: names in lower case, and values.

    Raises:
        HeadError: a header is malformed.
    """
    kept, named = list[tuple[bytes, bytes]](), set(HOP_BY_HOP)
    for name, value in fields:
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise HeadError(f"malformed header {name[:80]!r}")
        kept.append((name, value))
        if name == b"connection":
            named.update(each.strip().lower() for each in value.split(b","))
    # A client that names these wants others to overlook the body or its length.
    named -= {b"host", b"content-length"}
    return [field for field in kept if field[0] not in named]
