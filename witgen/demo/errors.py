"""Errors that end a demo."""

from __future__ import annotations

__all__ = ["DemoError"]


class DemoError(Exception):
    """A message for the user: the failure, and its remedy."""
