"""A tree to IR: parse or decode its files, order its packages, resolve them."""

from __future__ import annotations

import gc
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager

from ...base.source import SourceFile, Span
from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic, Label
from ..model.ir import PackageName, Resolve
from ..syntax import ast
from ..syntax.errors import WitSyntaxError
from ..syntax.parser import parse_text
from ..tree import Folder, SingleFile, Tree, decode_text
from .contents import holds_binary, is_binary
from .context import Context
from .graft import graft
from .inputs import BinaryInput, PackageInput, packages_of
from .library import add_needed
from .missing import MissingPackages
from .package import PackageResolver
from .package_order import package_order
from .scope import PackageScope
from .world import resolve_world

__all__ = ["run"]


def run(tree: Tree, features: Collection[str], *, all_features: bool) -> Resolve:
    """Resolve a tree; raises `WitgenError` with every problem."""
    with _no_garbage_collection():
        return _run(tree, features, all_features=all_features)


@contextmanager
def _no_garbage_collection() -> Generator[None, None, None]:
    """Pause Python's collector: nearly all that is made here is kept, and it would look through it time and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _run(tree: Tree, features: Collection[str], *, all_features: bool) -> Resolve:
    if isinstance(tree.main, SingleFile) and holds_binary(tree.main):
        from ..binary import decode  # noqa: PLC0415 - slow to load, and most trees have nothing to decode

        return decode(tree.main.data, tree.main.path)
    context = Context(features, all_features=all_features)
    texts, binaries, main = _inputs(context, tree)
    _raise_if_any(context)
    offered = add_needed(texts, binaries, lambda: _library(context, tree))
    _raise_if_any(context)
    context.missing = MissingPackages(tree, list(dict.fromkeys((*texts, *binaries, *offered))))
    known: dict[PackageName, PackageScope] = {}
    for name in package_order(context, texts, binaries):
        if (text := texts.get(name)) is not None:
            PackageResolver(context, text, known, resolve_world).resolve()
        else:
            # A binary package can be checked only if its dependencies are valid.
            _raise_if_any(context)
            graft(context, binaries[name], known)
    _raise_if_any(context)
    if main is None:
        raise WitgenError([Diagnostic("W0101", f"there is no package in `{tree.path}`", path=tree.path)])
    arena = context.arena
    return Resolve(
        tuple(arena.packages),
        tuple(arena.worlds),
        tuple(arena.interfaces),
        tuple(arena.types),
        context.package_ids[main],
        tuple(context.gated),
    )


def _raise_if_any(context: Context) -> None:
    if context.diagnostics:
        raise WitgenError(sorted(context.diagnostics, key=_position))


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return (diagnostic.path or "", 0) if span is None else (span.file.path, span.start)


# ---- Parsing and decoding


def _inputs(
    context: Context, tree: Tree
) -> tuple[dict[PackageName, PackageInput], dict[PackageName, BinaryInput], PackageName | None]:
    """Parse and decode all files; returns packages as text, binary packages, and the name of the main one."""
    main: PackageName | None = None
    texts: dict[PackageName, PackageInput] = {}
    binaries: dict[PackageName, BinaryInput] = {}
    for source in (tree.main, *tree.dependencies):
        if isinstance(source, SingleFile) and is_binary(source.data):
            _add_binary(context, source, texts, binaries)
            continue
        try:
            package, nested = _parse(context, source)
        except WitgenError as error:
            context.diagnostics.extend(error.diagnostics)
            continue
        if package is not None and source is tree.main:
            main = package.name
        for found in [*nested, *([package] if package is not None else [])]:
            if (known := texts.setdefault(found.name, found)) is not found:
                _duplicate(context, found.name, found.span, Label(known.span, "first defined here"))
            elif found.name in binaries:
                _duplicate(context, found.name, found.span, None, binaries[found.name].path)
    return texts, binaries, main


def _library(context: Context, tree: Tree) -> Iterator[PackageInput]:
    """Parse the library; only text counts."""
    for source in tree.library:
        if isinstance(source, SingleFile) and is_binary(source.data):
            continue
        package, nested = _parse(context, source)
        yield from [*nested, *([package] if package is not None else [])]


def _parse(context: Context, source: Folder | SingleFile) -> tuple[PackageInput | None, list[PackageInput]]:
    parsed: list[tuple[SourceFile, ast.File]] = []
    files = source.files if isinstance(source, Folder) else (decode_text(source.path, source.data),)
    for file in files:
        try:
            parsed.append((file, parse_text(file.text)))
        except WitSyntaxError as error:
            from ..syntax.recovery import syntax_errors  # noqa: PLC0415 - only where something is wrong

            for each in syntax_errors(file.text, error):
                context.error(each.code, each.message, Span(file, each.start, each.end), help=each.help)
    # A file with syntax errors may hold the header and any of the names: problems that follow are not reported.
    return packages_of(context, source.path, parsed) if len(parsed) == len(files) else (None, [])


def _add_binary(
    context: Context,
    source: SingleFile,
    texts: dict[PackageName, PackageInput],
    binaries: dict[PackageName, BinaryInput],
) -> None:
    from ..binary import decode_package  # noqa: PLC0415 - slow to load, and most trees have nothing to decode

    try:
        decoded = decode_package(source.data, source.path)
    except WitgenError as error:
        context.diagnostics.extend(error.diagnostics)
        return
    name = decoded.packages[decoded.main].name
    if name in texts:
        _duplicate(context, name, texts[name].span, None, source.path)
    elif name in binaries and binaries[name].data != source.data:
        _duplicate(context, name, None, None, source.path, binaries[name].path)
    else:
        binaries[name] = BinaryInput(decoded, source.path, source.data)


def _duplicate(context: Context, name: PackageName, span: Span | None, first: Label | None, *paths: str) -> None:
    context.error(
        "W0106",
        f"package `{name}` is defined more than once",
        span,
        labels=[first] if first is not None else [],
        note="it is also in " + " and ".join(f"`{path}`" for path in paths) if paths else None,
        path=paths[0] if paths else None,
    )
