"""The entry points: a path, or a tree read from it, to IR. Trees resolved before come from the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator

from ...base.source import SourceFile
from ...cache import store
from ..model.ir import Resolve
from ..syntax.docs import without_comments
from ..tree import Folder, SingleFile, Tree, read_tree
from . import frozen, redocumented

__all__ = ["load", "resolve_tree"]


def load(path: str | os.PathLike[str], *, features: Collection[str] = (), all_features: bool = False) -> Resolve:
    """Resolve the WIT folder (with its deps/) or file at `path`.

    Items gated with `@unstable` are in if their feature is among `features`, or with `all_features`. Raises
    `WitgenError` with every problem, ordered by file and position.
    """
    return resolve_tree(read_tree(os.fspath(path)), features, all_features=all_features)


def resolve_tree(tree: Tree, features: Collection[str], *, all_features: bool) -> Resolve:
    """Resolve a tree."""
    name, bare = (
        store.key(kind, _parts(tree, features, content, all_features=all_features))
        for kind, content in (("resolve", str), ("documented", without_comments))
    )
    files = [file for source in tree.sources for file in _files(source)]
    kept = store.load(name)
    resolved = frozen.thaw(kept, files) if kept is not None else redocumented.recall(bare, files)
    if resolved is None:
        from .run import run  # noqa: PLC0415 - takes longer to load than a run that finds all in the cache

        resolved = run(tree, features, all_features=all_features)
        if store.folder() is not None:
            store.store(name, frozen.freeze(resolved, files))
            redocumented.keep(bare, name, files)
    return resolved


def _parts(
    tree: Tree, features: Collection[str], content: Callable[[str], str], *, all_features: bool
) -> Iterator[bytes]:
    """Yield all that the result depends on, of texts their `content`.

    Paths matter to messages only, and files with problems are not kept.
    """
    yield b"*" if all_features else "\n".join(sorted(set(features))).encode("utf-8", "surrogatepass")
    yield b"library %d" % len(tree.library)
    for source in tree.sources:
        if isinstance(source, SingleFile):
            yield b"file"
            yield source.data
        else:
            yield b"folder %d" % len(source.files)
            for file in source.files:
                yield content(file.text).encode()


def _files(source: Folder | SingleFile) -> tuple[SourceFile, ...]:
    """Return the texts of a source, always as many for the same content."""
    if isinstance(source, Folder):
        return source.files
    if source.data.startswith(b"\0asm"):
        return ()
    return (SourceFile(source.path, source.data.decode("utf-8", "replace").removeprefix("\ufeff")),)
