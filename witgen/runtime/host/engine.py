"""Engines with the settings that the bindings need, and proof that an engine has them."""

from __future__ import annotations

import contextlib
import threading
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component, Linker, ResourceAny, ResourceHost, ResourceType

from . import ffi
from .errors import EngineError

__all__ = ["default_engine", "fingerprint", "make_engine", "prove"]

_lock = threading.Lock()
_default: list[wasmtime.Engine] = []
_fingerprints: WeakKeyDictionary[wasmtime.Engine, str] = WeakKeyDictionary()
_proven: WeakKeyDictionary[wasmtime.Engine, bool] = WeakKeyDictionary()

# Two borrowed handles in one call of a host function.
_TWO_BORROWS = """
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


def make_engine(config: wasmtime.Config | None = None) -> wasmtime.Engine:
    """Return an engine for the bindings; `config` may have further settings.

    Support for concurrent tasks is switched off: with it, wasmtime 50.0.1 traps when a component passes two borrowed
    handles in one call of a host function.
    """
    ours = config is None
    config = config or wasmtime.Config()
    ffi.set_concurrency(config, enabled=False)
    engine = wasmtime.Engine(config)
    if ours:
        _fingerprints[engine] = "sync"
    return engine


def default_engine() -> wasmtime.Engine:
    """Return the engine that this process's stores share."""
    with _lock:
        if not _default:
            _default.append(make_engine())
        return _default[0]


def fingerprint(engine: wasmtime.Engine) -> str:
    """Return what tells an engine's compiled components from another's; wasmtime itself checks the details."""
    return _fingerprints.get(engine, "own")


def prove(engine: wasmtime.Engine) -> None:
    """Raise unless host functions of this engine's stores can be lent two handles at once; tried once per engine."""
    works = _proven.get(engine)
    if works is None:
        works = _proven[engine] = _lends_two(engine)
    if not works:
        raise EngineError(
            f"this engine cannot run the bindings: with wasmtime {ffi.VERSION}, a guest that passes two borrowed"
            " handles in one call traps unless the engine's support for concurrent tasks is off"
            " (wasmtime_config_concurrency_support_set); make the engine with make_engine(config)"
        )


def _forget(_context: wasmtime.StoreContext, _number: int) -> None:
    """Do nothing about a resource that the guest drops."""


def _lends_two(engine: wasmtime.Engine) -> bool:
    store, linker, seen = wasmtime.Store(engine), Linker(engine), list[bool]()
    # Where the engine interrupts its guests, the store must allow for a few instructions.
    store.set_epoch_deadline(1 << 32)
    with contextlib.suppress(wasmtime.WasmtimeError):
        store.set_fuel(1 << 32)

    def two(context: wasmtime.StoreContext, first: ResourceAny, second: ResourceAny) -> None:
        for handle in (first, second):
            handle.to_host(context)
        seen.append(True)

    with linker.root() as root, root.add_instance("host") as instance:
        instance.add_resource("thing", ResourceType.host(0), _forget)
        instance.add_func("make", _make)
        instance.add_func("two", two)
    run = linker.instantiate(store, Component(engine, _TWO_BORROWS)).get_func(store, "run")
    with contextlib.suppress(wasmtime.WasmtimeError):
        if run is not None:
            run(store)
    return bool(seen)


def _make(_context: wasmtime.StoreContext) -> ResourceHost:
    return ResourceHost.own(1, 0)
