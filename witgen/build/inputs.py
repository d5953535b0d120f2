"""The inputs of a component: everything that componentize-py, and the application during its import, has read.

The guest sees the application's folder, site-packages and componentize-py's files, and nothing else of the machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from ..base import files
from ..version import VERSION
from ..wit.tree import SingleFile, Tree
from .modules_inside import RecordedModule
from .place import Place, componentize_version, entry_files, is_wasm

__all__ = ["is_current", "keep", "recorded", "recorded_modules", "wit_digest"]

_NATIVE = (".abi3.so", "-wasm32-wasi.so")
_PACKAGE = "componentize-py.toml"


def wit_digest(tree: Tree) -> str:
    """Return a digest of all the WIT in a tree."""
    digest = hashlib.sha256()
    for path, content in _sources(tree):
        digest.update(f"{path}\0{_digest(content)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sources(tree: Tree) -> Iterator[tuple[str, bytes]]:
    for source in tree.sources:
        if isinstance(source, SingleFile):
            yield source.path, source.data
        else:
            yield from ((file.path, file.text.encode()) for file in source.files)


@cache
def _entry_digest(*, agents: str | None) -> str:
    """Identify the entry and the runtime that this process builds with: it reads them once."""
    return _digest(
        "".join(f"{path} {_digest(content)}\n" for path, content in entry_files(agents=agents).items()).encode()
    )


def is_current(place: Place) -> bool:
    """Return whether the component exists and none of its inputs has changed."""
    stamp = _stamp(place.stamp)
    try:
        if stamp is None or stamp["component"] != _digest(files.read(place.out)):
            return False
        root = stamp["site"]
        if stamp["fixed"] != _fixed(place, None if root is None else Path(root)):
            return False
        if root is not None and root not in map(str, place.site_packages()):
            return False
        return bool(stamp["read"] == _states(place, stamp["read"], root))
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        return False


def recorded_modules(place: Place) -> list[RecordedModule]:
    """Return the modules of a current component."""
    stamp = _stamp(place.stamp)
    return [] if stamp is None else stamp["modules"]


def recorded(entry: Path) -> dict[str, Any] | None:
    """Return what the entry has recorded while the application was imported; None if it could not."""
    try:
        found: dict[str, Any] = json.loads((entry / "notes.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def keep(place: Place, component: bytes, notes: Mapping[str, Any], started: int) -> None:
    """Record the component's inputs.

    Args:
        place: the places of the build.
        component: the content of the component; if another program replaces the file, the record does not apply.
        notes: what the entry has recorded.
        started: the start of the build, in nanoseconds. If an input may have changed since, nothing is recorded, and
            the next build builds again.
    """
    root = _site_folder(place, notes["site"])
    if notes["site"] is not None and root is None:
        return
    names = {kind: notes[kind] for kind in ("opened", "listed", "searched")}
    kept = {kind: dict.fromkeys(each for each in paths if place.real(each, root)) for kind, paths in names.items()}
    if any(_changed_since(started, path) for path in _watched(place, kept, root)):
        return
    stamp = {
        "fixed": _fixed(place, None if root is None else Path(root)),
        "component": _digest(component),
        "site": root,
        # For `witgen_runtime.built`, which tells of a component that is out of date.
        "folders": [os.path.relpath(folder, place.out.parent) for folder in place.folders],
        "read": _states(place, kept, root),
        "modules": notes["modules"],
    }
    content = json.dumps(stamp, indent=1).encode()
    files.replace(place.stamp, f"{_digest(content)}\n".encode() + content)


def _stamp(path: Path) -> dict[str, Any] | None:
    """Return the content of a stamp; None if it is missing or damaged."""
    try:
        digest, _, content = files.read(path).partition(b"\n")
        # One bit that is wrong could stand for a file that is looked at no more.
        stamp = json.loads(content) if digest == _digest(content).encode() else None
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", stamp) if isinstance(stamp, dict) else None


# ---- Inputs known before a build


def _fixed(place: Place, root: Path | None) -> str:
    """Identify the inputs that no application changes: options, tools, WIT, native libraries, packages of WIT."""
    digest = hashlib.sha256()
    tools = (
        VERSION,
        sys.version,
        componentize_version() or "",
        place.environment().get("VIRTUAL_ENV", ""),
        *_tools(place),
    )
    for part in (*place.arguments, *map(os.path.abspath, place.folders), *tools):
        digest.update(f"{part}\0".encode("utf-8", "surrogateescape"))
    folders = [*place.folders, *([] if root is None else [root])]
    for path in (path for each in folders for path in _linked(each)):
        digest.update(f"{path}\0{_file_state(path)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _tools(place: Place) -> Iterator[str]:
    """Yield the state of entry, runtime, componentize-py and this package, which may change without a new version."""
    yield _entry_digest(agents=place.agents)
    spec = importlib.util.find_spec("componentize_py")
    installed = (
        [path for each in (spec.submodule_search_locations or ()) for path in _below(Path(each))] if spec else []
    )
    for path in sorted([*installed, *Path(__file__).parent.glob("*.py")]):
        status = path.stat()
        yield f"{path.name} {status.st_size} {status.st_mtime_ns}"


def _linked(root: Path) -> Iterator[Path]:
    """Yield the native libraries that componentize-py would link, and all of each package that brings WIT."""
    packages: list[Path] = []
    for path in sorted(_below(root)):
        if path.name == _PACKAGE:
            packages.append(path.parent)
        elif path.name.endswith(_NATIVE) and is_wasm(path):
            yield path
    for package in packages:
        yield from sorted(_below(package))


def _below(root: Path) -> Iterator[Path]:
    """Yield a file, or all regular files below a folder."""
    if root.is_file():
        yield root
    for place, folders, names in os.walk(root):
        # Version control is not looked into, and caches are not read.
        folders[:] = [name for name in folders if name not in {".git", "__pycache__"}]
        paths = (Path(place, name) for name in names)
        yield from (path for path in paths if path.is_file())


# ---- Inputs that the application has read


def _states(place: Place, read: Mapping[str, Iterable[str]], root: str | None) -> dict[str, dict[str, str | None]]:
    """Return the state of each path, depending on how it was used."""
    states: dict[str, dict[str, str | None]] = {}
    for kind, paths in read.items():
        found = states[kind] = {}
        for path in paths:
            real = place.real(path, root)
            if real is not None:
                found[path] = _file_state(real) if kind == "opened" else _folder_state(place, real, kind)
    return states


def _file_state(path: Path) -> str | None:
    try:
        return _digest(files.read(path))
    except IsADirectoryError:
        return "folder"
    except (OSError, ValueError):
        return None


def _folder_state(place: Place, path: Path, kind: str) -> str | None:
    """Identify the relevant content of a folder: for a search, only importable entries."""
    try:
        found = list(_entries(place, path))
    except (OSError, ValueError):
        return None
    if kind == "searched":
        found = [entry for entry in found if _is_importable(entry)]
    return _digest("\0".join(sorted(f"{entry.name}/{entry.is_dir()}" for entry in found)).encode("utf-8", "replace"))


def _is_importable(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".py", ".pyc", ".so")) or (entry.name.isidentifier() and entry.is_dir())


def _entries(place: Place, folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder, except those that this build, or running Python, writes there."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name != "__pycache__" and not place.makes(Path(entry.path)):
                yield entry


def _watched(place: Place, read: Mapping[str, Iterable[str]], root: str | None) -> Iterator[os.stat_result]:
    """Yield the modification times of all existing inputs."""
    for kind, paths in read.items():
        for real in filter(None, (place.real(path, root) for path in paths)):
            try:
                if kind == "opened" and real.is_file():
                    yield real.stat()
                elif kind != "opened":
                    found = (e for e in _entries(place, real) if kind == "listed" or _is_importable(e))
                    yield from (entry.stat() for entry in found if not entry.is_dir())
            except (OSError, ValueError):
                continue


def _changed_since(started: int, status: os.stat_result) -> bool:
    return max(status.st_mtime_ns, status.st_ctime_ns) >= started


def _site_folder(place: Place, names: list[str] | None) -> str | None:
    """Return the site-packages that componentize-py has used, derived from the paths that the guest has seen."""
    if names is None:
        return None
    for folder in place.site_packages():
        try:
            if sorted(os.listdir(folder)) == names:
                return str(folder)
        except OSError:
            continue
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
