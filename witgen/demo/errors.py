"""Why a demo cannot go on."""

from __future__ import annotations

__all__ = ["DemoError"]


class DemoError(Exception):
    """A message for the user: what is missing or failed, and what to do about it."""
