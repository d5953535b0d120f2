"""Syntax trees to IR: names, gates, worlds."""

from __future__ import annotations

from .load import load, resolve_tree
from .select import select_world

__all__ = ["load", "resolve_tree", "select_world"]
