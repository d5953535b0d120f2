"""Golem's WIT, embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["WIT"]

WIT: Final = Path(__file__).parent / "wit"
"""The tree: a folder that `witgen generate` takes; its `deps` can be copied beside a world of your own."""
