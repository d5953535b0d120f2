"""`host/`: base classes to implement for a component's imports, typed access to its exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...base.frozen import frozen, replace
from ...wit.model import ir
from ..facts.support import Side
from ..facts.types import FunctionFacts, TypeFacts
from ..facts.wasi import HOST_CLASSES
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import EXPORT_SIDE, IMPORT_SIDE, Annotations, Bases, Ends
from .displays import literal
from .docs import paragraphs
from .env import render_template
from .host_names import host_names
from .imports import Imports
from .module import module_view
from .resources import ResourceView, dropped_hook, resource_bases, resource_doc
from .scope import ModuleScope, supported
from .signature import Signature, called, implemented

__all__ = ["AsyncBase", "HostScope", "interface_class", "render_host_export", "render_host_import", "wit_identity"]


def interface_class(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the name of the class that stands for an interface itself."""
    return host_names(facts, scope).own


@frozen
class AsyncBase:
    """The class of a resource with coroutine methods; `of` is the one with plain methods."""

    name: str
    of: str
    doc: str
    bases: tuple[str, ...]
    functions: tuple[Signature, ...]
    awaitable: str = ""
    """The local name of Awaitable, if WIT declares a function called `dropped`."""

    @property
    def dropped_hook(self) -> str:
        """The name of the hook for handles that are dropped, where WIT declares `dropped` itself; or else empty."""
        return dropped_hook(self.functions) if self.awaitable else ""


_TO_IMPLEMENT = "for asyncio, to implement with coroutines"


class HostScope(ModuleScope):
    """The parts of one scope's host modules."""

    @property
    def host(self) -> str:
        """The local name of the runtime."""
        return self.imports.module(f"{self.place.up}_runtime", "host")

    def annotations(
        self, functions: Sequence[FunctionFacts], *, holds_resources: bool = False, bases: Bases = Bases.PLAIN
    ) -> Annotations:
        """Return annotations for a class body with `functions`, and with attributes named like the resources."""
        shadowed = {function.name for function in functions}
        if holds_resources:
            shadowed.update(fact.name for _, fact in self.resources)
        return Annotations(self.facts, self.imports, self.place, self.scope.module, shadowed, bases, Ends.READER)

    def signatures(
        self, functions: Sequence[FunctionFacts], *, holds_resources: bool = False, bases: Bases = Bases.PLAIN
    ) -> tuple[Signature, ...]:
        """Return the signatures of a class body: called on the export side, implemented on the import side."""
        functions = supported(self.facts, functions, Side.HOST_EXPORT if self.exporting else Side.HOST_IMPORT)
        annotations = self.annotations(functions, holds_resources=holds_resources, bases=bases)
        make = called if self.exporting else implemented
        return tuple(make(self.facts, function, annotations) for function in functions)

    def views(self, base: str, *, opaque: bool = False) -> Iterator[ResourceView]:
        """Yield the classes of the scope's own resources, derived from the runtime's `base`; opaque ones only exist."""
        for id, fact in self.resources:
            bases = resource_bases(self.facts, self.scope, fact, self.imports, self.place, f"{self.host}.{base}")
            functions = () if opaque else self.signatures(self.scope.of_resource(id))
            yield ResourceView(fact.name, fact.constant, resource_doc(self.facts, id), bases, functions)

    def async_bases(self) -> Iterator[AsyncBase]:
        """Yield the async bases of the scope's own resources, which the host implements."""
        for id, fact in self.resources:
            functions = self.signatures(self.scope.of_resource(id), bases=Bases.ASYNC)
            awaitable = self.imports.name("collections.abc", "Awaitable") if dropped_hook(functions) else ""
            yield self._twin(id, fact, "AsyncResource", functions, _TO_IMPLEMENT, awaitable)

    def proxies(self) -> Iterator[AsyncBase]:
        """Yield the classes that the asyncio API has for the scope's own resources, which the component implements."""
        for id, fact in self.resources:
            functions = self.signatures(self.scope.of_resource(id), bases=Bases.EITHER)
            taken = {function.name for function in functions}
            new = next(name for name in ("new" + "_" * count for count in range(len(taken) + 1)) if name not in taken)
            maker = self.annotations(self.scope.of_resource(id)).builtin
            renamed = (
                replace(each, name=new, decorator=maker("classmethod")) if each.kind == "constructor" else each
                for each in functions
            )
            yield self._twin(id, fact, "AsyncGuestResource", tuple(renamed), "for asyncio: every method is a coroutine")

    def _twin(
        self,
        id: ir.TypeId,
        fact: TypeFacts,
        base: str,
        functions: tuple[Signature, ...],
        made: str,
        awaitable: str = "",
    ) -> AsyncBase:
        bases = resource_bases(self.facts, self.scope, fact, self.imports, self.place, f"{self.host}.{base}")
        doc = paragraphs(f"`{fact.name}` {made}.", resource_doc(self.facts, id))
        name = host_names(self.facts, self.scope).twins[id]
        return AsyncBase(name, fact.name, doc, bases, functions, awaitable)


def _import_doc(interface: str, *, provided: bool) -> str:
    return (
        f"Resources of `{interface}`, which wasmtime provides."
        if provided
        else f"Implement `{interface}` for a component."
    )


def render_host_import(facts: WorldFacts, scope: ScopeFacts) -> str | None:
    """Return the module to implement one imported interface with, or None where there is nothing to implement."""
    names = host_names(facts, scope)
    builder = HostScope(facts, scope, IMPORT_SIDE, [names.own, names.async_class, *names.twins.values()])
    native = facts.is_native(scope)
    provided = HOST_CLASSES.get(scope.instance.partition("@")[0], ()) if native else ()
    resources = () if provided else tuple(builder.views("NativeResource" if native else "Resource", opaque=native))
    async_bases = () if native else tuple(builder.async_bases())
    declared = len(builder.resources)
    needs_class = bool(scope.free) and not declared if native else bool(scope.free or declared > 1)
    if not needs_class and not builder.offered():
        return None
    functions = builder.signatures(scope.free, holds_resources=True) if needs_class else ()
    exported = [*builder.offered(), *(each.name for each in async_bases)]
    groups = [functions, *(r.functions for r in resources)]
    return render_template(
        "host_import.py.jinja",
        module=module_view(
            facts,
            scope,
            doc=_import_doc(scope.title, provided=native and declared > 0),
            imports=builder.imports,
            exported=[*exported, *([names.own, names.async_class] if needs_class else [])],
        ),
        host=builder.host if declared or needs_class else "",
        native=native,
        provided=[(facts.chosen_names(scope).get(name, name), name) for name in provided],
        resources=resources,
        async_bases=async_bases,
        aliases=builder.aliases,
        abstractmethod=_abstractmethod(builder, native=native and not functions, groups=groups),
        interface=names.own if needs_class else None,
        type=builder.annotations(scope.free).builtin("type") if needs_class and declared else "",
        async_class=names.async_class,
        doc=paragraphs(_documented(scope)),
        face_doc=paragraphs(f"`{names.own}` {_TO_IMPLEMENT}.", _documented(scope)),
        functions=functions,
        awaited=builder.signatures(scope.free, holds_resources=True, bases=Bases.ASYNC) if needs_class else (),
    )


def render_host_export(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the module for one exported interface."""
    names = host_names(facts, scope)
    name, async_class = names.own, names.async_class
    builder = HostScope(facts, scope, EXPORT_SIDE, [name, async_class, *names.twins.values()])
    resources, proxies = tuple(builder.views("GuestResource")), tuple(builder.proxies())
    functions = builder.signatures(scope.free)
    abi = builder.imports.module("..._abi", scope.module, "_abi") if resources or functions else ""
    module = module_view(
        facts,
        scope,
        doc=f"Call what a component exports as `{scope.title}`.",
        imports=builder.imports,
        exported=[*builder.offered(), *(each.name for each in proxies), name, async_class],
    )
    return render_template(
        "host_export.py.jinja",
        module=module,
        host=builder.host,
        abi=abi,
        resources=resources,
        proxies=proxies,
        self_type=builder.imports.name("typing", "Self") if any(map(_constructs, proxies)) else "",
        aliases=builder.aliases,
        abstractmethod=_abstractmethod(builder, native=False, groups=[r.functions for r in resources]),
        callable=builder.imports.name("collections.abc", "Callable") if functions else "",
        interface=name,
        async_class=async_class,
        identity=wit_identity(builder.imports, scope),
        described=f", wit={abi}.INTERFACE" if abi else "",
        any=builder.imports.name("typing", "Any"),
        doc=paragraphs(_documented(scope)),
        face_doc=paragraphs(f"`{name}` for asyncio: every function is a coroutine.", _documented(scope)),
        functions=functions,
        awaited=builder.signatures(scope.free, bases=Bases.EITHER),
    )


def wit_identity(imports: Imports, scope: ScopeFacts) -> str:
    """Return the type that stands for an interface, in any version and whatever package has its bindings."""
    return f"{imports.name('typing', 'Literal')}[{literal(scope.instance.partition('@')[0])}]"


def _documented(scope: ScopeFacts) -> str:
    return scope.docs.contents if scope.docs else f"`{scope.title}`."


def _constructs(proxy: AsyncBase) -> bool:
    return any(function.kind == "constructor" for function in proxy.functions)


def _abstractmethod(builder: HostScope, *, native: bool, groups: Sequence[Sequence[Signature]]) -> str:
    needed = not native and any(groups)
    return builder.imports.name("abc", "abstractmethod") if needed else ""
