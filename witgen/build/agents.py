"""Components with agents of the SDK: their world, and what is wrong with what they declare."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.resources import AGENTS_WIT, AGENTS_WORLD
from ..base.source import SourceFile, Span
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic
from ..wit.model import ir
from .place import Place

__all__ = ["agents_by_default", "agents_release", "declarations", "refuse_without_release"]

_SDK = re.compile(rb"^(?:from|import)[ \t]+witgen\.golem\.sdk\b", re.MULTILINE)
"""An import of the SDK for agents."""

_EXPORTS = {"golem:agent/guest@1.": "1.5", "golem:agent/guest@2.": "main"}
"""The release of Golem by the interface that components with agents export."""


def agents_by_default(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the WIT and the world of agents where a build for their release of Golem names neither."""
    named = options.get("wit") is not None or options.get("world") is not None or (folder / "wit").exists()
    wit = AGENTS_WIT.get(str(options.get("golem")))
    return {} if named or wit is None else {"wit": wit, "world": AGENTS_WORLD}


def refuse_without_release(app: Path, wit: Path, *, golem: str | bool) -> None:
    """Refuse to build agents of the SDK without WIT of one's own and without a release of Golem.

    Raises:
        WitgenError: `app` imports the SDK for agents, `wit` does not exist, and `golem` names no release.
    """
    if golem or wit.exists() or not app.is_file():
        return
    text = app.read_bytes()
    found = _SDK.search(text)
    if found is not None:
        source = SourceFile(str(app), text.decode("utf-8", "replace"))
        start = len(text[: found.start()].decode("utf-8", "replace"))
        place = Span(source, start, start + len(found[0]))
        remedy = "for agents of `witgen.golem.sdk`, pass --golem 1.5, whose WIT comes with witgen"
        raise WitgenError([Diagnostic("W0010", f"`{wit}` does not exist", place, help=remedy)])


def agents_release(resolved: ir.Resolve, world: ir.World) -> str | None:
    """Return the release of Golem whose agents components of a world export; None if they export none."""
    exported = [each for each in world.exports.values() if isinstance(each, ir.InterfaceItem)]
    names = [resolved.interface_name(each.id) or "" for each in exported]
    return next((release for start, release in _EXPORTS.items() if any(name.startswith(start) for name in names)), None)


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
