"""Binds compiled converters in a store: each bound function has a namespace with its arena and the names of its code.

A bound function is compiled at its first call. Until then it has the code of a stub, which replaces itself by the real
code; so a world of hundreds of functions links fast, and calls have no indirection.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, chain, repeat
from types import CodeType, FunctionType
from typing import Any, Final, NoReturn, Protocol, TypeVar

from ... import abi, check
from .. import forking
from ..adapters.calling import codec
from ..adapters.calling.adapter_memory import AdapterMemory
from ..capi import ffi
from ..capi.entry import c_callback, errors, guard, guarded
from ..errors import HostError
from .arena import Arena, Region
from .attempts import is_about_values, is_interruption
from .compiler import CALL, Compiled, Handle, compile_callback, compile_caller
from .elements import f32s, refuse
from .lists import PLAIN, Lists

__all__ = ["Callback", "Handles", "Lender", "bind_caller", "bind_choice", "bind_refusal"]

Namespace = dict[str, Any]
_Canonical = TypeVar("_Canonical")

_PIECE = 1 << 14


class Lender(Protocol):
    """Handles of one bound function that are in transit during a call."""

    @property
    def passing(self) -> Sequence[object]:
        """Those that were neither passed nor taken back yet."""
        ...

    def lowerer(self, type_: Handle) -> Callable[[Any], int]:
        """Return the function that converts an object to the address of a box for a call."""
        ...

    def lifter(self, type_: Handle) -> Callable[[int], Any]:
        """Return the function that converts a box to an object."""
        ...

    def settle(self) -> None:
        """The boxes were copied: the handles have changed hands."""
        ...

    def undo(self) -> None:
        """Nothing was passed: the handles are where they were."""
        ...

    def end_borrows(self) -> None:
        """The host function is over, and with it the handles lent to it."""
        ...


class Handles(Protocol):
    """The interface of a store and its resources for the converters."""

    @property
    def call_environment(self) -> Namespace:
        """Names that stand for parts of the store."""
        ...

    def lender(self) -> Lender:
        """Return the handles of one bound function."""
        ...

    def check(self, type_: abi.Type, value: object) -> object:
        """Return a handle that may be passed, or raise `Mismatch`."""
        ...


def _read_bytes(address: int, count: int) -> bytes:
    """Return the payloads of `count` values of u8, in pieces that stay in the processor's cache."""
    if count <= _PIECE:
        return ffi.MEMORY[address : address + 32 * count].tobytes()[8::32]
    end = address + 32 * count
    starts = range(address, end, 32 * _PIECE)
    return b"".join([ffi.MEMORY[start : min(start + 32 * _PIECE, end)].tobytes()[8::32] for start in starts])


def _f64s(numbers: Sequence[float]) -> array[float]:
    return array("d", numbers)


_NAMES: Namespace = {
    "_accumulate": accumulate, "_array": array, "_BaseException": BaseException, "_bool": bool,
    "_bytearray": bytearray, "_bytes": bytes, "_call": ffi.call,
    "_chain": chain.from_iterable, "_chr": chr,
    "_clone": ffi.val_clone, "_delete": ffi.val_delete, "_dict": dict, "_encode": str.encode, "_f32s": f32s,
    "_f64s": _f64s, "_float": float, "_int": int, "_iter": iter, "_len": len, "_list": list, "_map": map,
    "_memory": ffi.MEMORY, "_modules": sys.modules, "_next": next, "_one": ffi.Size(1), "_ord": ord,
    "_pack_f32": struct.Struct("<f").pack_into, "_range": range, "_read_bytes": _read_bytes,
    "_refuse": refuse, "_sum": sum,
    "_narrow": codec.narrow, "_narrow_text": codec.narrow_text, "_wide": codec.wide, "_wide_text": codec.wide_text,
    "_tries": (False, True), "_tuple": tuple, "_type": type, "_TypeError": TypeError,
    "_view_bool": ffi.cast(ffi.MEMORY, "?"),
    **{f"_view_{form}": ffi.cast(ffi.MEMORY, form) for form in "bBhHiIqQfd"},
}  # fmt: skip


def _code(text: str) -> CodeType:
    """Return the code of the one function of a program."""
    program = compile(text, "<witgen stand-in>", "exec")
    return next(each for each in program.co_consts if isinstance(each, CodeType))


_STAND_IN: Final = _code("def stand_in(*_a, **_k):\n    return _become(*_a, **_k)\n")

_STAND_IN_OF_CALLBACK: Final = guard(
    _code("""def stand_in(*_a):
    try:
        return _become(*_a)
    except _BaseException as _error:
        _store._raised = _error
        for _failure in _errors.all:
            return _failure
""")
)
"""A callback is called from C before it is compiled, too. Every one has this code, which is proved once."""

_becoming: Final = forking.held_while_forking()
"""Held while a stub is replaced by the compiled function."""


class _Bound:
    """One bound function, and the ones that stand in for it while its arena is in use further up the stack."""

    def __init__(
        self,
        function: abi.Function,
        handles: Handles,
        compiler: Callable[[abi.Function], Compiled],
        extra: Namespace,
        memory: AdapterMemory | None,
    ) -> None:
        self._function = function
        self._compiler = compiler
        self._is_callback = "_implementation" in extra
        self._spares: list[Callable[..., Any]] = []
        self._compiled: Compiled | None = None
        self._names: tuple[str, ...] = ()
        """The names in its namespace that stand for something of the store."""
        self._take(handles, extra, memory)
        self.call = self._stand_in()

    def _take(self, handles: Handles, extra: Namespace, memory: AdapterMemory | None) -> None:
        """Belong to a store, that of the handles."""
        self._handles = handles
        self._extra = extra
        self._memory = memory
        self._lender = handles.lender()
        self._is_stale = True
        """Whether the namespace has yet to get the names of the store."""

    def _stand_in(self) -> Callable[..., Any]:
        namespace: Namespace = {"_become": self._become}
        if self._is_callback:
            namespace |= {"_BaseException": BaseException, **self._for_failures()}
        call = FunctionType(_STAND_IN_OF_CALLBACK if self._is_callback else _STAND_IN, namespace)
        call.__name__ = call.__qualname__ = self._function.python
        self._namespace = namespace
        return call

    def _for_failures(self) -> Namespace:
        environment = self._handles.call_environment
        return {name: environment[name] for name in ("_store", "_errors")}

    def retire(self) -> None:
        """Let go of a store that is closed."""
        self._spares.clear()
        self._extra, self._memory = {}, None
        self._namespace.update(dict.fromkeys(("_store", *self._names)))
        del self._handles, self._lender

    def reuse(self, handles: Handles, extra: Namespace, memory: AdapterMemory | None) -> None:
        """Be what a new object would be in another store, at the same address for C: the store before is closed.

        The arena stays, and everything that does not depend on a store.
        """
        self._take(handles, extra, memory)
        self._namespace.update(self._for_failures())
        call: FunctionType = self.call  # type: ignore[assignment]  # made by _stand_in
        call.__code__ = _STAND_IN_OF_CALLBACK

    def _become(self, *arguments: Any, **named: Any) -> Any:
        call: FunctionType = self.call  # type: ignore[assignment]  # made by _stand_in
        with _becoming:
            # Only once: a call of another thread may already use the result.
            if self._compiled is None:
                compiled = self._compiler(self._function)
                self._namespace.update(self._environment(compiled))
                exec(compiled.code, self._namespace)  # noqa: S102  (generated by this package)
                self._compiled = compiled
            if self._is_stale:
                of_store = self._of_store(self._compiled)
                self._namespace.update(of_store)
                self._names = tuple(of_store)
                self._is_stale = False
            call.__code__ = self._namespace[CALL].__code__
        return call(*arguments, **named)

    def _of_store(self, compiled: Compiled) -> Namespace:
        """Return the names that stand for something of the store."""
        lender, handles, memory = self._lender, self._handles, self._memory
        return {
            **handles.call_environment,
            **(memory.environment() if memory is not None else {}),
            **{name: lender.lowerer(type_) for name, type_ in compiled.lowered.items()},
            **{name: lender.lifter(type_) for name, type_ in compiled.lifted.items()},
            "_settle": lender.settle, "_end_borrows": lender.end_borrows, "_passing": lender.passing, **self._extra,
        }  # fmt: skip

    def _environment(self, compiled: Compiled) -> Namespace:
        arena = Arena(compiled.layout, compiled.pins)
        large: list[Region] = []
        regions = {spec.name: Region(spec, arena.address, large) for spec in compiled.regions}
        for spec in compiled.regions:
            regions[spec.name].link(tuple((word, regions[name]) for word, name in spec.links))
        slot = ffi.Address(arena.address + 8 * compiled.slot)
        return {
            **_NAMES, **compiled.constants, **regions,
            **{f"_view_{form}_arena": arena.view(form) for form in (*compiled.views, "Q")},
            "_arena": arena, "_base": arena.address, "_pins": arena.pins, "_large": large, "_busy": False,
            "_shrink": lambda: _shrink(large), "_slot": slot, "_deleting": map(ffi.val_delete, repeat(slot)),
            "_values": ffi.Address(arena.address + 8 * compiled.value),
            "_count": ffi.Size(len(self._function.params)), "_reenter": self._reenter, "_canonical": self._canonical,
            "_canonical_result": self._canonical_result, "_canonical_error": self._canonical_error,
        }  # fmt: skip

    def _reenter(self, *arguments: Any) -> Any:
        """Do a call while the arena is in use further up the stack."""
        if self._spares:
            spare = self._spares.pop()
        else:
            spare = _Bound(self._function, self._handles, self._compiler, self._extra, self._memory).call
        try:
            return spare(*arguments)
        finally:
            self._spares.append(spare)

    def _prepare(self, failure: BaseException, again: bool) -> None:  # noqa: FBT001  (called by generated code)
        self._lender.undo()
        if isinstance(failure, check.Mismatch) and again:
            raise failure.located(self._function.python)
        # Other forms of the values do not help if the runtime itself has failed.
        if again or isinstance(failure, HostError) or not isinstance(failure, Exception) or is_interruption(failure):
            raise failure

    def _canonical(self, failure: BaseException, again: bool, values: Sequence[object]) -> list[object]:  # noqa: FBT001
        self._prepare(failure, again)
        return _unless_raised(failure, check.arguments(self._function, values, self._handles.check))

    def _canonical_result(self, failure: BaseException, again: bool, value: object) -> object:  # noqa: FBT001
        self._prepare(failure, again)
        return _unless_raised(failure, check.result(self._function, value, self._handles.check))

    def _canonical_error(self, failure: BaseException, again: bool, exception: Exception) -> object:  # noqa: FBT001
        self._prepare(failure, again)
        return _unless_raised(failure, check.error(self._function, exception, self._handles.check))


def _unless_raised(failure: BaseException, canonical: _Canonical) -> _Canonical:
    """Return canonical values for the second attempt, but raise what did not come from the values of the first."""
    if not is_about_values(failure):
        raise failure
    return canonical


def _shrink(large: list[Region]) -> None:
    while large:
        large.pop().release()


def bind_caller(
    function: abi.Function, handles: Handles, target: Any, *, lists: Lists = PLAIN, calls_back: bool = True
) -> Callable[..., Any]:
    """Return the caller of an exported function; `target` is its C structure. `lists` is how its lists pass.

    `calls_back` is whether wasm can call Python meanwhile.
    """
    extra: Namespace = {"_function": ffi.Address(ctypes.addressof(target)), "_target": target}
    if function.result is None:
        extra |= {"_slot": None, "_one": ffi.Size(0)}
    compiler = partial(compile_caller, lists=lists.form, calls_back=calls_back)
    return _Bound(function, handles, compiler, extra, lists.memory).call


class Callback:
    """The C callback of an imported function: `c` is the same for one store after another.

    Args:
        function: the descriptor.
        handles: those of the store.
        implementation: what is called; methods have none, their objects do.
        finish: completes the implementation's result, if given.
        lists: how lists pass.
    """

    def __init__(
        self,
        function: abi.Function,
        handles: Handles,
        implementation: Callable[..., Any] | None,
        finish: Callable[[object], object] | None = None,
        *,
        lists: Lists,
    ) -> None:
        self._form = function, finish is not None, lists.form
        compiler = partial(compile_callback, finishes=finish is not None, lists=lists.form)
        extra = {"_implementation": implementation, "_finish": finish}
        self._bound = _Bound(function, handles, compiler, extra, lists.memory)
        self.c = c_callback(ffi.CALLBACK, self._bound.call)

    def retire(self) -> None:
        """Let go of a store that is closed, and of the implementation."""
        self._bound.retire()

    def reuse(
        self,
        function: abi.Function,
        handles: Handles,
        implementation: Callable[..., Any] | None,
        finish: Callable[[object], object] | None = None,
        *,
        lists: Lists,
    ) -> bool:
        """Belong to another store; return False where another function is wanted, or another form of it."""
        if self._form != (function, finish is not None, lists.form):
            return False
        self._bound.reuse(handles, {"_implementation": implementation, "_finish": finish}, lists.memory)
        return True


def bind_choice(handles: Handles, callbacks: Sequence[Any], choose: Callable[[int], int]) -> Any:
    """Return the C callback that leaves each call to one of several, by the number that is its first argument."""
    store = handles.call_environment["_store"]

    @guarded
    def call(*arguments: int) -> Any:
        try:
            value = arguments[3] + 8
            return callbacks[choose(int.from_bytes(ffi.MEMORY[value : value + 4], sys.byteorder))](*arguments)
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            store._raised = error  # noqa: SLF001  (an attribute, set without a call)
            for failure in errors.all:
                return failure

    return c_callback(ffi.CALLBACK, call)


def bind_refusal(handles: Handles, refuse: Callable[[], NoReturn]) -> Any:
    """Return the C callback of a function that raises at every call."""
    store = handles.call_environment["_store"]

    @guarded
    def call(*_: int) -> Any:
        try:
            refuse()
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            store._raised = error  # noqa: SLF001  (an attribute, set without a call)
            for failure in errors.all:
                return failure

    return c_callback(ffi.CALLBACK, call)
