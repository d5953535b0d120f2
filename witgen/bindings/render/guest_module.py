"""`guest/`: wrappers of a component's imports, base classes for its exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...base.frozen import frozen, replace
from ...wit.model import ir
from ..facts.names import Namespace
from ..facts.support import Side, obstacle
from ..facts.types import FunctionFacts
from ..facts.world import Link, ScopeFacts, WorldFacts
from ..plugins import GuestPlugin, ServeForm
from .annotations import EXPORT_SIDE, IMPORT_SIDE, SERVED, Annotations, Place
from .displays import literal
from .docs import paragraphs, summary, wrapped
from .env import render_template
from .guest_plugin import serve_form
from .host_module import interface_class
from .imports import Imports
from .module import module_view
from .resources import ResourceView, declared_resources, resource_bases, resource_doc
from .scope import ModuleScope, supported
from .signature import Signature, called, implemented

__all__ = [
    "RawNames",
    "has_interface_class",
    "render_guest_export",
    "render_guest_exports",
    "render_guest_import",
    "render_guest_raw",
    "serve_names",
]


@frozen
class RawNames:
    """Where componentize-py puts things: the world's module and the submodule of each instance."""

    world_module: str
    imports: dict[str, str]
    exports: dict[str, str]


@frozen
class Bound:
    """A converter that generated functions delegate to: private name, descriptor, result type."""

    private: str
    constant: str
    returns: str


class _Scope(ModuleScope):
    """The parts of one scope's guest modules."""

    def __init__(self, facts: WorldFacts, scope: ScopeFacts, place: Place, functions: Sequence[FunctionFacts]) -> None:
        exporting = place.exported is not None
        self.functions = supported(facts, functions, Side.GUEST_EXPORT if exporting else Side.GUEST_IMPORT)
        self.free = tuple(f for f in self.functions if f.function.kind.resource is None)
        self.shadowed = {function.name for function in self.free} if not exporting else set[str]()
        own = [interface_class(facts, scope)] if exporting and scope.owner.interface is not None else []
        bound = () if exporting else (_bound(function) for function in self.functions)
        super().__init__(facts, scope, place, [*own, *bound])

    def signatures(self, functions: Sequence[FunctionFacts], *, holds_resources: bool = False) -> tuple[Signature, ...]:
        """Return the signatures of one class body or of the module: called on import, implemented on export."""
        shadowed = self.shadowed | {function.name for function in functions}
        if holds_resources:
            shadowed |= {fact.name for _, fact in self.resources}
        annotations = Annotations(self.facts, self.imports, self.place, self.scope.module, shadowed)
        make = implemented if self.exporting else called
        return tuple(make(self.facts, function, annotations) for function in functions)

    def builtin(self, name: str, functions: Sequence[Signature]) -> str:
        """Return the local name of Python's `name` in a class body with `functions`."""
        shadowed = {function.name for function in functions}
        return Annotations(self.facts, self.imports, self.place, self.scope.module, shadowed).builtin(name)

    def views(self) -> Iterator[ResourceView]:
        """Yield the classes of the scope's own resources."""
        for id, fact in self.resources:
            base = f"{self.guest}.{'ExportedResource' if self.exporting else 'Resource'}"
            members = [f for f in self.functions if f.function.kind.resource == id]
            functions = self.signatures(members)
            waits = not self.exporting and _offers_pollable(self.facts, members)
            bases = resource_bases(self.facts, self.scope, fact, self.imports, self.place, base)
            yield ResourceView(fact.name, fact.constant, resource_doc(self.facts, id), bases, functions, waits)

    @property
    def guest(self) -> str:
        """The local name of the runtime."""
        return self.imports.module(f"{self.place.up}_runtime", "guest")

    def bound(self) -> Iterator[Bound]:
        """Yield the converters of the module."""
        annotations = Annotations(self.facts, self.imports, self.place, self.scope.module, self.shadowed)
        for function in self.functions:
            constructor = function.function.kind.tag is ir.FunctionKindTag.CONSTRUCTOR
            returns = "None" if constructor else annotations.exact(function.ok)
            if function.function.kind.is_async:
                returns = f"{self.imports.name('collections.abc', 'Awaitable')}[{returns}]"
            yield Bound(_bound(function), function.constant, returns)

    def interface_name(self) -> str:
        """Return the name of the class for the interface itself."""
        return interface_class(self.facts, self.scope)


def _bound(function: FunctionFacts) -> str:
    """Return the private name of a function's converter."""
    return "_" + function.constant.lower()


def _offers_pollable(facts: WorldFacts, members: Sequence[FunctionFacts]) -> bool:
    """Return whether there is a method `subscribe: func() -> pollable`, and none called `wait`."""
    names = {member.name: member for member in members}
    subscribe = names.get("subscribe")
    if subscribe is None or "wait" in names or subscribe.wit_params or not isinstance(subscribe.ok, ir.TypeRef):
        return False
    handle = facts.resolve.type_def(facts.resolve.dealias(subscribe.ok.id)).kind
    return (
        isinstance(handle, ir.Own) and facts.resolve.type_def(facts.resolve.dealias(handle.resource)).name == "pollable"
    )


def render_guest_import(facts: WorldFacts, scope: ScopeFacts) -> str | None:
    """Return the wrappers of one imported interface (or of the world's own imports), None where it has none."""
    own = scope.owner.world is not None
    builder = _Scope(facts, scope, IMPORT_SIDE, facts.imported if own else scope.functions)
    resources = tuple(builder.views())
    functions = builder.signatures(builder.free)
    if not functions and not builder.offered():
        return None
    bound = list(builder.bound())
    names = [*builder.offered(), *(f.name for f in functions)]
    doc = f"Use `{scope.title}` inside a component."
    module = module_view(facts, scope, doc=doc, imports=builder.imports, exported=names)
    return render_template(
        "guest_import.py.jinja",
        module=module,
        guest=builder.guest if resources else "",
        aio=builder.imports.module(".._runtime.guest", "aio") if any(r.waits for r in resources) else "",
        abi=builder.imports.module(".._abi", scope.module, "_abi") if bound or resources else "",
        world=builder.imports.name("._raw", "WORLD", "_world") if bound else "",
        bind=builder.imports.define("_bind") if bound else "",
        callable=builder.imports.name("collections.abc", "Callable") if bound else "",
        table="IMPORTS" if own else "INTERFACE",
        resources=resources,
        aliases=builder.aliases,
        functions=functions,
        bound=bound,
    )


def render_guest_export(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the bases to implement one exported interface with."""
    builder = _Scope(facts, scope, EXPORT_SIDE, scope.functions)
    resources = tuple(builder.views())
    functions = builder.signatures(builder.free, holds_resources=True)
    needs_class = has_interface_class(facts, scope)
    name = builder.interface_name()
    names = [*builder.offered(), *([name] if needs_class else [])]
    doc = f"Implement `{scope.title}`, which the component exports."
    module = module_view(facts, scope, doc=doc, imports=builder.imports, exported=names)
    abstract = bool(functions or any(r.functions for r in resources))
    return render_template(
        "guest_export.py.jinja",
        module=module,
        guest=builder.guest if resources or needs_class else "",
        abi=builder.imports.module("..._abi", scope.module, "_abi") if needs_class else "",
        abstractmethod=builder.imports.name("abc", "abstractmethod") if abstract else "",
        resources=resources,
        aliases=builder.aliases,
        interface=name if needs_class else None,
        type=builder.builtin("type", functions) if needs_class and resources else "",
        doc=scope.docs.contents if scope.docs else f"`{scope.title}`.",
        functions=functions,
    )


@frozen
class Parameter:
    """A parameter of `serve`, and the export that it fills."""

    name: str
    annotation: str
    summary: str


@frozen
class Installed:
    """An argument of the runtime's `serve`."""

    table: str
    value: str
    left_out: tuple[str, ...]
    """The WIT names of functions that componentize-py cannot carry."""

    def expression(self, guest: str) -> str:
        """Return its constructor call; `guest` is the local name of the runtime."""
        names = "".join(f"{literal(name)}, " for name in self.left_out)
        tail = f", left_out=({names.rstrip() if len(self.left_out) == 1 else names.rstrip(', ')})" if names else ""
        return f"{guest}.Export({self.table}, {self.value}{tail})"


def _left_out(facts: WorldFacts, functions: Sequence[FunctionFacts]) -> tuple[str, ...]:
    left_out = (each.function for each in functions if obstacle(facts.resolve, each.function, Side.GUEST_EXPORT))
    return tuple(function.name for function in left_out)


def serve_names(facts: WorldFacts) -> tuple[list[tuple[FunctionFacts, str]], list[tuple[Link, str]]]:
    """Return the world's own exported functions and its exported interfaces, each with `serve`'s parameter for it."""
    names = Namespace({"module"})
    functions = supported(facts, facts.exported, Side.GUEST_EXPORT)
    own = [(function, names.take(function.name)) for function in functions]
    return own, [(link, names.take(link.attribute)) for link in facts.exports]


def render_guest_exports(facts: WorldFacts, plugins: Sequence[GuestPlugin]) -> str:
    """Return `guest/exports/__init__.py` with `serve`; plugins may add parameters to it."""
    imports = Imports(["serve"])
    own, links = serve_names(facts)
    parameters: list[Parameter] = []
    installed: list[Installed] = []
    entries: list[str] = []
    annotations = Annotations(facts, imports, SERVED, "")
    for function, name in own:
        signature = implemented(facts, function, annotations)
        callable_ = imports.name("collections.abc", "Callable")
        awaitable = imports.name("collections.abc", "Awaitable") if signature.is_async else ""
        parameters.append(Parameter(name, signature.callable(callable_, awaitable), summary(signature.doc)))
        entries.append(f"{literal(signature.name)}: {name}")
    if facts.exported:
        abi = imports.module("..._abi", facts.own.module, "_abi")
        installed.append(Installed(f"{abi}.EXPORTS", f"{{{', '.join(entries)}}}", _left_out(facts, facts.exported)))
    names = Namespace({"module", *(name for _, name in (*own, *links))})
    for link, name in links:
        parameter, entry = _exported_interface(facts, imports, link.scope, name)
        if (found := serve_form(facts, plugins, link.scope)) is not None:
            added, entry = _in_another_form(imports, entry, *found, names)
            parameters += [replace(parameter, annotation=f"{parameter.annotation} | None = None"), *added]
        else:
            parameters.append(parameter)
        installed.append(entry)
    world = imports.name(".._raw", "WORLD", "_world")
    guest = imports.module("..._runtime", "guest") if installed else ""
    doc = paragraphs(
        f"What a component of world `{facts.title}` exports.", "Bases to implement, and `serve` to install them."
    )
    return render_template(
        "guest_serve.py.jinja",
        module=module_view(facts, facts.own, doc=doc, imports=imports, exported=["serve"]),
        world=world,
        doc=_serve_doc(facts.title, parameters),
        parameters=parameters,
        installed=[entry.expression(guest) for entry in installed],
    )


def _serve_doc(world: str, parameters: Sequence[Parameter]) -> str:
    described = [wrapped("module: the application's own module: pass `__name__`.", indent=4)]
    described += [wrapped(f"{parameter.name}: {parameter.summary}", indent=4) for parameter in parameters]
    return paragraphs(
        f"Install what world `{world}` exports into the application.",
        "\n".join(["Args:", *described]),
        "Raises:\n    TypeError: something that WIT declares is missing; everything missing is named.",
    )


def _exported_interface(
    facts: WorldFacts, imports: Imports, scope: ScopeFacts, name: str
) -> tuple[Parameter, Installed]:
    module = imports.module(".", scope.module)
    table = imports.module("..._abi", scope.module, f"_{scope.module}_abi")
    resources = [fact.name for _, fact in declared_resources(facts, scope)]
    left_out = _left_out(facts, scope.functions)
    if not has_interface_class(facts, scope):
        parameter = Parameter(name, f"type[{module}.{resources[0]}]", f"The class that implements `{scope.title}`.")
        return parameter, Installed(f"{table}.INTERFACE", f"{{{literal(resources[0])}: {name}}}", left_out)
    annotation = f"{module}.{interface_class(facts, scope)}"
    parameter = Parameter(name, annotation, f"Implements `{scope.title}`.")
    return parameter, Installed(f"{table}.INTERFACE", name, left_out)


def _in_another_form(
    imports: Imports, entry: Installed, plugin: str, form: ServeForm, names: Namespace
) -> tuple[list[Parameter], Installed]:
    """Return the parameters of a plugin's form, and the argument of `serve` that it makes of them."""
    package, _, last = form.types.rpartition(".")
    maker, types = imports.module("..", plugin), imports.module(f"..._runtime.{package}", last)
    local = {each.name: names.take(each.name) for each in form.parameters}
    added = [Parameter(local[each.name], f"{types}.{each.type} | None = None", each.doc) for each in form.parameters]
    arguments = ", ".join([entry.value, *(f"{name}={given}" for name, given in local.items())])
    return added, Installed(entry.table, f"{maker}.{form.maker}({arguments})", entry.left_out)


def has_interface_class(facts: WorldFacts, scope: ScopeFacts) -> bool:
    """Return whether an exported interface has more to implement than one resource."""
    return bool(supported(facts, scope.free, Side.GUEST_EXPORT)) or len(declared_resources(facts, scope)) != 1


def render_guest_raw(facts: WorldFacts, names: RawNames) -> str:
    """Return `guest/_raw.py`: the modules of componentize-py for the world's imports and exports."""
    imports = Imports()
    guest = imports.module(".._runtime", "guest")
    doc = f"Where componentize-py puts what world `{facts.title}` imports and exports."
    module = module_view(facts, facts.own, doc=doc, imports=imports, exported=["WORLD"])
    scopes = (*(link.scope for link in facts.imports), facts.own)
    wrappers = {scope.instance: scope.module for scope in scopes if declared_resources(facts, scope)}
    return render_template("guest_raw.py.jinja", module=module, guest=guest, names=names, wrappers=wrappers)
