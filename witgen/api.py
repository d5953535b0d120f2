"""witgen as a library: resolve, generate, check."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from .config import Config
from .project.discovery import Target
from .project.installed import installed_wit
from .result import Result
from .runs import GOLEM_WORLD, Installed, check_all, generate_all, tree_of, with_installed

if TYPE_CHECKING:
    from .wit.model import ir
    from .wit.tree import Tree

__all__ = ["GOLEM_WORLD", "Config", "Result", "check", "generate", "resolve"]


def resolve(
    path: str | os.PathLike[str],
    features: Collection[str] = (),
    *,
    all_features: bool = False,
    golem: str | bool = False,
    installed: Installed = installed_wit,
) -> ir.Resolve:
    """Read and resolve a WIT tree; with `golem`, a release or True, find missing packages in the bundled Golem WIT.

    Packages that are still missing come from the folders that `installed` returns, by default those that Python
    packages of the active environment bring.

    Raises:
        WitgenError: the tree is invalid; every problem is listed.
    """
    from .wit.resolve import resolve_tree

    def resolved(tree: Tree) -> ir.Resolve:
        return resolve_tree(tree, features, all_features=all_features)

    return with_installed(tree_of(path, golem=golem), installed, resolved)


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
