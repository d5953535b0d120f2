"""Packages, each after those it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...base.source import Span
from ..model.ir import PackageName
from ..syntax import ast
from .context import Context
from .cycles import report_package_cycle
from .inputs import BinaryInput, PackageInput, package_name
from .versions import version_key

__all__ = ["needed_by", "package_order"]

_Edges = dict[PackageName, list[tuple[PackageName, "Span | None"]]]


def package_order(
    context: Context, texts: Mapping[PackageName, PackageInput], binaries: Mapping[PackageName, BinaryInput]
) -> list[PackageName]:
    """Order the packages so that each follows those it needs; packages on a cycle, an error, are left out."""
    edges: _Edges = {name: list(needed_by(package)) for name, package in texts.items()}
    providers: dict[PackageName, list[PackageName]] = {}
    for name, binary in binaries.items():
        used = [package.name for package in binary.decoded.packages if package.name != name]
        edges[name] = [(needed, None) for needed in used]
        for needed in used:
            providers.setdefault(needed, []).append(name)
    # A package that only binary packages know comes with them.
    for needed in texts:
        for target, span in list(edges[needed]):
            if target not in edges:
                edges[needed] += [(provider, span) for provider in providers.get(target, ())]
    done: dict[PackageName, None] = {}
    for root in sorted(edges, key=_sort_key):
        if root not in done and not _visit(context, root, edges, done):
            break
    return list(done)


def _visit(context: Context, root: PackageName, edges: _Edges, done: dict[PackageName, None]) -> bool:
    """Add `root` after all it needs; False, with the cycle noted, if that leads back to one of them."""
    stack = [(root, iter(edges[root]))]
    path: dict[PackageName, Span | None] = {}
    while stack:
        name, rest = stack[-1]
        for needed, span in rest:
            if needed in path or needed == root:
                report_package_cycle(context, root, needed, span, path)
                return False
            if needed in edges and needed not in done:
                path[needed] = span
                stack.append((needed, iter(edges[needed])))
                break
        else:
            stack.pop()
            path.pop(name, None)
            done[name] = None
    return True


def _sort_key(name: PackageName) -> tuple[object, ...]:
    version = () if name.version is None else (version_key(name.version),)
    return name.namespace, name.name, version


def needed_by(package: PackageInput) -> Iterator[tuple[PackageName, Span]]:
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
        externs = [item for item in decl.items if isinstance(item, ast.Extern)]
        yield from (item.path for item in decl.items if isinstance(item, ast.UseDecl | ast.IncludeDecl))
        # A world's imports before its exports, as wasm-tools reads them: packages are numbered in this order.
        for extern in sorted(externs, key=lambda extern: not extern.is_import):
            yield from _extern_paths(extern)


def _extern_paths(extern: ast.Extern) -> Iterator[ast.Path]:
    target = extern.target
    if isinstance(target, ast.LocalPath | ast.PackagePath):
        yield target
    elif isinstance(target, ast.InlineInterface):
        yield from (item.path for item in target.items if isinstance(item, ast.UseDecl))
