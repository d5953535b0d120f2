"""Compiles a function descriptor into Python: a caller for an export, a callback for an import.

The source of a converter depends on the descriptor alone and is compiled once per process. It is executed once for
every function that is bound in a store, in a separate namespace that holds its arena.
"""

from __future__ import annotations

import linecache
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from types import CodeType
from weakref import WeakKeyDictionary, finalize

from ... import abi
from ...codegen import Source
from ..capi.entry import cover_jumps, guard
from ..capi.ffi import pin_structure
from ..direct_lists import ListForm
from .arena import Layout, RegionSpec
from .lift import Handle, Lifting
from .lower import INTEGERS, kind_of
from .lower_lists import ListLowering

__all__ = ["CALL", "Compiled", "Handle", "compile_callback", "compile_caller"]

CALL = "_call_it"
"""The name of the function in the compiled module."""

_CALLBACK_PARAMETERS = "_data, _where, _shape, _arguments, _given, _results, _wanted"
_DIRECT = {
    **{type_: form for type_, (form, _) in INTEGERS.items()},
    abi.BOOL: "?", abi.F32: "f", abi.F64: "d",
}  # fmt: skip
"""Results that are written where they belong, without an arena."""

_numbers = count(1)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A converter's code and the names that it needs."""

    code: CodeType
    constants: dict[str, object]
    layout: Layout
    pins: type | None
    regions: tuple[RegionSpec, ...]
    views: frozenset[str]
    lowered: dict[str, Handle]
    lifted: dict[str, Handle]
    value: int
    """Position of the parameters of a caller, of the result of a callback."""
    slot: int
    """Position of the result of a caller."""


class _Compiler:
    def __init__(self, function: abi.Function, *, finishes: bool = False, lists: ListForm) -> None:
        self.function = function
        self.finishes = finishes
        self.source = Source()
        self.layout = Layout()
        self.slot = self.layout.reserve(4)
        self.lifting = Lifting(self.source, lists=lists)
        self.lowering = ListLowering(self.source, self.layout, lists=lists)
        self.is_direct = lists == "direct"
        declared = function.result
        self.raises = declared if function.raises is not None and isinstance(declared, abi.Result) else None
        self.uses_arena = declared is not None and declared not in _DIRECT

    def finish(self, value: int, *, guarded: bool = False) -> Compiled:
        pins = pin_structure(len(self.layout.image), self.layout.pins) if self.layout.pins else None
        resource = self.function.resource
        title = f"{resource.interface}#{self.function.name}" if resource else self.function.name
        code = self.source.compile(f"{title} {next(_numbers)}")
        compiled = Compiled(
            _patched(code, guard if guarded else cover_jumps), self.source.constants, self.layout, pins,
            tuple(self.lowering.regions), frozenset(self.lowering.views), self.lowering.handles,
            self.lifting.handles, value, self.slot,
        )  # fmt: skip
        finalize(compiled, linecache.cache.pop, compiled.code.co_filename, None).atexit = False
        return compiled

    def attempt(self, lower: Callable[[], None], retry: str) -> None:
        """Lower; where that fails, make the values canonical (or leave with the reason) and lower once more."""
        line, block = self.source.line, self.source.block
        with block("for _again in _tries:"):
            with block("try:"):
                lower()
                line("break")
            with block("except _BaseException as _error:"):
                line(retry)

    # Callers of exports

    def caller(self, *, calls_back: bool) -> Compiled:
        function, line, block = self.function, self.source.line, self.source.block
        names = [param.python for param in function.params]
        first = self.layout.reserve(4 * len(names))
        with block(f"def {CALL}({', '.join(names)}):"):
            line("global _busy")
            if self.is_direct:
                line("_top = 0")
            with block("if _attention or 'greenlet' in _modules:"):
                line("_attend()")
            with block("if _busy:"):
                line(f"return _reenter({', '.join(names)})")
            if calls_back:
                line("for _mine in _room: break")
            # Iterating calls C without looking for signals afterwards (see `entry`): no lock is taken and forgotten.
            line("for _mine in _acquiring: break")
            with block("if not _mine:"):
                line("for _mine in _waiting: break")
                with block("if not _mine:"):
                    line("_refuse_thread()")
            with block("try:"):
                with block("if _begin:"):
                    line("_turns.depth += 1")
                    line("_begin()")
                # Another thread may have closed the store before it was this one's turn.
                with block("if _attention:"):
                    line("_usable()")
                line("_busy = True")
                if self.is_direct:
                    self._keep_blocks()
                if names:
                    self._lower_parameters(names, first)
                self._call_and_return(calls_back=calls_back)
            with block("finally:"):
                if self.is_direct:
                    with block("if _top:"):
                        self._set_blocks("_top", "_depth")
                line("_busy = False")
                line("for _mine in _releasing: break")
        return self.finish(first)

    def _keep_blocks(self) -> None:
        """Generate what counts the caller as a call of the adapter: its blocks are kept until it ends."""
        self.source.line("for _at in _bases: break")
        self.source.line("_at >>= 2")
        self.source.line("_depth, _top = _view_I[_at + 1], _view_I[_at]")
        self.source.line("_view_I[_at + 1] = _depth + 1")

    def _set_blocks(self, top: str, depth: str = "") -> None:
        """Generate what frees all blocks from `top` on. It is not interrupted (see `entry`)."""
        self.source.line("for _at in _bases: break")
        self.source.line("_at >>= 2")
        self.source.line(f"_view_I[_at] = {top}")
        if depth:
            self.source.line(f"_view_I[_at + 1] = {depth}")

    def _lower_parameters(self, names: list[str], first: int) -> None:
        values = "".join(f"{name}, " for name in names)
        retry = f"{values}= _canonical(_error, _again, ({values}))"
        with self._broken_off() as handled:
            self.attempt(lambda: self._parameters(names, first), retry)
            # Handles that were not taken back can be neither passed nor used.
            handled.append("_passing" if self.lowering.handles else "")

    @contextmanager
    def _broken_off(self) -> Generator[list[str]]:
        """Generate a `try` whose failure marks the store as broken.

        With a condition, only if that is true at the time; with an empty one, there is no `try`.
        """
        line, block = self.source.line, self.source.block
        conditions: list[str] = []
        with self.source.captured() as body:
            yield conditions
        if conditions == [""]:
            self.source.extend([each.removeprefix("    ") for each in body])
            return
        line("try:")
        self.source.extend(body)
        with block("except _BaseException as _error:"):
            if conditions:
                line(f"if {conditions[0]}: _store._broken, _attention[0] = _error, None")
            else:
                line("_store._broken, _attention[0] = _error, None")
            line("raise")

    def _parameters(self, names: list[str], first: int) -> None:
        if self.is_direct:
            with self.source.block("if _again:"):
                self._set_blocks("_top")
        for index, (name, param) in enumerate(zip(names, self.function.params, strict=True)):
            self.lowering.value(param.type, name, first + 4 * index)

    def _call_and_return(self, *, calls_back: bool) -> None:
        declared, line, block = self.function.result, self.source.line, self.source.block
        slot = self.lowering.at(self.slot)
        if declared is None or (isinstance(declared, abi.Prim) and declared is not abi.STRING):
            self._call(calls_back=calls_back)
            if declared is not None:
                line(f"return {self.lifting.value(declared, slot)}")
            return
        # The call is inside: an interrupt that arrives during it is raised when it has left its result in the slot.
        with block("try:"):
            self._call(calls_back=calls_back)
            if self.raises is None:
                line(f"return {self.lifting.value(declared, slot)}")
            else:
                self._ok_or_raise(self.raises, slot)
        with block("finally:"):
            # Deleted, and marked as empty before anything else can happen; without a result it is empty.
            line("for _mine in _deleting: break")
            line(f"{self.lowering.words()}[{self.slot}] = 0")

    def _call(self, *, calls_back: bool) -> None:
        line, block = self.source.line, self.source.block
        call = "_call_async" if self.function.is_async else "_call"
        with self._broken_off():
            line(f"_failure = {call}(_function, _context, _values, _count, _slot, _one)")
            self._let_go()
            with block("if _failure or _attention:" if calls_back else "if _failure:"):
                line("_settle_call(_failure)")

    def _ok_or_raise(self, declared: abi.Result, slot: str) -> None:
        line, block = self.source.line, self.source.block
        reader = self.source.constant(struct.Struct("<8x?7xQ").unpack_from, "unpack")
        line(f"_is_ok, _payload = {reader}(_memory, {slot})")
        with block("if _is_ok:"):
            line(f"return {self.lifting.value(declared.ok, '_payload') if declared.ok is not None else 'None'}")
        error = self.lifting.value(declared.err, "_payload") if declared.err is not None else ""
        if not isinstance(declared.err, abi.Variant):
            error = f"{self.source.constant(self.function.raises, 'class')}({error})"
        line(f"raise {error}")

    # Callbacks of imports

    def callback(self) -> Compiled:
        line, block = self.source.line, self.source.block
        with block(f"def {CALL}({_CALLBACK_PARAMETERS}):"):
            if self.uses_arena:
                line("global _busy")
            # The body is one `try`, and its handler calls nothing: see `entry`.
            with block("try:"):
                with block("if _attention:"):
                    line("_attend_inside()")
                if self.uses_arena:
                    with block("if _busy:"):
                        line(f"return _reenter({_CALLBACK_PARAMETERS})")
                self._run()
                if self.uses_arena:
                    line("_busy = False")
                line("return 0")
            with block("except _BaseException as _error:"):
                line("_store._raised = _error")
                if self.uses_arena:
                    line("_busy = False")
                with block("for _failure in _errors.all:"):
                    line("return _failure")
        return self.finish(self.slot, guarded=True)

    def _run(self) -> None:
        function, line, block = self.function, self.source.line, self.source.block
        arguments = self.lifting.values([param.type for param in function.params], "_arguments")
        callee = "_implementation"
        if function.kind is abi.FunctionKind.METHOD:
            callee, arguments = f"{arguments[0]}.{function.python}", arguments[1:]
        call = f"{callee}({', '.join(arguments)})"
        call = f"_value = _finish({call})" if self.finishes else f"_value = {call}"
        if any(isinstance(handle, abi.Borrow) for handle in self.lifting.handles.values()):
            with block("try:"):
                self._outcome(call)
            with block("finally:"):
                line("_end_borrows()")
        else:
            self._outcome(call)

    def _outcome(self, call: str) -> None:
        line, block, declared = self.source.line, self.source.block, self.function.result
        if self.raises is None:
            line(call)
            self._lower_outcome(declared, "_canonical_result")
            return
        raises = self.source.constant(self.function.raises, "class")
        with block("try:"):
            line(call)
        with block(f"except {raises} as _exception:"):
            err = self.raises.err
            line(f"_value = {'_exception' if isinstance(err, abi.Variant) else '_exception.value'}")
            self._lower_side(err, "_canonical_error", is_ok=False)
        with block("else:"):
            self._lower_side(self.raises.ok, "_canonical_result", is_ok=True)

    def _lower_side(self, payload: abi.Type | None, canonical: str, *, is_ok: bool) -> None:
        def lower() -> None:
            self.lowering.side(payload, "_value", self.slot, is_ok=is_ok)

        source = "_value" if is_ok else "_exception"
        self.source.line("_busy = True")
        self.attempt(lower, f"_value = {canonical}(_error, _again, {source})")
        self._hand_over()

    def _lower_outcome(self, declared: abi.Type | None, canonical: str) -> None:
        retry = f"_value = {canonical}(_error, _again, _value)"
        if declared is None:
            with self.source.block("if _value is not None:"):
                self.source.line(f"{canonical}(_TypeError(), False, _value)")
        elif isinstance(declared, abi.Prim) and declared in _DIRECT:
            self.attempt(lambda: self._direct(declared), retry)
        else:
            self.source.line("_busy = True")
            self.attempt(lambda: self.lowering.value(declared, "_value", self.slot), retry)
            self._hand_over()

    def _direct(self, declared: abi.Prim) -> None:
        kind, form = kind_of(declared), _DIRECT[declared]
        classes = ("_bool",) if declared is abi.BOOL else ("_float", "_int") if form in "fd" else ("_int",)
        self.lowering.exactly("_value", *classes)
        writer = self.source.constant(struct.Struct(f"<B7x{form}").pack_into, "pack")
        self.source.line(f"{writer}(_memory, _results, {kind}, _value)")

    def _hand_over(self) -> None:
        self.source.line(f"_clone({self.lowering.at(self.slot)}, _results)")
        self._let_go()

    def _let_go(self) -> None:
        """Generate the end of the state that lasts until the values are passed."""
        line, block = self.source.line, self.source.block
        if self.lowering.handles:
            line("_settle()")
        for pin in dict.fromkeys(self.lowering.passing):
            # Not None: ctypes would keep the previous object alive.
            line(f"_pins.{pin} = b''")
        if self.lowering.regions:
            with block("if _large:"):
                line("_shrink()")


def _patched(module: CodeType, patch: Callable[[CodeType], CodeType]) -> CodeType:
    """Return a compiled module with another code of its function."""
    constants = [
        patch(each) if isinstance(each, CodeType) and each.co_name == CALL else each for each in module.co_consts
    ]
    return module.replace(co_consts=tuple(constants))


_compiled: WeakKeyDictionary[abi.Function, dict[str, Compiled]] = WeakKeyDictionary()


def _cached(function: abi.Function, kind: str, compile_: Callable[[], Compiled]) -> Compiled:
    kinds = _compiled.setdefault(function, {})
    if kind not in kinds:
        kinds[kind] = compile_()
    return kinds[kind]


def compile_caller(function: abi.Function, *, lists: ListForm, calls_back: bool = True) -> Compiled:
    """Compile the caller of an export; cached. `calls_back`: wasm can call Python meanwhile."""
    kind = f"caller {lists} {calls_back}"
    return _cached(function, kind, lambda: _Compiler(function, lists=lists).caller(calls_back=calls_back))


def compile_callback(function: abi.Function, *, finishes: bool = False, lists: ListForm) -> Compiled:
    """Compile the callback of an import; cached. `finishes`: for coroutines, too."""
    kind = f"callback {finishes} {lists}"
    return _cached(function, kind, lambda: _Compiler(function, finishes=finishes, lists=lists).callback())
