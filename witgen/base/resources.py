"""The grammar, the templates and the embedded WIT, in a checkout as in an installed wheel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, Literal

__all__ = [
    "AGENTS_WIT",
    "AGENTS_WORLD",
    "DATA",
    "GOLEM_NEWEST",
    "GOLEM_RELEASES",
    "GOLEM_UNNAMED",
    "GOLEM_WIT",
    "SDK",
    "SDK_PARTS",
    "golem_releases_of",
    "golem_wit",
    "list_data",
    "read_data",
]

# Not by importlib.resources: it loads much, and wheels are installed as files.
_HERE = Path(__file__).parent.parent

GOLEM_WIT: Final = _HERE / "golem" / "wit"
"""The folder with Golem's WIT: a folder for each release."""

SDK: Final = _HERE / "golem" / "sdk"
"""The folder of the SDK for agents."""

SDK_PARTS: Final = {"1.5": SDK, "main": SDK.with_name("sdk_main")}
"""The folders of the parts of the SDK that a release of Golem has to itself, each with the WIT of its components."""

AGENTS_WIT: Final = {release: folder / "agents.wit" for release, folder in SDK_PARTS.items()}
"""The WIT of components with agents of the SDK, by release of Golem."""

AGENTS_WORLD: Final = "agents"
"""The world of such components."""

GOLEM_RELEASES: Final = ("1.5", "main", "workers")
"""The releases of Golem whose WIT is embedded."""

GOLEM_NEWEST: Final = "1.5"
"""The release for new projects."""

GOLEM_UNNAMED: Final = "workers"
"""The release meant by options that name none: the only one that there was before releases could be chosen."""

DATA: Final = "_data" if (_HERE / "_data").is_dir() else ".."
"""The folder that holds `grammars/` and `templates/`, relative to the package; wheels have it inside."""

_PACKAGE = re.compile(r"^package ([^;\s]+);", re.MULTILINE)


def golem_wit(golem: str | Literal[True]) -> Path:
    """Return the folder with the WIT of the release that the option `golem` selects."""
    return GOLEM_WIT / (golem if isinstance(golem, str) else GOLEM_UNNAMED)


@cache
def _golem_packages(release: str) -> frozenset[str]:
    files = golem_wit(release).glob("deps/*/*.wit")
    return frozenset(name for file in files for name in _PACKAGE.findall(file.read_text(encoding="utf-8")))


def golem_releases_of(package: str) -> list[str]:
    """Return the releases of Golem that have a package: its name with its version, if it has one."""
    return [release for release in GOLEM_RELEASES if package in _golem_packages(release)]


def read_data(path: str) -> str:
    """Return the text of `grammars/…` or `templates/…`."""
    return (_HERE / DATA / path).read_text(encoding="utf-8")


def list_data(folder: str) -> list[str]:
    """Return the names of the files in `grammars` or `templates`, sorted."""
    return sorted(entry.name for entry in (_HERE / DATA / folder).iterdir() if entry.is_file())
