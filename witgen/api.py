"""witgen as a library: resolve, generate, check."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from .config import Config
from .project.discovery import Target
from .result import Result
from .runs import GOLEM_WORLD, check_all, generate_all, tree_of

if TYPE_CHECKING:
    from .wit.model import ir

__all__ = ["GOLEM_WORLD", "Config", "Result", "check", "generate", "resolve"]


def resolve(
    path: str | os.PathLike[str], features: Collection[str] = (), *, all_features: bool = False, golem: bool = False
) -> ir.Resolve:
    """Read and resolve a WIT tree; with `golem`, resolve missing packages from the bundled Golem WIT.

    Raises:
        WitgenError: the tree is invalid; every problem is listed.
    """
    from .wit.resolve import resolve_tree

    return resolve_tree(tree_of(path, golem=golem), features, all_features=all_features)


def generate(config: Config) -> Result:
    """Generate the bindings of one world, and write them to `config.out`.

    Raises:
        WitgenError: the WIT is invalid, or foreign files are in the way; nothing was written.
        OSError: the output cannot be written.
    """
    (result,) = generate_all([Target(config, {})])
    return result


def check(config: Config) -> Result:
    """Compare `config.out` with what `generate` would write; `plan.drift` of the result lists every difference.

    Raises:
        WitgenError: the WIT is invalid, or a path in the way is never replaced: a link, a FIFO.
        OSError: the output cannot be read.
    """
    (result,) = check_all([Target(config, {})])
    return result
