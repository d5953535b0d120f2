"""witgen as a library: resolve, generate, check."""

from __future__ import annotations

import keyword
import os
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import earlier, write
from .data import GOLEM_WIT
from .diagnostics import Diagnostic, Severity
from .errors import WitError
from .options import Config, Produced, Result
from .records import replace
from .tree import Tree, read_tree, with_library

if TYPE_CHECKING:
    from .model import ir

__all__ = ["GOLEM_WORLD", "Config", "Result", "check", "generate", "resolve"]

GOLEM_WORLD = "agent"
"""Of the worlds of the embedded WIT, the one for those who name none."""


def resolve(
    path: str | os.PathLike[str], features: Collection[str] = (), *, all_features: bool = False, golem: bool = False
) -> ir.Resolve:
    """Read and resolve a WIT tree; with `golem`, packages that are not there come from the WIT that witgen has.

    Raises:
        WitError: the tree cannot be used; every problem is listed.
    """
    from .resolver import resolve_tree

    return resolve_tree(_tree(path, golem=golem), features, all_features=all_features)


def generate(config: Config) -> Result:
    """Generate the bindings of one world, and write them where `config.out` says.

    Raises:
        WitError: the WIT cannot be used, or files that are not ours stand in the way; nothing was written then.
        OSError: the output cannot be written.
    """
    produced = _produce(config)
    if config.out is None:
        return Result(produced.output, produced.diagnostics)
    folder = Path(config.out)
    with write.exclusive(folder):
        planned = write.plan(folder, produced.output, produced.lock, force=config.force)
        _refuse_blocked(planned)
        write.apply(planned)
    return Result(produced.output, (*produced.diagnostics, *_unimportable(folder)), planned)


def check(config: Config) -> Result:
    """Compare `config.out` with what `generate` would write; `plan.drift` of the result lists every difference.

    Raises:
        WitError: the WIT cannot be used.
        OSError: the output cannot be read.
    """
    produced = _produce(config)
    if config.out is None:
        return Result(produced.output, produced.diagnostics)
    planned = write.plan(Path(config.out), produced.output, produced.lock)
    return Result(produced.output, produced.diagnostics, planned)


def _tree(path: str | os.PathLike[str], *, golem: bool) -> Tree:
    tree = read_tree(os.fspath(path))
    return with_library(tree, os.fspath(GOLEM_WIT)) if golem else tree


def _produce(config: Config) -> Produced:
    tree = _tree(config.wit, golem=config.golem)
    if config.golem and config.world is None and os.path.realpath(tree.path) == os.path.realpath(GOLEM_WIT):
        config = replace(config, world=GOLEM_WORLD)

    @cache
    def made() -> Produced:
        from .produce import produce

        return produce(config, tree)

    name = earlier.name_of(config, tree)
    recalled = earlier.recall(name, tree, lambda path: made().output[path])
    if recalled is None:
        earlier.keep(name, tree, made())
    return recalled or made()


def _unimportable(folder: Path) -> Iterator[Diagnostic]:
    """Warn of an output that no import statement can name."""
    name = folder.resolve().name
    if not name.isidentifier() or keyword.iskeyword(name):
        message = f"the output is called `{name}`, and no import statement can name that"
        remedy = "packages are called by letters, digits and underscores, as `chat_bindings`"
        yield Diagnostic("W0704", message, path=str(folder), help=remedy, severity=Severity.WARNING)


def _refuse_blocked(planned: write.Plan) -> None:
    reasons = dict.fromkeys(planned.edited, "was edited since witgen wrote it")
    reasons |= dict.fromkeys(planned.foreign, "was not written by witgen")
    remedy = "move it away, or pass --force to overwrite it"
    diagnostics = [
        Diagnostic("W0702", f"`{path}` {reason}", path=str(planned.folder / path), help=remedy)
        for path, reason in sorted(reasons.items())
    ]
    if diagnostics:
        raise WitError(diagnostics)
