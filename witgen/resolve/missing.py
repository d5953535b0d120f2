"""What to say about a package that is not there."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..model.ir import PackageName
from ..tree import Tree
from .suggest import did_you_mean, list_names

__all__ = ["MissingPackages"]

_MOST = 12


class MissingPackages:
    """Knows what was found where, to say where a missing package should be."""

    def __init__(self, tree: Tree, known: Sequence[PackageName]) -> None:
        self._tree = tree
        self._known = known

    def help(self, name: PackageName) -> str:
        """Say what is wrong with the version, the spelling or the layout."""
        versions = [known for known in self._known if (known.namespace, known.name) == (name.namespace, name.name)]
        if versions:
            found = list_names(str(known) for known in versions)
            return f"there is {found}: versions must match exactly"
        return did_you_mean(str(name), (str(known) for known in self._known)) or self._layout(name)

    def _layout(self, name: PackageName) -> str:
        folder = os.path.join(self._tree.path, "deps")
        if not os.path.isdir(self._tree.path):
            return "a file alone has no deps/: nest the package in it, or give the folder that holds both"
        found = [os.path.basename(source.path) for source in self._tree.dependencies]
        shown = list_names(found[:_MOST]) + (", …" if len(found) > _MOST else "")
        what = f"found {shown}" if found else "found nothing there"
        return f"expected in {os.path.join(folder, name.name)}/ or {folder}/{name.name}.wit; {what}"
