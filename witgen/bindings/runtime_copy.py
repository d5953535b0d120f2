"""The runtime, as text to be copied: into an output, or to where a component is built."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import witgen_runtime

__all__ = ["runtime_files"]

_ROOT = Path(witgen_runtime.__file__).parent


@cache
def runtime_files(*, host: bool = False, guest: bool = False, testing: bool = False) -> dict[str, str]:
    """Return texts by path below the runtime's folder: the common modules, and those of the requested parts."""
    unwanted = {name for name, wanted in (("host", host), ("guest", guest), ("testing", testing)) if not wanted}
    return {path: (_ROOT / path).read_text(encoding="utf-8") for path in sorted(_modules(_ROOT, "", unwanted))}


def _modules(folder: Path, prefix: str, unwanted: set[str]) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.suffix == ".py":
            yield prefix + entry.name
        elif entry.name not in {"__pycache__", *unwanted} and entry.is_dir():
            yield from _modules(entry, f"{prefix}{entry.name}/", set())
