"""What guests see of this machine: arguments, environment, folders, standard streams."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast

from .captured import Captured

__all__ = ["Folder", "MemoryFolder", "OutputTarget", "StdinSource", "Wasi"]

Access: TypeAlias = Literal["read", "write"]

StdinSource: TypeAlias = Literal["inherit"] | bytes | os.PathLike[str] | None
"""What guests read from stdin: that of this process, bytes, a file, or nothing."""

OutputTarget: TypeAlias = (
    Literal["inherit"] | os.PathLike[str] | Captured | logging.Logger | Callable[[bytes], object] | None
)
"""Where a guest's stdout or stderr leads: that of this process, a file, memory, a logger, a function, or nowhere."""


@dataclass(frozen=True, slots=True)
class MemoryFolder:
    """A folder that each store gets afresh, and that vanishes with the store.

    Raises:
        TypeError: a file is neither bytes nor text.
        ValueError: a name leads out of the folder.
    """

    files: Mapping[str, bytes | str] = field(default_factory=dict[str, bytes | str])
    """Its first content, by path below the folder, with `/` between names; text is stored as UTF-8."""
    access: Access = "write"
    """Whether guests may only read it."""

    def __post_init__(self) -> None:
        """Check the files."""
        for name, content in cast("Mapping[object, object]", self.files).items():
            _check_text("MemoryFolder", "a path", name)
            path = PurePosixPath(str(name))
            if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in str(name) or ":" in str(name):
                raise ValueError(f"MemoryFolder: {name!r} is not a path below the folder")
            if not isinstance(content, (bytes, str)):
                raise TypeError(f"MemoryFolder: {name!r}: expected bytes or str, got {type(content).__name__}")
        _check_access("MemoryFolder", self.access)
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))

    def fill(self, folder: Path) -> None:
        """Write the files into an empty folder."""
        for name, content in self.files.items():
            path = folder.joinpath(*PurePosixPath(name).parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


Folder: TypeAlias = str | os.PathLike[str] | tuple[str | os.PathLike[str], Access] | MemoryFolder
"""A folder of this machine, which guests may read, or, with `"write"`, change; or one for each store."""

_NOTHING: Final = MappingProxyType[str, str]({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wasi:
    """What guests see of this machine. One value can be used for any number of stores.

        Wasi(args=["tool", "-v"], env={"HOME": "/work"}, folders={"/work": ("out", "write")}, stdout=Captured())

    `dataclasses.replace` makes a variant of one. Everything is checked at once, except that files and folders exist,
    which opening a store finds out.

    Raises:
        TypeError: an argument has a type that it cannot have.
        ValueError: a text has a NUL or a lone surrogate, a variable's name is empty or has a `=`.
    """

    args: Sequence[str] = ()
    """The arguments; by convention, the first one is the program's name."""
    env: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """The environment; `os.environ` passes on that of this process."""
    folders: Mapping[str, Folder] = field(default_factory=lambda: cast("Mapping[str, Folder]", _NOTHING))
    """Folders, by the path at which guests find them: `"here"` and `("here", "read")` can only be read, `("here",
    "write")` can be changed, `Wasi.memory_folder()` is new in each store. Guests see nothing outside of them."""
    stdin: StdinSource = None
    """`"inherit"` for that of this process, bytes, or the path of a file, as a `Path`. None is the end of the file."""
    stdout: OutputTarget = "inherit"
    """`"inherit"` for that of this process, a file as a `Path`, a `Captured`, a logger, or a function, which gets bytes
    on the thread or event loop that called the guest. None discards the output."""
    stderr: OutputTarget = "inherit"
    """The same for stderr. Its end is in errors of the guest, wherever it leads."""

    def __post_init__(self) -> None:
        """Check everything, and keep copies that cannot change."""
        object.__setattr__(self, "args", _args(self.args))
        object.__setattr__(self, "env", _env(self.env))
        object.__setattr__(self, "folders", _folders(self.folders))
        _check_stdin(self.stdin)
        for name in ("stdout", "stderr"):
            _check_output(name, getattr(self, name))

    @staticmethod
    def memory_folder(files: Mapping[str, bytes | str] | None = None, access: Access = "write") -> MemoryFolder:
        """Return a folder that each store gets afresh, and that vanishes with the store.

        Args:
            files: its first content, by path below the folder; text is stored as UTF-8.
            access: `"read"` if guests may not change it.
        """
        return MemoryFolder(files or {}, access)


def _args(given: object) -> tuple[str, ...]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise TypeError(f"args: expected a sequence of str, got {type(given).__name__}")
    args = tuple(cast("Sequence[object]", given))
    for each in args:
        _check_text("args", "an argument", each)
    return cast("tuple[str, ...]", args)


def _env(given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError(f"env: expected a mapping of str to str, got {type(given).__name__}")
    env = dict(cast("Mapping[object, object]", given))
    for name, value in env.items():
        _check_text("env", "a name", name)
        _check_text("env", str(name), value)
        if not name or "=" in str(name):
            raise ValueError(f"env: {name!r} cannot be the name of a variable")
    return MappingProxyType(cast("dict[str, str]", env))


def _folders(given: object) -> Mapping[str, Folder]:
    if not isinstance(given, Mapping):
        raise TypeError(f"folders: expected a mapping of paths of guests to folders, got {type(given).__name__}")
    folders = dict(cast("Mapping[object, object]", given))
    for name, folder in folders.items():
        _check_text("folders", "a path", name)
        if not name:
            raise ValueError("folders: the path of a guest cannot be empty")
        if isinstance(folder, MemoryFolder):
            continue
        path, access = _path_and_access(name, folder)
        _check_access(f"folders: {name!r}", access)
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"folders: {name!r}: expected a path, got {type(path).__name__}")
        _check_text("folders", repr(name), os.fspath(cast("os.PathLike[str]", path)))
    return MappingProxyType(cast("dict[str, Folder]", folders))


def _path_and_access(name: object, folder: object) -> tuple[object, object]:
    if not isinstance(folder, tuple):
        return folder, "read"
    pair = cast("tuple[object, ...]", folder)
    if len(pair) != 2:
        raise TypeError(f'folders: {name!r}: expected a path, or a path with "read" or "write", got {folder!r}')
    return pair[0], pair[1]


def _check_access(place: str, access: object) -> None:
    if access not in {"read", "write"}:
        raise ValueError(f'{place}: expected "read" or "write", got {access!r}')


def _check_stdin(given: object) -> None:
    if not (given is None or given == "inherit" or isinstance(given, (bytes, os.PathLike))):
        shown = f"{given!r}; pass a file as a `Path`, and text as bytes" if isinstance(given, str) else type(given)
        raise TypeError(f'stdin: expected "inherit", bytes, a path or None, got {shown}')


def _check_output(name: str, given: object) -> None:
    if isinstance(given, str) and given != "inherit":
        raise TypeError(f'{name}: expected "inherit", got {given!r}; pass a file as a `Path`')
    targets = (str, os.PathLike, Captured, logging.Logger)
    if not (given is None or isinstance(given, targets) or callable(given)):
        kinds = '"inherit", a path, a `Captured`, a logger, a function or None'
        raise TypeError(f"{name}: expected {kinds}, got {type(given).__name__}")


def _check_text(place: str, what: str, value: object) -> None:
    """Raise unless a value is text that the guest gets as it is."""
    if not isinstance(value, str):
        raise TypeError(f"{place}: {what}: expected str, got {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{place}: {what}: {value!r} has a NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{place}: {what}: {value!r} has a lone surrogate, which guests cannot get") from None
