"""Outputs of earlier runs, so that a run without changes need not parse, render or lay out anything.

An entry of the cache has the digest of every file that results from some WIT, options and this witgen, and the
warnings. The files on disk are still read and compared; a text is made only if its file differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ..base.frozen import fields, frozen
from ..base.resources import DATA
from ..base.source import SourceFile, Span
from ..config import Config
from ..diagnostics.model import Diagnostic, Severity
from ..output import Output
from ..result import Produced
from ..wit.syntax.docs import without_comments
from ..wit.tree import Folder, SingleFile, Tree
from . import store

if TYPE_CHECKING:
    from ..bindings.reuse import Planned

__all__ = ["Rendered", "keep", "keep_modules", "modules_name_of", "name_of", "recall", "recall_modules"]

# Where the code and the data are that make text of resolved WIT; the cache itself knows those that resolve.
_FOLDERS = ("", "golem", "wasi", "../witgen_runtime")
_TREES = ("bindings", "golem/guest", "wasi/guest", "output", f"{DATA}/templates")

# Options that are places and do not influence the contents.
_ELSEWHERE = {"wit", "out", "force"}

# Between the parts of an entry: digests, the lock, warnings.
_SEPARATOR = "\0"


def name_of(config: Config, tree: Tree, planned: Planned | None = None) -> str:
    """Return the name of the cache's entry for the output of `config` from `tree`, given the `planned` packages."""
    return store.key("output", _parts(config, tree, planned))


def modules_name_of(config: Config, tree: Tree, planned: Planned) -> str:
    """Return the name of the entry for the modules that `config` makes from `tree` without its comments."""
    return store.key("modules", _parts(config, tree, planned, bare=True))


def _parts(config: Config, tree: Tree, planned: Planned | None, *, bare: bool = False) -> Iterator[bytes]:
    yield store.code_digest(_FOLDERS, (*_TREES, "../witgen_runtime") if config.runtime == "copy" else _TREES)
    for name in sorted({*(fields(Config) or ())} - _ELSEWHERE):
        yield f"{name}={_plain_option(getattr(config, name))!r}".encode("utf-8", "backslashreplace")
    if config.reuse:
        from ..bindings.reuse import Planned, lock_states  # noqa: PLC0415 - most outputs reuse nothing

        yield from lock_states(config, planned or Planned())
    if isinstance(tree.main, SingleFile) and config.world is None:
        # It names the world of a component.
        yield os.path.basename(tree.path).encode("utf-8", "backslashreplace")
    yield b"library %d" % len(tree.library)
    for source in tree.sources:
        if isinstance(source, Folder):
            yield b"folder %d" % len(source.files)
            for file in source.files:
                yield (without_comments(file.text) if bare else file.text).encode()
        else:
            yield b"file"
            yield source.data


@frozen
class Rendered:
    """A module of an earlier run: its documentation, and the digest of its text; "" if it had none."""

    stamp: str
    digest: str


def recall_modules(name: str) -> Mapping[str, Rendered]:
    """Return the modules that an entry knows, by path."""
    entry = store.load(name)
    try:
        lines = entry.decode().splitlines() if entry is not None else []
        return {path: Rendered(stamp, digest) for stamp, digest, path in (line.split(" ", 2) for line in lines)}
    except ValueError:
        return {}


def keep_modules(name: str, modules: Mapping[str, Rendered]) -> None:
    """Make an entry."""
    lines = (f"{module.stamp} {module.digest} {path}\n" for path, module in modules.items())
    store.store(name, "".join(lines).encode())


def _plain_option(value: object) -> object:
    """Return an option in a form that does not depend on an order that does not count."""
    if isinstance(value, Mapping):
        return sorted(cast("Mapping[str, str]", value).items())
    if isinstance(value, Collection) and not isinstance(value, str):
        return sorted(cast("Collection[str]", value))
    return value


def recall(name: str, tree: Tree, make: Callable[[str], str]) -> Produced | None:
    """Return the content of an entry, if it exists; `make` returns the text of a file whose digest is known."""
    entry = store.load(name)
    if entry is None:
        return None
    try:
        listed, lock, plain = entry.decode().split(_SEPARATOR)
        digests = {path: value for value, _, path in (line.partition(" ") for line in listed.splitlines())}
        warnings = tuple(_warnings(plain, tree))
    except (ValueError, TypeError, IndexError, RecursionError):
        return None
    return Produced(Output(dict.fromkeys(digests), digests, make), lock, warnings)


def keep(name: str, tree: Tree, produced: Produced) -> None:
    """Make an entry, unless a warning is about a place that only resolving knows."""
    numbers = {id(file): number for number, file in enumerate(_texts(tree))}
    warnings = [_plain(diagnostic, numbers) for diagnostic in produced.diagnostics]
    if None in warnings:
        return
    listed = "".join(f"{value} {path}\n" for path, value in produced.output.digests.items())
    plain = _json().dumps(warnings) if warnings else ""
    store.store(name, _SEPARATOR.join((listed, produced.lock, plain)).encode())


def _texts(tree: Tree) -> list[SourceFile]:
    folders = (source for source in tree.sources if isinstance(source, Folder))
    return [file for folder in folders for file in folder.files]


def _plain(diagnostic: Diagnostic, numbers: dict[int, int]) -> list[Any] | None:
    """Return a warning as JSON, its file by number; None if it has parts that this format lacks."""
    span = diagnostic.span
    if diagnostic.labels or diagnostic.path is not None or (span is not None and id(span.file) not in numbers):
        return None
    place = None if span is None else [numbers[id(span.file)], span.start, span.end]
    return [diagnostic.code, diagnostic.message, place, diagnostic.help, diagnostic.note, diagnostic.severity.value]


def _warnings(plain: str, tree: Tree) -> Iterator[Diagnostic]:
    files = _texts(tree)
    for each in _json().loads(plain) if plain else ():
        yield _diagnostic(each, files)


def _json() -> ModuleType:
    import json  # noqa: PLC0415 - most worlds have no warnings, and a run without changes is over in no time

    return json


def _diagnostic(plain: list[Any], files: Sequence[SourceFile]) -> Diagnostic:
    code, message, place, help_, note, severity = plain
    number, start, end = cast("list[int]", place or [0, 0, 0])
    span = None if place is None else Span(files[number], start, end)
    return Diagnostic(code, message, span, help=help_, note=note, severity=Severity(severity))
