"""Packages that witgen generated before, for outputs that reuse their definitions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..base.files import read
from ..config import Config
from ..diagnostics.errors import OptionError
from ..diagnostics.model import Diagnostic
from ..output import Contents, Shared
from ..output.lockfile import LOCK_NAME, read_contents
from ..result import Produced
from ..version import VERSION
from .render.imports import COPY

if TYPE_CHECKING:
    from .render.sharing import Conflict

__all__ = ["RUNTIME", "Package", "Packages", "Planned", "lock_states", "refuse_conflicts", "refuse_names", "reused"]

_COPY = "copy"
"""The value of `runtime` that asks for a copy in the output."""

RUNTIME = "witgen_runtime"
"""The import name of the runtime that generated code uses where nothing else is said."""

_IMPORT_NAME = "write `package` or `a.package`"


class Planned:
    """Outputs that this run is about to write: other outputs reuse them in their new state."""

    def __init__(self) -> None:
        self._outputs: dict[str, Produced] = {}

    def add(self, folder: str | os.PathLike[str], produced: Produced) -> None:
        """Record the future content of a folder."""
        self._outputs[os.path.realpath(folder)] = produced

    def at(self, folder: Path) -> Produced | None:
        """Return the future content of a folder; None if it stays unchanged."""
        return self._outputs.get(os.path.realpath(folder)) if self._outputs else None

    def lock(self, folder: Path) -> bytes | None:
        """Return the lock of a folder; None where it has none."""
        planned = self.at(folder)
        if planned is not None:
            return planned.lock.encode()
        try:
            return read(folder / LOCK_NAME)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None


class Package(NamedTuple):
    """A generated package: its import name, its folder, the description in its lock, and its element of `reuse`.

    `planned` is the future content of the folder, if this run writes it.
    """

    name: str
    folder: Path
    contents: Contents
    option: int
    planned: Produced | None = None

    @property
    def runtime(self) -> str:
        """The import name of the runtime that it uses."""
        return self.contents.runtime or f"{self.name}.{COPY}"

    def text(self, path: str) -> str | None:
        """Return the text of a module; None where it has none."""
        if self.planned is not None:
            return self.planned.output.get(path)
        try:
            return read(self.folder / path).decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def module_of(self, interface: str) -> str | None:
        """Return the name of an interface's modules; None if the package does not have it."""
        found = self.contents.interfaces.get(interface)
        return None if found is None else found.module


class Packages(NamedTuple):
    """The packages that an output reuses, and the import name of the runtime, None for a copy in the output."""

    found: Sequence[Package]
    runtime: str | None

    @property
    def interfaces(self) -> Mapping[str, Shared]:
        """The interfaces that the packages have, by name."""
        return {name: each for package in reversed(self.found) for name, each in package.contents.interfaces.items()}


def reused(config: Config, planned: Planned, *, host: bool, guest: bool) -> Packages:
    """Find the packages that `config` reuses, transitively.

    Args:
        config: the options.
        planned: the outputs that this run is about to write.
        host: whether the output has a host side.
        guest: whether it has a guest side.

    Raises:
        OptionError: a package cannot be found, or this output cannot reuse it.
    """
    if config.runtime is not None and not _is_import_name(config.runtime):
        message = f"`{config.runtime}` is not the import name of a package"
        raise OptionError([(("runtime",), Diagnostic("W0914", message, help=_IMPORT_NAME))])
    found: dict[str, Package] = {}
    pending = [(index, each, config.out) for index, each in enumerate(config.reuse)]
    while pending:
        option, named, beside = pending.pop(0)
        name = named.partition("=")[0]
        if name not in found:
            found[name] = _package(option, named, beside, planned)
            pending += [(option, each, found[name].folder) for each in found[name].contents.reuse]
    packages = list(found.values())
    if config.runtime == _COPY and packages:
        message = f"`{packages[0].name}` uses the runtime in `{packages[0].runtime}`, which a copy cannot replace"
        raise _problem(packages[0].option, "W0916", message, f'leave `runtime = "{_COPY}"` out')
    runtime = config.runtime or (packages[0].runtime if packages else RUNTIME)
    for package in packages:
        _refuse_runtime(package, runtime, {"host": host, "guest": guest})
    return Packages(packages, None if runtime == _COPY else runtime)


def refuse_names(packages: Packages, names: Iterable[tuple[str, str, str]]) -> None:
    """Raise if classes have other names in a package: `names` are the key, the interface, and the name there.

    Raises:
        OptionError: there are such classes; every one is listed.
    """
    problems: list[tuple[tuple[str, ...], Diagnostic]] = []
    for key, interface, there in names:
        package = next(each for each in packages.found if interface in each.contents.interfaces)
        message = f"the class of `{key}` is called `{there}` in `{package.name}`, which is reused"
        remedy = f"leave it out, or choose the name for `{package.name}`, too"
        problems.append((("names", key), Diagnostic("W0917", message, help=remedy)))
    if problems:
        raise OptionError(problems)


def refuse_conflicts(packages: Packages, conflicts: Iterable[Conflict], wit: Mapping[str, str]) -> None:
    """Raise if a package has an interface with other types: one type would have two classes.

    Args:
        packages: the reused packages.
        conflicts: the interfaces.
        wit: the fingerprint of each interface in the WIT at hand.

    Raises:
        OptionError: there are conflicts; every one is listed.
    """
    problems: list[tuple[tuple[str, ...], Diagnostic]] = []
    for conflict in conflicts:
        title = conflict.scope.title
        package = next(each for each in packages.found if each.name == conflict.source.name)
        known = package.contents.interfaces[title]
        if conflict.item is None:
            message = (
                f"`names` calls `{title}` `{conflict.scope.module}`, but in `{package.name}` it is `{known.module}`"
            )
            remedy, note = "use the name that it has there", None
        else:
            message = f"`{conflict.item}` of `{title}` is different in `{package.name}`"
            remedy = f"generate `{package.name}` again from the same WIT, or take it out of `reuse`"
            note = f"the WIT there is sha256:{known.wit}, here it is sha256:{wit[title]}"
        problems.append((("reuse", str(package.option)), Diagnostic("W0917", message, help=remedy, note=note)))
    if problems:
        raise OptionError(problems)


def lock_states(config: Config, planned: Planned) -> Iterator[bytes]:
    """Yield values that identify the state of the packages that `config` reuses."""
    for index, named in enumerate(config.reuse):
        folder = _folder(named, config.out, planned)
        lock = planned.lock(folder) if folder is not None else None
        name = named.partition("=")[0].encode("utf-8", "backslashreplace")
        yield b"" if lock is None else b"reuse %d" % index + name + lock


def _package(option: int, named: str, beside: str | os.PathLike[str] | None, planned: Planned) -> Package:
    name = named.partition("=")[0]
    if not _is_import_name(name):
        raise _problem(
            option, "W0914", f"`{name}` is not the import name of a package", "write `package` or `a.package`"
        )
    folder = _folder(named, beside, planned)
    if folder is None:
        remedy = f"generate it first; or say where it is: `{name}=path/to/{name.rpartition('.')[2]}`"
        raise _problem(option, "W0914", f"there is no generated package `{name}`", remedy)
    coming = planned.at(folder)
    contents = read_contents(folder, None if coming is None else coming.lock)
    remedy = f"generate `{name}` again"
    if contents is None:
        raise _problem(option, "W0914", f"the {LOCK_NAME} of `{name}` does not list its contents", remedy)
    if contents.version != VERSION:
        message = f"`{name}` was generated by witgen {contents.version}, but this is witgen {VERSION}"
        raise _problem(option, "W0915", message, remedy)
    return Package(name, folder, contents, option, coming)


def _is_import_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _problem(option: int, code: str, message: str, remedy: str, note: str | None = None) -> OptionError:
    return OptionError([(("reuse", str(option)), Diagnostic(code, message, help=remedy, note=note))])


def _folder(named: str, beside: str | os.PathLike[str] | None, planned: Planned) -> Path | None:
    """Return the folder of a package: the given one, the one beside the output, or the installed one."""
    name, given, path = named.partition("=")
    if given:
        return Path(path) if planned.lock(Path(path)) is not None else None
    parts = name.split(".")
    roots = [] if beside is None else [_import_root(Path(beside))]
    candidates = (Path(root, *parts) for root in (*roots, *_installed(parts[0])))
    return next((folder for folder in candidates if planned.lock(folder) is not None), None)


def _import_root(out: Path) -> Path:
    """Return the folder from which an output is imported: the first above it that is not a package."""
    folder = out.absolute().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _installed(top: str) -> Sequence[Path]:
    """Return where the installed package `top` is imported from; nothing of it is run."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return []
    locations = spec.submodule_search_locations if spec is not None else None
    return [Path(location).parent for location in locations or ()]


def _refuse_runtime(package: Package, runtime: str, sides: Mapping[str, bool]) -> None:
    """Refuse a package where classes of several runtimes would meet, or a part of its runtime is not there."""
    if package.runtime != runtime:
        message = f"`{package.name}` uses the runtime in `{package.runtime}`, other packages the one in `{runtime}`"
        raise _problem(package.option, "W0916", message, f'generate `{package.name}` with `runtime = "{runtime}"`')
    for side, wanted in sides.items():
        own = package.contents.runtime is None
        if wanted and own and package.text(f"{COPY}/{side}/__init__.py") is None:
            message = f"`{package.name}` has no runtime for a {side}"
            raise _problem(package.option, "W0916", message, f"generate `{package.name}` with its {side} side, too")
