"""An exception of a signal's handler is never taken for a value that is not in canonical form, whatever its class."""

from __future__ import annotations

import functools
import gc
import importlib
import operator
import signal
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from itertools import starmap
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

import witgen
import witgen_runtime
from witgen_runtime import abi
from witgen_runtime.host import Store, StoreDeadError
from witgen_runtime.host.capi import memory
from witgen_runtime.host.starting import start
from witgen_runtime.host.streams.readers import ByteStreamReader
from witgen_runtime.host.streams.reading import Incoming
from witgen_runtime.host.wasi.outputs import Output
from witgen_runtime.host.wasi.standard_streams import StandardStreams

STORE = Path(witgen_runtime.__file__).parent / "host" / "store"
HANDLES = tuple(str(STORE / name) for name in ("table", "handles", "resource"))

TEXT = b"""
(component
  (import "tick" (func $tick (param "n" u32) (result u32)))
  (core func $t (canon lower (func $tick)))
  (core module $m
    (import "h" "tick" (func $tick (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32) (result i32) (call $tick (local.get 0)))
    (func (export "length") (param i32 i32) (result i32) (local.get 1)))
  (core instance $i (instantiate $m (with "h" (instance (export "tick" (func $t))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run")))
  (func (export "length") (param "text" string) (result u32)
    (canon lift (core func $i "length") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
"""


pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM")


class AlarmError(Exception):
    """What a program's handler raises."""


class Handler:
    """A handler that is an object, with a method that is one as well."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *_: object) -> None:
        raise self.error

    def method(self, *_: object) -> None:
        raise self.error


@pytest.fixture
def alarm() -> Iterator[Callable[[Any], None]]:
    """Return a function that installs a handler of SIGALRM."""
    before = signal.getsignal(signal.SIGALRM)
    yield lambda handler: signal.signal(signal.SIGALRM, handler)
    sys.setprofile(None)
    signal.signal(signal.SIGALRM, before)


def when_lowering(name: str) -> None:
    """Send the signal when a converter has called a function of C with this name."""

    def look(frame: FrameType, event: str, argument: Any) -> None:
        is_lowering = event == "c_return" and argument.__name__ == name
        if is_lowering and frame.f_code.co_filename.startswith("<witgen "):
            sys.setprofile(None)
            signal.raise_signal(signal.SIGALRM)

    sys.setprofile(look)


ERRORS = [AlarmError("now"), TypeError("now"), ValueError("now"), TimeoutError("now")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("form", ["function", "object", "method", "partial"])
def test_it_comes_out_of_the_call(alarm: Callable[[Any], None], error: Exception, form: str) -> None:
    handler = Handler(error)

    def function(*_: object) -> None:
        raise error

    alarm({"object": handler, "method": handler.method, "partial": functools.partial(function, 1)}.get(form, function))
    with witgen.load(TEXT).open(tick=lambda n: n + 1) as world:
        assert (world.run(1), world.length("text")) == (2, 4)
        when_lowering("encode")
        with pytest.raises(type(error)) as caught:
            world.length("text")
        assert caught.value is error
        assert world.length("text") == 4
        when_lowering("pack_into")
        with pytest.raises(type(error)) as caught:
            world.run(2)
        assert caught.value is error


def test_it_comes_out_of_the_start_of_a_thread(alarm: Callable[[Any], None]) -> None:
    """`Thread.start` itself raises a `KeyError` if the thread has begun before the handler raises."""
    error = AlarmError("now")
    alarm(Handler(error))

    def look(_: FrameType, event: str, argument: Any) -> None:
        if event == "c_return" and argument.__name__ in {"start_new_thread", "start_joinable_thread"}:
            sys.setprofile(None)
            begun.wait()
            while not thread.ident or thread.is_alive():
                time.sleep(0.001)
            signal.raise_signal(signal.SIGALRM)

    begun = threading.Event()
    thread = threading.Thread(target=begun.set)
    sys.setprofile(look)
    with pytest.raises(AlarmError) as caught:
        start(thread)
    assert caught.value is error


def test_garbage_runs_no_callbacks(alarm: Callable[[Any], None]) -> None:
    """CPython drops what a handler raises in the callback of a weak reference, so that dead stores have none."""
    alarm(Handler(AlarmError("now")))
    ran = list[str]()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == weakref.__file__:
            ran.append(frame.f_code.co_qualname)

    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with witgen.load(TEXT).open(tick=lambda n: signal.raise_signal(signal.SIGALRM)) as world:
                with pytest.raises(AlarmError):
                    world.run(1)
                with pytest.raises(StoreDeadError):
                    world.run(1)
            del world
        sys.setprofile(look)
        assert gc.collect() > 0
        sys.setprofile(None)
    finally:
        gc.enable()
    assert ran == []


MAKING = b"""
(component
  (import "t:h/api" (instance $api
    (export "r" (type $r (sub resource)))
    (export "make" (func (result (own $r))))))
  (core func $make (canon lower (func $api "make")))
  (core module $m
    (import "h" "make" (func $make (result i32)))
    (func (export "run") (drop (call $make))))
  (core instance $i (instantiate $m (with "h" (instance (export "make" (func $make))))))
  (func (export "run") (canon lift (core func $i "run"))))
"""


def making() -> tuple[Any, Any]:
    """Return a world that makes an object of its host, and what it imports."""
    World = witgen.load(MAKING, world="making")  # noqa: N806
    api = importlib.import_module(f"{World.__module__.rpartition('.')[0]}.t_h_api")

    class Resource(api.R):  # type: ignore[name-defined, misc]
        pass

    class Api(api.Api):  # type: ignore[name-defined, misc]
        R = Resource

        def make(self) -> Resource:
            return Resource()

    return World, Api


def test_it_is_no_mistake_with_a_handle(alarm: Callable[[Any], None]) -> None:
    """Interrupted at any place, a handle that is half passed is not one that "already belongs to a guest"."""
    error = AlarmError("now")
    alarm(Handler(error))
    World, Api = making()  # noqa: N806
    with World.open(t_h_api=Api()) as world:
        world.run()  # compiled
    for number in range(1, 1000):
        left = number

        def look(frame: FrameType, event: str, _: object) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(HANDLES):
                return None
            if event == "line":
                left -= 1
                if not left:
                    sys.settrace(None)
                    signal.raise_signal(signal.SIGALRM)
            return look

        with World.open(t_h_api=Api()) as world:
            before = sys.gettrace()
            sys.settrace(look)
            try:
                world.run()
            except AlarmError as raised:
                assert raised is error  # noqa: PT017
            finally:
                sys.settrace(before)
            if left > 0:
                break
    assert number > 10


def test_values_in_other_forms_are_still_accepted() -> None:
    class Number(int):
        pass

    with witgen.load(TEXT).open(tick=lambda n: Number(n + 1)) as world:
        assert world.run(Number(2)) == 3
        with pytest.raises(TypeError, match="expected int, got str"):
            world.run("2")


def test_opening_leaves_nothing_of_wasmtimes_to_finalize(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linker is new here, and its user deletes all parts of it: a finalizer would drop what a handler raises."""
    from wasmtime._managed import Managed

    gc.collect()
    finalized = list[str]()
    monkeypatch.setattr(Managed, "__del__", lambda each: finalized.append(type(each).__name__))
    World, Api = making()  # noqa: N806
    for _ in range(2):
        with World.open(t_h_api=Api()) as world:
            world.run()
    gc.collect()
    assert finalized == []


def test_a_store_whose_making_was_interrupted_leaves_nothing(
    alarm: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever CPython looks for signals: wasmtime knows what gets a guest's output by number, and that keeps nothing.

    That is where functions begin and after calls of C. A line of a trace would be too early at the end of a `with`,
    which then never lets go of its lock.
    """
    # Some hit a finalizer, and pytest would keep what those raise, with its frames, until the test ends.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    places, left = (str(STORE.parent / "wasi"), str(STORE / "store.py")), 0

    def handler(*_: object) -> None:
        raise AlarmError  # a new one each time: an exception keeps the frames that it went through

    alarm(handler)

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event in {"call", "c_return"} and frame.f_code.co_filename.startswith(places):
            left -= 1
            if not left:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGALRM)

    def held() -> int:
        for _ in range(2):  # what finalizers use lives until the next collection
            gc.collect()
        return sum(isinstance(each, Output | StandardStreams) for each in gc.get_objects())

    first = held()
    for number in range(1, 1000):
        left = number
        sys.setprofile(look)
        try:
            Store().close()
        except AlarmError:
            pass
        finally:
            sys.setprofile(None)
        if left > 0:
            break
    assert number > 30
    assert held() <= first  # what earlier tests had left may have gone meanwhile
    elsewhere = threading.Thread(target=lambda: Store().close(), daemon=True)
    elsewhere.start()
    elsewhere.join(30)
    assert not elsewhere.is_alive()  # no lock was left behind


@pytest.mark.skipif(not memory.AVAILABLE, reason="memories are not made by the runtime here")
def test_a_memory_whose_making_was_interrupted_ends_quietly() -> None:
    complaints = list[object]()
    hook, sys.unraisablehook = sys.unraisablehook, complaints.append
    try:
        memory._Memory.__new__(memory._Memory)  # as far as an interrupt may let it come
        gc.collect()
    finally:
        sys.unraisablehook = hook
    assert complaints == []


def test_a_reader_that_is_forgotten_loses_no_signal(alarm: Callable[[Any], None]) -> None:
    """The guest learns that nobody reads, and the exception comes out after the finalizer."""
    error = AlarmError("now")
    alarm(Handler(error))
    manager: Any = SimpleNamespace(jobs=deque[Callable[[], None]]())
    incoming = Incoming(manager, 0, 1, abi.Stream(abi.U8))
    readers = [ByteStreamReader(manager, incoming, drives=False)]
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    with pytest.raises(AlarmError) as caught:
        # The signal comes while C adds numbers, so that the finalizer is the first code of Python that could see it.
        deque(starmap(operator.call, [(sum, range(20_000_000)), (readers.clear,)]), maxlen=0)
    assert caught.value is error
    assert (readers, list(manager.jobs)) == ([], [incoming.left])
