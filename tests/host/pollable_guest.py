"""A guest that waits for pollables of the host, as component text, and its bindings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from witgen_runtime import abi
from witgen_runtime import host as _host
from witgen_runtime.host import Pollable

GUEST = """\
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "test:host/source" (instance $source
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (export "subscribe" (func (param "id" u32) (result (own $pollable))))
    (export "act" (func (param "id" u32)))))
  (core module $memory-module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 64))
    (func (export "forget") (global.set $next (i32.const 64)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $block i32)
      (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $block) (local.get 3)))
      (local.get $block)))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $poll (canon lower (func $poll "poll") (memory $mem) (realloc $realloc)))
  (core func $timer (canon lower (func $clock "subscribe-duration")))
  (core func $subscribe (canon lower (func $source "subscribe")))
  (core func $act (canon lower (func $source "act")))
  (core func $drop (canon resource.drop $pollable))
  (core module $main-module
    (import "" "forget" (func $forget))
    (import "" "ready" (func $ready (param i32) (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "poll" (func $poll (param i32 i32 i32)))
    (import "" "timer" (func $timer (param i64) (result i32)))
    (import "" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "" "act" (func $act (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "take") (param i32) (result i32) (call $subscribe (local.get 0)))
    (func (export "timer") (param i64) (result i32) (call $timer (local.get 0)))
    (func (export "ready") (param i32) (result i32) (call $ready (local.get 0)))
    (func (export "block") (param i32) (call $block (local.get 0)))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "subscribe-ready") (param i32) (result i32)
      (local $pollable i32) (local $ready i32)
      (local.set $pollable (call $subscribe (local.get 0)))
      (local.set $ready (call $ready (local.get $pollable)))
      (call $drop (local.get $pollable))
      (local.get $ready))
    (func (export "act-ready") (param i32 i32) (result i32)
      (call $act (local.get 0))
      (call $ready (local.get 1)))
    ;; A list of handles looks the same as a list of numbers.
    (func (export "poll") (param i32 i32) (result i32)
      (call $poll (local.get 0) (local.get 1) (i32.const 0))
      (call $forget)
      (i32.const 0)))
  (core instance $main (instantiate $main-module (with "" (instance
    (export "forget" (func $memory "forget"))
    (export "ready" (func $ready))
    (export "block" (func $block))
    (export "poll" (func $poll))
    (export "timer" (func $timer))
    (export "subscribe" (func $subscribe))
    (export "act" (func $act))
    (export "drop" (func $drop))))))
  (func (export "take") (param "id" u32) (result u32) (canon lift (core func $main "take")))
  (func (export "timer") (param "nanoseconds" u64) (result u32) (canon lift (core func $main "timer")))
  (func (export "ready") (param "handle" u32) (result bool) (canon lift (core func $main "ready")))
  (func (export "block") (param "handle" u32) (canon lift (core func $main "block")))
  (func (export "drop") (param "handle" u32) (canon lift (core func $main "drop")))
  (func (export "subscribe-ready") (param "id" u32) (result bool) (canon lift (core func $main "subscribe-ready")))
  (func (export "act-ready") (param "id" u32) (param "handle" u32) (result bool)
    (canon lift (core func $main "act-ready")))
  (func (export "poll") (param "handles" (list u32)) (result (list u32))
    (canon lift (core func $main "poll") (memory $mem) (realloc $realloc))))
"""

POLLABLE = abi.Resource("wasi:io/poll@0.2.0", "pollable")
SELF = abi.Param("self", "self", abi.Borrow(POLLABLE))
POLL = abi.Interface(
    "wasi:io/poll@0.2.0",
    resources=((POLLABLE, "Pollable"),),
    functions=(
        abi.Function("[method]pollable.ready", "ready", (SELF,), result=abi.BOOL, resource=POLLABLE),
        abi.Function("[method]pollable.block", "block", (SELF,), resource=POLLABLE),
        abi.Function(
            "poll", "poll", (abi.Param("in", "in_", abi.List(abi.Borrow(POLLABLE))),), result=abi.List(abi.U32)
        ),
    ),
)
SOURCE = abi.Interface(
    "test:host/source",
    resources=(),
    functions=(
        abi.Function("subscribe", "subscribe", (abi.Param("id", "id", abi.U32),), result=abi.Own(POLLABLE)),
        abi.Function("act", "act", (abi.Param("id", "id", abi.U32),)),
    ),
)


def export(name: str, *params: abi.Type, result: abi.Type | None = None) -> abi.Function:
    names = ("id", "handle") if name == "act-ready" else ("value",)
    known = {"take": "id", "subscribe-ready": "id", "timer": "nanoseconds", "poll": "handles"}
    labels = names if len(params) == 2 else (known.get(name, "handle"),)
    return abi.Function(
        name, name.replace("-", "_"), tuple(abi.Param(n, n, t) for n, t in zip(labels, params, strict=True)), result
    )


EXPORTS = abi.Interface(
    "",
    resources=(),
    functions=(
        export("take", abi.U32, result=abi.U32),
        export("timer", abi.U64, result=abi.U32),
        export("ready", abi.U32, result=abi.BOOL),
        export("block", abi.U32),
        export("drop", abi.U32),
        export("subscribe-ready", abi.U32, result=abi.BOOL),
        export("act-ready", abi.U32, abi.U32, result=abi.BOOL),
        export("poll", abi.List(abi.U32), result=abi.List(abi.U32)),
    ),
)


class Source(_host.Interface):
    """Hands out the pollables of a list, and runs what a test wants to happen inside a host call."""

    def __init__(self) -> None:
        self.pollables: dict[int, Pollable] = {}
        self.actions: dict[int, Callable[[], object]] = {}

    def subscribe(self, id: int) -> Pollable:
        return self.pollables[id]

    def act(self, id: int) -> None:
        self.actions[id]()


@dataclass
class Imports:
    source: Source = field(default_factory=Source)
    poll: None = None


class Guest(_host.World):
    """What the generator writes for the component above."""

    take: Callable[[int], int]
    timer: Callable[[int], int]
    ready: Callable[[int], bool]
    block: Callable[[int], None]
    drop: Callable[[int], None]
    subscribe_ready: Callable[[int], bool]
    act_ready: Callable[[int, int], bool]
    poll: Callable[[list[int]], list[int]]
    source: Source

    _definition = _host.Definition(
        name="test:pollable/guest",
        imports=(_host.Import("source", SOURCE), _host.Import("poll", POLL, native=True)),
        exports=(EXPORTS,),
    )

    @classmethod
    def start(cls) -> Self:
        imports = Imports()
        guest = cls._open(GUEST.encode(), imports, wasi=None)
        guest.source = imports.source
        return guest

    def _bind(self, instance: Any) -> None:
        for function in EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def new(self, count: int = 1) -> list[Pollable]:
        """Make pollables with the ids 0, 1, …"""
        made = [Pollable() for _ in range(count)]
        self.source.pollables = dict(enumerate(made))
        return made


@contextmanager
def later(seconds: float, action: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))
