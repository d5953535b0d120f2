"""A helper: the component that stands between the guest and the outside, for one interface.

It imports an instance of the interface on its inner side, in the form of one, and exports the interface in the other
form: for an import of the guest, the host's instance has strings for `list<u8>` and plain functions for async ones, and
the guest is given the real interface; for an export it is the other way round. Resources and named types come in as
imports of their own, so that a helper needs nothing of where they are declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from .allocator import MEMORY, REALLOC, allocator
from .encoding import ComponentBuilder, Sort
from .names import finish_name
from .passing import Circuit, Passing, SyncPassing
from .polling import PolledPassing, Tickets
from .refusal import naming
from .shapes import NAMED, OPCODES, PRIMITIVES, Function, Interface, Resource, Shape, carries_bytes, resources_of
from .type_writer import InstanceTypeWriter, TypeWriter, signature

__all__ = ["CANCEL_ARGUMENT", "INSTANCE_ARGUMENT", "POLL_ARGUMENT", "Form", "Helper", "make_helper", "resources_in"]

INSTANCE_ARGUMENT, POLL_ARGUMENT, CANCEL_ARGUMENT = "inside", "poll", "cancel"

_TICKET = PRIMITIVES[OPCODES["u32"]]
_TICKET_PARAM = (("ticket", _TICKET),)


@dataclass(frozen=True)
class Form:
    """In which form a helper has its interface: where `list<u8>` is text, and whether async functions are polled."""

    text_inside: bool = False
    text_outside: bool = False
    polled: bool = False

    def changes(self, function: Function) -> bool:
        """Tell whether a function has to be passed on by code."""
        bytes_ = self.text_inside or self.text_outside
        return (self.polled and function.is_async) or (bytes_ and any(map(carries_bytes, function.types)))


@dataclass(frozen=True, eq=False)
class Helper:
    """A helper and its arguments: which resources it wants under which names, which types, and whether as text."""

    content: bytes
    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    types: dict[str, tuple[Shape, bool]] = field(default_factory=dict[str, tuple[Shape, bool]])
    polls: bool = False


def resources_in(interface: Interface) -> list[Resource]:
    """Return the resources that an interface mentions, each once, its own first."""
    found = dict.fromkeys(interface.own)
    for meaning in (*interface.types.values(), *(shape for f in interface.functions for shape in f.types)):
        found.update(dict.fromkeys([meaning] if isinstance(meaning, Resource) else resources_of(meaning)))
    return list(found)


def make_helper(interface: Interface, form: Form) -> Helper:
    """Make the helper of an interface."""
    return _Maker(interface, form).make()


class _Maker:
    def __init__(self, interface: Interface, form: Form) -> None:
        self._interface = interface
        self._form = form
        self._builder = ComponentBuilder()
        self._resources: dict[Resource, int] = {}
        self._wanted: dict[str, tuple[Shape, bool]] = {}
        self._names = self._names_of_types()
        self._outside_resources: dict[Resource, int] = {}
        inside, outside = form.text_inside, form.text_outside
        declare = self._export_type if interface.name else partial(self._import_type, outside)
        self._inside = TypeWriter(
            self._builder, self._resources.__getitem__, partial(self._import_type, inside), as_text=inside
        )
        self._outside = TypeWriter(self._builder, self._outside_resources.__getitem__, declare, as_text=outside)
        self._polled = [f for f in interface.functions if form.polled and f.is_async]

    def _names_of_types(self) -> dict[Shape, str]:
        """Return the first name of each named type that the interface itself exports."""
        names: dict[Shape, str] = {}
        for name, meaning in self._interface.types.items():
            if isinstance(meaning, Shape) and meaning.kind in NAMED:
                names.setdefault(meaning, name)
        return names

    def _import_type(self, as_text: bool, shape: Shape, definition: int) -> int:  # noqa: FBT001  (of a partial)
        name = f"type{len(self._wanted)}"
        self._wanted[name] = (shape, as_text)
        return self._builder.import_(name, Sort.TYPE, definition)

    def _export_type(self, shape: Shape, definition: int) -> int:
        """Export a named type: under the interface's name for it, or one that nothing has.

        The world itself exports functions one by one, and those need types that have names outside the helper.
        """
        if shape not in self._names:
            taken = {*self._interface.types, *self._names.values(), *(f.name for f in self._interface.functions)}
            self._names[shape] = next(name for name in _fresh_names() if name not in taken)
        return self._builder.export(self._names[shape], Sort.TYPE, definition)

    def make(self) -> Helper:
        builder, wanted = self._builder, dict[str, Resource]()
        for number, resource in enumerate(resources_in(self._interface)):
            wanted[f"resource{number}"] = resource
            self._resources[resource] = builder.import_resource(f"resource{number}")
        inner = builder.import_(INSTANCE_ARGUMENT, Sort.INSTANCE, builder.type(self._inner_type()))
        tickets = self._import_tickets() if self._polled else None
        circuit = self._circuit()
        self._export_types()
        passed = self._functions(inner, circuit, tickets)
        if passed:
            self._finish(circuit, passed)
        return Helper(builder.encoded(), wanted, self._wanted, bool(self._polled))

    def _inner_type(self) -> bytes:
        """Return the type of the instance on the inner side."""
        writer = InstanceTypeWriter(self._inside, self._resources.__getitem__, self._interface)
        for function in self._interface.functions:
            if function in self._polled:
                start, finish = (function.params, _TICKET), (_TICKET_PARAM, function.result)
                writer.function(function.name, *start, is_async=False)
                writer.function(finish_name(function.name), *finish, is_async=False)
            else:
                writer.function(function.name, function.params, function.result, is_async=function.is_async)
        return writer.encoded()

    def _import_tickets(self) -> tuple[int, int]:
        builder = self._builder
        poll = builder.type(signature(_TICKET_PARAM, _TICKET, self._inside.value))
        cancel = builder.type(signature(_TICKET_PARAM, None, self._inside.value))
        return (
            builder.import_(POLL_ARGUMENT, Sort.FUNC, poll),
            builder.import_(CANCEL_ARGUMENT, Sort.FUNC, cancel),
        )

    def _circuit(self) -> Circuit:
        builder = self._builder
        instance = builder.instantiate_core(builder.core_module(allocator()), [])
        memory = builder.alias(Sort.CORE_MEMORY, instance, MEMORY)
        return Circuit(builder, memory, instance, builder.alias(Sort.CORE_FUNC, instance, REALLOC))

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

    def _functions(self, inner: int, circuit: Circuit, tickets: tuple[int, int] | None) -> list[tuple[Passing, int]]:
        """Export what is the same on both sides; return what code passes on, with its type."""
        builder, passed = self._builder, list[tuple[Passing, int]]()
        shared = Tickets(circuit, *tickets) if tickets is not None else None
        for function in self._interface.functions:
            called = builder.alias(Sort.FUNC, inner, function.name)
            type_ = self._outside.function(function.params, function.result, is_async=function.is_async)
            if not self._form.changes(function):
                builder.export(function.name, Sort.FUNC, called, type_)
                continue
            with self._naming(function):
                passing = self._passing(function, circuit, called, inner, shared)
                passing.plan(len(passed), self._resources)
            passed.append((passing, type_))
        return passed

    def _naming(self, function: Function) -> AbstractContextManager[None]:
        """Name a function in refusals."""
        return naming(f"{self._interface.name}#{function.name}" if self._interface.name else function.name)

    def _passing(
        self, function: Function, circuit: Circuit, called: int, inner: int, tickets: Tickets | None
    ) -> Passing:
        inside, outside = self._form.text_inside, self._form.text_outside
        if tickets is None or function not in self._polled:
            return SyncPassing(function, circuit, called, text_inside=inside, text_outside=outside)
        finish = self._builder.alias(Sort.FUNC, inner, finish_name(function.name))
        return PolledPassing(
            function, circuit, (called, finish), tickets, self._outside.value, text_inside=inside, text_outside=outside
        )

    def _finish(self, circuit: Circuit, passed: list[tuple[Passing, int]]) -> None:
        """Put the code in, and export the functions made of it."""
        builder = self._builder
        for passing, _ in passed:
            with self._naming(passing.function):
                passing.write()
        module = builder.core_module(circuit.module.encoded())
        main = builder.instantiate_core(module, [("", builder.core_instance(circuit.wires))])
        for passing, type_ in passed:
            builder.export(passing.function.name, Sort.FUNC, passing.lift(main, type_), type_)


def _fresh_names() -> Iterator[str]:
    number = 0
    while True:
        yield f"lane-type{number}"
        number += 1
