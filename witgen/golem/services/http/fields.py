"""Headers and trailers of `wasi:http`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Self, TypeAlias

from ..._bindings.host import wasi_http_types
from ..._bindings.types.wasi_http_types import HeaderErrorForbidden, HeaderErrorImmutable, HeaderErrorInvalidSyntax

__all__ = ["FORBIDDEN", "TOKEN", "Entry", "Fields", "length_of"]

Entry: TypeAlias = tuple[str, bytes]
"""A name and one value."""

TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The syntax of header names and methods (RFC 9110, section 5.6.2)."""

_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
"""The syntax of header values (RFC 9110, section 5.5)."""

FORBIDDEN: Final = frozenset(
    {
        *("connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "transfer-encoding", "upgrade"),
    }
)
"""Headers of the connection, which only the host sets."""


_LENGTH: Final = re.compile(rb"[0-9]{1,20}")


def length_of(value: bytes) -> int | None:
    """Return a content length; None if it is not a number that fits into 64 bits."""
    length = int(value) if _LENGTH.fullmatch(value) else None
    return length if length is not None and length < 1 << 64 else None


class Fields(wasi_http_types.Fields):
    """Ordered names and values."""

    def __init__(self) -> None:
        self.content: list[Entry] = []
        self._is_read_only = False

    @classmethod
    def read_only(cls, content: Iterable[Entry]) -> Self:
        """Return fields that a component cannot change."""
        made = cls()
        made.content = list(content)
        made._is_read_only = True
        return made

    @classmethod
    def from_list(cls, entries: list[Entry]) -> Self:
        """Return fields with these names and values."""
        made = cls()
        for name, value in entries:
            made.append(name, value)
        return made

    def get(self, name: str) -> list[bytes]:
        """Return the values of a name."""
        return [value for each, value in self.content if each.lower() == name.lower()]

    def has(self, name: str) -> bool:
        """Return whether a name has a value."""
        return bool(self.get(name))

    def set(self, name: str, value: list[bytes]) -> None:
        """Set the values of a name."""
        self._check(name, *value)
        self.content = [*self._without(name), *((name, each) for each in value)]

    def delete(self, name: str) -> None:
        """Remove a name."""
        self._check(name)
        self.content = self._without(name)

    def append(self, name: str, value: bytes) -> None:
        """Add a value to a name."""
        self._check(name, value)
        self.content.append((name, value))

    def entries(self) -> list[Entry]:
        """Return all names and values."""
        return list(self.content)

    def clone(self) -> Self:
        """Return a copy that can be changed."""
        made = type(self)()
        made.content = list(self.content)
        return made

    def _without(self, name: str) -> list[Entry]:
        return [entry for entry in self.content if entry[0].lower() != name.lower()]

    def _check(self, name: str, *values: bytes) -> None:
        """Raise the error that WIT declares if a change is not allowed."""
        if self._is_read_only:
            raise HeaderErrorImmutable
        if not TOKEN.fullmatch(name) or not all(map(_VALUE.fullmatch, values)):
            raise HeaderErrorInvalidSyntax
        if name.lower() == "content-length" and any(length_of(each) is None for each in values):
            raise HeaderErrorInvalidSyntax
        if name.lower() in FORBIDDEN:
            raise HeaderErrorForbidden
