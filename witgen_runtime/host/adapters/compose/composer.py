"""Composes a component with adapters around it.

The composed component has the guest's imports in the form that the host can serve, an adapter for each interface that
gets an adapter, the guest itself, unchanged, and its exports, through adapters where they move bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .... import abi
from ...direct_lists import ListForm
from ...linking.versions import Versions
from ..calling.stream_kinds import Kinds, StreamKind, data_name, kinds_of, open_name, put_name, take_name
from ..names import (
    CANCEL,
    COMMAND,
    DRIVE,
    OPENED,
    POLL,
    PREFIX,
    START,
    STEP,
    WAIT,
    finish_name,
    inside_name,
    memory_name,
)
from ..plan import Plan, plan_imports
from ..refusal import Refusal
from ..wasm.encoding import ComponentBuilder, Sort
from ..wasm.reader import Import, Outer, read
from ..wasm.shapes import (
    NUMBER,
    TOKEN,
    Function,
    Interface,
    Kind,
    Resource,
    Shape,
    carries_ends,
    carries_lists,
    resources_of,
)  # fmt: skip
from ..wasm.type_reader import InstanceType, Signature
from ..wasm.type_writer import Look, TypeWriter
from . import stream_adapter
from .adapter import (
    CANCEL_ARGUMENT,
    INSTANCE_ARGUMENT,
    POLL_ARGUMENT,
    make_adapter,
    resources_in,
)
from .adapter_form import Form
from .announced import ANNOUNCE_ARGUMENT
from .comparing import DifferentTypes, compare
from .exports import Exports
from .inside import compose_inside
from .lending import lent_resources, number_name
from .rewriting import rewritten

__all__ = ["Choice", "Composition", "compose"]

_log = logging.getLogger(__name__)

_SUBTASK_PARAM = (("subtask", NUMBER),)


@dataclass(frozen=True)
class Choice:
    """The choice of adapters. `lists` is the form of lists; adapters for async functions are always made.

    `serves` returns, by the component's name, whether an import is implemented in Python; `imports` returns the
    bindings' descriptors of such an import. `exports` are the interfaces that Python calls. `numbers`: functions that
    can borrow several handles get their numbers. `inside`: the adapter may be inside the guest.
    """

    serves: Callable[[str], bool]
    imports: Callable[[str], abi.Interface | None]
    exports: Sequence[abi.Interface]
    lists: ListForm = "direct"
    numbers: bool = False
    inside: bool = True


@dataclass(frozen=True, eq=False)
class Composition:
    """The composed component; None if nothing needs an adapter. `left_out` has reasons of interfaces without one.

    `inside` is whether its adapter is inside the guest.
    """

    content: bytes | None
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    inside: bool = False


def compose(guest: bytes, choice: Choice) -> Composition:
    """Compose a component with the adapters that it needs; raise `Refusal` where that cannot be done."""
    outer = read(guest)
    interfaces = outer.interfaces
    plan = plan_imports(interfaces, lambda each: choice.serves(each.name), choice.lists, numbers=choice.numbers)
    exports = Exports(
        outer,
        choice.exports,
        Form(outside=Look(choice.lists, numbers=True)),
        replaces=bool(plan.adapted),
    )
    if not plan.adapted and not exports.adapted:
        return Composition(None, plan.left_out)
    compare(interfaces, choice.imports)
    if choice.inside and choice.lists == "direct" and not choice.numbers and plan.adapted == plan.lists:
        try:
            return Composition(compose_inside(guest, outer, plan, choice.exports), plan.left_out, inside=True)
        except DifferentTypes:
            raise
        except Refusal as refusal:
            _log.info("no adapter inside the component: %s", refusal)
    return Composition(_Composer(guest, outer, plan, exports, choice).compose(), plan.left_out)


class _Composer:
    def __init__(self, guest: bytes, outer: Outer, plan: Plan, exports: Exports, choice: Choice) -> None:
        self._guest = guest
        self._outer = outer
        self._plan = plan
        self._exports = exports
        self._builder = ComponentBuilder()
        self._writers: dict[Look, TypeWriter] = {}
        self._declared = 0
        self._known_kinds: dict[str, StreamKind] = {}
        self._kinds: Kinds = {}
        for interfaces, exported in ((plan.ends, False), (exports.adapted.values(), True)):
            for each in interfaces:
                self._kinds |= kinds_of(each.name, each.functions, self._known_kinds, exported=exported)
        self._serves = choice.serves
        self._lists: ListForm = choice.lists
        self._ends: dict[str, int] = {}
        self._numbered = self._numbered_resources()
        self._numberings: dict[str, int] = {}
        self._driving = 0
        self._resources: dict[Resource, int] = {}
        self._instances = {item.name: item.index for item in outer.imports if item.sort is Sort.INSTANCE}
        self._functions: dict[str, int] = {}
        self._subtasks: tuple[int, int] | None = None
        self._guest_instance = 0
        self._guest_exports: dict[str, int] = {}
        self._exported: dict[str, int] = {}
        """Exported instances that are adapters': others may only use their resources as these name them."""

    def compose(self) -> bytes:
        builder = self._builder
        self._lead()
        self._check_names()
        if self._plan.polled or self._known_kinds:
            self._import_subtasks()
        if self._known_kinds:
            self._add_ends()
        given = {interface.name: self._import_adapter(interface) for interface in self._plan.adapted}
        guest = builder.component(self._guest)
        self._guest_instance = builder.instantiate(guest, [self._argument(item, given) for item in self._outer.imports])
        self._export(self._guest_exports)
        if self._known_kinds:
            builder.export(DRIVE, Sort.FUNC, self._driving)
            builder.export(START, Sort.FUNC, self._ends[stream_adapter.RUN])
        return builder.encoded()

    # The guest's imports

    def _lead(self) -> None:
        """Write the sections that lead to the imports, without functions of the world itself that get an adapter."""
        builder = self._builder
        dropped = {function.name for function in self._root_functions()}
        for section, content in rewritten(self._outer, self._form, dropped):
            builder.copy(section, content)
        builder.count(Sort.TYPE, len(self._outer.types))
        for item in self._outer.imports:
            if item.sort is Sort.INSTANCE:
                builder.count(Sort.INSTANCE)
            elif item.sort is Sort.FUNC and item.name not in dropped:
                self._functions[item.name] = builder.count(Sort.FUNC)

    def _root_functions(self) -> list[Function]:
        """Return the imported functions of the world itself that an adapter passes on."""
        root = next((interface for interface in self._plan.adapted if not interface.name), None)
        form = self._form(root) if root is not None else Form()
        return [function for function in root.functions if form.changes(function)] if root is not None else []

    def _form(self, interface: Interface) -> Form:
        lists: ListForm = self._lists if interface in self._plan.lists else "plain"
        look = Look(lists, numbers=interface in self._plan.ends)
        return Form(
            inside=look,
            polled=interface in self._plan.polled,
            settles=interface in self._plan.settling,
            numbered=self._numbered if interface in self._plan.lending else {},
        )

    def _numbered_resources(self) -> dict[Resource, str]:
        """Return the host's resources of which functions can borrow several handles, with their number functions."""
        owners = {own: each for each in self._outer.interfaces for own in each.own}
        lent = {resource for interface in self._plan.lending for resource in lent_resources(interface)}
        return {
            resource: number_name(owners[resource].name, resource.name)
            for resource in sorted(lent & owners.keys(), key=lambda each: each.name)
            if self._serves(owners[resource].name)
        }

    def _numbering(self, name: str) -> int:
        """Return the function that returns the number of a handle."""
        if name not in self._numberings:
            resource = next(each for each, known in self._numbered.items() if known == name)
            handle = Shape(Kind.BORROW, resource=resource)
            self._numberings[name] = self._import(name, (("self", handle),), NUMBER)
        return self._numberings[name]

    def _types(self, look: Look) -> TypeWriter:
        if look not in self._writers:
            self._writers[look] = TypeWriter(self._builder, self._resource, self._declare, look)
        return self._writers[look]

    def _declare(self, shape: Shape, definition: int) -> int:
        """Name a type by importing one equal to it, which the host need not know of.

        One with handles of the guest's own resources cannot be imported, and is only ever used where it needs no name.
        """
        if any(self._exports.has(resource) for resource in resources_of(shape)):
            return definition
        self._declared += 1
        return self._builder.import_(f"adapter-type{self._declared}", Sort.TYPE, definition)

    def _resource(self, resource: Resource) -> int:
        if resource not in self._resources:
            self._resources[resource] = self._find_resource(resource)
        return self._resources[resource]

    def _find_resource(self, resource: Resource) -> int:
        for item in self._outer.imports:
            if item.meaning is resource:
                return item.index
            if isinstance(item.meaning, InstanceType) and resource in item.meaning.interface.own:
                return self._builder.alias(Sort.TYPE, item.index, resource.name)
        interface, exported = self._exports.origin(resource)
        if exported:
            if not interface:
                return self._builder.alias(Sort.TYPE, self._guest_instance, resource.name)
            instance = self._exported[interface] if interface in self._exported else self._guest_export(interface)
            return self._builder.alias(Sort.TYPE, instance, resource.name)
        name = Versions(self._instances).find(interface)
        if name is not None:
            return self._builder.alias(Sort.TYPE, self._instances[name], resource.name)
        raise Refusal(f"{interface}#{resource.name}", "an adapter needs a resource that the component does not import")

    def _check_names(self) -> None:
        for item in self._outer.imports:
            if item.name.startswith(PREFIX) and item.name != WAIT:
                raise Refusal(item.name, f"the component imports something whose name begins with {PREFIX}")

    def _import_subtasks(self) -> None:
        self._subtasks = (self._import(POLL, _SUBTASK_PARAM, NUMBER), self._import(CANCEL, _SUBTASK_PARAM))

    def _import(
        self, name: str, params: Sequence[tuple[str, Shape]], result: Shape | None = None, look: Look | None = None
    ) -> int:
        """Import a function beside those of the guest."""
        type_ = self._types(look or Look()).function(params, result)
        return self._builder.import_(name, Sort.FUNC, type_)

    def _add_ends(self) -> None:
        """Add the stream adapter, and the one for the calls by which it and the host wait."""
        builder, kinds = self._builder, sorted(self._known_kinds.values(), key=lambda kind: kind.key)
        waiting = Interface("", functions=[Function(name, (), None, is_async=True) for name in (COMMAND, DRIVE)])
        form = Form(polled=True)
        waits = self._instance(waiting, form, self._root_instance(waiting, form))
        self._driving = builder.alias(Sort.FUNC, waits, DRIVE)
        arguments = [
            (stream_adapter.STEP, self._import(STEP, stream_adapter.STEP_PARAMS, stream_adapter.STEP_RESULT)),
            (stream_adapter.OPENED, self._import(OPENED, stream_adapter.OPENED_PARAMS)),
            (stream_adapter.COMMAND, builder.alias(Sort.FUNC, waits, COMMAND)),
        ]
        for kind in kinds:
            elements, end = stream_adapter.elements_of(kind), ("end", NUMBER)
            put, data = put_name(kind.key), data_name(kind.key)
            arguments.append((put, self._import(put, (end, ("elements", elements)), None, Look("text"))))
            arguments.append((data, self._import(data, (end,), elements, Look("text"))))
        adapter = stream_adapter.make_ends(kinds)
        given = [(name, Sort.FUNC, index) for name, index in arguments]
        instance = builder.instantiate(
            builder.component(adapter.content), [*self._type_arguments(adapter.resources, adapter.types), *given]
        )
        for name in (
            stream_adapter.RUN,
            stream_adapter.SETTLING,
            *(name_of(kind.key) for kind in kinds for name_of in (open_name, take_name)),
        ):
            self._ends[name] = builder.alias(Sort.FUNC, instance, name)

    def _import_adapter(self, interface: Interface) -> int:
        """Make the adapter of an imported interface; return its instance."""
        if interface.name:
            return self._instance(interface, self._form(interface), self._instances[interface.name])
        functions = self._root_functions()
        own = [each for each in resources_in(Interface("", functions=functions)) if self._is_root(each)]
        root = Interface("", {each.name: each for each in own}, functions, own)
        return self._instance(root, self._form(interface), self._root_instance(root, self._form(interface)))

    def _is_root(self, resource: Resource) -> bool:
        return any(item.meaning is resource for item in self._outer.imports)

    def _root_instance(self, root: Interface, form: Form) -> int:
        """Import functions of the world itself in the host's form, and make an instance of them."""
        builder, exports = self._builder, [(each.name, Sort.TYPE, self._resource(each)) for each in root.own]
        for function in root.functions:
            params = form.inner(function).params
            parts = [(function.name, params, function.result)]
            if form.polled and function.is_async:
                parts = [
                    (function.name, params, NUMBER),
                    (finish_name(function.name), _SUBTASK_PARAM, function.result),
                ]
            for name, params, result in parts:
                inside = inside_name(root.name, name)
                exports.append((inside, Sort.FUNC, self._import(name, params, result, form.inside)))
        return builder.instance(exports)

    def _instance(self, interface: Interface, form: Form, inside: int, *, exported: bool = False) -> int:
        """Put an adapter in and instantiate it around an instance."""
        adapter = make_adapter(interface, form, self._kinds)
        arguments = self._type_arguments(adapter.resources, adapter.types)
        arguments.append((INSTANCE_ARGUMENT, Sort.INSTANCE, inside))
        arguments += [(name, Sort.FUNC, self._ends[name]) for name in adapter.ends]
        arguments += [(name, Sort.FUNC, self._numbering(name)) for name in adapter.numbers]
        if adapter.announces:
            name = memory_name("export" if exported else "import", interface.name)
            arguments.append((ANNOUNCE_ARGUMENT, Sort.FUNC, self._import(name, (), TOKEN)))
        if adapter.polls and self._subtasks is not None:
            names = (POLL_ARGUMENT, CANCEL_ARGUMENT)
            arguments += [(name, Sort.FUNC, index) for name, index in zip(names, self._subtasks, strict=True)]
        return self._builder.instantiate(self._builder.component(adapter.content), arguments)

    def _type_arguments(
        self, resources: Mapping[str, Resource], types: Mapping[str, tuple[Shape, Look]]
    ) -> list[tuple[str, Sort, int]]:
        arguments = [(name, Sort.TYPE, self._resource(resource)) for name, resource in resources.items()]
        for name, (shape, look) in types.items():
            arguments.append((name, Sort.TYPE, self._types(look).index(shape)))
        return arguments

    def _argument(self, item: Import, given: Mapping[str, int]) -> tuple[str, Sort, int]:
        """Return the guest's argument for an import."""
        match item.meaning:
            case InstanceType():
                return item.name, Sort.INSTANCE, given.get(item.name, item.index)
            case Signature() if item.name in self._functions:
                return item.name, Sort.FUNC, self._functions[item.name]
            case Signature():
                return item.name, Sort.FUNC, self._builder.alias(Sort.FUNC, given[""], item.name)
            case Shape() if self._is_seen_otherwise(item.meaning):
                return item.name, Sort.TYPE, self._types(Look()).index(item.meaning)
            case _:
                return item.name, Sort.TYPE, item.index

    def _is_seen_otherwise(self, shape: Shape) -> bool:
        """Return whether a type may belong to an interface that the host sees in another form."""
        changes = bool(self._plan.lists) and carries_lists(shape, self._lists)
        return changes or (bool(self._plan.ends) and carries_ends(shape))

    # The guest's exports

    def _guest_export(self, name: str) -> int:
        if name not in self._guest_exports:
            self._guest_exports[name] = self._builder.alias(Sort.INSTANCE, self._guest_instance, name)
        return self._guest_exports[name]

    def _export(self, known: Mapping[str, int]) -> None:
        root = self._exports.adapted.get("")
        functions = {function.name for function in root.functions} if root is not None else set[str]()
        outside = self._export_root(root) if root is not None else 0
        for export in self._outer.exports:
            adapted = self._exports.adapted.get(export.name) if export.sort is Sort.INSTANCE else None
            if adapted is not None:
                index = self._instance(adapted, self._exports.form, self._guest_export(export.name), exported=True)
                self._exported[export.name] = index
            elif export.sort is Sort.FUNC and export.name in functions:
                index = self._builder.alias(Sort.FUNC, outside, export.name)
            elif export.name in known:
                index = known[export.name]
            else:
                index = self._builder.alias(export.sort, self._guest_instance, export.name)
            self._builder.export(export.name, export.sort, index)

    def _export_root(self, root: Interface) -> int:
        """Make the adapter of the exported functions of the world itself."""
        instance, builder = self._guest_instance, self._builder
        functions = [(each.name, Sort.FUNC, builder.alias(Sort.FUNC, instance, each.name)) for each in root.functions]
        return self._instance(root, self._exports.form, builder.instance(functions), exported=True)
