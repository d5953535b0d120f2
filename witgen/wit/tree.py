"""Reads WIT folders: the files of each package, deps/, and their order.

A WIT folder holds the `*.wit` files of one package. `deps/` beside them holds its dependencies: each a folder of
`*.wit` files, a single file, or a package in binary form (`.wasm`) or as component text (`.wat`). Everything else is
ignored.
"""

from __future__ import annotations

import os
import stat

from ..base.frozen import frozen, replace
from ..base.source import SourceFile
from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic

__all__ = ["Folder", "SingleFile", "Tree", "decode_text", "read_tree", "with_library"]

# The largest size of a WIT file. Real ones have up to 200 KB; parsing takes about a hundred times the memory.
_MAX_TEXT = 32_000_000

_DEPENDENCY_SUFFIXES = (".wit", ".wat", ".wasm")


@frozen
class Folder:
    """The `*.wit` files of one folder."""

    path: str
    files: tuple[SourceFile, ...]


@frozen
class SingleFile:
    """One file; its content decides whether it is text or a binary package."""

    path: str
    data: bytes


@frozen
class Tree:
    """All files read: the requested package, and its deps/.

    Packages of the library are used only for dependencies missing from both.
    """

    path: str
    main: Folder | SingleFile
    dependencies: tuple[Folder | SingleFile, ...]
    dependency_folder: str | None
    library: tuple[Folder | SingleFile, ...] = ()

    @property
    def sources(self) -> tuple[Folder | SingleFile, ...]:
        """Everything that determines the result of the tree."""
        return (self.main, *self.dependencies, *self.library)


def read_tree(path: str) -> Tree:
    """Read the WIT folder or file `path`; raises `WitgenError` with every file that cannot be read."""
    problems: list[Diagnostic] = []
    mode = _mode(path, problems)
    dependencies: list[Folder | SingleFile] = []
    folder = None
    main: Folder | SingleFile | None = None
    if stat.S_ISDIR(mode):
        main = _read_folder(path, problems)
        deps = os.path.join(path, "deps")
        if os.path.lexists(deps):
            folder = deps
            dependencies = _read_dependencies(deps, problems)
    elif mode:
        main = _read_file(path, problems)
    if problems or main is None:
        raise WitgenError(problems)
    return Tree(path, main, tuple(dependencies), folder)


def with_library(tree: Tree, *paths: str) -> Tree:
    """Return `tree` with the packages of WIT folders added to its library; raises `WitgenError` as `read_tree`."""
    added = [source for path in paths for source in read_tree(path).sources]
    return replace(tree, library=(*tree.library, *added))


_WANTED = "pass a folder of WIT, a WIT file or a component; the default is `wit/`"


def _mode(path: str, problems: list[Diagnostic]) -> int:
    """Return the type bits of the entry at `path`; 0 with a reported problem if it is not usable."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            problems.append(Diagnostic("W0010", f"`{path}` is a broken link", path=path))
        else:
            problems.append(Diagnostic("W0010", f"`{path}` does not exist", path=path, help=_instead_of(path)))
    except (OSError, ValueError) as error:
        problems.append(_unreadable(path, error))
    return 0


def _instead_of(path: str) -> str:
    """Return what to pass in place of a path that does not exist."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    folder, name = os.path.split(path)
    try:
        close = get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        close = []
    if close:
        return f"did you mean `{os.path.join(folder, close[0])}`?"
    return "`witgen build` makes components of Python" if name.endswith(".wasm") else _WANTED


def _unreadable(path: str, error: OSError | ValueError) -> Diagnostic:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Diagnostic("W0011", f"cannot read `{path}`: {reason}", path=path)


def _entries(path: str, problems: list[Diagnostic]) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        problems.append(_unreadable(path, error))
        return []


def _read_folder(path: str, problems: list[Diagnostic]) -> Folder:
    files: list[SourceFile] = []
    for name in _entries(path, problems):
        entry = os.path.join(path, name)
        if not name.endswith(".wit") or not (mode := _mode(entry, problems)) or stat.S_ISDIR(mode):
            continue
        if (data := _read(entry, mode, problems)) is None:
            continue
        try:
            files.append(decode_text(entry, data))
        except WitgenError as error:
            problems += error.diagnostics
    return Folder(path, tuple(files))


def _read_dependencies(path: str, problems: list[Diagnostic]) -> list[Folder | SingleFile]:
    sources: list[Folder | SingleFile] = []
    for name in _entries(path, problems):
        entry = os.path.join(path, name)
        if not (mode := _mode(entry, problems)):
            continue
        if stat.S_ISDIR(mode):
            sources.append(_read_folder(entry, problems))
        elif name.endswith(_DEPENDENCY_SUFFIXES):
            source = _read_file(entry, problems)
            sources += [source] if source is not None else []
    return sources


def _read_file(path: str, problems: list[Diagnostic]) -> SingleFile | None:
    data = _read(path, _mode(path, problems), problems)
    return None if data is None else SingleFile(path, data)


def _read(path: str, mode: int, problems: list[Diagnostic]) -> bytes | None:
    if not mode:
        return None
    if not stat.S_ISREG(mode):
        # Opening a FIFO would wait for a writer.
        problems.append(Diagnostic("W0011", f"cannot read `{path}`: not a regular file", path=path))
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        problems.append(_unreadable(path, error))
        return None


def decode_text(path: str, data: bytes) -> SourceFile:
    """Return the text of a file, or raise `WitgenError`; a byte order mark is not part of it."""
    if len(data) > _MAX_TEXT:
        message = f"`{path}` has {len(data):,} bytes, and WIT files may have at most {_MAX_TEXT:,}"
        raise WitgenError([Diagnostic("W0011", message, path=path)])
    try:
        return SourceFile(path, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"`{path}` is not UTF-8: byte {error.start}, in line {line}, is wrong"
        raise WitgenError([Diagnostic("W0012", message, path=path)]) from None
