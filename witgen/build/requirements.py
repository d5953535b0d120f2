"""Installs the requirements of an application into a folder of their own, pinned and cached."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..base.files import read, replace
from .errors import BuildError

__all__ = ["FOLDER", "LOCK", "installed"]

LOCK = "witgen-requirements.lock"
"""The file with the exact versions, beside pyproject.toml."""
FOLDER = ".witgen"
"""The folder with the packages, beside pyproject.toml."""

_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(==| @ )[^\s\x00-\x1f-][^\s\x00-\x1f]*")
"""A line of the lock; anything else might be an option of pip."""

_HEAD = "# The packages of [tool.witgen.build], pinned by witgen build. Delete this file to resolve them anew.\n# for: "


def installed(requirements: Sequence[str], project: Path) -> Path:
    """Return a virtual environment, for componentize-py, with the packages that meet the requirements.

    The first build resolves them and writes the versions to `LOCK`; later builds, on any machine, install these, each
    set once, below `FOLDER`.

    Args:
        requirements: as pip takes them.
        project: the folder of pyproject.toml.

    Raises:
        BuildError: pip is missing, or refuses.
        OSError: a file cannot be read or written.
    """
    for each in requirements:
        if each.lstrip().startswith("-") or not each.isprintable():
            raise BuildError(f"[tool.witgen.build] requirements: {each!r} is not a requirement, such as `attrs>=24`")
    lock, wanted = project / LOCK, "; ".join(requirements)
    pinned = _pinned(lock, wanted)
    if pinned is not None:
        return _environment(project / FOLDER, pinned)
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        made = Path(scratch)
        _install(made, list(requirements))
        pinned = _versions(made)
    lines = "\n".join([wanted, *pinned])
    replace(lock, f"{_HEAD}{lines}\n".encode())
    return _environment(project / FOLDER, pinned)


def _pinned(lock: Path, wanted: str) -> list[str] | None:
    """Return the pinned requirements; None if there are none for what is wanted."""
    try:
        head, *lines = read(lock).decode().removeprefix(_HEAD).splitlines()
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, ValueError):
        raise BuildError(f"{lock} is damaged: delete it to resolve the packages anew") from None
    if head != wanted:
        return None
    pinned = [line for line in lines if line.strip()]
    if not all(map(_PINNED.fullmatch, pinned)):
        raise BuildError(f"{lock} is damaged: delete it to resolve the packages anew")
    return pinned


def _environment(kept: Path, pinned: Sequence[str]) -> Path:
    """Return the environment with pinned packages among those that are kept, installed if it is not there."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256("\n".join((version, sys.platform, *pinned)).encode()).hexdigest()[:32]
    place = kept / digest
    if place.is_dir():
        return place
    kept.mkdir(exist_ok=True)
    replace(kept / ".gitignore", b"*\n")
    with tempfile.TemporaryDirectory(prefix="new-", dir=kept) as scratch:
        made = Path(scratch, "environment")
        _install(made / "lib" / f"python{version}" / "site-packages", ["--no-deps", *pinned])
        try:
            made.rename(place)
        except OSError:
            # Another build has made it meanwhile.
            if not place.is_dir():
                raise
    return place


def _install(folder: Path, arguments: list[str]) -> None:
    if importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    else:
        raise BuildError("installing the requirements of [tool.witgen.build] needs pip: python -m ensurepip")
    done = subprocess.run(  # noqa: S603 - what the user's pyproject.toml asks for
        [*command, "--target", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"the requirements of [tool.witgen.build] cannot be installed:\n{done.stderr.strip()}")


def _versions(folder: Path) -> list[str]:
    """Return what was installed, as exact requirements."""
    from importlib.metadata import distributions  # noqa: PLC0415 - only where packages are resolved

    found: list[str] = []
    for each in distributions(path=[str(folder)]):
        # PEP 610: what came from a file or a repository is not on an index.
        origin = json.loads(each.read_text("direct_url.json") or "{}").get("url")
        name = each.metadata["Name"]
        found.append(f"{name} @ {origin}" if origin else f"{name}=={each.version}")
    return sorted(found)
