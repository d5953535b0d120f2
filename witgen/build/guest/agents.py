"""Exports the agents that an application declares with Golem's SDK, unless it does so itself."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["export_agents", "problems_of"]

_SDK = "witgen.golem.sdk"


def export_agents(application: str) -> None:
    """Export the declared agents from an application that has exported none."""
    declaring, serving = (sys.modules.get(f"{_SDK}.{name}") for name in ("declaring", "serving"))
    if declaring is None or not declaring.declared():
        return
    if serving is None or not serving.is_served():
        import_module(f"{_SDK}.serving").serve(application)


def problems_of(error: BaseException) -> list[tuple[str, int, str]]:
    """Return file, line and text of each problem, if it is the SDK's error about declarations."""
    reading = sys.modules.get(f"{_SDK}.reading")
    if reading is None or not isinstance(error, reading.DeclarationError):
        return []
    found: Any = error
    return [(problem.file, problem.line, problem.text) for problem in found.problems]
