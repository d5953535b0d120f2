"""The support package, as text to be copied into the output."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["runtime_files"]

_ROOT = Path(__file__).parent / "runtime"


@cache
def runtime_files(*, host: bool, guest: bool) -> dict[str, str]:
    """Return path below `_runtime/` → text: what both sides need, and the parts for the sides that are wanted."""
    unwanted = {name for name, wanted in (("host", host), ("guest", guest)) if not wanted}
    return {path: (_ROOT / path).read_text(encoding="utf-8") for path in sorted(_modules(_ROOT, "", unwanted))}


def _modules(folder: Path, prefix: str, unwanted: set[str]) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix == ".py":
            yield prefix + entry.name
        elif entry.name not in {"__pycache__", *unwanted} and entry.is_dir():
            yield from _modules(entry, f"{prefix}{entry.name}/", set())
