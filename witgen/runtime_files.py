"""The support package, as text to be copied into the output."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["runtime_files"]


@cache
def runtime_files(*, host: bool, guest: bool) -> dict[str, str]:
    """Return path below `_runtime/` → text: what both sides need, and the parts for the sides that are wanted."""
    root = files("witgen.runtime")
    found = _python_files(root, "")
    wanted = {"host": host, "guest": guest}
    return {path: text for path, text in sorted(found.items()) if wanted.get(path.partition("/")[0], True)}


def _python_files(folder: Traversable, prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found |= _python_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            found[prefix + entry.name] = entry.read_text(encoding="utf-8")
    return found
