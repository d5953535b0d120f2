"""The grammar, the templates and the embedded WIT, in a checkout as in an installed wheel."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

__all__ = ["GOLEM_WIT", "list_data", "read_data"]

GOLEM_WIT: Final = Path(__file__).parent / "golem" / "wit"
"""The folder with Golem's WIT."""


@cache
def _root() -> Traversable:
    """Return the folder that holds `grammars/` and `templates/`."""
    installed = files("witgen") / "_data"
    return installed if installed.is_dir() else Path(__file__).parent.parent


def read_data(path: str) -> str:
    """Return the text of `grammars/…` or `templates/…`."""
    return _root().joinpath(*path.split("/")).read_text(encoding="utf-8")


def list_data(folder: str) -> list[str]:
    """Return the names of the files in `grammars` or `templates`, sorted."""
    return sorted(entry.name for entry in _root().joinpath(folder).iterdir() if entry.is_file())
