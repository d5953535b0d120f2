"""Golem's WIT, embedded."""

from __future__ import annotations

from typing import Final

from ..data import GOLEM_WIT

__all__ = ["WIT"]

WIT: Final = GOLEM_WIT
"""The tree: a folder that `witgen generate` takes; its `deps` can be copied beside a world of your own."""
