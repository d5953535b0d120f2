"""Real components into which a signal falls, at the first instruction of what wasm calls, or near the recursion limit.

`poke` is a host function in C, which raises SIGALRM: what wasm calls next begins with it pending.
"""

from __future__ import annotations

import ctypes
import gc
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from tests.host.pending import Interrupt, pending, raised
from tests.host.things import start
from tests.support.paths import ROOT
from witgen_runtime import abi, host
from witgen_runtime.host.capi import ffi

__all__ = ["raised"]

TEXT = """(component
  (import "poke" (func $poke))
  (import "allowed" (func $allowed (result bool)))
  (import "record" (func $record))
  (import "name" (func $name (result string)))
  (import "test:entry/things@1.0.0" (instance $h
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (result (own $thing))))))
  (alias export $h "thing" (type $thing))
  (core func $p (canon lower (func $poke)))
  (core func $a (canon lower (func $allowed)))
  (core func $r (canon lower (func $record)))
  (core module $mm (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $n (canon lower (func $name) (memory $memory) (realloc $realloc)))
  (core func $make (canon lower (func $h "[constructor]thing")))
  (core func $drop (canon resource.drop $thing))
  (core module $m
    (import "" "p" (func $p)) (import "" "a" (func $a (result i32))) (import "" "r" (func $r))
    (import "" "n" (func $n (param i32))) (import "" "make" (func $make (result i32)))
    (import "" "drop" (func $drop (param i32))) (import "" "memory" (memory 1))
    (func (export "ask") (result i32) (call $p) (call $a))
    (func (export "log") (call $p) (call $r))
    (func (export "call") (call $p) (call $n (i32.const 8)))
    (func (export "drop") (local i32) (local.set 0 (call $make)) (call $p) (call $drop (local.get 0)))
    (func (export "grow") (result i32) (call $p) (memory.grow (i32.const 1)))
    (func (export "spin") (call $p) (loop $l (br $l)))
    (func (export "plain") (result i32) (call $a)))
  (core instance $i (instantiate $m (with "" (instance (export "p" (func $p)) (export "a" (func $a))
    (export "r" (func $r)) (export "n" (func $n)) (export "make" (func $make)) (export "drop" (func $drop))
    (export "memory" (memory $mi "memory"))))))
  (func (export "ask") (result bool) (canon lift (core func $i "ask")))
  (func (export "log") (canon lift (core func $i "log")))
  (func (export "call") (canon lift (core func $i "call")))
  (func (export "drop") (canon lift (core func $i "drop")))
  (func (export "grow") (result s32) (canon lift (core func $i "grow")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "plain") (result bool) (canon lift (core func $i "plain"))))"""

THING = abi.Resource("test:entry/things@1.0.0", "thing")
THINGS = abi.Interface(
    "test:entry/things@1.0.0",
    ((THING, "Thing"),),
    (abi.Function("[constructor]thing", "thing", (), abi.Own(THING), None, THING),),
)
OWN = abi.Interface(
    "",
    (),
    (
        abi.Function("poke", "poke", ()),
        abi.Function("allowed", "allowed", (), abi.BOOL),
        abi.Function("record", "record", ()),
        abi.Function("name", "name", (), abi.STRING),
    ),
)
EXPORTS = abi.Interface(
    "",
    (),
    (
        abi.Function("ask", "ask", (), abi.BOOL),
        *(abi.Function(name, name, ()) for name in ("log", "call", "drop", "spin")),
        abi.Function("grow", "grow", (), abi.S32),
        abi.Function("plain", "plain", (), abi.BOOL),
    ),
)


class Thing(host.Resource):
    """What Python implements."""


class Entered(host.World):
    """The component."""

    _definition = host.Definition(
        "test:entry/entered", (host.Import("", OWN), host.Import("things", THINGS)), (EXPORTS,)
    )

    def _bind(self, instance: host.Instance) -> None:
        self.calls: dict[str, Callable[[], Any]] = {each.python: instance.function(each) for each in EXPORTS.functions}


class Imports:
    """What the host does; `ran` is what of it began."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        ran = self.ran

        class Mine(Thing):
            def dropped(self) -> None:
                ran.append("dropped")

        self.things = Mine

    def poke(self) -> None:
        raise AssertionError("the C function stands in its place")

    def allowed(self) -> bool:
        self.ran.append("allowed")
        return True

    def record(self) -> None:
        self.ran.append("record")

    def name(self) -> str:
        self.ran.append("name")
        return "name"


@contextmanager
def entered(monkeypatch: pytest.MonkeyPatch, limits: host.Limits | None = None) -> Iterator[tuple[Any, Imports]]:
    """Open the component, with C's own function for `poke`."""
    defined = ffi.add_function
    in_c = ctypes.cast(ctypes.CDLL(None)["raise"], ffi.CALLBACK)

    def define(instance: Any, name: str, callback: Any) -> None:
        if name != "poke":
            return defined(instance, name, callback)
        address = ffi.address_of(instance.ptr())
        return ffi._add_func(address, b"poke", 4, in_c, ctypes.c_void_p(int(signal.SIGALRM)), None)  # type: ignore[no-any-return]

    monkeypatch.setattr(ffi, "add_function", define)
    module: Any = SimpleNamespace(Thing=Thing)
    monkeypatch.setattr(
        Entered,
        "_definition",
        host.Definition(
            "test:entry/entered", (host.Import("", OWN), host.Import("things", THINGS, module)), (EXPORTS,)
        ),
    )
    imports = Imports()
    world = Entered._open(TEXT, imports, limits=limits)
    try:
        yield world, imports
    finally:
        world.close()


RAN = {"ask": "allowed", "log": "record", "call": "name", "drop": "dropped"}
LIMITS = [None, host.Limits(memory=1 << 20, deadline=30)]


@pytest.mark.parametrize("limits", LIMITS, ids=["plain", "limited"])
@pytest.mark.parametrize("is_warm", [False, True], ids=["first call", "compiled"])
@pytest.mark.parametrize("function", ["ask", "log", "call", "drop"])
def test_a_signal_before_a_host_function_begins(
    monkeypatch: pytest.MonkeyPatch, raised: list[Interrupt], function: str, is_warm: bool, limits: host.Limits | None
) -> None:
    with entered(monkeypatch, limits) as (world, imports):
        if is_warm:  # a callback is compiled at its first call, and until then another function stands in its place
            handler = signal.signal(signal.SIGALRM, lambda *_: None)
            world.calls[function]()
            assert imports.ran == [RAN[function]]
            imports.ran.clear()
            signal.signal(signal.SIGALRM, handler)
        with pytest.raises(Interrupt) as caught:
            world.calls[function]()
        assert caught.value is raised[0]
        assert imports.ran == []
        with pytest.raises(host.StoreDeadError) as dead:
            world.calls["plain"]()
        assert dead.value.__cause__ is raised[0]
    assert imports.ran == (["dropped"] if function == "drop" else [])


@pytest.mark.parametrize("limits", [host.Limits(memory=1 << 20), host.Limits(memory=1 << 20, deadline=30)])
def test_a_memory_that_grows_with_a_signal_pending(
    monkeypatch: pytest.MonkeyPatch, raised: list[Interrupt], limits: host.Limits
) -> None:
    with entered(monkeypatch, limits) as (world, _):
        with pytest.raises(Interrupt):
            world.calls["grow"]()
        assert len(raised) == 1


def test_a_guest_that_spins_with_a_signal_pending(monkeypatch: pytest.MonkeyPatch, raised: list[Interrupt]) -> None:
    with entered(monkeypatch, host.Limits(deadline=0.2)) as (world, _):
        with pytest.raises(Interrupt) as caught:
            world.calls["spin"]()
        assert caught.value is raised[0]


def finalized(finalize: Callable[[], object]) -> None:
    """Run finalizers with a signal pending, which comes out right afterwards, unless one of them has swallowed it."""
    # Hypothesis has the collector call a function of Python's, which would swallow it, too.
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    try:
        for _ in pending():
            finalize()
            break
        sum(range(10))
    finally:
        gc.callbacks[:] = callbacks


def test_a_signal_before_a_handle_is_finalized_is_not_lost(raised: list[Interrupt]) -> None:
    world, _, _ = start()
    with world:
        boxes = {"kept": world.Box(7)}
        with pytest.raises(Interrupt):
            finalized(boxes.clear)
        assert len(raised) == 1
        assert world.drops() == 7  # before the next call


def test_a_signal_before_a_closed_store_is_finalized_is_not_lost(raised: list[Interrupt]) -> None:
    store = host.Store()
    gone = ref(store)
    store.close()
    while gc.collect():  # whatever others left, with finalizers of its own
        pass
    del store  # it is in a circle, and waits for the collector
    assert gone() is not None
    with pytest.raises(Interrupt):
        finalized(gc.collect)
    assert len(raised) == 1
    assert gone() is None


DEEP = """
import sys
from tests.host.test_entered import Entered, Imports, TEXT, Thing, THINGS, OWN, EXPORTS
from types import SimpleNamespace
from witgen_runtime import host

things = host.Import("things", THINGS, SimpleNamespace(Thing=Thing))
Entered._definition = host.Definition("test:entry/entered", (host.Import("", OWN), things), (EXPORTS,))

def deep(n, job):
    return job() if n == 0 else deep(n - 1, job)

seen = set()
limit = sys.getrecursionlimit()
for cold in (True, False):
    for n in range(limit - 80, limit):
        imports = Imports()
        world = Entered._open(TEXT, imports)
        if not cold:
            assert world.calls["plain"]() is True
        try:
            answer = deep(n, world.calls["plain"])
        except RecursionError:
            answer = None
        assert answer in (True, None), (cold, n, answer)
        seen.add((cold, answer))
        try:  # at the limit nothing was entered, or the host's function itself failed
            assert world.calls["plain"]() is True
        except host.StoreDeadError as dead:
            assert isinstance(dead.__cause__, RecursionError)
        world.close()
assert seen == {(True, True), (True, None), (False, True), (False, None)}, seen
"""


def test_near_the_recursion_limit_no_host_function_is_left_out() -> None:
    done = subprocess.run([sys.executable, "-c", DEEP], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Exception ignored" not in done.stderr
