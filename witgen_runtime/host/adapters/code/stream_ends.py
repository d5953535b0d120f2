"""The code of the adapter that has the ends of streams and futures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..calling.instructions import BLOCKED, DONE, SETTLE, STARTED, Step
from ..calling.stream_kinds import StreamKind
from ..wasm.code import Body
from ..wasm.layout import Core, layout_of
from ..wasm.shapes import Kind, Shape
from .freeing import Freeing

__all__ = [
    "CANCEL_READ", "DROP_READABLE", "DROP_WRITABLE", "NEW", "READ", "WRITE", "Doing", "EndsOfKind", "Task", "open_body",
    "take_body",
]  # fmt: skip

NEW, READ, WRITE, CANCEL_READ, _, DROP_READABLE, DROP_WRITABLE = range(7)
"""The built-ins of streams, and of futures, as they follow each other (Binary.md, "Canonical Definitions")."""

_ANSWER, _GIVEN = 8, 40
"""The addresses of the host's answer, and of the address and count of its elements."""
_WAIT, _EXIT = 2, 0
"""A callback's results (CanonicalABI.md, `canon lift`)."""
_I32_EQZ, _I32_ADD, _I32_SUB, _I32_MUL, _I32_OR, _I32_SHL, _I32_SHR_U = 0x45, 0x6A, 0x6B, 0x6C, 0x72, 0x74, 0x76
_I64_SHR_U, _I64_CONST, _I32_WRAP_I64, _RETURN, _DROP = 0x88, 0x42, 0xA7, 0x0F, 0x1A
_I32 = Core.I32


@dataclass(frozen=True, eq=False)
class EndsOfKind:
    """A kind with the functions of the code that do something with its ends."""

    kind: StreamKind
    builtins: Mapping[int, int]
    put: int
    data: int

    @property
    def size(self) -> int:
        """The bytes of one element."""
        return layout_of(self.kind.element).size if self.kind.element is not None else 0


def open_body(kind: EndsOfKind, opened: int) -> Body:
    """Return the function that makes a stream for the host: number → readable end. The host gets the writable one."""
    body = Body([_I32], [_I32])
    ends = body.local(Core.I64)
    body.call(kind.builtins[NEW])
    body.set(ends)
    body.get(0, ends)
    body.emit(_I64_CONST, 32, _I64_SHR_U, _I32_WRAP_I64)
    body.call(opened)
    body.get(ends)
    body.emit(_I32_WRAP_I64)
    return body


def take_body() -> Body:
    """Return the function that takes a readable end for the host: the end → its number."""
    body = Body([_I32], [_I32])
    body.get(0)
    return body


@dataclass
class Task:
    """The task that gets its instructions from the host; numbers are indices of the code's functions and variables."""

    step: int
    command: int
    join: int
    drop: int
    new_set: int
    returned: int
    new_wake_stream: int
    read_wake_stream: int
    write_wake_stream: int
    address: int = 0
    """The variable with the second number to report to the host after a step."""
    set: int = 0
    """The variable with the waitable set."""
    wake_reader: int = 0
    """The variable with the readable end of the task's wake stream."""
    wake_writer: int = 0
    """The variable with its writable end."""
    runs: int = 0
    """The variable that is set while the task runs."""
    do: list[int] = field(default_factory=list[int])
    loop: int = 0

    def run_body(self) -> Body:
        """Return the function that starts the task, unless it runs already; its caller continues at once."""
        body = Body([], [_I32])
        body.call(self.returned)
        body.global_get(self.set)
        body.emit(_I32_EQZ)
        with body.if_():
            body.call(self.new_set)
            body.global_set(self.set)
            ends = body.local(Core.I64)
            body.call(self.new_wake_stream)
            body.set(ends)
            body.get(ends)
            body.emit(_I32_WRAP_I64)
            body.global_set(self.wake_reader)
            body.get(ends)
            body.emit(_I64_CONST, 32, _I64_SHR_U, _I32_WRAP_I64)
            body.global_set(self.wake_writer)
        body.const(1)
        body.global_set(self.runs)
        for number in (STARTED, 0, 0):
            body.const(number)
        body.call(self.loop)
        return body

    def callback_body(self) -> Body:
        """Return the callback that handles an event: event, its two numbers → a callback's result."""
        body = Body([_I32] * 3, [_I32])
        body.get(0, 1, 2)
        body.call(self.loop)
        return body

    def settle_body(self) -> Body:
        """Return the function that does all steps that are possible at once."""
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
        """Return the loop that reports an event to the host and executes its instructions until there are none."""
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
            body.global_get(self.wake_reader)
            body.set(first)
            body.get(first)
            body.const(0)
            body.const(1)
            body.call(self.read_wake_stream)
            body.emit(_DROP)
            body.get(first)
            body.global_get(self.set)
            body.call(self.join)
        with body.if_equal(op, Step.WAKE):
            body.global_get(self.wake_writer)
            body.const(0)
            body.const(1)
            body.call(self.write_wake_stream)
            body.emit(_DROP)


class Doing:
    """Writes the code of a step on an end of one kind: step and four numbers → a built-in's result, or 0."""

    def __init__(self, kind: EndsOfKind, task: Task, allocate: int, free: int) -> None:
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
            Step.DROP_READABLE: lambda: self._drop(DROP_READABLE),
            Step.DROP_WRITABLE: lambda: self._drop(DROP_WRITABLE),
        }
        for step, write in steps.items():
            with body.if_equal(self._op, step):
                write()
        body.get(self._result)
        return body

    def _read(self) -> None:
        """Read as many elements from the guest as the host wants, into a buffer whose address is reported."""
        body = self._body
        body.const(0)
        body.const(0)
        body.const(8)
        body.get(self._count)
        body.const(self._kind.size)
        body.emit(_I32_MUL)
        body.call(self._allocate)
        body.set(self._address)
        self._move(READ, self._address)

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
        """Pass elements that were read to the host, and free them."""
        body, has = self._body, self._kind.kind.element is not None
        body.get(self._count)
        with body.if_():
            body.get(self._end, *([self._address] if has else []), self._count)
            body.call(self._kind.put)
        self._give_back()

    def _write(self) -> None:
        """Get elements from the host, and write them to the guest."""
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
        self._move(WRITE, self._address)

    def _write_on(self) -> None:
        """Write the elements that the guest has not taken yet."""
        body, start = self._body, self._body.local()
        body.get(self._address, self._first)
        body.const(self._kind.size)
        body.emit(_I32_MUL, _I32_ADD)
        body.set(start)
        body.get(self._count, self._first)
        body.emit(_I32_SUB)
        body.set(self._count)
        self._move(WRITE, start)

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
        """Cancel an end's operation; the end must not be in a waitable set meanwhile."""
        self._body.get(self._end)
        self._body.const(0)
        self._body.call(self._task.join)
        self._body.get(self._end)
        self._body.call(self._kind.builtins[CANCEL_READ])
        self._body.set(self._result)

    def _drop(self, builtin: int) -> None:
        self._body.get(self._end)
        self._body.call(self._kind.builtins[builtin])
