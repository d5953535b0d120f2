"""Syntax trees to IR: names, gates, worlds."""

from __future__ import annotations

from .load import load
from .select import select_world

__all__ = ["load", "select_world"]
