"""Errors of the parser's stages for files that are not WIT."""

from __future__ import annotations

__all__ = ["WitSyntaxError"]


class WitSyntaxError(Exception):
    """A problem in one file, at a range of characters of its text; `parse` turns it into a diagnostic."""

    def __init__(self, code: str, message: str, start: int, end: int, *, help: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help
