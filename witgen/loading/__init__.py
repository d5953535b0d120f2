"""`witgen.load` and `witgen.link`: components without files of bindings, for notebooks, scripts and tests."""

from __future__ import annotations

from .bindings import load
from .linking import Linked, link

__all__ = ["Linked", "link", "load"]
