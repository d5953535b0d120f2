"""What the release of Golem can do that this SDK is for: 1.5."""

from __future__ import annotations

from typing import Final

__all__ = ["HAS_RECURSIVE_TYPES"]

HAS_RECURSIVE_TYPES: Final[bool] = False
"""Whether a type may contain itself."""
