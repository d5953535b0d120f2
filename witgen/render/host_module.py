"""`host/`: base classes to implement for what a component imports, typed access to what it exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..facts.names import Namespace, class_name
from ..facts.support import Side, obstacle
from ..facts.types import FunctionFacts, TypeFacts
from ..facts.world import ScopeFacts, WorldFacts
from ..model import ir
from .annotations import EXPORT_SIDE, IMPORT_SIDE, Annotations, Place
from .docs import paragraphs
from .env import render_template
from .imports import Imports
from .module import module_view
from .signature import Signature, called, implemented

__all__ = ["HostScope", "ResourceView", "interface_class", "render_host_export", "render_host_import"]


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource's class."""

    name: str
    constant: str
    doc: str
    bases: tuple[str, ...]
    functions: tuple[Signature, ...]
    dropped_hook: bool = False


def interface_class(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the name of the class that stands for an interface itself."""
    interface = facts.resolve.interfaces[scope.owner.interface or 0]
    name = class_name(interface.name or scope.instance)
    types = Namespace(fact.name for fact in scope.types.values())
    return name if name not in types else types.take(name + "Interface")


class HostScope:
    """What the host modules of one scope are made of; `place` tells import side from export side."""

    def __init__(self, facts: WorldFacts, scope: ScopeFacts, place: Place, extra_names: Sequence[str] = ()) -> None:
        self.facts = facts
        self.scope = scope
        self.place = place
        self.exporting = place.exported is not None
        self.resources = tuple(self._defined())
        self.imports = Imports([*(fact.name for _, fact in self.resources), *extra_names])
        self.host = self.imports.module(f"{place.up}_runtime", "host")
        self.reexported = list(self._reexport())

    def annotations(self, functions: Sequence[FunctionFacts]) -> Annotations:
        """Return annotations for a class body that holds `functions`."""
        shadowed = {function.name for function in functions}
        return Annotations(self.facts, self.imports, self.place, self.scope.module, shadowed)

    def supported(self, functions: Sequence[FunctionFacts]) -> tuple[FunctionFacts, ...]:
        """Return the functions that the host's runtime can carry."""
        side = Side.HOST_EXPORT if self.exporting else Side.HOST_IMPORT
        return tuple(f for f in functions if obstacle(self.facts.resolve, f.function, side) is None)

    def signatures(self, functions: Sequence[FunctionFacts]) -> tuple[Signature, ...]:
        """Return the signatures of a class body: called on the export side, implemented on the import side."""
        functions = self.supported(functions)
        annotations = self.annotations(functions)
        make = called if self.exporting else implemented
        return tuple(make(self.facts, function, annotations) for function in functions)

    def views(self, base: str) -> Iterator[ResourceView]:
        """Yield the classes of the scope's own resources, derived from the runtime's `base`."""
        marked = self.facts.marked_resources(self.scope)
        for id, fact in self.resources:
            definition = self.facts.resolve.type_def(id)
            doc = definition.docs.contents if definition.docs else f"`resource {definition.name}`."
            bases = [f"{self.host}.{base}"]
            if fact in marked:
                types = self.imports.module(f"{self.place.up}types", self.scope.module, "_types")
                bases.append(f"{types}.{fact.name}")
            functions = self.signatures(self.scope.of_resource(id))
            dropped = any(function.name == "dropped" for function in functions)
            yield ResourceView(fact.name, fact.constant, doc, tuple(bases), functions, dropped)

    def _defined(self) -> Iterator[tuple[ir.TypeId, TypeFacts]]:
        for id, fact in self.scope.types.items():
            if isinstance(self.facts.resolve.type_def(id).kind, ir.Resource):
                yield id, fact

    def _reexport(self) -> Iterator[str]:
        """Import the resources that the scope `use`s, under its own names for them."""
        annotations = Annotations(self.facts, self.imports, self.place, self.scope.module)
        for id, fact in self.scope.types.items():
            kind = self.facts.resolve.type_def(id).kind
            if isinstance(kind, ir.Alias) and isinstance(kind.type, ir.TypeRef) and self.facts.resource_of(id) is not None:
                module, name = annotations.resource_place(kind.type.id)
                yield self.imports.reexport(module, name, fact.name) if module else fact.name


def render_host_import(facts: WorldFacts, scope: ScopeFacts) -> str | None:
    """Return the module to implement one imported interface with, or None where there is nothing to implement."""
    name = interface_class(facts, scope)
    builder = HostScope(facts, scope, IMPORT_SIDE, [name])
    native = facts.is_native(scope)
    resources = tuple(builder.views("NativeResource" if native else "Resource"))
    needs_class = not native and bool(scope.free or len(resources) > 1)
    if not resources and not needs_class and not builder.reexported:
        return None
    functions = builder.signatures(scope.free) if needs_class else ()
    exported = [*builder.reexported, *(r.name for r in resources), *([name] if needs_class else [])]
    verb = "Resources of" if native else "Implement"
    tail = ", which wasmtime provides." if native else " for a component."
    module = module_view(facts, scope, doc=f"{verb} `{scope.title}`{tail}", imports=builder.imports, exported=exported)
    return render_template(
        "host_import.py.jinja",
        module=module,
        host=builder.host,
        native=native,
        pollable=native and scope.instance.startswith("wasi:io/poll@"),
        resources=resources,
        abstractmethod=_abstractmethod(builder, native=native, groups=[functions, *(r.functions for r in resources)]),
        interface=name if needs_class else None,
        doc=paragraphs(scope.docs.contents if scope.docs else f"`{scope.title}`."),
        functions=functions,
    )


def render_host_export(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the module that gives access to one exported interface."""
    name = interface_class(facts, scope)
    builder = HostScope(facts, scope, EXPORT_SIDE, [name])
    resources = tuple(builder.views("GuestResource"))
    functions = builder.signatures(scope.free)
    abi = builder.imports.module("..._abi", scope.module, "_abi")
    module = module_view(
        facts,
        scope,
        doc=f"Call what a component exports as `{scope.title}`.",
        imports=builder.imports,
        exported=[*builder.reexported, *(r.name for r in resources), name],
    )
    return render_template(
        "host_export.py.jinja",
        module=module,
        host=builder.host,
        abi=abi,
        resources=resources,
        abstractmethod=_abstractmethod(builder, native=False, groups=[r.functions for r in resources]),
        callable=builder.imports.name("collections.abc", "Callable") if functions else "",
        interface=name,
        doc=paragraphs(scope.docs.contents if scope.docs else f"`{scope.title}`."),
        functions=functions,
    )


def _abstractmethod(builder: HostScope, *, native: bool, groups: Sequence[Sequence[Signature]]) -> str:
    needed = not native and any(groups)
    return builder.imports.name("abc", "abstractmethod") if needed else ""
