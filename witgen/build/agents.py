"""Components with agents of the SDK: their world, and what is wrong with what they declare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.resources import AGENTS_RELEASE, AGENTS_WIT, AGENTS_WORLD
from ..base.source import SourceFile, Span
from ..diagnostics.model import Diagnostic
from ..wit.model import ir
from .place import Place

__all__ = ["agents_by_default", "declarations", "has_agents"]

_EXPORT = "golem:agent/guest@"


def agents_by_default(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the WIT and the world of agents where a build for their release of Golem names neither."""
    named = options.get("wit") is not None or options.get("world") is not None or (folder / "wit").exists()
    if named or options.get("golem") != AGENTS_RELEASE:
        return {}
    return {"wit": AGENTS_WIT, "world": AGENTS_WORLD}


def has_agents(resolved: ir.Resolve, world: ir.World) -> bool:
    """Return whether components of a world export agents."""
    exported = [each for each in world.exports.values() if isinstance(each, ir.InterfaceItem)]
    return any((resolved.interface_name(each.id) or "").startswith(_EXPORT) for each in exported)


def declarations(place: Place, entry: Path) -> list[Diagnostic]:
    """Return what the SDK has found wrong with the agents of an application that could not be built."""
    try:
        failure = json.loads((entry / "failure.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [_problem(place, *each) for each in failure.get("declarations", ())]


def _problem(place: Place, guest: str, line: int, message: str) -> Diagnostic:
    path = place.real(guest, None)
    try:
        source = SourceFile(str(path or guest), "" if path is None else path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        source = SourceFile(str(path), "")
    lines = source.text.splitlines(keepends=True)
    if not 0 < line <= len(lines):
        return Diagnostic("W0718", message, path=source.path)
    start = sum(map(len, lines[: line - 1])) + len(lines[line - 1]) - len(lines[line - 1].lstrip())
    return Diagnostic("W0718", message, Span(source, start, sum(map(len, lines[:line])) - 1))
