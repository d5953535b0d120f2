"""Files to IR: read, parse, resolve."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from ..diagnostics import Diagnostic, Label
from ..errors import WitError
from ..model.ir import PackageName, Resolve
from ..source import SourceFile, Span
from ..syntax import ast
from ..syntax.errors import WitSyntaxError
from ..syntax.parser import parse_text
from ..tree import BinarySource, TextSource, Tree, read_tree
from .context import Context
from .cycles import report_package_cycle
from .inputs import PackageInput, package_name, packages_of
from .missing import MissingPackages
from .package import PackageResolver, PackageScope
from .versions import version_key

__all__ = ["load", "resolve_tree"]


def load(
    path: str | os.PathLike[str], *, features: Collection[str] = (), all_features: bool = False
) -> Resolve:
    """Resolve the WIT folder (with its deps/) or file at `path`.

    Items gated with `@unstable` are in if their feature is among `features`, or with `all_features`. Raises `WitError`
    with every problem, ordered by file and position.
    """
    return resolve_tree(read_tree(os.fspath(path)), features, all_features)


def resolve_tree(tree: Tree, features: Collection[str], all_features: bool) -> Resolve:
    """Resolve what was read."""
    context = Context(features, all_features)
    main, inputs = _inputs(context, tree)
    _raise_if_any(context)
    by_name = {package.name: package for package in inputs}
    context.missing = MissingPackages(tree, [*by_name])
    known: dict[PackageName, PackageScope] = {}
    for package in _in_order(context, by_name):
        resolver = PackageResolver(context, package, known)
        known[package.name] = resolver.resolve()
        context.package_ids[package.name] = resolver.id
    _raise_if_any(context)
    if main is None:
        raise WitError([Diagnostic("W0101", "there is no package", path=tree.path)])
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
        raise WitError(sorted(context.diagnostics, key=_position))


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return (diagnostic.path or "", 0) if span is None else (span.file.path, span.start)


# ---- Parsing


def _inputs(context: Context, tree: Tree) -> tuple[PackageName | None, list[PackageInput]]:
    """Parse all files; returns the name of the main package, and all packages, each name once."""
    main: PackageName | None = None
    inputs: dict[PackageName, PackageInput] = {}
    for source in (tree.main, *tree.dependencies):
        if isinstance(source, BinarySource):
            continue
        parsed = list(_parse(context, source))
        if len(parsed) < len(source.files):
            continue
        package, nested = packages_of(context, source.path, parsed)
        if package is not None and source is tree.main:
            main = package.name
        for found in [*nested, *([package] if package is not None else [])]:
            first = inputs.setdefault(found.name, found)
            if first is not found:
                context.error(
                    "W0106",
                    f"package `{found.name}` is defined more than once",
                    found.span,
                    labels=[Label(first.span, "first defined here")],
                )
    return main, list(inputs.values())


def _parse(context: Context, source: TextSource) -> Iterator[tuple[SourceFile, ast.File]]:
    for file in source.files:
        try:
            yield file, parse_text(file.text)
        except WitSyntaxError as error:
            context.error(error.code, error.message, Span(file, error.start, error.end), help=error.help)


# ---- Order


def _in_order(context: Context, packages: dict[PackageName, PackageInput]) -> list[PackageInput]:
    """Order packages so that each follows those it needs; a cycle is an error."""
    edges = {name: list(_dependencies(package)) for name, package in packages.items()}
    done: dict[PackageName, PackageInput] = {}
    for root in sorted(packages, key=_name_key):
        if root not in done and not _visit(context, root, packages, edges, done):
            _raise_if_any(context)
    return list(done.values())


def _visit(
    context: Context,
    root: PackageName,
    packages: dict[PackageName, PackageInput],
    edges: dict[PackageName, list[tuple[PackageName, Span]]],
    done: dict[PackageName, PackageInput],
) -> bool:
    stack = [(root, iter(edges[root]))]
    path: dict[PackageName, Span] = {}
    while stack:
        name, rest = stack[-1]
        for needed, span in rest:
            if needed in path or needed == root:
                report_package_cycle(context, root, needed, span, path)
                return False
            if needed in packages and needed not in done:
                path[needed] = span
                stack.append((needed, iter(edges[needed])))
                break
        else:
            stack.pop()
            path.pop(name, None)
            done[name] = packages[name]
    return True


def _name_key(name: PackageName) -> tuple[object, ...]:
    version = () if name.version is None else (version_key(name.version),)
    return name.namespace, name.name, version


def _dependencies(package: PackageInput) -> Iterator[tuple[PackageName, Span]]:
    """Yield the packages that paths of a package name, each once, with the first place."""
    seen: set[PackageName] = set()
    for unit in package.units:
        for path in _paths(unit.declarations):
            if isinstance(path, ast.PackagePath) and (name := package_name(path.package)) not in seen:
                seen.add(name)
                yield name, Span(unit.file, path.package.start, path.package.end)


def _paths(declarations: tuple[ast.Declaration, ...]) -> Iterator[ast.Path]:
    for decl in declarations:
        if isinstance(decl, ast.TopLevelUse):
            yield decl.path
            continue
        for item in decl.items:
            if isinstance(item, ast.UseDecl | ast.IncludeDecl):
                yield item.path
            elif isinstance(item, ast.Extern):
                yield from _extern_paths(item)


def _extern_paths(extern: ast.Extern) -> Iterator[ast.Path]:
    target = extern.target
    if isinstance(target, ast.LocalPath | ast.PackagePath):
        yield target
    elif isinstance(target, ast.InlineInterface):
        yield from (item.path for item in target.items if isinstance(item, ast.UseDecl))
