"""The first version of an application: everything that a world exports, to be filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...base.frozen import frozen
from ..facts.support import Side
from ..facts.types import FunctionFacts, is_used
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import Annotations, Place
from .env import render_template
from .guest_module import has_interface_class, serve_names
from .host_module import interface_class
from .imports import Imports
from .layout import formatted
from .resources import declared_resources
from .scope import supported
from .signature import Signature, implemented

__all__ = ["render_guest_skeleton"]

# Seen from beside the output: a relative import stands for one from the output, which `_absolute` names.
_INTERFACES = Place(".", ".guest.", ".guest.exports.")
_OWN = Place(".", ".guest.", ".guest.exports.", is_own=True)

_PUBLIC = {"._runtime.values": "._runtime", "._runtime.streams": "._runtime.guest"}
"""Where people import the names from that generated code takes from modules of the runtime."""


def render_guest_skeleton(facts: WorldFacts, package: str, runtime: str) -> str:
    """Return the text of an application whose functions all raise `NotImplementedError`.

    Args:
        facts: the world.
        package: the import name of the world's bindings.
        runtime: the import name of the runtime.
    """
    return formatted(_Skeleton(facts).text(package, runtime))


@frozen
class _Class:
    """A class of the application. `attributes` are the classes that it offers, by name."""

    name: str
    base: str
    attributes: tuple[tuple[str, str], ...]
    functions: tuple[Signature, ...]


class _PlainImports(Imports):
    """The imports of a module that people edit: each name comes from where it is public, or declared."""

    def __init__(self, facts: WorldFacts, defined: Iterable[str]) -> None:
        super().__init__(defined)
        self._declared = dict(_used_names(facts))
        self._exported = {link.scope.module for link in facts.exports}

    def name(self, module: str, name: str, alias: str | None = None) -> str:
        """Import a name, and return its local name."""
        room, _, last = module.rpartition(".")
        declared = self._declared.get((last, name))
        if declared is not None:
            room = ".guest" if room == ".guest.exports" and declared not in self._exported else room
            module = f"{room}.{declared}"
        return super().name(_PUBLIC.get(module, module), name, alias)


def _used_names(facts: WorldFacts) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the names that scopes have by `use`, each with the module of the scope that declares it."""
    for scope in facts.scopes.values():
        for id, fact in scope.types.items():
            if is_used(facts.resolve, id):
                declared = facts.resolve.dealias(id)
                if facts.type(declared).name == fact.name:
                    yield (scope.module, fact.name), facts.scope_of(declared).module


class _Skeleton:
    """The parts of the application. Names that it defines, or that its classes have, are no names of imports."""

    def __init__(self, facts: WorldFacts) -> None:
        self._facts = facts
        self._own, self._links = serve_names(facts)
        self._functions = {function.name for function, _ in self._own}
        scopes = [link.scope for link, _ in self._links]
        attributes = (
            fact.name
            for each in scopes
            if has_interface_class(facts, each)
            for _, fact in declared_resources(facts, each)
        )
        self._imports = _PlainImports(facts, ["NotImplementedError", *self._functions, *attributes])

    def text(self, package: str, runtime: str) -> str:
        """Return the module."""
        exports = self._imports.module(".guest", "exports", "exports")
        classes: list[_Class] = []
        arguments: list[str] = []
        for link, parameter in self._links:
            found = list(self._interface(link.scope))
            classes += found
            arguments.append(
                f"{parameter}={found[-1].name}{'()' if has_interface_class(self._facts, link.scope) else ''}"
            )
        own = self._signatures([function for function, _ in self._own], _OWN)
        return render_template(
            "guest_skeleton.py.jinja",
            doc=f"A component of world `{self._facts.title}`.",
            imports=[_absolute(line, package) for line in self._imports.lines(runtime)],
            classes=classes,
            functions=own,
            exports=exports,
            arguments=[*(f"{name}={function.name}" for function, name in self._own), *arguments],
        )

    def _interface(self, scope: ScopeFacts) -> Iterator[_Class]:
        """Yield the classes for an exported interface; the last one is what `serve` takes."""
        with_class = has_interface_class(self._facts, scope)
        resources = declared_resources(self._facts, scope)
        # Inside the class of the interface, its attributes hide the resources' bases.
        bases = {id: self._base(scope, fact.name, f"{fact.name}Base" if with_class else None) for id, fact in resources}
        attributes: list[tuple[str, str]] = []
        for id, fact in resources:
            name = self._imports.define(f"My{fact.name}")
            attributes.append((fact.name, name))
            yield _Class(name, bases[id], (), self._signatures(scope.of_resource(id)))
        if with_class:
            own = interface_class(self._facts, scope)
            base, name = self._base(scope, own), self._imports.define(f"My{own}")
            yield _Class(name, base, tuple(attributes), self._signatures(scope.free))

    def _base(self, scope: ScopeFacts, name: str, alias: str | None = None) -> str:
        return self._imports.name(f".guest.exports.{scope.module}", name, alias)

    def _signatures(self, functions: Iterable[FunctionFacts], place: Place = _INTERFACES) -> tuple[Signature, ...]:
        carried = supported(self._facts, functions, Side.GUEST_EXPORT)
        shadowed = self._functions.union(function.name for function in carried)
        annotations = Annotations(self._facts, self._imports, place, "", shadowed)
        return tuple(implemented(self._facts, function, annotations) for function in carried)


def _absolute(line: str, package: str) -> str:
    """Return an import statement with the name of the output in it."""
    return line.replace("from .", f"from {package}.", 1) if line.startswith("from .") else line
