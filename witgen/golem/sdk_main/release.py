"""What the release of Golem can do that this SDK is for: the main branch."""

from __future__ import annotations

from typing import Final

__all__ = ["HAS_RECURSIVE_TYPES"]

HAS_RECURSIVE_TYPES: Final[bool] = True
"""Whether a type may contain itself."""
