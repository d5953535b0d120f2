"""Syntax trees to IR: names, gates, worlds."""

from __future__ import annotations

from .component import component_in, resolve_component
from .declared_packages import declared_packages
from .load import load, resolve_tree
from .select import select_world

__all__ = ["component_in", "declared_packages", "load", "resolve_component", "resolve_tree", "select_world"]
