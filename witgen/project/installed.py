"""Python packages that bring WIT: each has a componentize-py.toml that names a folder with it."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["componentize_environment", "installed_wit", "searched", "wit_folders"]

_FILE = "componentize-py.toml"


def installed_wit() -> list[Path]:
    """Return the folders of WIT that packages of the active environment bring."""
    return wit_folders(searched())


def wit_folders(folders: Iterable[Path]) -> list[Path]:
    """Return the folders of WIT that packages in folders bring, each once, in the order of the folders."""
    found = (each for folder in folders for each in _configured(folder))
    return list({os.path.realpath(each): each for each in found}.values())


def _configured(folder: Path) -> Iterator[Path]:
    """Yield the folder that each configuration in a folder, or anywhere below it, names."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in {".git", "__pycache__"})
        if _FILE in names and (named := _named(Path(place, _FILE))) is not None and named.is_dir():
            yield named


def _named(file: Path) -> Path | None:
    """Return the folder that a configuration names; None if it names none, or componentize-py would refuse it."""
    from .discovery import parse  # noqa: PLC0415 - few packages have one

    try:
        named = parse(file.read_text(encoding="utf-8")).get("wit_directory")
    except (OSError, ValueError):
        return None
    return file.parent / named if isinstance(named, str) and "\0" not in named else None


def searched(environment: Path | None = None) -> list[Path]:
    """Return the folders where componentize-py looks for packages.

    Args:
        environment: a virtual environment; None for the active one, or without one for this Python's packages.
    """
    active = componentize_environment(environment).get("VIRTUAL_ENV")
    if active:
        return [*sorted(Path(active).glob("lib/python*/site-packages")), Path(active, "Lib", "site-packages")]
    return [Path(each) for each in (*site.getsitepackages(), site.getusersitepackages())]


def componentize_environment(environment: Path | None = None) -> dict[str, str]:
    """Return the environment variables to run componentize-py with; they determine where it finds packages.

    It looks in the active virtual environment. Without one, it would ask the first `python3` on PATH, so the
    variables lead it to the Python that runs witgen.
    """
    variables = dict(os.environ)
    if environment is not None:
        variables["VIRTUAL_ENV"] = os.path.abspath(environment)
    if not variables.get("VIRTUAL_ENV"):
        if sys.prefix != sys.base_prefix:
            variables["VIRTUAL_ENV"] = sys.prefix
        else:
            first = os.path.dirname(os.path.abspath(sys.executable))
            variables["PATH"] = os.pathsep.join([first, *filter(None, [variables.get("PATH")])])
    return variables
