"""Tests whether one call can lend two handles to a host function of an engine's stores.

wasmtime 50.0.1 traps there ("deferred host scope has no call context") if the engine supports concurrent tasks,
probably since bytecodealliance/wasmtime#14350. An engine does not tell whether it does, so a small component is run on
it.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
from collections.abc import Callable
from typing import Any, Final

import wasmtime
from wasmtime.component import Component, Linker

from . import ffi
from .entry import c_callback, errors, guarded, leaf
from .managed import defining, host_resource

__all__ = ["try_lending_two"]

_TWO_BORROWS: Final = """
(component
  (import "host" (instance $host
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (result (own $thing))))
    (export "two" (func (param "a" (borrow $thing)) (param "b" (borrow $thing))))))
  (core func $make (canon lower (func $host "make")))
  (core func $two (canon lower (func $host "two")))
  (core module $m
    (import "" "make" (func $make (result i32)))
    (import "" "two" (func $two (param i32 i32)))
    (func (export "run") (call $two (call $make) (call $make))))
  (core instance $i (instantiate $m (with "" (instance
    (export "make" (func $make)) (export "two" (func $two))))))
  (func (export "run") (canon lift (core func $i "run"))))
"""

_NUMBER: Final = 0
"""The number that identifies the resource in the linker."""

_resource: Final = struct.Struct("<B7xQ")


class _Trial:
    """The host functions of the component; `raised` is the exception raised in one of them."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._box = ctypes.c_size_t(0)
        self.worked = False
        self.raised: BaseException | None = None

    @guarded
    def make(self, _data: int, _where: int, _shape: int, _arguments: int, _given: int, results: int, _n: int) -> int:
        """Return a handle of some object."""
        try:
            host = ffi.host_new(True, 1, _NUMBER)  # noqa: FBT003  (a C function: the handle owns)
            failure = ffi.host_to_any(self._context, host, ctypes.addressof(self._box))
            ffi.host_delete(host)
            if failure:
                return int(failure)
            _resource.pack_into(ffi.MEMORY, results, ffi.KINDS["resource"], self._box.value)
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the trial as it is)
            self.raised = error
            for failure in errors.all:
                return failure
        return 0

    @guarded
    def two(self, _data: int, _where: int, _shape: int, arguments: int, _given: int, _results: int, _n: int) -> int:
        """Look at two borrowed handles."""
        try:
            for argument in (arguments, arguments + 32):
                box = _resource.unpack_from(ffi.MEMORY, argument)[1]
                failure = ffi.any_to_host(self._context, box, ctypes.addressof(self._box))
                if failure:
                    return int(failure)
                ffi.host_delete(self._box.value)
            self.worked = True
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the trial as it is)
            self.raised = error
            for failure in errors.all:
                return failure
        return 0

    @leaf
    def forget(self, _data: int, _context: int, _number: int) -> int:
        """Do nothing about an object that the guest drops."""
        return 0


def try_lending_two(engine: wasmtime.Engine, compile_: Callable[[str], Component], *, counts_fuel: bool) -> bool:
    """Return whether host functions can borrow two handles at once on an engine."""
    store, linker = wasmtime.Store(engine), Linker(engine)
    # Where the engine interrupts its guests, the store must allow for a few instructions.
    store.set_epoch_deadline(1 << 32)
    if counts_fuel:
        store.set_fuel(1 << 32)
    trial = _Trial(ffi.context_of(store))
    kept = [c_callback(ffi.CALLBACK, trial.make), c_callback(ffi.CALLBACK, trial.two)]
    destructor = c_callback(ffi.DESTRUCTOR, trial.forget)
    with defining(linker) as root, defining(root, "host") as instance:
        ffi.add_resource(instance, "thing", host_resource(_NUMBER), destructor)
        for name, callback in zip(("make", "two"), kept, strict=True):
            ffi.add_function(instance, name, callback)
    run: Any = linker.instantiate(store, compile_(_TWO_BORROWS)).get_func(store, "run")
    with contextlib.suppress(wasmtime.WasmtimeError):
        run(store)
    if trial.raised is not None:
        raise trial.raised
    return trial.worked
