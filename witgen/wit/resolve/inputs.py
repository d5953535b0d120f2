"""Parsed files to packages: which declarations belong to which package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...base.frozen import frozen
from ...base.source import SourceFile, Span
from ...diagnostics.model import Label
from ..model.ir import PackageName, Resolve
from ..syntax import ast
from .context import Context

__all__ = ["BinaryInput", "PackageInput", "Unit", "package_name", "packages_of"]


@frozen
class Unit:
    """The declarations of one file, or of one nested package: they share the names of their top-level `use`s."""

    file: SourceFile
    declarations: tuple[ast.Declaration, ...]


@frozen
class PackageInput:
    """One package before resolving."""

    name: PackageName
    span: Span
    docs: str | None
    units: tuple[Unit, ...]


@frozen
class BinaryInput:
    """One package in binary form, decoded."""

    decoded: Resolve
    path: str
    data: bytes


@dataclass(slots=True)
class _Header:
    name: PackageName
    span: Span
    docs: tuple[str, Span] | None


def package_name(id: ast.PackageId) -> PackageName:
    """Return the name that a header or path spells."""
    return PackageName(id.namespace.name, id.name.name, id.version.text if id.version is not None else None)


def packages_of(
    context: Context, path: str, files: list[tuple[SourceFile, ast.File]]
) -> tuple[PackageInput | None, list[PackageInput]]:
    """Return the package that the files of one folder (or one file) make up, and those nested in them."""
    header: _Header | None = None
    for file, tree in files:
        if tree.header is not None:
            header = _merge_header(context, header, file, tree.header)
    nested = [package for file, tree in files for package in _nested(file, tree)]
    if header is None:
        context.error(
            "W0101",
            f"no `package` header was found in `{path}`" if files else f"there are no `.wit` files in `{path}`",
            None,
            help="begin a file with `package namespace:name;`",
            path=path,
        )
        return None, nested
    units = tuple(Unit(file, tree.declarations) for file, tree in files)
    docs = header.docs[0] if header.docs is not None else None
    return PackageInput(header.name, header.span, docs, units), nested


def _merge_header(context: Context, known: _Header | None, file: SourceFile, new: ast.PackageHeader) -> _Header:
    name = package_name(new.id)
    span = Span(file, new.id.start, new.id.end)
    docs = (new.docs, Span(file, new.docs_start, new.id.start)) if new.docs is not None else None
    if known is None:
        return _Header(name, span, docs)
    if name != known.name:
        context.error(
            "W0102",
            f"this file belongs to `{name}`, but other files of its folder belong to `{known.name}`",
            span,
            labels=[Label(known.span, "the other package")],
            help="the files of one folder make one package: move this one to a separate folder under deps/",
        )
    elif docs is not None:
        if known.docs is not None:
            context.error(
                "W0105",
                "only one `package` header of a package can have documentation",
                docs[1],
                labels=[Label(known.docs[1], "the other documentation")],
            )
        known.docs = known.docs or docs
    return known


def _nested(file: SourceFile, tree: ast.File) -> Iterator[PackageInput]:
    for package in tree.packages:
        span = Span(file, package.id.start, package.id.end)
        yield PackageInput(package_name(package.id), span, package.docs, (Unit(file, package.declarations),))
