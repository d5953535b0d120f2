"""The error of a build."""

from __future__ import annotations

__all__ = ["BuildError"]


class BuildError(Exception):
    """A component cannot be built; the message has the reason and the remedy."""
