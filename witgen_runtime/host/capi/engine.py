"""Engines with the settings that the bindings need, and proof that an engine has them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component

from .. import forking
from ..arguments import HOST, check_optional
from ..errors import EngineError
from . import ffi, memory
from .lending_trial import try_lending_two
from .linear_memory import try_numbering

__all__ = [
    "Settings",
    "bounds",
    "check_stack",
    "chosen",
    "compile_with",
    "counts_fuel",
    "default_engine",
    "finds_memories",
    "fingerprint",
    "is_concurrent",
    "lends_two",
    "make_engine",
    "prove",
    "suit",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """The features that a store requires of its engine. Components compiled for one engine do not run on another."""

    concurrent: bool = False
    """Support for async functions. With it, wasmtime 50.0.1 traps when a call lends two handles to a host function."""
    fuel: bool = False
    """Counting of instructions."""
    interruptible: bool = False
    """Guests check whether to stop."""
    bounded: bool = False
    """Whether memories record who exceeded their limit; without that, wasmtime's own limiter is used."""


_STACK: Final = 1 << 20
"""Bytes of stack that a thread has to have: wasmtime lets guests use half of that, and Python and C need some, too."""

_lock = forking.held_while_forking()
_generations: WeakKeyDictionary[wasmtime.Engine, int] = WeakKeyDictionary()
"""In which process an engine was made: where that was forked since, its compiler has no threads any more."""
_defaults: dict[Settings, wasmtime.Engine] = {}
_made: WeakKeyDictionary[wasmtime.Engine, Settings] = WeakKeyDictionary()
_fingerprints: WeakKeyDictionary[wasmtime.Engine, str] = WeakKeyDictionary()
_counting: WeakKeyDictionary[wasmtime.Engine, bool] = WeakKeyDictionary()
_proven: WeakKeyDictionary[wasmtime.Engine, bool] = WeakKeyDictionary()
_finding: WeakKeyDictionary[wasmtime.Engine, bool] = WeakKeyDictionary()


def make_engine(config: wasmtime.Config | None = None, settings: Settings | None = None) -> wasmtime.Engine:
    """Return an engine for the bindings; `config` may have further settings of the user's."""
    hint = "; pass it as `settings`" if isinstance(config, Settings) else ""
    check_optional("config", config, wasmtime.Config, "a wasmtime.Config", hint)
    check_optional("settings", settings, Settings, f"{HOST}.Settings")
    wanted = settings or Settings()
    made = config or wasmtime.Config()
    ffi.set_concurrency(made, enabled=wanted.concurrent)
    ffi.enable_new_types(made)
    if wanted.concurrent:
        ffi.enable_async(made)
    if wanted.fuel:
        made.consume_fuel = True
    if wanted.interruptible:
        made.epoch_interruption = True
    if wanted.bounded:
        memory.bound(made)
    if forking.in_child():
        ffi.set_parallel_compilation(made, enabled=False)
    engine = wasmtime.Engine(made)
    _made[engine] = wanted
    _generations[engine] = forking.generation()
    if config is None:
        on = [name for name in ("concurrent", "fuel", "interruptible", "bounded") if getattr(wanted, name)]
        _fingerprints[engine] = "-".join(["ours", *on])
    return engine


def default_engine(settings: Settings | None = None) -> wasmtime.Engine:
    """Return the engine that this process's stores with the same needs share."""
    wanted = settings or Settings()
    with _lock:
        if wanted not in _defaults:
            _defaults[wanted] = make_engine(settings=wanted)
        return _defaults[wanted]


def chosen(engine: wasmtime.Engine | None, settings: Settings) -> wasmtime.Engine:
    """Return the engine passed to a store, by default one that meets its needs."""
    check_optional("engine", engine, wasmtime.Engine, "a wasmtime.Engine")
    return engine or default_engine(settings)


def compile_with(engine: wasmtime.Engine, source: str | bytes) -> Component:
    """Compile a component; raise `EngineError` where that would wait for threads that a fork has left behind."""
    if _generations.get(engine, 0) == forking.generation():
        return Component(engine, source)
    if engine not in _fingerprints:
        raise EngineError(
            "this process was forked after the engine was made, and does not have the threads that its compiler needs: "
            "make the engine with make_engine(config) in the child, or compile the component before the fork"
        )
    # An engine with the same settings that compiles on the calling thread; its components run on the original.
    compiled = Component(make_engine(settings=_made[engine]), source)
    return Component.deserialize(engine, bytes(compiled.serialize()))


def fingerprint(engine: wasmtime.Engine) -> str:
    """Return a key that distinguishes an engine's compiled components; wasmtime itself checks the details."""
    return _fingerprints.get(engine, "own-bounded" if bounds(engine) else "own")


def bounds(engine: wasmtime.Engine) -> bool:
    """Return whether an engine's memories record who exceeded their limit."""
    return _made.get(engine, Settings()).bounded


def is_concurrent(engine: wasmtime.Engine) -> bool:
    """Return whether an engine was made with support for concurrent tasks."""
    return _made.get(engine, Settings()).concurrent


def counts_fuel(engine: wasmtime.Engine) -> bool:
    """Return whether stores of an engine need fuel, which an engine does not tell."""
    counting = _counting.get(engine)
    if counting is None:
        try:
            wasmtime.Store(engine).set_fuel(1)
            counting = True
        except wasmtime.WasmtimeError:
            counting = False
        _counting[engine] = counting
    return counting


def suit(engine: wasmtime.Engine, settings: Settings) -> None:
    """Raise unless an engine has the settings that a store needs."""
    made = _made.get(engine, Settings())
    for name in ("concurrent", "fuel", "interruptible"):
        if getattr(settings, name) and not getattr(made, name):
            raise EngineError(
                f"this store needs an engine made with make_engine(config, Settings({name}=True)):"
                f" {_REASONS[name]}, and that is part of the compiled code"
            )


_REASONS = {
    "concurrent": "async functions need support for concurrent tasks",
    "fuel": "a fuel limit needs code that counts its instructions",
    "interruptible": "a deadline needs code that can be interrupted",
}


def check_stack() -> None:
    """Raise where the current thread may have less stack than a guest may use, which would end the process."""
    size = threading.stack_size()
    if 0 < size < _STACK and threading.current_thread() is not threading.main_thread():
        raise EngineError(
            f"threads of this process have stacks of {size} bytes, and a guest may use {_STACK // 2} of them by itself:"
            f" set threading.stack_size({_STACK}) or more before the thread starts"
        )


def prove(engine: wasmtime.Engine) -> None:
    """Raise if host functions of this engine's stores cannot borrow two handles and another engine would allow it."""
    if not is_concurrent(engine) and not lends_two(engine):
        raise EngineError(
            f"this engine cannot run the bindings: with wasmtime {ffi.VERSION}, a guest that passes two borrowed"
            " handles in one call traps unless the engine's support for concurrent tasks is off"
            " (wasmtime_config_concurrency_support_set); make the engine with make_engine(config)"
        )


def lends_two(engine: wasmtime.Engine) -> bool:
    """Return whether host functions of this engine's stores can borrow two handles at once; tried once per engine."""
    works = _proven.get(engine)
    if works is None:
        works = _proven[engine] = try_lending_two(
            engine, partial(compile_with, engine), counts_fuel=counts_fuel(engine)
        )
    return works


def finds_memories(engine: wasmtime.Engine) -> bool:
    """Return whether Python finds the memories of adapters in this engine's stores; tried once per engine."""
    finds = _finding.get(engine)
    if finds is None:
        try:
            finds = try_numbering(engine, partial(compile_with, engine), counts_fuel=counts_fuel(engine))
        except EngineError:  # nothing can be compiled for it in this process
            return False
        _finding[engine] = finds
    return finds
