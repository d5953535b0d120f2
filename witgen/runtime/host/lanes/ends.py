"""The helper that has all streams and futures which a component passes to its host, or is passed by it.

Other helpers give it the readable end of what the guest passes, and get from it the readable end of what the host
passes; the host knows either by the number of the end here. What is done with the ends, and when, the host decides: the
one task of this helper asks the host what to do, does it, tells what came of it, and asks again. When there is nothing
to do it waits, for one of the ends or for the host, which is an async function that returns when there is something.
The task lasts as long as there are ends, and goes on while any async function of the component runs.

The numbers of steps are those of `witgen.runtime.host.lanes.steps.Step`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .allocator import MEMORY, REALLOC
from .code import Body, CoreModule
from .encoding import ComponentBuilder, Sort, unsigned
from .freeing import Freeing
from .heap import FREE, heap
from .kinds import StreamKind, data_name, open_name, put_name, take_name
from .layout import Core, layout_of
from .shapes import NUMBER, Kind, Resource, Shape
from .steps import BLOCKED, DONE, SETTLE, STARTED, Step
from .type_writer import Look, TypeWriter

__all__ = [
    "COMMAND",
    "OPENED",
    "OPENED_PARAMS",
    "RUN",
    "SETTLING",
    "STEP",
    "STEP_PARAMS",
    "STEP_RESULT",
    "EndsHelper",
    "elements_of",
    "make_ends",
]  # fmt: skip

STEP, OPENED, COMMAND, RUN, SETTLING = "step", "opened", "command", "run", "settle"
STEP_PARAMS = tuple((name, NUMBER) for name in ("event", "first", "second"))
STEP_RESULT = Shape(Kind.TUPLE, (NUMBER,) * 6)
OPENED_PARAMS = (("number", NUMBER), ("end", NUMBER))

_ANSWER, _GIVEN = 8, 40
"""Where the host's answer lies, and where address and count of elements that it gives."""
_WAIT, _EXIT, _RETURNED = 2, 0, 2
"""What a callback returns, and the state of a call that has returned (CanonicalABI.md, `canon lift` and `Subtask`)."""
_NEW, _READ, _WRITE, _CANCEL_READ, _, _DROP_READABLE, _DROP_WRITABLE = range(7)
_STREAM, _FUTURE = 0x0E, 0x15
"""The first opcode of the built-ins for streams, and for futures (Binary.md, "Canonical Definitions")."""
_TASK_RETURN, _SET_NEW, _JOIN = b"\x09\x01\x00\x00", b"\x1f", b"\x23"
_SUBTASK_DROP, _ASYNC, _CALLBACK, _COMPACT = b"\x0d", b"\x06", b"\x07", b"\x02"
_I32_EQZ, _I32_ADD, _I32_SUB, _I32_MUL, _I32_AND, _I32_OR, _I32_SHL, _I32_SHR_U = (
    0x45, 0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x74, 0x76,
)  # fmt: skip
_I64_SHR_U, _I64_CONST, _I32_WRAP_I64, _RETURN, _DROP = 0x88, 0x42, 0xA7, 0x0F, 0x1A
_ONLY_ASYNC = b"\x01" + _ASYNC
_I32 = Core.I32


@dataclass(frozen=True, eq=False)
class EndsHelper:
    """The helper, and the named types that it wants under which names."""

    content: bytes
    types: dict[str, tuple[Shape, Look]] = field(default_factory=dict[str, tuple[Shape, Look]])


def elements_of(kind: StreamKind) -> Shape:
    """Return the type in which the host gives and gets what a kind carries: a list, or a count where it is nothing."""
    return NUMBER if kind.element is None else Shape(Kind.LIST, (kind.element,))


def make_ends(kinds: Sequence[StreamKind]) -> EndsHelper:
    """Make the helper for some kinds of streams."""
    return _Maker(kinds).make()


@dataclass(frozen=True, eq=False)
class _Kind:
    """A kind with the functions of the code that do something with its ends."""

    kind: StreamKind
    builtins: Mapping[int, int]
    put: int
    data: int

    @property
    def size(self) -> int:
        """The bytes of one element."""
        return layout_of(self.kind.element).size if self.kind.element is not None else 0


class _Maker:
    def __init__(self, kinds: Sequence[StreamKind]) -> None:
        self._kinds = kinds
        self._builder = ComponentBuilder()
        self._wanted: dict[str, tuple[Shape, Look]] = {}
        self._real = self._writer(Look())
        self._host = self._writer(Look(text=True))
        self._module = CoreModule()
        self._wires: list[tuple[str, Sort, int]] = []
        self._memory = self._realloc = 0

    def _writer(self, look: Look) -> TypeWriter:
        no_resources: dict[Resource, int] = {}

        def declare(shape: Shape, definition: int) -> int:
            name = f"type{len(self._wanted)}"
            self._wanted[name] = (shape, look)
            return self._builder.import_(name, Sort.TYPE, definition)

        return TypeWriter(self._builder, no_resources.__getitem__, declare, look)

    def make(self) -> EndsHelper:
        builder = self._builder
        step = builder.import_(STEP, Sort.FUNC, self._host.function(STEP_PARAMS, STEP_RESULT))
        opened = builder.import_(OPENED, Sort.FUNC, self._host.function(OPENED_PARAMS, None))
        command = builder.import_(COMMAND, Sort.FUNC, self._host.function((), None, is_async=True))
        passing = [self._import_passing(kind) for kind in self._kinds]
        instance = builder.instantiate_core(builder.core_module(heap()), [])
        self._memory = builder.alias(Sort.CORE_MEMORY, instance, MEMORY)
        self._realloc = builder.alias(Sort.CORE_FUNC, instance, REALLOC)
        self._module.import_memory("", MEMORY)
        self._wires.append((MEMORY, Sort.CORE_MEMORY, self._memory))
        allocate = self._wire(REALLOC, self._realloc, [_I32] * 4, [_I32])
        free = self._wire(FREE, builder.alias(Sort.CORE_FUNC, instance, FREE), [_I32])
        bell = unsigned(self._real.index(Shape(Kind.STREAM, (None,))))
        task = _Task(
            step=self._wire(STEP, builder.lower(step, self._options()), [_I32] * 4),
            command=self._wire(COMMAND, builder.lower(command, [_ASYNC]), [], [_I32]),
            join=self._wire("join", builder.builtin(_JOIN), [_I32] * 2),
            drop=self._wire("drop", builder.builtin(_SUBTASK_DROP), [_I32]),
            new_set=self._wire("new-set", builder.builtin(_SET_NEW), [], [_I32]),
            returned=self._wire("return", builder.builtin(_TASK_RETURN), []),
            new_bell=self._wire("new-bell", builder.builtin(b"\x0e" + bell), [], [Core.I64]),
            hear_bell=self._wire("hear-bell", builder.builtin(b"\x0f" + bell + _ONLY_ASYNC), [_I32] * 3, [_I32]),
            ring_bell=self._wire("ring-bell", builder.builtin(b"\x10" + bell + _ONLY_ASYNC), [_I32] * 3, [_I32]),
        )
        opened = self._wire(OPENED, builder.lower(opened, []), [_I32] * 2)
        kinds = [self._wire_kind(kind, *each) for kind, each in zip(self._kinds, passing, strict=True)]
        self._write(task, kinds, opened, allocate, free)
        return EndsHelper(builder.encoded(), self._wanted)

    def _import_passing(self, kind: StreamKind) -> tuple[int, int]:
        """Import what gives the host elements of a kind, and what asks it for some."""
        elements = elements_of(kind)
        put = self._host.function((("end", NUMBER), ("elements", elements)), None)
        data = self._host.function((("end", NUMBER),), elements)
        return (
            self._builder.import_(put_name(kind.key), Sort.FUNC, put),
            self._builder.import_(data_name(kind.key), Sort.FUNC, data),
        )

    def _options(self) -> list[bytes]:
        return [b"\x03" + unsigned(self._memory), b"\x04" + unsigned(self._realloc), _COMPACT]

    def _wire(self, name: str, function: int, params: Sequence[Core], results: Sequence[Core] = ()) -> int:
        self._wires.append((name, Sort.CORE_FUNC, function))
        return self._module.import_function("", name, params, results)

    def _wire_kind(self, kind: StreamKind, put: int, data: int) -> _Kind:
        builder, has = self._builder, kind.element is not None
        type_ = unsigned(self._real.index(kind.shape))
        first = _FUTURE if kind.is_future else _STREAM
        moved = [_I32] * (2 if kind.is_future else 3)
        options = [*self._options()[:2], b"\x00", _ASYNC]
        forms: dict[int, tuple[bytes, list[Core], list[Core]]] = {
            _NEW: (b"", [], [Core.I64]),
            _READ: (unsigned(len(options)) + b"".join(options), moved, [_I32]),
            _WRITE: (unsigned(len(options)) + b"".join(options), moved, [_I32]),
            _CANCEL_READ: (b"\x00", [_I32], [_I32]),
            _DROP_READABLE: (b"", [_I32], []),
            _DROP_WRITABLE: (b"", [_I32], []),
        }
        builtins = {
            number: self._wire(
                f"{number}-{kind.key}", builder.builtin(bytes((first + number,)) + type_ + options), params, results
            )
            for number, (options, params, results) in forms.items()
        }
        lowered = [builder.lower(each, self._options()) for each in (put, data)]
        put = self._wire(f"put-{kind.key}", lowered[0], [_I32] * (3 if has else 2))
        data = self._wire(f"data-{kind.key}", lowered[1], *(([_I32] * 2, []) if has else ([_I32], [_I32])))
        return _Kind(kind, builtins, put, data)

    def _write(self, task: _Task, kinds: Sequence[_Kind], opened: int, allocate: int, free: int) -> None:
        """Add the code, and export what is made of it."""
        builder, module = self._builder, self._module
        task.address, task.set, task.runs, task.bell, task.rope = (module.variable(0) for _ in range(5))
        task.do = [module.function(_Doing(each, task, allocate, free).body()) for each in kinds]
        task.loop = module.function(task.loop_body())
        module.function(task.run_body(), RUN)
        module.function(task.callback_body(), "callback")
        module.function(task.settle_body(), SETTLING)
        for each in kinds:
            module.function(_open_body(each, opened), open_name(each.kind.key))
            module.function(_take_body(), take_name(each.kind.key))
        main = builder.instantiate_core(
            builder.core_module(module.encoded()), [("", builder.core_instance(self._wires))]
        )
        callback = _CALLBACK + unsigned(builder.alias(Sort.CORE_FUNC, main, "callback"))
        self._export(main, RUN, [_ASYNC, callback], self._real.function((), None, is_async=True))
        self._export(main, SETTLING, [], self._real.function((), None))
        for kind in self._kinds:
            opening = self._real.function((("number", NUMBER),), kind.shape)
            self._export(main, open_name(kind.key), [], opening)
            self._export(main, take_name(kind.key), [], self._real.function((("end", kind.shape),), NUMBER))

    def _export(self, main: int, name: str, options: Sequence[bytes], type_: int) -> None:
        function = self._builder.alias(Sort.CORE_FUNC, main, name)
        self._builder.export(name, Sort.FUNC, self._builder.lift(function, options, type_))


def _open_body(kind: _Kind, opened: int) -> Body:
    """Return what makes a stream for the host: number → readable end. The host is told of the writable one."""
    body = Body([_I32], [_I32])
    ends = body.local(Core.I64)
    body.call(kind.builtins[_NEW])
    body.set(ends)
    body.get(0, ends)
    body.emit(_I64_CONST, 32, _I64_SHR_U, _I32_WRAP_I64)
    body.call(opened)
    body.get(ends)
    body.emit(_I32_WRAP_I64)
    return body


def _take_body() -> Body:
    """Return what takes a readable end for the host: the end → its number."""
    body = Body([_I32], [_I32])
    body.get(0)
    return body


@dataclass
class _Task:
    """The task that asks the host what to do; numbers are those of the code's functions and variables."""

    step: int
    command: int
    join: int
    drop: int
    new_set: int
    returned: int
    new_bell: int
    hear_bell: int
    ring_bell: int
    address: int = 0
    """The variable with the second number to tell the host after a step."""
    set: int = 0
    """The variable with the waitable set."""
    bell: int = 0
    """The variable with the readable end of a stream of the task's own."""
    rope: int = 0
    """The variable with its writable end."""
    runs: int = 0
    """The variable that tells whether there are ends."""
    do: list[int] = field(default_factory=list[int])
    loop: int = 0

    def run_body(self) -> Body:
        """Return the start of the task; what called it goes on at once. If the task runs already, this is none."""
        body = Body([], [_I32])
        body.call(self.returned)
        body.global_get(self.set)
        body.emit(_I32_EQZ)
        with body.if_():
            body.call(self.new_set)
            body.global_set(self.set)
            ends = body.local(Core.I64)
            body.call(self.new_bell)
            body.set(ends)
            body.get(ends)
            body.emit(_I32_WRAP_I64)
            body.global_set(self.bell)
            body.get(ends)
            body.emit(_I64_CONST, 32, _I64_SHR_U, _I32_WRAP_I64)
            body.global_set(self.rope)
        body.const(1)
        body.global_set(self.runs)
        for number in (STARTED, 0, 0):
            body.const(number)
        body.call(self.loop)
        return body

    def callback_body(self) -> Body:
        """Return what runs when something has come up: event, two numbers that belong to it → what to do next."""
        body = Body([_I32] * 3, [_I32])
        body.get(0, 1, 2)
        body.call(self.loop)
        return body

    def settle_body(self) -> Body:
        """Return what does what can be done at once."""
        body = Body([])
        body.global_get(self.runs)
        body.emit(_I32_EQZ)
        with body.if_():
            body.emit(_RETURN)
        for number in (SETTLE, 0, 0):
            body.const(number)
        body.call(self.loop)
        body.emit(_DROP)
        return body

    def loop_body(self) -> Body:
        """Return what tells the host of an event and does what it answers, until there is nothing to do."""
        body = Body([_I32] * 3, [_I32])
        event, first, second = range(3)
        op, kind, *values = (body.local() for _ in range(6))
        with body.loop():
            body.get(event, first, second)
            body.const(_ANSWER)
            body.call(self.step)
            for number, local in enumerate((op, kind, *values)):
                body.const(_ANSWER)
                body.load(_I32, 4 * number)
                body.set(local)
            with body.if_equal(op, Step.WAIT):
                body.global_get(self.set)
                body.const(4)
                body.emit(_I32_SHL)
                body.const(_WAIT)
                body.emit(_I32_OR, _RETURN)
            with body.if_equal(op, Step.EXIT):
                body.const(0)
                body.global_set(self.runs)
                body.const(_EXIT)
                body.emit(_RETURN)
            with body.if_equal(op, Step.LEAVE):
                body.const(_EXIT)
                body.emit(_RETURN)
            body.const(DONE)
            body.set(event)
            self._host_steps(body, op, first, values[0])
            for number, do in enumerate(self.do):
                body.const(0)
                body.global_set(self.address)
                with body.if_equal(kind, number):
                    body.get(op, *values)
                    body.call(do)
                    body.set(first)
                    body.global_get(self.address)
                    body.set(second)
        return body

    def _host_steps(self, body: Body, op: int, first: int, value: int) -> None:
        """Listen to the host, and end a call by which the host was listened to."""
        state = body.local()
        with body.if_equal(op, Step.LISTEN):
            body.call(self.command)
            body.set(state)
            body.get(state)
            body.const(4)
            body.emit(_I32_SHR_U)
            body.set(first)
            body.get(first)
            with body.if_():
                body.get(first)
                body.global_get(self.set)
                body.call(self.join)
        with body.if_equal(op, Step.HEARD):
            body.get(value)
            body.const(0)
            body.call(self.join)
            body.get(value)
            body.call(self.drop)
        with body.if_equal(op, Step.ARM):
            body.global_get(self.bell)
            body.set(first)
            body.get(first)
            body.const(0)
            body.const(1)
            body.call(self.hear_bell)
            body.emit(_DROP)
            body.get(first)
            body.global_get(self.set)
            body.call(self.join)
        with body.if_equal(op, Step.RING):
            body.global_get(self.rope)
            body.const(0)
            body.const(1)
            body.call(self.ring_bell)
            body.emit(_DROP)


class _Doing:
    """Writes what does a step with an end of one kind: step and four numbers → what a built-in returned, or 0."""

    def __init__(self, kind: _Kind, task: _Task, allocate: int, free: int) -> None:
        self._kind = kind
        self._task = task
        self._allocate = allocate
        self._free = free
        self._body = Body([_I32] * 5, [_I32])
        self._op, self._end, self._address, self._first, self._count = range(5)
        self._result = self._body.local()

    def body(self) -> Body:
        """Return the function."""
        body = self._body
        steps: dict[Step, Callable[[], None]] = {
            Step.READ: self._read,
            Step.PUT: self._put,
            Step.WRITE: self._write,
            Step.WRITE_ON: self._write_on,
            Step.FREE: self._give_back,
            Step.CANCEL_READ: self._cancel,
            Step.DROP_READABLE: lambda: self._drop(_DROP_READABLE),
            Step.DROP_WRITABLE: lambda: self._drop(_DROP_WRITABLE),
        }
        for step, write in steps.items():
            with body.if_equal(self._op, step):
                write()
        body.get(self._result)
        return body

    def _read(self) -> None:
        """Ask the guest for as many elements as the host wants; they are put where the host is told."""
        body = self._body
        body.const(0)
        body.const(0)
        body.const(8)
        body.get(self._count)
        body.const(self._kind.size)
        body.emit(_I32_MUL)
        body.call(self._allocate)
        body.set(self._address)
        self._move(_READ, self._address)

    def _move(self, builtin: int, address: int) -> None:
        """Read or write, and wait for the end if the other side is not ready."""
        body = self._body
        body.get(self._end, address)
        if not self._kind.kind.is_future:
            body.get(self._count)
        body.call(self._kind.builtins[builtin])
        body.set(self._result)
        with body.if_equal(self._result, BLOCKED):
            body.get(self._end)
            body.global_get(self._task.set)
            body.call(self._task.join)
        body.get(self._address)
        body.global_set(self._task.address)

    def _put(self) -> None:
        """Give the host elements that were read, of which those from the first on are there, and free them."""
        body, has = self._body, self._kind.kind.element is not None
        body.get(self._count)
        with body.if_():
            body.get(self._end, *([self._address] if has else []), self._count)
            body.call(self._kind.put)
        self._give_back()

    def _write(self) -> None:
        """Ask the host for elements, and give them to the guest."""
        body = self._body
        body.get(self._end)
        if self._kind.kind.element is None:
            body.call(self._kind.data)
            body.set(self._count)
        else:
            body.const(_GIVEN)
            body.call(self._kind.data)
            for place, local in ((0, self._address), (4, self._count)):
                body.const(_GIVEN)
                body.load(_I32, place)
                body.set(local)
        self._move(_WRITE, self._address)

    def _write_on(self) -> None:
        """Give the guest elements from the first on that it has not taken."""
        body, start = self._body, self._body.local()
        body.get(self._address, self._first)
        body.const(self._kind.size)
        body.emit(_I32_MUL, _I32_ADD)
        body.set(start)
        body.get(self._count, self._first)
        body.emit(_I32_SUB)
        body.set(self._count)
        self._move(_WRITE, start)

    def _give_back(self) -> None:
        """Free elements."""
        body, element = self._body, self._kind.kind.element
        freeing = Freeing(body, self._free)
        if element is not None and freeing.reaches(element):
            address, count = body.local(), body.local()
            for local, source in ((address, self._address), (count, self._count)):
                body.get(source)
                body.set(local)
            freeing.elements(Shape(Kind.LIST, (element,)), address, count)
        body.get(self._address)
        body.call(self._free)

    def _cancel(self) -> None:
        """End what an end is doing, which may not be waited for meanwhile."""
        self._body.get(self._end)
        self._body.const(0)
        self._body.call(self._task.join)
        self._body.get(self._end)
        self._body.call(self._kind.builtins[_CANCEL_READ])
        self._body.set(self._result)

    def _drop(self, builtin: int) -> None:
        self._body.get(self._end)
        self._body.call(self._kind.builtins[builtin])
