"""Async functions of an adapter, which the host cannot implement as such: they are started, polled and finished.

The guest calls an async function. The adapter calls the host's plain function that starts the work and returns the
number of a subtask. Whenever the runtime resumes the adapter's task, it polls the subtask. If that is not completed,
the task yields, and other tasks run; if it is, the adapter fetches the result and returns it. A task that is cancelled
cancels its subtask.
"""

from __future__ import annotations

from ..compose.adapter_form import Form
from ..wasm.code import Body
from ..wasm.encoding import unsigned
from ..wasm.layout import MAX_FLAT, Core
from ..wasm.shapes import Function
from ..wasm.type_writer import Value
from .allocator import ENTER, LEAVE
from .loads import load_flat
from .passing import CoreModuleBuilder, EndsPassing, Lending, Passing

__all__ = ["PolledPassing", "SubtaskFunctions"]

_EXIT, _YIELD = 0, 1
"""A callback's results (CanonicalABI.md, `canon lift`, "callback")."""
_TASK_CANCELLED = 6
"""The event of a task that is cancelled (CanonicalABI.md, `EventCode`)."""
_TASK_CANCEL, _CONTEXT_GET, _CONTEXT_SET, _TASK_RETURN = b"\x05", b"\x0a\x7f\x00", b"\x0b\x7f\x00", b"\x09"
_ASYNC, _CALLBACK, _MEMORY = b"\x06", b"\x07", b"\x03"
_I32_EQZ, _RETURN = 0x45, 0x0F


class SubtaskFunctions:
    """Functions that all polled functions of an adapter share: poll and cancel a subtask, and task-local storage."""

    def __init__(self, core: CoreModuleBuilder, poll: int, cancel: int) -> None:
        builder = core.builder
        i32 = [Core.I32]
        self.poll = core.wire("poll", builder.lower(poll, []), i32, i32)
        self.cancel = core.wire("cancel", builder.lower(cancel, []), i32)
        self.cancelled = core.wire("task-cancel", builder.builtin(_TASK_CANCEL), [])
        self.get = core.wire("context-get", builder.builtin(_CONTEXT_GET), [], i32)
        self.set = core.wire("context-set", builder.builtin(_CONTEXT_SET), i32)


class PolledPassing(Passing):
    """An async function that consists of one function that starts it and one that finishes it."""

    def __init__(
        self, function: Function, core: CoreModuleBuilder, form: Form, ends: EndsPassing, lending: Lending,
        parts: tuple[int, int], subtasks: SubtaskFunctions, value: Value,
    ) -> None:  # fmt: skip
        super().__init__(function, core, form, ends, lending)
        self._start, self._finish = parts
        self._subtasks = subtasks
        self._value = value
        self._number = 0
        self._started = self._finished = self._returning = self._step = 0

    def _plan(self, number: int) -> None:
        self._number = number
        core, builder, i32 = self.core, self.core.builder, [Core.I32]
        options = core.options(compact=self.compact_inside)
        core.of_memory(LEAVE)
        self._started = core.wire(f"start{number}", builder.lower(self._start, options), self.params, i32)
        wanted, given = (i32 * 2, ()) if self.in_memory else (i32, self.flat_result)
        self._finished = core.wire(f"finish{number}", builder.lower(self._finish, options), wanted, given)
        returned = i32 if self._returns_address else self.flat_result
        self._returning = core.wire(f"return{number}", builder.builtin(self._task_return()), returned)

    @property
    def _returns_address(self) -> bool:
        return len(self.flat_result) > MAX_FLAT

    def _task_return(self) -> bytes:
        result = self.function.result
        encoded = b"\x01\x00" if result is None else b"\0" + self._value(result)
        memory, _, strings = self.core.options(compact=self.compact_outside)
        return _TASK_RETURN + encoded + b"\x02" + memory + strings

    def write(self) -> None:
        """Add the code to the module."""
        module = self.core.module
        self._step = module.function(self._step_body())
        module.function(self._start_body(), f"pass{self._number}")
        module.function(self._callback_body(), f"callback{self._number}")

    def _start_body(self) -> Body:
        body = Body(self.params, [Core.I32])
        subtask = body.local()
        body.call(self.core.known[ENTER])
        self.convert_params(body)
        body.get(*range(len(self.params)))
        body.call(self._started)
        body.set(subtask)
        self.drop_borrows(body)
        self.run_ends(body, self._ends.params)
        body.call(self.core.known[LEAVE])
        body.get(subtask)
        body.call(self._subtasks.set)
        # Does not poll at once: wasmtime (up to 50) never frees a task that has ended when this function returns.
        body.const(_YIELD)
        return body

    def _callback_body(self) -> Body:
        """Return the callback that runs when the task resumes: event, its two numbers → a callback's result."""
        body = Body([Core.I32] * 3, [Core.I32])
        with body.if_equal(0, _TASK_CANCELLED):
            body.call(self._subtasks.get)
            body.call(self._subtasks.cancel)
            body.call(self._subtasks.cancelled)
            body.const(_EXIT)
            body.emit(_RETURN)
        body.call(self._subtasks.get)
        body.call(self._step)
        return body

    def _step_body(self) -> Body:
        """Return the function that polls a subtask, and returns the result if there is one."""
        body = Body([Core.I32], [Core.I32])
        body.get(0)
        body.call(self._subtasks.poll)
        body.emit(_I32_EQZ)
        with body.if_():
            body.const(_YIELD)
            body.emit(_RETURN)
        body.call(self.core.known[ENTER])
        address = self.reserve_result(body)
        values = [body.local(each) for each in self.flat_result]
        body.get(0, *([address] if self.in_memory else []))
        body.call(self._finished)
        if not self.in_memory:
            for local in values:
                body.set(local)
        self.convert_result(body, address, values)
        self.run_ends(body, self._ends.result)
        if self.in_memory and not self._returns_address and self.function.result is not None:
            load_flat(body, self.function.result, address, 0, values)
        body.get(*([address] if self._returns_address else values))
        body.call(self._returning)
        body.call(self.core.known[LEAVE])
        body.const(_EXIT)
        return body

    def lift(self, main: int, type_: int) -> int:
        """Make the component's function out of it; return its index."""
        callback = self.core_export(main, f"callback{self._number}")
        options = [*self.core.options(compact=self.compact_outside), _ASYNC, _CALLBACK + unsigned(callback)]
        return self.core.builder.lift(self.core_export(main, f"pass{self._number}"), options, type_)
