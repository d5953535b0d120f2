"""`guest/testing/`: fakes of a world's imports, typed per function, and the guest as tests call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.support import Side
from ..facts.types import FunctionFacts
from ..facts.wasi import POLL, wasi_interface
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import Annotations, Place
from .docs import paragraphs
from .env import render_template
from .function_docs import function_doc
from .imports import Imports
from .module import module_view
from .resources import declared_resources, resource_names
from .scope import supported

__all__ = ["render_guest_fake", "render_guest_testing"]

_PLACE = Place("...", ".")


@frozen
class _Function:
    """The fake of a function: attribute, descriptor, the types of arguments, answer and error, documentation."""

    attribute: str
    constant: str
    types: tuple[str, ...]
    doc: str


@frozen
class _Resource:
    """A resource: the class of its objects, the class of its fake, the functions of that."""

    name: str
    fake: str
    constant: str
    bases: tuple[str, ...]
    wit: str
    functions: tuple[_Function, ...]


class _Module:
    """The parts of one scope's fakes."""

    def __init__(self, facts: WorldFacts, scope: ScopeFacts) -> None:
        self.facts = facts
        self.scope = scope
        self.own = scope.owner.world is not None
        functions = facts.imported if self.own else scope.functions
        self.functions = supported(facts, functions, Side.GUEST_IMPORT)
        self.declared = () if self.own and not self.functions else declared_resources(facts, scope)
        names = {fact.name for _, fact in self.declared}
        self.fake = _free("Fake", names)
        self.imports = Imports([*names, *(_free(f"_{name}", names) for name in names), self.fake])
        self.reexported, self.aliases = resource_names(facts, scope, self.imports, _PLACE)
        self._annotations = Annotations(facts, self.imports, _PLACE, scope.module)

    def views(self, functions: Sequence[FunctionFacts]) -> tuple[_Function, ...]:
        """Return the fakes of functions that are attributes of one object."""
        taken = {function.name for function in functions}
        return tuple(self._view(function, taken) for function in functions)

    def _view(self, function: FunctionFacts, taken: set[str]) -> _Function:
        kind = function.function.kind
        types = [self._annotations.exact(param.type) for param in function.wit_params]
        constructor = kind.tag is ir.FunctionKindTag.CONSTRUCTOR
        if kind.resource is not None and kind.tag is ir.FunctionKindTag.METHOD:
            types.insert(0, self.facts.type(kind.resource).name)
        answer = self._annotations.accepted(function.ok) if function.ok is not None else "None"
        if constructor and kind.resource is not None:
            answer = self.facts.type(kind.resource).name
        name = _free("constructor", taken) if constructor else function.name
        doc = function_doc(self.facts, function)
        return _Function(name, function.constant, (*types, answer, self._error(function)), doc)

    def _error(self, function: FunctionFacts) -> str:
        """Return the class of the errors that the function declares."""
        if function.error is None:
            return self.imports.name("typing", "Never")
        return self.imports.name(f"...types.{self.facts.scopes[function.error.owner].module}", function.error.name)

    def resources(self, runtime: str) -> Iterator[_Resource]:
        """Yield the resources that the scope declares."""
        names = {fact.name for _, fact in self.declared}
        marked = self.facts.marked_resources(self.scope)
        for id, fact in self.declared:
            members = [f for f in self.functions if f.function.kind.resource == id]
            wit = self.facts.wit_name(fact)
            bases = [f"{runtime}.{'Pollable' if self._is_pollable(wit) else 'Object'}"]
            if fact in marked:
                bases.append(f"{self.imports.module('...types', self.scope.module, '_types')}.{fact.name}")
            fake = _free(f"_{fact.name}", names)
            yield _Resource(fact.name, fake, fact.constant, tuple(bases), wit, self.views(members))

    def _is_pollable(self, name: str) -> bool:
        return name == "pollable" and wasi_interface(self.scope.instance) == POLL

    def free(self) -> tuple[_Function, ...]:
        """Return the functions of the interface itself; they stand beside its resources."""
        return self.views([f for f in self.functions if f.function.kind.resource is None])


def _free(name: str, taken: set[str]) -> str:
    """Return a name that WIT has not given to something else."""
    while name in taken:
        name += "_"
    return name


def render_guest_fake(facts: WorldFacts, scope: ScopeFacts) -> str | None:
    """Return the fakes of one imported interface (or of the world's own imports), None where nothing is called."""
    builder = _Module(facts, scope)
    if not builder.functions and not builder.declared and not builder.reexported:
        return None
    runtime = builder.imports.module("..._runtime.testing", "fakes", "_fakes")
    resources = tuple(builder.resources(runtime))
    exported = [*builder.reexported, *(r.name for r in resources), *(alias.name for alias in builder.aliases)]
    doc = f"Fake of `{scope.title}`, for tests of guests."
    return render_template(
        "guest_fake.py.jinja",
        module=module_view(facts, scope, doc=doc, imports=builder.imports, exported=[*exported, builder.fake]),
        fakes=runtime,
        abi=builder.imports.module("..._abi", scope.module, "_abi"),
        table="IMPORTS" if builder.own else "INTERFACE",
        fake=builder.fake,
        title="the functions that the world itself imports" if builder.own else f"`{scope.title}`",
        resources=resources,
        aliases=builder.aliases,
        functions=builder.free(),
    )


@frozen
class _Attribute:
    """An attribute of the world's fakes: its name, its constructor, its interface."""

    name: str
    value: str
    title: str


def render_guest_testing(facts: WorldFacts, *, host: bool) -> str | None:
    """Return the entry points of tests.

    Args:
        facts: the world.
        host: whether the output has a host side, so that tests can run components.
    """
    imports = Imports(["Fakes", "Guest", "installed", "opened", *_OFFERED])
    attributes = list(_fakes(facts, imports))
    exports: list[str] = []
    for link in facts.exports:
        table = imports.module("..._abi", link.scope.module, f"_{link.scope.module}_abi")
        exports.append(f"{link.attribute}={table}.INTERFACE")
    if facts.exported:
        table = imports.module("..._abi", facts.own.module, f"_{facts.own.module}_abi")
        exports.insert(0, f"{table}.EXPORTS")
    if not attributes and not exports:
        return None
    values: dict[str, object] = {
        "fakes": imports.module("..._runtime.testing", "fakes", "_fakes"),
        "iterator": imports.name("collections.abc", "Iterator"),
        "title": facts.title,
        "attributes": attributes,
        "exports": exports,
        "world": facts.name if host else "",
    }
    names = ["Fakes", "installed", *(imports.reexport("..._runtime.testing", name, name) for name in _OFFERED)]
    if exports:
        values |= _opening(imports, host=host)
        names += ["Guest", "opened"]
    doc = paragraphs(
        f"Unit tests of guests of world `{facts.title}`.", "Fakes of what it imports, and the guest as hosts call it."
    )
    module = module_view(facts, facts.own, doc=doc, imports=imports, exported=names)
    return render_template("guest_testing.py.jinja", module=module, **values)


_OFFERED = ("Call", "GuestExit", "Trap", "calls")
"""Names that the runtime offers to tests."""


def _opening(imports: Imports, *, host: bool) -> dict[str, object]:
    """Return the parts of `opened`."""
    typed = ("TYPE_CHECKING", "cast") if host else ("Any",)
    return {
        "trial": imports.module("..._runtime.testing", "trial", "_trial"),
        "contextmanager": imports.name("contextlib", "contextmanager"),
        "generator": imports.name("collections.abc", "Generator"),
        "path": imports.name("pathlib", "Path"),
        **{name.lower(): imports.name("typing", name) for name in typed},
    }


def _fakes(facts: WorldFacts, imports: Imports) -> Iterator[_Attribute]:
    for scope in (*(link.scope for link in facts.imports), facts.own):
        builder = _Module(facts, scope)
        if builder.functions or builder.declared:
            module = imports.module(".", scope.module, f"_{scope.module}")
            title = "the functions that the world itself imports" if builder.own else f"`{scope.title}`"
            yield _Attribute(scope.module, f"{module}.{builder.fake}", title)
