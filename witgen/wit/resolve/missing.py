"""Messages about missing packages."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence

from ...base.resources import golem_releases_of
from ..model.ir import PackageName
from ..tree import Tree
from .suggest import list_names

__all__ = ["MissingPackages"]


class MissingPackages:
    """Knows the places of packages, to explain where a missing one should be."""

    def __init__(self, tree: Tree, known: Sequence[PackageName]) -> None:
        self._tree = tree
        self._known = known

    def help(self, name: PackageName, suggest: Callable[[str, Collection[str]], str | None]) -> str:
        """Return the problem with the version, the spelling or the layout; `suggest` finds similar names."""
        versions = [known for known in self._known if (known.namespace, known.name) == (name.namespace, name.name)]
        if versions:
            found = list_names(str(known) for known in versions)
            other = f"; {remedy}" if (remedy := _golem(name)) else ""
            return f"there is {found}: versions must match exactly{other}"
        if remedy := _golem(name):
            return remedy
        # Names that share the namespace alone are not similar.
        close = suggest(str(name), [str(known) for known in self._known if _similar(known, name)])
        return close or self._layout(name)

    def _layout(self, name: PackageName) -> str:
        folder = os.path.join(self._tree.path, "deps")
        if not os.path.isdir(self._tree.path):
            return "a single file has no deps/: nest the package in it, or pass the folder that holds both"
        found = [os.path.basename(source.path) for source in self._tree.dependencies]
        what = f"found {list_names(found)}" if found else "found nothing there"
        return f"expected in {os.path.join(folder, name.name)}/ or {folder}/{name.name}.wit; {what}"


def _golem(name: PackageName) -> str:
    """Return how to get a package from Golem's WIT; empty if no release has it."""
    releases = golem_releases_of(str(name))
    if not releases:
        return ""
    others = f" (or {' or '.join(releases[1:])})" if releases[1:] else ""
    first = releases[0]
    return f'it comes with witgen: pass --golem {first}{others}, or write `golem = "{first}"` in [tool.witgen]'


def _similar(known: PackageName, name: PackageName) -> bool:
    """Return whether one part is the same and the other one perhaps misspelt."""
    if known.namespace == name.namespace:
        return known.name[:1] == name.name[:1] or known.name[-1:] == name.name[-1:]
    return known.name == name.name
