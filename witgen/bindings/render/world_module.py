"""`host/<world>.py`: the world's class, its imports container, and how they are linked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property

from ...base.frozen import frozen, replace
from ..facts.support import Side, has_stream
from ..facts.types import FunctionFacts
from ..facts.world import Link, WorldFacts
from .annotations import WORLD_EXPORTS, Annotations, Bases, private
from .displays import literal
from .docs import paragraphs, wrapped
from .env import render_template
from .host_module import HostScope, wit_identity
from .host_names import host_names
from .module import module_view
from .resources import declared_resources
from .scope import supported
from .signature import Signature, called, implemented

__all__ = ["render_host_world"]

_ON_A_THREAD = "every function is a coroutine, and the component runs on a separate thread."
_AWAITED = wrapped(
    "What methods of the host return is awaited where it can be, on the loop that opened the world. Cancelling a call"
    " stops the component."
)


@frozen
class Field:
    """A field of the imports container."""

    name: str
    annotation: str
    either: str
    """The annotation in the container for the asyncio API."""
    default: str
    doc: str


@frozen
class LinkView:
    """An entry of the world's definition."""

    attribute: str
    table: str
    module: str
    native: bool
    label: str = ""

    def expression(self, host: str) -> str:
        """Return the entry as code; `host` is the local name of the runtime."""
        native = ", native=True" if self.native else ""
        label = f", label={literal(self.label)}" if self.label else ""
        return f"{host}.Import({literal(self.attribute)}, {self.table}, {self.module}{native}{label})"


@frozen
class Exported:
    """An exported interface: attribute of the world, class."""

    attribute: str
    python: str
    async_class: str
    """The class in the asyncio API."""
    label: str
    """The label under which it is exported, if not its own name."""


class _World:
    """The parts of a world's host module."""

    def __init__(self, facts: WorldFacts) -> None:
        self.facts = facts
        self.names = names = host_names(facts, facts.own)
        self.own = [names.own, names.async_class, names.container, names.async_container, *names.twins.values()]
        self.scope = HostScope(facts, facts.own, WORLD_EXPORTS, self.own)
        self.imports = self.scope.imports

    @property
    def abi(self) -> str:
        """The local name of the world's own descriptors."""
        return self.imports.module(".._abi", self.facts.own.module, "_abi")

    def table(self, link: Link) -> str:
        """Return the expression for an interface's descriptor."""
        return f"{self.imports.module('.._abi', link.scope.module, f'_{link.scope.module}_abi')}.INTERFACE"

    def links(self) -> Iterator[LinkView]:
        """Yield the definition's entries: every interface that has functions or resources, then the world itself."""
        for link in self.facts.imports:
            resources = bool(declared_resources(self.facts, link.scope))
            if resources or link.scope.free:
                module = self.imports.module(".", link.scope.module)
                yield LinkView(link.attribute, self.table(link), module, link.native, link.label)
        own_resources = bool(self.scope.resources)
        if self.facts.imported or own_resources:
            module = "None"
            if own_resources:
                module = f"{self.imports.module('', 'sys')}.modules[__name__]"
            yield LinkView("", f"{self.abi}.IMPORTS", module, native=False)

    def fields(self) -> Iterator[Field]:
        """Yield the fields of the imports container."""
        for link in self.facts.imports:
            if (field := self._field(link)) is not None:
                yield field
        for id, fact in self.scope.resources:
            plain, doc = private(fact.name), f"The class that implements `{fact.name}`."
            of = self._contained.builtin("type")
            yield Field(fact.name, f"{of}[{plain}]", f"{of}[{plain} | {self.names.twins[id]}]", "", doc)
        for function in self._callables():
            yield self._callable_field(function)

    @cached_property
    def _contained(self) -> Annotations:
        """Annotations of the fields of the imports container."""
        annotations = self.scope.annotations(self._callables(), holds_resources=True)
        attributes = (link.attribute for link in self.facts.imports)
        return dataclasses.replace(annotations, shadowed={*annotations.shadowed, *attributes})

    def _field(self, link: Link) -> Field | None:
        """Return the field of an interface; None if it cannot or need not be implemented."""
        names = host_names(self.facts, link.scope)
        resources = declared_resources(self.facts, link.scope)
        if not (link.scope.free or resources) or (link.native and resources):
            return None
        module = self.imports.module(".", link.scope.module)
        single = len(resources) == 1 and not link.scope.free
        if single:
            id, fact = resources[0]
            of = self._contained.builtin("type")
            plain = f"{of}[{module}.{fact.name}]"
            either = f"{of}[{module}.{fact.name} | {module}.{names.twins[id]}]"
        else:
            plain = f"{module}.{names.own}"
            either = f"{plain} | {module}.{names.async_class}"
        host, identity = self.scope.host, wit_identity(self.imports, link.scope)
        exported = f"{host}.ExportedInterface[{identity}]"
        plain = f"{plain} | {exported}"
        either = f"{either} | {exported} | {host}.AsyncExportedInterface[{identity}]"
        kind, default = "The class that implements" if single else "Implements", ""
        if link.native:
            kind, default = "wasmtime's own unless given: implements", " | None = None"
        return Field(link.attribute, plain, either, default, f"{kind} `{link.scope.title}`.")

    def _callable_field(self, function: FunctionFacts) -> Field:
        plain, awaited = (
            implemented(self.facts, function, dataclasses.replace(self._contained, bases=bases))
            for bases in (Bases.PLAIN, Bases.ASYNC)
        )
        callable_, awaitable = (self.imports.name("collections.abc", name) for name in ("Callable", "Awaitable"))
        annotation = plain.callable(callable_)
        return Field(plain.name, annotation, f"{annotation} | {awaited.callable(callable_, awaitable)}", "", plain.doc)

    def interfaces(self) -> Iterator[Exported]:
        """Yield the exported interfaces that have something to call."""
        for link in self.facts.exports:
            module = self.imports.module(".exports", link.scope.module, f"_exported_{link.scope.module}")
            names = host_names(self.facts, link.scope)
            yield Exported(link.attribute, f"{module}.{names.own}", f"{module}.{names.async_class}", link.label)

    @property
    def has_streams(self) -> bool:
        """Return whether functions have streams or futures, including functions that are left out."""
        resolve, scopes = self.facts.resolve, self.facts.scopes.values()
        return any(has_stream(resolve, each.function) for scope in scopes for each in scope.functions)

    def exported_tables(self) -> Iterator[str]:
        """Yield the descriptors of the world's exports."""
        if self.facts.exported:
            yield f"{self.abi}.EXPORTS"
        for link in self.facts.exports:
            yield (
                f"{self.scope.host}.labelled({self.table(link)}, {literal(link.label)})"
                if link.label
                else self.table(link)
            )

    def signatures(self, bases: Bases) -> list[Signature]:
        """Return the signatures of the world's own exported functions that the runtime can call."""
        functions = supported(self.facts, self.facts.exported, Side.HOST_EXPORT)
        annotations = self.own_annotations(bases)
        return [self._beside_own(called(self.facts, function, annotations)) for function in functions]

    def _beside_own(self, signature: Signature) -> Signature:
        """Append `_` to a function called like something that the world's class offers."""
        return replace(signature, name=signature.name + "_") if signature.name in self.facts.own_names else signature

    def own_annotations(self, bases: Bases) -> Annotations:
        """Return annotations for the body of the world's class."""
        return self.scope.annotations(supported(self.facts, self.facts.exported, Side.HOST_EXPORT), bases=bases)

    def _callables(self) -> tuple[FunctionFacts, ...]:
        free = (f for f in self.facts.imported if f.function.kind.resource is None)
        return supported(self.facts, free, Side.HOST_IMPORT)


def render_host_world(facts: WorldFacts, adapters: str) -> tuple[str, list[str]]:
    """Return the world's host module and the names it offers; `adapters` are those that it gets by default."""
    world = _World(facts)
    scope, names = world.scope, world.names
    resources, async_bases = tuple(scope.views("Resource")), tuple(scope.async_bases())
    fields, links = list(world.fields()), list(world.links())
    signatures, awaited = world.signatures(Bases.PLAIN), world.signatures(Bases.EITHER)
    offered = [*scope.offered(), *(name for name in world.own if fields or name != names.async_container)]
    doc = facts.world.docs.contents if facts.world.docs else f"World `{facts.title}`."
    summary = f"Run components of world `{facts.title}`."
    text = render_template(
        "world.py.jinja",
        module=module_view(facts, facts.own, doc=summary, imports=world.imports, exported=offered),
        host=scope.host,
        abi=world.abi if signatures else "",
        dataclass=world.imports.name("dataclasses", "dataclass"),
        self_type=world.imports.name("typing", "Self"),
        unpack=world.imports.name("typing", "Unpack"),
        classmethod=world.own_annotations(Bases.PLAIN).builtin("classmethod"),
        callable=world.imports.name("collections.abc", "Callable") if signatures or facts.answers_http else "",
        answers_http=facts.answers_http,
        needs_imports=not all(field.default for field in fields),
        abstractmethod=world.imports.name("abc", "abstractmethod") if any(r.functions for r in resources) else "",
        resources=resources,
        async_bases=async_bases,
        aliases=scope.aliases,
        names=names,
        title=facts.title,
        doc=doc,
        face_doc=paragraphs(f"`{names.own}` for asyncio: {_ON_A_THREAD}", doc, _AWAITED),
        fields=fields,
        links=[link.expression(scope.host) for link in links],
        exports=list(world.exported_tables()),
        streams=", streams=True" if world.has_streams else "",
        adapters="" if adapters == "auto" else f", adapters={literal(adapters)}",
        interfaces=list(world.interfaces()),
        functions=signatures,
        awaited=awaited,
    )
    return text, offered
