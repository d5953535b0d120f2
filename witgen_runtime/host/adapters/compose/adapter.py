"""An adapter: the component between the guest and the outside, for one interface.

It imports an instance of the interface on its inner side, in the form of one, and exports the interface in the other
form: for an import of the guest, the host's instance has addresses and counts for lists and plain functions for async
ones, and the guest gets the real interface; for an export it is the reverse. Resources and named types are separate
imports, so that an adapter is independent of the place of their declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from ..calling.stream_kinds import Kinds, StreamKind, open_name, take_name
from ..code.allocator import REALLOC
from ..code.passing import CoreModuleBuilder, EndsPassing, Lending, Passing, SyncPassing
from ..code.polling import PolledPassing, SubtaskFunctions
from ..names import finish_name, inside_name
from ..refusal import naming
from ..wasm.encoding import ComponentBuilder, Sort
from ..wasm.layout import Core
from ..wasm.shapes import NAMED, NUMBER, TOKEN, Function, Interface, Kind, Resource, Shape, ends_in, resources_of
from ..wasm.type_writer import InstanceTypeWriter, Look, TypeWriter, signature
from .adapter_form import Form
from .announced import ANNOUNCE_ARGUMENT, announced_memory
from .lending import lent_resources
from .stream_adapter import RUN, SETTLING

__all__ = [
    "CANCEL_ARGUMENT",
    "INSTANCE_ARGUMENT",
    "POLL_ARGUMENT",
    "Adapter",
    "make_adapter",
    "resources_in",
]

INSTANCE_ARGUMENT, POLL_ARGUMENT, CANCEL_ARGUMENT = "inside", "poll", "cancel"
_ASYNC = b"\x06"

_SUBTASK_PARAM = (("subtask", NUMBER),)


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter and its arguments: the resources and types that it imports, by name.

    `polls` is whether it polls subtasks, `ends` are the functions that it uses of the stream adapter, `numbers` those
    that return numbers of handles. `announces` is whether it tells the host which memory it has.
    """

    content: bytes
    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    types: dict[str, tuple[Shape, Look]] = field(default_factory=dict[str, tuple[Shape, Look]])
    polls: bool = False
    ends: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    announces: bool = False


def resources_in(interface: Interface) -> list[Resource]:
    """Return the resources that an interface mentions, each once, its own first."""
    found = dict.fromkeys(interface.own)
    for meaning in (*interface.types.values(), *(shape for f in interface.functions for shape in f.types)):
        found.update(dict.fromkeys([meaning] if isinstance(meaning, Resource) else resources_of(meaning)))
    return list(found)


def make_adapter(interface: Interface, form: Form, kinds: Kinds) -> Adapter:
    """Make the adapter of an interface; `kinds` are those of the streams that its functions pass."""
    return _Maker(interface, form, kinds).make()


class _Maker:
    def __init__(self, interface: Interface, form: Form, kinds: Kinds) -> None:
        self._interface = interface
        self._form = form
        self._builder = ComponentBuilder()
        self._resources: dict[Resource, int] = {}
        self._wanted: dict[str, tuple[Shape, Look]] = {}
        self._names = self._names_of_types()
        self._outside_resources: dict[Resource, int] = {}
        declare = self._export_type if interface.name else partial(self._import_type, form.outside)
        self._inside = self._imported(form.inside)
        self._outside = TypeWriter(self._builder, self._outside_resources.__getitem__, declare, form.outside)
        self._kinds = kinds if form.passes_ends else {}
        self._converters: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._inner = {each: form.inner(each) for each in interface.functions}
        self._polled = [f for f in interface.functions if form.polled and f.is_async]
        self._announces = any(map(form.is_direct, interface.functions))

    def _names_of_types(self) -> dict[Shape, str]:
        """Return the first name of each named type that the interface itself exports."""
        names: dict[Shape, str] = {}
        for name, meaning in self._interface.types.items():
            if isinstance(meaning, Shape) and meaning.kind in NAMED:
                names.setdefault(meaning, name)
        return names

    def _imported(self, look: Look) -> TypeWriter:
        """Return a writer of types whose names are imported."""
        declare = partial(self._import_type, look)
        return TypeWriter(self._builder, self._resources.__getitem__, declare, look)

    def _import_type(self, look: Look, shape: Shape, definition: int) -> int:
        name = f"type{len(self._wanted)}"
        self._wanted[name] = (shape, look)
        return self._builder.import_(name, Sort.TYPE, definition)

    def _export_type(self, shape: Shape, definition: int) -> int:
        """Export a named type: under the interface's name for it, or under an unused one.

        The world itself exports functions one by one, and those need types with names outside the adapter.
        """
        if shape not in self._names:
            taken = {*self._interface.types, *self._names.values(), *(f.name for f in self._interface.functions)}
            self._names[shape] = next(name for name in _fresh_names() if name not in taken)
        return self._builder.export(self._names[shape], Sort.TYPE, definition)

    def make(self) -> Adapter:
        builder, wanted = self._builder, dict[str, Resource]()
        for number, resource in enumerate(resources_in(self._interface)):
            wanted[f"resource{number}"] = resource
            self._resources[resource] = builder.import_resource(f"resource{number}")
        inner = builder.import_(INSTANCE_ARGUMENT, Sort.INSTANCE, builder.type(self._inner_type()))
        subtasks = self._import_subtasks() if self._polled else None
        self._import_converters()
        self._import_numbers()
        core = self._core_module()
        self._export_types()
        passed = self._functions(inner, core, subtasks)
        if passed:
            self._finish(core, passed)
        return Adapter(
            builder.encoded(), wanted, self._wanted, bool(self._polled), tuple(self._converters), tuple(self._numbers),
            self._announces,
        )  # fmt: skip

    def _inner_type(self) -> bytes:
        """Return the type of the instance on the inner side."""
        writer = InstanceTypeWriter(self._inside, self._resources.__getitem__, self._interface)
        for function in self._interface.functions:
            params, name = self._inner[function].params, self._inside_name(function)
            if function in self._polled:
                start, finish = (params, NUMBER), (_SUBTASK_PARAM, function.result)
                writer.function(name, *start, is_async=False)
                writer.function(finish_name(function.name), *finish, is_async=False)
            else:
                writer.function(name, params, function.result, is_async=function.is_async)
        return writer.encoded()

    def _inside_name(self, function: Function) -> str:
        return inside_name(self._interface.name, function.name)

    def _import_subtasks(self) -> tuple[int, int]:
        builder = self._builder
        poll = builder.type(signature(_SUBTASK_PARAM, NUMBER, self._inside.value))
        cancel = builder.type(signature(_SUBTASK_PARAM, None, self._inside.value))
        return (
            builder.import_(POLL_ARGUMENT, Sort.FUNC, poll),
            builder.import_(CANCEL_ARGUMENT, Sort.FUNC, cancel),
        )

    def _import_converters(self) -> None:
        """Import the functions that make streams for numbers, and numbers for streams, of the kinds that are passed."""
        kinds = {kind.key: kind for each in self._interface.functions for kind in self._kinds.get(each, {}).values()}
        types = self._imported(Look())
        for kind in kinds.values():
            opening = types.function((("number", NUMBER),), kind.shape)
            taking = types.function((("end", kind.shape),), NUMBER)
            for name, type_ in ((open_name(kind.key), opening), (take_name(kind.key), taking)):
                self._converters[name] = self._builder.import_(name, Sort.FUNC, type_)
        wanted = [(RUN, True)] * (bool(kinds) and self._form.inside.numbers) + [(SETTLING, False)] * self._form.settles
        for name, is_async in wanted:
            type_ = types.function((), None, is_async=is_async)
            self._converters[name] = self._builder.import_(name, Sort.FUNC, type_)

    def _import_numbers(self) -> None:
        """Import the functions that return the numbers of handles, for functions that borrow several."""
        several = [each for each in self._interface.functions if self._inner[each].params != each.params]
        lent = set(lent_resources(Interface("", functions=several)))
        for resource, name in self._form.numbered.items():
            if resource in lent:
                handle = Shape(Kind.BORROW, resource=resource)
                type_ = self._imported(Look()).function((("self", handle),), NUMBER)
                self._numbers[name] = self._builder.import_(name, Sort.FUNC, type_)

    def _lending(self, function: Function, core: CoreModuleBuilder) -> Lending:
        """Return the functions that return the numbers of the handles that a function borrows."""
        inner = self._inner[function]
        if inner.params == function.params:
            return Lending(function)
        numbers = {
            resource: (
                core.wire(name, self._builder.lower(self._numbers[name], []), [Core.I32], [Core.I32]),
                core.drop(self._resources[resource]),
            )
            for resource, name in self._form.numbered.items()
            if name in self._numbers
        }
        return Lending(inner, numbers)

    def _core_module(self) -> CoreModuleBuilder:
        builder = self._builder
        announce = None
        if self._announces:
            type_ = self._imported(Look()).function((), TOKEN)
            announce = builder.lower(builder.import_(ANNOUNCE_ARGUMENT, Sort.FUNC, type_), [])
        instance, memory = announced_memory(builder, announce, is_dense=self._announces)
        return CoreModuleBuilder(builder, memory, instance, builder.alias(Sort.CORE_FUNC, instance, REALLOC))

    def _export_types(self) -> None:
        """Export resources and types of the interface: the guest may ask for any."""
        builder = self._builder
        self._outside_resources.update(self._resources)
        for resource in self._interface.own:
            exported = builder.export(resource.name, Sort.TYPE, self._resources[resource])
            self._outside_resources[resource] = exported
        for name, meaning in self._interface.types.items():
            if isinstance(meaning, Shape):
                index = self._outside.index(meaning)
                if self._names.get(meaning) != name:
                    builder.export(name, Sort.TYPE, index)
            elif meaning not in self._interface.own or name != meaning.name:
                builder.export(name, Sort.TYPE, self._outside_resources[meaning])

    def _functions(
        self, inner: int, core: CoreModuleBuilder, subtasks: tuple[int, int] | None
    ) -> list[tuple[Passing, int]]:
        """Export functions that are the same on both sides; return those that need code, with their types."""
        builder, passed = self._builder, list[tuple[Passing, int]]()
        shared = SubtaskFunctions(core, *subtasks) if subtasks is not None else None
        for function in self._interface.functions:
            called = builder.alias(Sort.FUNC, inner, self._inside_name(function))
            type_ = self._outside.function(function.params, function.result, is_async=function.is_async)
            if not self._form.changes(function):
                builder.export(function.name, Sort.FUNC, called, type_)
                continue
            with self._naming(function):
                passing = self._passing(function, core, called, inner, shared)
                passing.plan(len(passed), self._resources)
            passed.append((passing, type_))
        return passed

    def _naming(self, function: Function) -> AbstractContextManager[None]:
        """Name a function in refusals."""
        return naming(f"{self._interface.name}#{function.name}" if self._interface.name else function.name)

    def _passing(
        self, function: Function, core: CoreModuleBuilder, called: int, inner: int, subtasks: SubtaskFunctions | None
    ) -> Passing:
        ends, lending = self._ends_passing(function, core), self._lending(function, core)
        if subtasks is None or function not in self._polled:
            return SyncPassing(function, core, self._form, ends, lending, called)
        finish = self._builder.alias(Sort.FUNC, inner, finish_name(function.name))
        return PolledPassing(function, core, self._form, ends, lending, (called, finish), subtasks, self._outside.value)

    def _ends_passing(self, function: Function, core: CoreModuleBuilder) -> EndsPassing:
        """Return the converters of a function's streams: to numbers for values that go from the outer side in."""
        kinds, settle = self._kinds.get(function), None
        if self._form.settles:
            settle = core.wire(SETTLING, self._builder.lower(self._converters[SETTLING], []), [])
        if not kinds:
            return EndsPassing(settle=settle)
        inwards, outwards = (take_name, open_name) if self._form.inside.numbers else (open_name, take_name)
        params = [end for _, shape in function.params for end in ends_in(shape)]
        result = [] if function.result is None else list(ends_in(function.result))
        run = None
        if self._form.inside.numbers:
            run = core.wire(RUN, self._builder.lower(self._converters[RUN], [_ASYNC]), [], [Core.I32])
        return EndsPassing(
            self._converting(params, kinds, inwards, core), self._converting(result, kinds, outwards, core),
            run, settle,
        )  # fmt: skip

    def _converting(
        self,
        shapes: Iterable[Shape],
        kinds: Mapping[Shape, StreamKind],
        name_of: Callable[[str], str],
        core: CoreModuleBuilder,
    ) -> dict[Shape, int]:
        """Return the core functions that convert the streams of some types."""
        converting: dict[Shape, int] = {}
        for shape in shapes:
            if shape in kinds:
                name = name_of(kinds[shape].key)
                lowered = self._builder.lower(self._converters[name], [])
                converting[shape] = core.wire(name, lowered, [Core.I32], [Core.I32])
        return converting

    def _finish(self, core: CoreModuleBuilder, passed: list[tuple[Passing, int]]) -> None:
        """Put the code in, and export the functions made of it."""
        builder = self._builder
        for passing, _ in passed:
            with self._naming(passing.function):
                passing.write()
        module = builder.core_module(core.module.encoded())
        main = builder.instantiate_core(module, [("", builder.core_instance(core.wires))])
        for passing, type_ in passed:
            builder.export(passing.function.name, Sort.FUNC, passing.lift(main, type_), type_)


def _fresh_names() -> Iterator[str]:
    number = 0
    while True:
        yield f"adapter-type{number}"
        number += 1
