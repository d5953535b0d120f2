"""`witgen.load`: bindings of a component without files of them, for notebooks, scripts and tests."""

from __future__ import annotations

from .bindings import load

__all__ = ["load"]
