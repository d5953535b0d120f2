"""The functions of an adapter that need code: each passes a call on, using the adapter's memory.

The canonical ABI puts the guest's values into the adapter's memory, from where they are passed on. A list is an address
and a count there, which is the same as a tuple of these two: the host copies the elements itself.

Where the host does not find that memory, lists of bytes are passed as text. A `list<u8>` and a latin1+utf16 string
with only Latin-1 characters are the same in memory. Genuine strings of such a function are passed as the Latin-1
reading of their UTF-8, because the guest's side of the adapter uses utf8 (componentize-py's guests cannot transcode)
and the host's uses latin1+utf16.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..compose.adapter_form import Form
from ..compose.lending import Numbering
from ..wasm.code import Body, CoreModule
from ..wasm.encoding import ComponentBuilder, Sort, unsigned
from ..wasm.layout import MAX_FLAT, Core, flatten, layout_of
from ..wasm.shapes import Function, Kind, Resource, Shape, carries_bytes
from .allocator import ENTER, MEMORY, REALLOC, leave_with
from .borrows import Borrows, borrowed
from .stream_convert import Conversion

__all__ = ["CoreModuleBuilder", "EndsPassing", "Lending", "Passing", "SyncPassing"]

_UTF8, _COMPACT = b"\x00", b"\x02"
_REALLOC_ARGUMENTS = [Core.I32] * 4
_DROP = 0x1A


@dataclass
class CoreModuleBuilder:
    """Builds the core module of an adapter's code, whose imports are by name; knows its memory's instance."""

    builder: ComponentBuilder
    memory: int
    allocator: int
    realloc: int
    module: CoreModule = field(default_factory=CoreModule)
    wires: list[tuple[str, Sort, int]] = field(default_factory=list[tuple[str, Sort, int]])
    known: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.module.import_memory("", MEMORY)
        self.wires.append((MEMORY, Sort.CORE_MEMORY, self.memory))

    def wire(self, name: str, function: int, params: Sequence[Core], results: Sequence[Core] = ()) -> int:
        """Let the code call a core function of the component; return the number it has in the code."""
        if name not in self.known:
            self.wires.append((name, Sort.CORE_FUNC, function))
            self.known[name] = self.module.import_function("", name, params, results)
        return self.known[name]

    def of_memory(self, name: str, params: Sequence[Core] = (), results: Sequence[Core] = ()) -> int:
        """Let the code call a function of the memory's module."""
        if name in self.known:
            return self.known[name]
        return self.wire(name, self.builder.alias(Sort.CORE_FUNC, self.allocator, name), params, results)

    def drop(self, type_: int) -> int:
        """Let the code drop handles of a resource, whose type has this index."""
        name = f"drop{type_}"
        if name not in self.known:
            self.wire(name, self.builder.builtin(b"\x03" + unsigned(type_)), [Core.I32])
        return self.known[name]

    def options(self, *, compact: bool) -> list[bytes]:
        """Return a canonical definition's options for memory and strings."""
        memory = [b"\x03" + unsigned(self.memory), b"\x04" + unsigned(self.realloc)]
        return [*memory, _COMPACT if compact else _UTF8]


@dataclass(frozen=True)
class EndsPassing:
    """The core functions that convert the streams and futures of one function, by their types, and `run` and `settle`.

    `run` starts the task that moves the streams' elements; `settle` passes the elements written so far to the host. For
    calls that the host makes, it starts the task itself: there a subtask lasts no longer than its caller.
    """

    params: Mapping[Shape, int] = field(default_factory=dict[Shape, int])
    result: Mapping[Shape, int] = field(default_factory=dict[Shape, int])
    run: int | None = None
    settle: int | None = None


@dataclass(frozen=True)
class Lending:
    """A function with the parameters of the inner side, and the functions that number and drop its handles."""

    inner: Function
    numbers: Mapping[Resource, tuple[int, int]] = field(default_factory=dict[Resource, tuple[int, int]])


class Passing(ABC):
    """A function that an adapter passes on. `compact` is, for either side, whether its strings are latin1+utf16."""

    def __init__(
        self, function: Function, core: CoreModuleBuilder, form: Form, ends: EndsPassing, lending: Lending
    ) -> None:
        self.function = function
        self.core = core
        self._ends = ends
        self._lending = lending
        bytes_ = any(carries_bytes(shape) for shape in function.types)
        self.compact_inside = form.inside.lists == "text" and bytes_
        self.compact_outside = form.outside.lists == "text" and bytes_
        self._types = [shape for _, shape in function.params]
        self._inner_types = [shape for _, shape in lending.inner.params]
        flat = flatten(self._types)
        self.spilled = len(flat) > MAX_FLAT
        self.params = (Core.I32,) if self.spilled else flat
        self.flat_result = layout_of(function.result).flat if function.result is not None else ()
        self.in_memory = len(self.flat_result) > 1
        self._drops: dict[Resource, int] = {}

    @property
    def returned(self) -> tuple[Core, ...]:
        """The core function's result: the value, or the address of the result."""
        return (Core.I32,) if self.in_memory else self.flat_result

    def plan(self, number: int, resources: dict[Resource, int]) -> None:
        """Wire the imports that the code needs."""
        self.core.of_memory(ENTER)
        self.core.of_memory(REALLOC, _REALLOC_ARGUMENTS, [Core.I32])
        for resource in sorted(borrowed(self._inner_types), key=resources.__getitem__):
            self._drops[resource] = self.core.drop(resources[resource])
        self._plan(number)

    @abstractmethod
    def _plan(self, number: int) -> None: ...

    @abstractmethod
    def write(self) -> None:
        """Add the code to the module."""

    @abstractmethod
    def lift(self, main: int, type_: int) -> int:
        """Make the component's function out of it; return its index."""

    def drop_borrows(self, body: Body) -> None:
        """Drop the handles that the parameters lend."""
        borrows = Borrows(body, self._drops)
        if self.spilled:
            borrows.memory(Shape(Kind.TUPLE, tuple(self._inner_types)), 0, 0)
            return
        first = 0
        for shape in self._inner_types:
            size = len(layout_of(shape).flat)
            borrows.flat(shape, range(first, first + size))
            first += size

    def convert_params(self, body: Body) -> None:
        """Convert the streams, futures and handles that the parameters pass; the host is brought up to date before."""
        if self._ends.settle is not None:
            body.call(self._ends.settle)
        Numbering(body, self._lending.numbers).convert(self._types, self._inner_types, spilled=self.spilled)
        conversion, whole = Conversion(body, self._ends.params), Shape(Kind.TUPLE, tuple(self._types))
        if self._ends.params and self.spilled:
            conversion.memory(whole, 0, 0)
        elif self._ends.params:
            conversion.flat(whole, range(len(self.params)))

    def convert_result(self, body: Body, address: int, values: Sequence[int]) -> None:
        """Convert those of the result, which lies at the address in a local, or in the local of its one core value."""
        if self._ends.result and self.function.result is not None:
            conversion = Conversion(body, self._ends.result)
            if self.in_memory:
                conversion.memory(self.function.result, address, 0)
            else:
                conversion.flat(self.function.result, values)

    def run_ends(self, body: Body, converted: Mapping[Shape, int]) -> None:
        """Start the task that moves the elements of converted streams. The call returns at once."""
        if converted and self._ends.run is not None:
            body.call(self._ends.run)
            body.emit(_DROP)

    def reserve_result(self, body: Body) -> int:
        """Make room for the result in memory; return the local with its address."""
        address = body.local()
        if self.in_memory and self.function.result is not None:
            layout = layout_of(self.function.result)
            for number in (0, 0, layout.alignment, layout.size):
                body.const(number)
            body.call(self.core.known[REALLOC])
            body.set(address)
        return address

    def core_export(self, main: int, name: str) -> int:
        """Return a function of the module as one of the component's core functions."""
        return self.core.builder.alias(Sort.CORE_FUNC, main, name)


class SyncPassing(Passing):
    """A function that waits until its callee has returned."""

    def __init__(
        self, function: Function, core: CoreModuleBuilder, form: Form, ends: EndsPassing, lending: Lending, inner: int
    ) -> None:
        super().__init__(function, core, form, ends, lending)
        self._inner = inner
        self._name = ""
        self._called = 0

    def _plan(self, number: int) -> None:
        lowered = self.core.builder.lower(self._inner, self.core.options(compact=self.compact_inside))
        params = (*self.params, Core.I32) if self.in_memory else self.params
        self._name = f"pass{number}"
        self._called = self.core.wire(self._name, lowered, params, () if self.in_memory else self.flat_result)

    def write(self) -> None:
        """Add the code to the module."""
        body = Body(self.params, self.returned)
        body.call(self.core.known[ENTER])
        address = self.reserve_result(body)
        self.convert_params(body)
        body.get(*range(len(self.params)))
        if self.in_memory:
            body.get(address)
        body.call(self._called)
        value = [body.local(each) for each in self.flat_result] if not self.in_memory else []
        for local in value:
            body.set(local)
        self.drop_borrows(body)
        self.convert_result(body, address, value)
        self.run_ends(body, {**self._ends.params, **self._ends.result})
        body.get(*([address] if self.in_memory else value))
        self.core.module.function(body, self._name)

    def lift(self, main: int, type_: int) -> int:
        """Make the component's function out of it; return its index."""
        ended = leave_with(self.returned[0] if self.returned else None)
        post_return = self.core.builder.alias(Sort.CORE_FUNC, self.core.allocator, ended)
        options = [*self.core.options(compact=self.compact_outside), b"\x05" + unsigned(post_return)]
        return self.core.builder.lift(self.core_export(main, self._name), options, type_)
