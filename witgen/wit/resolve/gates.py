"""Feature gates (WIT.md, "Feature gates") and external names."""

from __future__ import annotations

from ...base.source import SourceFile, Span
from ..model.ir import PackageName, Stability, Stable, Unstable
from ..syntax import ast
from .context import Context, Off
from .versions import version_key

__all__ = ["external_id", "gate", "stability"]


def external_id(context: Context, file: SourceFile, attributes: tuple[ast.Attribute, ...]) -> str | None:
    """Return the item's external name; having two is an error."""
    found = [attribute for attribute in attributes if isinstance(attribute, ast.ExternalId)]
    for extra in found[1:]:
        context.error("W0403", "`@external-id` is given more than once", Span(file, extra.start, extra.end))
    return found[0].value if found else None


def stability(context: Context, file: SourceFile, attributes: tuple[ast.Attribute, ...]) -> Stability:
    """Return the item's stability according to its attributes; contradictions are errors."""
    if not attributes:
        return None
    gates: dict[type[ast.Attribute], ast.Attribute] = {}
    for attribute in attributes:
        if isinstance(attribute, ast.ExternalId):
            continue
        clash = _clash(gates, attribute)
        if clash is not None:
            context.error("W0403", clash, Span(file, attribute.start, attribute.end))
            continue
        gates[type(attribute)] = attribute
    return _combine(context, file, gates)


def _clash(gates: dict[type[ast.Attribute], ast.Attribute], new: ast.Attribute) -> str | None:
    if type(new) in gates:
        return f"`@{type(new).__name__.lower()}` is given more than once"
    if not isinstance(new, ast.Deprecated) and (ast.Since in gates or ast.Unstable in gates):
        return "an item is either `@since` a version or `@unstable`, not both"
    return None


def _combine(context: Context, file: SourceFile, gates: dict[type[ast.Attribute], ast.Attribute]) -> Stability:
    deprecated = gates.get(ast.Deprecated)
    version = deprecated.version if isinstance(deprecated, ast.Deprecated) else None
    since, unstable = gates.get(ast.Since), gates.get(ast.Unstable)
    if isinstance(since, ast.Since):
        return Stable(since.version, version)
    if isinstance(unstable, ast.Unstable):
        return Unstable(unstable.feature, version)
    if deprecated is not None:
        span = Span(file, deprecated.start, deprecated.end)
        context.error("W0403", "`@deprecated` needs a `@since` or `@unstable` beside it", span)
    return None


def gate(context: Context, package: PackageName, stability: Stability, span: Span) -> Off | None:
    """Return why the item's gate leaves it out; None if active. A wrong version is an error on the item's name."""
    if isinstance(stability, Unstable):
        on = context.all_features or stability.feature in context.features
        return None if on else Off(stability.feature, span)
    if isinstance(stability, Stable):
        _check_since(context, package, stability.since, span)
    return None


def _check_since(context: Context, package: PackageName, since: str, span: Span) -> None:
    if package.version is None:
        context.error(
            "W0401",
            f"`@since` needs a package with a version, and `{package}` has none",
            span,
            help=f"give the package one: `package {package}@{since};`",
        )
    elif version_key(since) > version_key(package.version):
        context.error(
            "W0401",
            f"`@since(version = {since})` is later than the version of its package, `{package}`",
            span,
            help="raise the version of the package, or gate the item with `@unstable(feature = …)`",
        )
