"""Functions that get what guests print: when they run, and what comes of what they raise and return."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from tests.host.printing import Printing, config, ignore
from witgen_runtime import abi, host


def test_functions_run_on_another_thread_while_the_guest_waits() -> None:
    seen: list[tuple[bytes, int]] = []

    def note(data: bytes) -> None:
        seen.append((data, threading.get_ident()))

    wasi = config(stdout_custom=note)
    with Printing.start(wasi) as world:
        assert not world.tried()
        assert [data for data, _ in seen] == [b"stdout 00001\n"]
    assert seen[0][1] != threading.get_ident()


def test_functions_see_the_context_variables_of_their_making() -> None:
    variable, seen = ContextVar("variable", default="none"), list[str]()

    def look(_: bytes) -> None:
        seen.append(variable.get())
        variable.set("changed")

    variable.set("mine")
    wasi = config(stdout_custom=look)
    variable.set("later")
    with Printing.start(wasi) as world:
        for number in range(20):
            world.out(number)
    assert seen == ["mine"] * 20


@pytest.mark.parametrize("exception", [KeyError("k"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
@pytest.mark.parametrize("name", ["tried", "out", "both"])
def test_what_a_function_raises_comes_out_of_the_call(exception: BaseException, name: str) -> None:
    def fail(_: bytes) -> None:
        raise exception

    world = Printing.start(config(stdout_custom=fail))
    with pytest.raises(type(exception)) as caught:
        getattr(world, name)(*([] if name == "tried" else [1]))
    assert caught.value is exception
    with pytest.raises(host.StoreDeadError, match="failed") as dead:
        world.err(1)
    assert dead.value.__cause__ is exception
    world.close()


PRINTS = """(component
  (import "wasi:io/error@0.2.0" (instance $e (export "error" (type (sub resource)))))
  (alias export $e "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $s
    (export "output-stream" (type $o (sub resource)))
    (alias outer 1 $error (type $err'))
    (export "error" (type $err (eq $err')))
    (type $se' (variant (case "last-operation-failed" (own $err)) (case "closed")))
    (export "stream-error" (type $se (eq $se')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $s "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.0" (instance $so (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o'))) (export "get-stdout" (func (result (own $o))))))
  (core module $mem (memory (export "memory") 1) (data (i32.const 0) "line"))
  (core instance $mem (instantiate $mem))
  (core func $get (canon lower (func $so "get-stdout")))
  (core func $write (canon lower (func $s "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $mem "memory"))))
  (core module $m
    (import "" "get" (func $get (result i32))) (import "" "write" (func $write (param i32 i32 i32 i32)))
    (func (export "run") (call $write (call $get) (i32.const 0) (i32.const 4) (i32.const 64))))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "write" (func $write))))))
  (func (export "run") (canon lift (core func $i "run"))))"""
RUN = abi.Function("run", "run", ())
PRINTING = host.Definition(name="t:t/prints", imports=(), exports=(abi.Interface("", (), (RUN,)),))


class Prints(host.World):
    """A world whose component ignores failures to print, and calls nothing else of Python's."""

    _definition = PRINTING

    def _bind(self, instance: host.Instance) -> None:
        self.run = instance.function(RUN)


@pytest.mark.parametrize("limits", [host.Limits(), host.Limits(deadline=20)], ids=["plain", "deadline"])
def test_what_a_function_raises_comes_out_where_nothing_else_calls_python(limits: host.Limits) -> None:
    def fail(_: bytes) -> None:
        raise KeyError("full")

    world = Prints._open(PRINTS, None, wasi=config(stdout_custom=fail), limits=limits)
    with pytest.raises(KeyError, match="full") as caught:
        world.run()
    with pytest.raises(host.StoreDeadError) as dead:
        world.run()
    assert dead.value.__cause__ is caught.value
    world.close()


def test_settings_are_for_one_store() -> None:
    wasi = config()
    with (
        Prints._open(PRINTS, None, wasi=wasi),
        pytest.raises(host.HostError, match="already belong to another store: make some"),
    ):
        Prints._open(PRINTS, None, wasi=wasi)


def test_what_is_raised_after_the_call_comes_out_later() -> None:
    """A guest that does not flush does not wait."""
    going, done = threading.Event(), threading.Event()

    def fail(_: bytes) -> None:
        going.wait(10)
        try:
            raise KeyError("late")
        finally:
            done.set()

    world = Printing.start(config(stdout_custom=fail))
    world.unflushed()
    going.set()
    assert done.wait(10)
    with pytest.raises(KeyError, match="late"):
        world.close()
    world.close()


def _too_much(data: bytes) -> int:
    return len(data) + 1


def _nothing(_: bytes) -> int:
    return 0


def _text(_: bytes) -> str:
    return "all"


async def _coroutine(_: bytes) -> None: ...


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (_too_much, ValueError, "took 14 of 13 bytes"),
        (_nothing, ValueError, "took 0 of 13 bytes"),
        (_text, TypeError, "not str"),
        (_coroutine, TypeError, "not coroutine"),
    ],
)
def test_a_function_that_returns_nonsense(function: Any, error: type[Exception], text: str) -> None:
    with Printing.start(config(stdout_custom=function)) as world, pytest.raises(error, match=text):
        world.out(1)


def test_a_function_may_take_less() -> None:
    parts: list[bytes] = []

    def take(data: bytes) -> int:
        parts.append(data[:5])
        return len(parts[-1])

    with Printing.start(config(stdout_custom=take)) as world:
        world.out(1)
    assert b"".join(parts) == b"stdout 00001\n"


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="stdout_custom: expected a function"):
        config(stdout_custom="file.txt")


@pytest.mark.parametrize("use", ["call", "open", "close", "same"])
def test_a_function_that_uses_components_is_refused(use: str) -> None:
    """It is wasmtime's thread: waiting for WASI there ends the process."""
    other = Printing.start(config(stdout_custom=ignore))
    uses: dict[str, Callable[[], object]] = {
        "call": lambda: other.out(1),
        "open": Printing.start,
        "same": lambda: world.out(1),
        "close": lambda: Printing.close(world),
    }

    def nest(_: bytes) -> None:
        uses[use]()

    world = Printing.start(config(stdout_custom=nest))
    with pytest.raises(host.ThreadError):
        world.out(1)
    other.out(2)
    world.close()
    other.close()


def test_functions_are_forgotten_with_their_store() -> None:
    class Sink:
        def write(self, _: bytes) -> None: ...

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, Sink) for each in gc.get_objects())

    worlds = [Printing.start(config(stdout_custom=Sink().write)) for _ in range(3)]
    config(stderr_custom=Sink().write)
    for number in range(3):
        worlds[number].out(1)
    assert alive() == 3
    worlds.pop().close()
    assert alive() == 2
    del worlds
    assert alive() == 0
