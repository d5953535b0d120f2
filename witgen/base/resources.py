"""The grammar, the templates and the embedded WIT, in a checkout as in an installed wheel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["DATA", "GOLEM_WIT", "golem_packages", "list_data", "read_data"]

# Not by importlib.resources: it loads much, and wheels are installed as files.
_HERE = Path(__file__).parent.parent

GOLEM_WIT: Final = _HERE / "golem" / "wit"
"""The folder with Golem's WIT."""

DATA: Final = "_data" if (_HERE / "_data").is_dir() else ".."
"""The folder that holds `grammars/` and `templates/`, relative to the package; wheels have it inside."""

_PACKAGE = re.compile(r"^package ([^;\s]+);", re.MULTILINE)


@cache
def golem_packages() -> frozenset[str]:
    """Return the names of the packages that Golem's WIT consists of, with their versions."""
    files = GOLEM_WIT.glob("deps/*/*.wit")
    return frozenset(name for file in files for name in _PACKAGE.findall(file.read_text(encoding="utf-8")))


def read_data(path: str) -> str:
    """Return the text of `grammars/…` or `templates/…`."""
    return (_HERE / DATA / path).read_text(encoding="utf-8")


def list_data(folder: str) -> list[str]:
    """Return the names of the files in `grammars` or `templates`, sorted."""
    return sorted(entry.name for entry in (_HERE / DATA / folder).iterdir() if entry.is_file())
