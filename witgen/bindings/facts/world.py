"""A world in Python terms: its modules, names and directions, computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from ...base.frozen import frozen
from ...wit.model import ir
from .choices import Choices, is_native
from .fingerprint import fingerprint
from .names import Namespace, class_name, module_name, shouty, snake
from .types import (
    ErrorFacts,
    FunctionFacts,
    Renames,
    TypeFacts,
    declared_result,
    error_definition,
    error_name,
    handles,
    named_types,
    used_as_error,
)
from .wasi import INCOMING_HANDLER, wasi_interface

__all__ = ["DESCRIPTOR_NAMES", "Link", "ScopeFacts", "WorldFacts"]

# Public attributes of the runtime's classes of all worlds.
WORLD_NAMES = ("open", "prepare", "instantiate", "close")
# The name that every module imports from `__future__`: no function of a module can have it.
MODULE_IMPORTS = frozenset({"annotations"})
# Names that every descriptor module keeps for itself.
DESCRIPTOR_NAMES = ("INTERFACE", "IMPORTS", "EXPORTS")


@frozen
class ScopeFacts:
    """An interface, or a world's own items: a Python module in each part of the output.

    `instance` is the component-level name of the instance ("" for the world's own items), `title` the display name.
    `functions` holds the members of resources and then free functions; a world's hold imports and exports alike.
    """

    owner: ir.TypeOwner
    module: str
    instance: str
    title: str
    docs: ir.Docs | None
    types: Mapping[ir.TypeId, TypeFacts]
    functions: tuple[FunctionFacts, ...]

    def of_resource(self, resource: ir.TypeId) -> tuple[FunctionFacts, ...]:
        """Return the constructor, methods and statics of a resource, in source order."""
        return tuple(f for f in self.functions if f.function.kind.resource == resource)

    @property
    def free(self) -> tuple[FunctionFacts, ...]:
        """The functions that belong to no resource."""
        return tuple(f for f in self.functions if f.function.kind.resource is None)


@frozen
class Link:
    """An interface that a world imports or exports, under its attribute name; wasmtime provides native ones.

    `label` is the name under which a named interface is imported, if not its own.
    """

    scope: ScopeFacts
    attribute: str
    native: bool
    label: str = ""


class WorldFacts:
    """Python facts of one world."""

    def __init__(self, resolve: ir.Resolve, world: ir.WorldId, choices: Choices | None = None) -> None:
        self.resolve = resolve
        self._choices = choices or Choices()
        self._fingerprints: dict[ir.TypeOwner, str] = {}
        # Types of scopes that were asked about before their turn.
        self._ahead: dict[ir.TypeOwner, Mapping[ir.TypeId, TypeFacts]] = {}
        self.world = resolve.worlds[world]
        self.name = class_name(self.world.name)
        self.module = snake(self.world.name)
        self.title = f"{_package_path(resolve, self.world.package, self.world.name)}"
        self.errors = used_as_error(resolve) | self._choices.exceptions
        self._modules = Namespace({*self._choices.reserved, *self._choices.names.values()})
        self._versions = Counter(self._unversioned(id) for id in self._interfaces())
        self.scopes: dict[ir.TypeOwner, ScopeFacts] = {}
        world_owner = ir.TypeOwner(world=world)
        module = self._modules.take(self.module)
        for key, item in (*self.world.imports.items(), *self.world.exports.items()):
            if isinstance(item, ir.InterfaceItem):
                self._add_interface(key, item.id)
        self.own = self._own_scope(world_owner, module)
        self.scopes[world_owner] = self.own
        self.imported = self._own_functions(self.world.imports)
        self.exported = self._own_functions(self.world.exports)
        self.imports = self._links(self.world.imports, (each.name for each in self.imported))
        self.exports = self._links(self.world.exports, (*self.own_names, *(each.name for each in self.exported)))

    def fingerprint(self, owner: ir.TypeOwner) -> str:
        """Return the fingerprint of an interface or world; several modules of the output show it."""
        if owner not in self._fingerprints:
            self._fingerprints[owner] = fingerprint(self.resolve, owner)
        return self._fingerprints[owner]

    @property
    def answers_http(self) -> bool:
        """Whether its components can be served over HTTP: they export the handler of `wasi:http` 0.2."""
        exported = (item for item in self.world.exports.values() if isinstance(item, ir.InterfaceItem))
        return any(wasi_interface(self.resolve.interface_name(item.id)) == INCOMING_HANDLER for item in exported)

    @property
    def own_names(self) -> Sequence[str]:
        """The public attributes of the runtime's classes of this world."""
        return (*WORLD_NAMES, "asgi") if self.answers_http else WORLD_NAMES

    def numbers(self, owner: ir.TypeOwner) -> str:
        """Return what lists of numbers come as in a scope: `list`, `array` or `numpy`."""
        return self._choices.numbers.of(owner)

    @property
    def renames(self) -> Renames:
        """The classes that the user named."""
        return self._choices.renames

    @property
    def runtime(self) -> str | None:
        """The import name of the support code; None for the output's own."""
        return self._choices.runtime

    def type(self, id: ir.TypeId) -> TypeFacts:
        """Return the facts of a named type."""
        return self.scope_of(id).types[id]

    def wit_name(self, fact: TypeFacts) -> str:
        """Return the WIT name of a named type."""
        return self.resolve.type_def(fact.id).name or ""

    def chosen_names(self, scope: ScopeFacts) -> Mapping[str, str]:
        """Return the classes of a scope by their default names."""
        if not self.renames.keys:
            return {}
        types = {self.wit_name(fact): id for id, fact in scope.types.items()}
        plain = named_types(self.resolve, types, self.errors, Namespace(DESCRIPTOR_NAMES))
        pairs = [(_class_names(plain[id]), _class_names(fact)) for id, fact in scope.types.items()]
        own = ((each.function, each.error) for each in scope.functions)
        errors = {error_name(function.name): error.name for function, error in own if error is not None and error.own}
        return errors | {name: chosen for names, found in pairs for name, chosen in zip(names, found, strict=True)}

    def scope_of(self, id: ir.TypeId) -> ScopeFacts:
        """Return the scope that declares a named type."""
        owner = self.resolve.type_def(id).owner
        if owner is None:
            msg = f"type {id} is anonymous"
            raise LookupError(msg)
        return self.scopes[owner]

    def is_native(self, scope: ScopeFacts) -> bool:
        """Return whether wasmtime provides the interface."""
        interface = scope.owner.interface
        return interface is not None and is_native(self.resolve, interface, self._choices)

    def marked_resources(self, scope: ScopeFacts) -> tuple[TypeFacts, ...]:
        """Return the resources of `scope` that named types or exceptions mention: `types/` needs a class for them."""
        return tuple(fact for id, fact in scope.types.items() if id in self._marked)

    @cached_property
    def _marked(self) -> frozenset[ir.TypeId]:
        found = set(self._choices.resources)
        for scope in self.scopes.values():
            for id, fact in scope.types.items():
                kind = self.resolve.type_def(id).kind
                if isinstance(kind, ir.Resource):
                    found.update([id] if fact.exception else [])
                elif not (isinstance(kind, ir.Alias) and self.resource_of(id) is not None):
                    found.update(handles(self.resolve, ir.TypeRef(id)))
            for function in scope.functions:
                if function.error and function.error.payload is not None:
                    found.update(handles(self.resolve, function.error.payload))
        return frozenset(found)

    def resource_of(self, id: ir.TypeId) -> ir.TypeId | None:
        """Return the resource definition that a type names directly (through aliases), if it does."""
        id = self.resolve.dealias(id)
        return id if isinstance(self.resolve.type_def(id).kind, ir.Resource) else None

    def _interfaces(self) -> Iterable[ir.InterfaceId]:
        items = (*self.world.imports.values(), *self.world.exports.values())
        return dict.fromkeys(item.id for item in items if isinstance(item, ir.InterfaceItem))

    def _unversioned(self, id: ir.InterfaceId) -> tuple[str, str, str | None]:
        interface = self.resolve.interfaces[id]
        package = self.resolve.packages[interface.package].name
        return package.namespace, package.name, interface.name

    def _add_interface(self, key: ir.WorldKey, id: ir.InterfaceId) -> None:
        owner = ir.TypeOwner(interface=id)
        if owner in self.scopes:
            return
        interface = self.resolve.interfaces[id]
        namespace, package, name = self._unversioned(id)
        if name is None:
            path, instance = [self.world.name, str(key)], str(key)
        else:
            path, instance = [namespace, package, name], self.resolve.interface_name(id) or ""
            version = self.resolve.packages[interface.package].name.version
            if self._versions[namespace, package, name] > 1 and version is not None:
                path.append(version)
        module = self._choices.names.get(id) or self._modules.take(module_name(path))
        types, functions = self._contents(owner, dict(interface.types), interface.functions.values())
        title = instance if name is not None else f"{self.title}#{instance}"
        self.scopes[owner] = ScopeFacts(owner, module, instance, title, interface.docs, types, functions)

    def _own_scope(self, owner: ir.TypeOwner, module: str) -> ScopeFacts:
        types: dict[str, ir.TypeId] = {}
        functions: list[ir.Function] = []
        for key, item in (*self.world.imports.items(), *self.world.exports.items()):
            if isinstance(item, ir.TypeItem):
                types[str(key)] = item.id
            elif isinstance(item, ir.Function):
                functions.append(item)
        named, facts = self._contents(owner, types, functions)
        return ScopeFacts(owner, module, "", self.title, self.world.docs, named, facts)

    def _contents(
        self, owner: ir.TypeOwner, types: dict[str, ir.TypeId], functions: Iterable[ir.Function]
    ) -> tuple[Mapping[ir.TypeId, TypeFacts], tuple[FunctionFacts, ...]]:
        constants = Namespace(DESCRIPTOR_NAMES)
        named = named_types(self.resolve, types, self.errors, constants, self._choices.renames)
        classes = Namespace(
            name for fact in named.values() for name in (fact.name, fact.exception or fact.name, *fact.members)
        )
        ordered = _grouped(functions, list(types.values()))
        return named, tuple(self._function(owner, function, constants, classes) for function in ordered)

    def _function(
        self, owner: ir.TypeOwner, function: ir.Function, constants: Namespace, classes: Namespace
    ) -> FunctionFacts:
        words = function.plain_name.replace(".", "-")
        result = declared_result(self.resolve, function)
        method = function.kind.tag is ir.FunctionKindTag.METHOD
        # Free functions become methods of the class that stands for their interface.
        reserved = Namespace({"self", "cls"} if function.kind.resource is not None else {"self"})
        return FunctionFacts(
            function,
            free_name(function) if function.kind.resource is None else snake(function.item_name),
            constants.take(shouty(words)),
            tuple(
                "self" if method and index == 0 else reserved.take(snake(param.name))
                for index, param in enumerate(function.params)
            ),
            result.ok if result is not None else function.result,
            self._error(owner, function, result.err, classes) if result is not None else None,
        )

    def _error(self, owner: ir.TypeOwner, function: ir.Function, err: ir.Type | None, classes: Namespace) -> ErrorFacts:
        if isinstance(err, ir.TypeRef):
            definition = error_definition(self.resolve, err.id)
            scope = self.resolve.type_def(definition).owner
            if scope is not None:
                return ErrorFacts(scope, self._exception(scope, definition), own=False, definition=definition)
        name = self._choices.renames.errors.get((owner, function.name)) or error_name(function.name)
        return ErrorFacts(owner, classes.take(name), own=True, payload=err)

    def _exception(self, owner: ir.TypeOwner, id: ir.TypeId) -> str:
        """Name the exception of a named error type; its scope may be the one being built."""
        if owner in self.scopes:
            return self.scopes[owner].types[id].exception or ""
        if owner.interface is not None:
            types = dict(self.resolve.interfaces[owner.interface].types)
        else:
            types = {str(k): item.id for k, item in self.world.imports.items() if isinstance(item, ir.TypeItem)}
        if owner not in self._ahead:
            constants = Namespace(DESCRIPTOR_NAMES)
            self._ahead[owner] = named_types(self.resolve, types, self.errors, constants, self._choices.renames)
        return self._ahead[owner][id].exception or ""

    def _links(self, items: Mapping[ir.WorldKey, ir.WorldItem], beside: Iterable[str]) -> tuple[Link, ...]:
        """Return the interfaces among `items`; `beside` are the other attributes of the object that has them."""
        links: list[Link] = []
        attributes = Namespace(beside)
        for key, item in items.items():
            if isinstance(item, ir.InterfaceItem):
                scope = self.scopes[ir.TypeOwner(interface=item.id)]
                named = self.resolve.interfaces[item.id].name is not None
                label = str(key) if isinstance(key, str) else ""
                attribute = attributes.take(snake(label) if label else scope.module)
                links.append(Link(scope, attribute, self.is_native(scope), label if named else ""))
        return tuple(links)

    def _own_functions(self, items: Mapping[ir.WorldKey, ir.WorldItem]) -> tuple[FunctionFacts, ...]:
        # By identity: a world may import and export functions of the same name.
        wanted = {id(item) for item in items.values()}
        return tuple(function for function in self.own.functions if id(function.function) in wanted)


def free_name(function: ir.Function) -> str:
    """Return the Python name of a function that belongs to no resource: wrappers define it in a module."""
    name = snake(function.item_name)
    return name + "_" if name in MODULE_IMPORTS else name


def _class_names(fact: TypeFacts) -> tuple[str, ...]:
    return fact.name, fact.exception or fact.name, *fact.members


def _grouped(functions: Iterable[ir.Function], types: Sequence[ir.TypeId]) -> list[ir.Function]:
    """Order functions of resources before free ones, as components do, so that WIT and component give equal output."""
    ranks: dict[ir.TypeId | None, int] = {id: rank for rank, id in enumerate(types)}
    return sorted(functions, key=lambda function: ranks.get(function.kind.resource, len(ranks)))


def _package_path(resolve: ir.Resolve, package: ir.PackageId, item: str) -> str:
    name = resolve.packages[package].name
    version = f"@{name.version}" if name.version is not None else ""
    return f"{name.namespace}:{name.name}/{item}{version}"
