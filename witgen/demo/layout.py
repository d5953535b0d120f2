"""The files that the demo puts into the user's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .. import golem
from .record import Record, digest

__all__ = ["lay_out"]

APP: Final = Path(__file__).parent / "app"
"""The guest, the host and the world, as their authors write them."""

# The part of the embedded WIT that the world and its dependencies need.
_PACKAGES = ("golem-websocket", "io", "logging")


def lay_out(folder: Path, record: Record) -> None:
    """Put the demo's sources into `folder`. Files that the user has edited are unchanged."""
    for name, source in _sources():
        content = source.read_bytes()
        target = folder / name
        if target.exists():
            untouched = record.same(name, digest([target.read_bytes()]))
            if not untouched or target.read_bytes() == content:
                continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        record.note(name, digest([content]))


def _sources() -> Iterator[tuple[str, Path]]:
    packages = ((golem.WIT / "deps" / name, f"wit/deps/{name}/") for name in _PACKAGES)
    for root, prefix in ((APP, ""), *packages):
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".wit"}:
                yield prefix + path.relative_to(root).as_posix(), path
