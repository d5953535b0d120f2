"""Linear memories inside components: found by a handle that is written here, because the C API has none for them.

A `wasmtime_memory_t` consists of the number of its store, the number of a core instance, and the number of a memory in
that. wasmtime numbers the core instances of a store in the order in which they are made, tables and memories that the
host makes included. So a module that is instantiated right after a memory's asks the host for a number from its start
function (`MARK`); the host makes an empty table, whose number is the next one, and knows that of the memory.

A handle with a wrong number ends the process. Hence `try_numbering` tests the order on an engine, in a way that cannot
end it, and a memory counts as found only when it contains the random number that `announce` gave its start function.
"""

from __future__ import annotations

import ctypes
import importlib
import secrets
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import repeat
from typing import Any, Final

import wasmtime
from wasmtime.component import Component, Linker

from ..errors import EngineError
from . import ffi
from .entry import c_callback, errors, guarded
from .managed import defining
from .memory_mark import MARK, PAGE, TOKEN

__all__ = ["LinearMemory", "try_numbering"]

_bindings: Any = importlib.import_module("wasmtime._ffi")
_table_new: Final = ffi.prototype("wasmtime_table_new", ffi.Size)
_data: Final = ffi.prototype("wasmtime_memory_data", ffi.Size)
_size: Final = ffi.prototype("wasmtime_memory_data_size", ffi.Size)
_grow: Final = ffi.prototype("wasmtime_memory_grow", ffi.Size)

_NUMBERS: Final = struct.Struct("<QI")
_HANDLE: Final = struct.Struct("<QIxxxxIxxxx")
"""`wasmtime_memory_t` and `wasmtime_table_t`: store, core instance, memory or table."""


@cache
def _no_functions() -> Any:
    return wasmtime.TableType(wasmtime.ValType.funcref(), wasmtime.Limits(0, 0))


@cache
def _no_function() -> Any:
    return _bindings.wasmtime_val_t(_bindings.WASMTIME_FUNCREF)


def _next_instance(context: int) -> tuple[int, int]:
    """Return the numbers of a store and of the core instance that is made next, by making one for an empty table."""
    made = ctypes.create_string_buffer(_HANDLE.size)
    type_ = ffi.Address(ffi.address_of(_no_functions().ptr()))
    error = _table_new(ffi.Address(context), type_, ctypes.byref(_no_function()), made)
    if error:
        raise EngineError(ffi.error_message(error)[0])
    store, number = _NUMBERS.unpack_from(made)
    return store, number


class LinearMemory:
    """A linear memory of a component in a store. It may be read and written during the store's turns only.

    Attributes:
        bases: asks where the memory lies, each time that it is iterated, without looking for signals (see `entry`). The
            answer holds until wasm runs or the memory grows.
        sizes: asks for its size in the same way.
    """

    def __init__(self, context: int) -> None:
        self._context = context
        self._handle = ctypes.create_string_buffer(_HANDLE.size)
        self._token: int | None = None
        self._is_proved = False
        where = repeat(ffi.Address(context)), repeat(ffi.Address(ctypes.addressof(self._handle)))
        self.bases: Iterator[int] = map(_data, *where)
        self.sizes: Iterator[int] = map(_size, *where)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers that the handle consists of."""
        return _HANDLE.unpack(self._handle.raw)

    def announce(self) -> int:
        """Note whose number is the last one but one, and return the number that proves it.

        The start function of the module after the memory's calls this, once.
        """
        if self._token is not None:
            raise EngineError("an adapter has announced its memory twice")
        store, number = _next_instance(self._context)
        self._handle.raw = _HANDLE.pack(store, number - 2, 0)
        self._token = secrets.randbits(64)
        return self._token

    def prove(self) -> None:
        """Raise `EngineError` unless the memory was found; to be called before its first use."""
        if self._is_proved:
            return
        if self._token is None:
            raise EngineError("an adapter has not announced its memory")
        expected, base, size = self._token.to_bytes(8, "little"), 0, 0
        for size in self.sizes:  # noqa: B007
            break
        for base in self.bases:  # noqa: B007
            break
        if size < PAGE or ffi.MEMORY[base + TOKEN : base + TOKEN + 8].tobytes() != expected:
            raise EngineError(f"wasmtime {ffi.VERSION} numbers a component's memories differently than in a trial")
        self._is_proved = True

    def grow(self, size: int) -> str:
        """Let the memory have at least so many bytes; return why it cannot, or an empty text."""
        missing = size - next(self.sizes)
        if missing <= 0:
            return ""
        pages, before = ctypes.c_uint64(-(-missing // PAGE)), ctypes.c_uint64()
        where = ctypes.addressof(self._handle)
        error = _grow(ffi.Address(self._context), ffi.Address(where), pages, ctypes.byref(before))
        return ffi.error_message(error)[0] if error else ""


_TRIAL: Final = f"""(component
  (import "announce" (func $announce (result u64)))
  (core module $memory (memory (export "memory") 1))
  (core module $mark {MARK.removeprefix("(module")}
  (core instance $m (instantiate $memory))
  (core func $lowered (canon lower (func $announce)))
  (core instance (instantiate $mark (with "" (instance
    (export "memory" (memory $m "memory")) (export "announce" (func $lowered)))))))"""

_U64: Final = struct.Struct("<B7xQ")


class _Trial:
    """The host function of the trial's component."""

    def __init__(self, context: int) -> None:
        self.memory = LinearMemory(context)
        self.raised: BaseException | None = None

    @guarded
    def announce(
        self, _data: int, _where: int, _shape: int, _arguments: int, _given: int, results: int, _n: int
    ) -> int:
        try:
            _U64.pack_into(ffi.MEMORY, results, ffi.KINDS["u64"], self.memory.announce())
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the trial as it is)
            self.raised = error
            for failure in errors.all:
                return failure
        return 0


def try_numbering(engine: wasmtime.Engine, compile_: Callable[[str], Component], *, counts_fuel: bool) -> bool:
    """Return whether memories of components are found on an engine.

    Numbers are only compared until it is certain that a handle made of them is that of a memory.
    """
    if ctypes.sizeof(_bindings.wasmtime_memory_t) != _HANDLE.size:
        return False
    store, linker = wasmtime.Store(engine), Linker(engine)
    store.set_epoch_deadline(1 << 32)
    if counts_fuel:
        store.set_fuel(1 << 32)
    context = ffi.context_of(store)
    known: Any = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 1)))
    store_number, before = _next_instance(context)
    trial = _Trial(context)
    callback = c_callback(ffi.CALLBACK, trial.announce)
    with defining(linker) as root:
        ffi.add_function(root, "announce", callback)
    try:
        linker.instantiate(store, compile_(_TRIAL))
    except wasmtime.WasmtimeError:
        if trial.raised is not None:
            raise trial.raised from None
        return False
    expected = [(store_number, before - 1, 0), (store_number, before + 1, 0), (store_number, before + 4)]
    if [_HANDLE.unpack(bytes(known._memory)), trial.memory.numbers, _next_instance(context)] != expected:  # noqa: SLF001
        return False
    try:
        trial.memory.prove()
    except EngineError:
        return False
    return True
