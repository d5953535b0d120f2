"""Runs of several targets: all of them are checked before anything of one is written."""

from __future__ import annotations

import keyword
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from . import output as write
from .base.frozen import replace
from .base.resources import golem_wit
from .bindings.reuse import Planned
from .cache import outputs as earlier
from .config import Config
from .diagnostics.errors import WitgenError
from .diagnostics.model import Diagnostic, Severity
from .project import options_table
from .project.discovery import Target
from .project.installed import installed_wit
from .project.target_selection import placed
from .result import Produced, Result
from .wit.tree import Tree, read_tree, with_library

__all__ = ["GOLEM_WORLD", "Installed", "check_all", "generate_all", "tree_of", "with_installed"]

GOLEM_WORLD = "agent"
"""The default world of the embedded WIT."""

Installed: TypeAlias = Callable[[], Sequence[Path]]
"""Returns the folders of WIT that installed Python packages bring."""

_MISSING_PACKAGE = "W0107"

_T = TypeVar("_T")
_U = TypeVar("_U")


class _Output(NamedTuple):
    """The output of a target; `folder` is None if nothing is to be written."""

    config: Config
    produced: Produced

    @property
    def folder(self) -> Path | None:
        return None if self.config.out is None else Path(self.config.out)

    def plan(self) -> write.Plan | None:
        """Compare the folder with the output."""
        if self.folder is None:
            return None
        return write.plan(self.folder, self.produced.output, self.produced.lock, force=self.config.force)


def generate_all(targets: Sequence[Target], installed: Installed = installed_wit) -> Iterator[Result]:
    """Write the output of each target, and yield the results; nothing is written unless everything can be.

    Args:
        targets: the targets.
        installed: where to look for packages that are missing in their WIT.

    Raises:
        WitgenError: some WIT or option is invalid, or foreign files are in the way; every problem of every target is
            listed, once.
        OSError: an output cannot be written.
    """
    outputs = _produced(targets, installed)
    _each(outputs, _refuse_no_folder)
    with write.exclusive(*(output.folder for output in outputs if output.folder is not None)):
        plans = _each(outputs, _writable)
        for output, plan in zip(outputs, plans, strict=True):
            warnings = output.produced.diagnostics
            if plan is not None:
                write.apply(plan)
                warnings += tuple(_unimportable(plan.folder))
            yield Result(output.produced.output, warnings, plan)


def check_all(targets: Sequence[Target], installed: Installed = installed_wit) -> Iterator[Result]:
    """Compare each target's folder with the output of `generate_all`, and yield the results.

    Raises:
        WitgenError: as `generate_all`, except for files that only differ.
        OSError: an output cannot be read.
    """
    outputs = _produced(targets, installed)
    _each(outputs, _refuse_no_folder)
    for output, plan in zip(outputs, _each(outputs, _comparable), strict=True):
        yield Result(output.produced.output, output.produced.diagnostics, plan)


def tree_of(path: str | os.PathLike[str], *, golem: str | bool) -> Tree:
    """Read WIT; with `golem`, a release or True, resolve missing packages from the bundled Golem WIT."""
    tree = read_tree(os.fspath(path))
    return with_library(tree, os.fspath(golem_wit(golem))) if golem else tree


def with_installed(tree: Tree, installed: Installed, action: Callable[[Tree], _T]) -> _T:
    """Return what an action makes of a tree; if packages are missing there, installed ones are its library.

    Looking for them takes time, so it happens only where they are missing.
    """
    try:
        return action(tree)
    except WitgenError as error:
        is_missing = any(each.code == _MISSING_PACKAGE for each in error.diagnostics)
        folders = installed() if is_missing else ()
        if not folders:
            raise
    return action(with_library(tree, *map(os.fspath, folders)))


def _produced(targets: Sequence[Target], installed: Installed) -> list[_Output]:
    planned = Planned()
    return _each(targets, lambda target: placed(target, partial(_produce, planned=planned, installed=installed)))


def _each(items: Iterable[_T], action: Callable[[_T], _U]) -> list[_U]:
    """Do something with each item; raise the problems of all of them, each once."""
    results: list[_U] = []
    errors: list[WitgenError] = []
    for item in items:
        try:
            results.append(action(item))
        except WitgenError as error:
            errors.append(error)
    if len(errors) > 1:
        raise WitgenError(list(dict.fromkeys(each for error in errors for each in error.diagnostics)))
    if errors:
        raise errors[0]
    return results


def _produce(config: Config, planned: Planned, installed: Installed) -> _Output:
    options_table.check(config)
    tree = tree_of(config.wit, golem=config.golem)
    return with_installed(tree, installed, lambda tree: _produce_from(tree, config, planned))


def _produce_from(tree: Tree, config: Config, planned: Planned) -> _Output:
    own = os.path.realpath(golem_wit(config.golem)) if config.golem else None
    if config.world is None and os.path.realpath(tree.path) == own:
        config = replace(config, world=GOLEM_WORLD)

    @cache
    def made() -> Produced:
        from .pipeline import produce  # noqa: PLC0415 - a run without changes does without

        return produce(config, tree, planned)

    name = earlier.name_of(config, tree, planned)
    produced = earlier.recall(name, tree, lambda path: made().output[path])
    if produced is None:
        produced = made()
        earlier.keep(name, tree, produced)
    if config.out is not None:
        planned.add(config.out, produced)
    return _Output(config, produced)


def _refuse_no_folder(output: _Output) -> None:
    """Refuse an output in the place of which, or of a folder above it, there is a file, a FIFO or a device."""
    if output.folder is None:
        return
    place = Path(os.path.realpath(output.folder))
    nearest = next((each for each in (place, *place.parents) if os.path.lexists(each)), None)
    if nearest is not None and not nearest.is_dir():
        remedy = "move it away, or let `out` name another folder"
        message = f"`{place.name if nearest == place else nearest}` is not a folder"
        raise WitgenError([Diagnostic("W0702", message, path=str(output.folder), help=remedy)])


def _writable(output: _Output) -> write.Plan | None:
    plan = output.plan()
    if plan is not None:
        reasons = dict.fromkeys(plan.edited, "was edited since witgen wrote it")
        reasons |= dict.fromkeys(plan.foreign, "was not written by witgen")
        remedy = "move it away, or pass --force to overwrite it"
        problems = {path: _in_the_way(plan, path, reason, remedy) for path, reason in reasons.items()}
        _refuse({**problems, **_blocked(plan)})
    return plan


def _comparable(output: _Output) -> write.Plan | None:
    plan = output.plan()
    if plan is not None:
        _refuse(_blocked(plan))
    return plan


def _blocked(plan: write.Plan) -> dict[str, Diagnostic]:
    return {path: _in_the_way(plan, path, reason, "move it away") for path, reason in plan.blocked.items()}


def _in_the_way(plan: write.Plan, path: str, reason: str, remedy: str) -> Diagnostic:
    return Diagnostic("W0702", f"`{path}` {reason}", path=str(plan.folder / path), help=remedy)


def _refuse(problems: dict[str, Diagnostic]) -> None:
    if problems:
        raise WitgenError([problem for _, problem in sorted(problems.items())])


def _unimportable(folder: Path) -> Iterator[Diagnostic]:
    """Warn of an output that no import statement can name."""
    name = folder.resolve().name
    if not name.isidentifier() or keyword.iskeyword(name):
        message = f"the output is called `{name}`, which no import statement can name"
        remedy = "package names consist of letters, digits and underscores, like `chat_bindings`"
        yield Diagnostic("W0704", message, path=str(folder), help=remedy, severity=Severity.WARNING)
