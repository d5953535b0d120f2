"""Finds colliding class names: chosen names that other classes have, and names of Python's builtins."""

from __future__ import annotations

from collections.abc import Iterator

from ...base.frozen import frozen
from ...base.source import Span
from ...diagnostics.model import Diagnostic, Severity
from ...wit.model import ir
from ..facts.names import BUILTINS, class_name
from ..facts.renaming import Problem, function_path
from ..facts.types import TypeFacts, is_used
from ..facts.world import ScopeFacts, WorldFacts
from .host_names import host_names

__all__ = ["clashes", "hiding"]


@frozen
class _Class:
    """A class of a scope, its meaning, and its key in `names`.

    `chosen` is whether the key is present, `wanted` the name of the class if no other has it. `own` is the name of the
    type or the exception of the key. `brought` is whether `use` brings it in under the same name.
    """

    name: str
    what: str
    key: str
    chosen: bool
    wanted: str
    own: str
    span: Span | None
    brought: bool = False


def clashes(facts: WorldFacts) -> Iterator[Problem]:
    """Yield a problem for every chosen name that would give two classes of a scope one name."""
    for scope in facts.scopes.values() if facts.renames.keys else ():
        known: dict[str, _Class] = {}
        reported: set[str] = set()
        for each in (*_classes(facts, scope), *_host_classes(facts, scope)):
            other = known.setdefault(each.wanted, each)
            chosen = each if each.chosen else other
            if other.what != each.what and chosen.chosen and chosen.key not in reported:
                reported.add(chosen.key)
                message = f"`{each.wanted}` would be the class of {other.what} and of {each.what} in `{scope.title}`"
                yield ("names", chosen.key), Diagnostic("W0912", message, help="choose another name")


def hiding(facts: WorldFacts) -> Iterator[Diagnostic]:
    """Yield a warning for every class with the name of a Python builtin."""
    for scope in facts.scopes.values():
        classes = list(_classes(facts, scope))
        taken = {each.name for each in classes} | BUILTINS
        for each in classes:
            if each.name in BUILTINS and not each.brought:
                message = f"{each.what} is called `{each.name}` in Python, which has a `{each.name}` itself"
                line = f'"{each.key}" = "{_other(each.own, taken)}"'
                remedy = (
                    f"write `{line}` into `[tool.witgen.names]`; or import the module, or `{each.name} as …`: "
                    f"after `import {each.name}` an `except` means this one"
                )
                yield Diagnostic("W0705", message, each.span, help=remedy, severity=Severity.WARNING)


def _other(name: str, taken: set[str] | frozenset[str]) -> str:
    """Return another name for a class."""
    stem = name.removesuffix("Error")
    other = f"{stem}Failure" if stem and stem != name else f"{name}Value"
    while other in taken:
        other += "X"
    return other


def _classes(facts: WorldFacts, scope: ScopeFacts) -> Iterator[_Class]:
    """Yield the classes of a scope's types and errors."""
    for fact in scope.types.values():
        yield from _of_type(facts, scope, fact)
    for each in scope.functions:
        if each.error is not None and each.error.own:
            function = each.function
            key, name = f"{scope.title}.{function_path(function)}", each.error.name
            chosen = facts.renames.keys.get((scope.owner, function.name))
            what = f"the error of `{function.name}`"
            yield _Class(name, what, chosen or key, chosen is not None, _wanted(name), name, function.span)


def _wanted(name: str) -> str:
    """Return the name of a class before collisions were resolved; `None_` stays."""
    return name.rstrip("_")


def _of_type(facts: WorldFacts, scope: ScopeFacts, fact: TypeFacts) -> Iterator[_Class]:
    definition = facts.resolve.type_def(fact.id)
    origin = facts.renames.origin(facts.resolve, fact.id)
    key = facts.renames.keys.get(origin, "") if origin is not None else ""
    key = key or f"{scope.title}.{definition.name}"
    what = f"type `{definition.name}`"
    cases = fact.members if isinstance(definition.kind, ir.Variant) else ()
    brought = is_used(facts.resolve, fact.id) and _is_called_as_there(facts, definition, fact)
    for name in dict.fromkeys((fact.name, fact.exception or fact.name, *cases)):
        yield _Class(name, what, key, origin is not None, _wanted(name), fact.name, definition.span, brought)


def _is_called_as_there(facts: WorldFacts, definition: ir.TypeDef, fact: TypeFacts) -> bool:
    """Return whether the class of a type that `use` brings in has its original name."""
    kind = definition.kind
    if not isinstance(kind, ir.Alias) or not isinstance(kind.type, ir.TypeRef):
        return False
    return facts.type(kind.type.id).name == fact.name


def _host_classes(facts: WorldFacts, scope: ScopeFacts) -> Iterator[_Class]:
    """Yield the classes that stand for the scope itself, and the async ones beside its resources."""
    names = host_names(facts, scope)
    interface = None if scope.owner.interface is None else facts.resolve.interfaces[scope.owner.interface]
    what = "the world itself" if interface is None else "the interface itself"
    own = facts.name if interface is None else class_name(interface.name or scope.instance)
    for name in filter(None, (own, names.async_class, names.container, names.async_container)):
        yield _Class(name, what, "", chosen=False, wanted=_wanted(name), own=name, span=None)
    for id, name in names.twins.items():
        found = next(_of_type(facts, scope, scope.types[id]))
        yield _Class(name, f"the async {found.what}", found.key, found.chosen, _wanted(name), found.own, None)
