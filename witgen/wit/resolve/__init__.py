"""Syntax trees to IR: names, gates, worlds."""

from __future__ import annotations

from .component import component_in, resolve_component
from .load import load, resolve_tree
from .select import select_world

__all__ = ["component_in", "load", "resolve_component", "resolve_tree", "select_world"]
