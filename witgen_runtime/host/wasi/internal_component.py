"""Internal components, instantiated in the guest's store, for features that the C API lacks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from wasmtime import Engine, WasmtimeError
from wasmtime.component import Component, Func

from ... import abi
from .. import component
from ..capi import ffi
from ..capi.managed import RawLinker
from ..capi.wasmtime_messages import known_error
from ..convert.binder import Handles, bind_caller
from ..errors import HandleLimitError, HostError

if TYPE_CHECKING:
    from ..store.owner import HandleOwner

__all__ = ["MEMORY", "OUTGOING_HANDLER", "InternalComponent", "NativeHandle"]

OUTGOING_HANDLER: Final = """
  (import "wasi:http/outgoing-handler@0.2.0" (instance $handler
    (alias outer 1 $request (type $outer-request))
    (alias outer 1 $options (type $outer-options))
    (alias outer 1 $future (type $outer-future))
    (alias outer 1 $error-code (type $outer-error-code))
    (export "outgoing-request" (type $request (eq $outer-request)))
    (export "request-options" (type $options (eq $outer-options)))
    (export "future-incoming-response" (type $future (eq $outer-future)))
    (export "error-code" (type $error-code (eq $outer-error-code)))
    (export "handle"
      (func (param "request" (own $request)) (param "options" (option (own $options)))
        (result (result (own $future) (error $error-code)))))))
"""
"""Imports the handler, once `$request`, `$options`, `$future` and `$error-code` name types of `wasi:http/types`."""

MEMORY: Final = """
  ;; ---- Memory for what crosses the boundary. The allocator only moves forward; every export starts over, when nothing
  ;; ---- of the call before is needed any more. The first kilobyte is for results of functions.
  (core module $memory-module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "forget") (global.set $next (i32.const 1024)))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32)
      (local.set $block
        (i32.and
          (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $block) (local.get $size)))
      (loop $grow
        (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
          (then
            (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
            (br $grow))))
      (local.get $block)))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
"""
"""The common part of such components' text: `$mem`, `$realloc`, and a core function `forget` of `$memory`."""

_compiled: WeakKeyDictionary[Engine, dict[str, Component]] = WeakKeyDictionary()
"""By text: one for all stores of an engine, because a loaded component keeps its file open."""


_linkers: WeakKeyDictionary[Engine, dict[bool, RawLinker]] = WeakKeyDictionary()
"""wasmtime's own interfaces, without and with `wasi:http`: no definition belongs to a store, so that all use them."""


def _linker(engine: Engine, *, http: bool) -> RawLinker:
    known = _linkers.setdefault(engine, {})
    if http not in known:
        linker = RawLinker(engine)
        linker.add_wasip2()
        if http:
            linker.add_wasi_http()
        del linker.engine  # which would never end otherwise, and with it this entry
        known.setdefault(http, linker)
    return known[http]


class InternalComponent:
    """An internal component in one store; `exports` are called by name. With `http` it may import `wasi:http`."""

    def __init__(self, store: HandleOwner, text: str, exports: Iterable[str] = (), *, http: bool = False) -> None:
        compiled = _compiled.setdefault(store.engine, {})
        if text not in compiled:
            compiled[text] = component.load(store.engine, text)
        self._store, self._raw, self._context = store, store.raw, store.context
        if http:
            store.enable_http()
        linker = _linker(store.engine, http=http)
        with _known_errors(store):
            self._instance = linker.instantiate(store.raw, compiled[text])
        self._functions: dict[str, Func | None] = dict.fromkeys(exports)

    def _export(self, name: str) -> Func:
        function = self._instance.get_func(self._raw, name)
        if function is None:
            raise HostError(f"the runtime's own component has no export {name!r}")
        return function

    def bound(self, function: abi.Function, handles: Handles) -> Callable[..., Any]:
        """Return the caller of an export with typed values, including handles of the guest."""
        return bind_caller(function, handles, ffi.export_function(self._instance, self._context, "", function.name))

    def call(self, name: str, *arguments: object) -> Any:
        """Call an export."""
        function = self._functions[name]
        if function is None:
            function = self._functions[name] = self._export(name)
        with _known_errors(self._store):
            return function(self._raw, *arguments)

    def box(self, name: str, *arguments: object) -> int:
        """Call an export that returns a handle; return the address of its box, which the caller has to delete."""
        return ffi.take_box(self.call(name, *arguments))


class NativeHandle:
    """A resource of wasmtime's in an internal component, until a host function returns it to the guest."""

    def __init__(self, component: InternalComponent, export: str, number: int) -> None:
        self._component, self._export, self._number = component, export, number

    def _lower_native(self, store: HandleOwner) -> int:
        """Return the address of a box with the handle; called by the codec, on the store's thread."""
        del store
        return self._component.box(self._export, self._number)


@contextmanager
def _known_errors(store: HandleOwner) -> Generator[None]:
    """Translate wasmtime's errors if an internal component cannot be called here."""
    try:
        yield
    except WasmtimeError as error:
        meant = known_error(str(error))
        if meant is None:
            raise
        if isinstance(meant, HandleLimitError):
            # It failed inside; wasmtime lets nothing in the store be entered any more.
            store._die(meant)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (as `failed` does)
        raise meant from error
