"""The WIT of a build in a form that componentize-py accepts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..base.frozen import replace
from ..base.resources import GOLEM_WIT
from ..wit.model import ir
from ..wit.resolve.declared_packages import declared_packages
from ..wit.syntax.docs import with_comments
from ..wit.tree import Folder, SingleFile, Tree, read_tree

__all__ = ["borrowed", "packages_brought", "prepared", "without"]


def borrowed(resolved: ir.Resolve) -> list[Path]:
    """Return the folders and files of witgen's own WIT that packages were taken from."""
    spans = [*(each.span for each in resolved.interfaces), *(each.span for each in resolved.worlds)]
    files = {Path(span.file.path) for span in spans if span is not None}
    ours = {file for file in files if file.is_relative_to(GOLEM_WIT)}
    return sorted({file if file.parent.parent == GOLEM_WIT else file.parent for file in ours})


def packages_brought(folders: Sequence[Path]) -> frozenset[ir.PackageName]:
    """Return the packages of WIT that are in folders of installed packages."""
    sources = (source for folder in folders for source in read_tree(os.fspath(folder)).sources)
    return frozenset(name for source in sources for name in declared_packages(source))


def without(tree: Tree, brought: Collection[ir.PackageName]) -> Tree:
    """Return a tree without those dependencies that installed packages bring."""
    return replace(tree, dependencies=tuple(each for each in tree.dependencies if not _is_among(each, brought)))


def _is_among(source: Folder | SingleFile, brought: Collection[ir.PackageName]) -> bool:
    """Return whether all packages of a source, and there are some, are among those that installed packages bring."""
    declared = declared_packages(source) if brought else frozenset[ir.PackageName]()
    return bool(declared) and declared.issubset(brought)


@contextmanager
def prepared(
    wit: Path, borrowed: Sequence[Path], brought: Collection[ir.PackageName], *, escaped: bool
) -> Generator[Path | None, None, None]:
    """Yield `wit` in a form that componentize-py accepts: `wit` itself, a folder with a copy, or None for nothing.

    The copy's deps/ has the packages from elsewhere, as componentize-py reads only one place, but for those that
    installed packages bring: it adds these itself, and refuses to have them twice. If the WIT itself is an installed
    package's, nothing is left of it. With `escaped`, documentation is written so that it means the same in a Python
    string.
    """
    tree = read_tree(os.fspath(wit))
    if _is_among(tree.main, brought):
        yield None
        return
    borrowed = () if wit.resolve().parent == GOLEM_WIT.resolve() else borrowed
    if not (borrowed or escaped or without(tree, brought) != tree):
        yield wit
        return
    with tempfile.TemporaryDirectory(prefix="witgen-") as scratch:
        copy = Path(scratch) / "wit"
        if wit.is_dir():
            shutil.copytree(wit, copy, ignore=_special)
        else:
            copy.mkdir()
            shutil.copy(wit, copy)
        for number, source in enumerate(borrowed):
            target = copy / "deps" / f"witgen-{number}"
            shutil.copytree(source if source.is_dir() else source.parent, target, ignore=shutil.ignore_patterns("deps"))
        for dependency in read_tree(os.fspath(copy)).dependencies if brought else ():
            if _is_among(dependency, brought):
                _remove(Path(dependency.path))
        for file in copy.rglob("*.wit") if escaped else ():
            if file.is_file():
                # Some may not be WIT at all: only deps/ is read.
                text = file.read_bytes().decode(errors="surrogateescape")
                file.write_bytes(with_comments(text, _escaped).encode(errors="surrogateescape"))
        yield copy


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _special(folder: str, names: list[str]) -> list[str]:
    """Return those names that no copy can be made of: FIFOs and their like, and links to nowhere."""
    return [
        name for name in names if not os.path.isdir(path := os.path.join(folder, name)) and not os.path.isfile(path)
    ]


def _escaped(comment: str) -> str:
    """Return a comment escaped for triple quotes."""
    return comment.replace("\\", "\\\\").replace('"""', r"\"\"\"")
