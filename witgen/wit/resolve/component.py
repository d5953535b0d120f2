"""The world of a component: it is in the file itself, but its name is not."""

from __future__ import annotations

import os
import re

from ..model.ir import Resolve
from ..tree import SingleFile, Tree
from .contents import holds_binary

__all__ = ["component_in", "resolve_component", "world_name"]

_WORD = re.compile(r"[a-z0-9]+")


def component_in(tree: Tree) -> SingleFile | None:
    """Return the file if the input is one component; None for WIT, as text or in binary form.

    Raises:
        WitgenError: the file is WebAssembly, but neither a component nor a WIT package, or it is damaged.
    """
    if not isinstance(tree.main, SingleFile) or not holds_binary(tree.main):
        return None
    from ..binary import Kind, kind  # noqa: PLC0415 - slow to load, and most runs are about WIT

    return None if kind(tree.main.data, tree.main.path) is Kind.WIT_PACKAGE else tree.main


def resolve_component(file: SingleFile, world: str | None) -> Resolve:
    """Decode a component; `world` names its world (`name`, or `ns:package/name@version`), by default the file's name.

    Raises:
        WitgenError: the file is damaged, a core module, or beyond what WIT can express.
    """
    from ..binary import decode_component  # noqa: PLC0415 - as above

    return decode_component(file.data, file.path, world or world_name(file.path))


def world_name(path: str) -> str:
    """Return a world's name for the component at `path`: the words in the name of the file."""
    stem = os.path.basename(path).partition(".")[0]
    words = _WORD.findall(stem.lower())
    if not words or words[0][0].isdigit():
        words.insert(0, "component")
    return "-".join(words)
