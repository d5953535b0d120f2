"""Exceptions, traps, threads, and what a store does afterwards."""

from __future__ import annotations

import copy
import gc
import linecache
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from tests.host.echo import echo
from tests.host.things import TEXT, Counted, Imports, Things, World, start
from tests.support.paths import ROOT
from witgen_runtime import abi, host
from witgen_runtime.host.store.causes import explain_trap


class Odd(BaseException):
    """Not even an Exception."""


class Empty(Exception):  # noqa: N818
    """Is false, as any object with a length of 0."""

    def __len__(self) -> int:
        return 0


class Unsaid(Exception):  # noqa: N818
    """Cannot be asked for anything."""

    def __bool__(self) -> bool:
        raise RuntimeError("asked")

    def __eq__(self, _: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        raise RuntimeError("written")

    __repr__ = __str__


@pytest.mark.parametrize(
    "exception",
    [KeyError("k"), KeyboardInterrupt(), SystemExit(3), Odd("x"), GeneratorExit(), Empty(), Unsaid()],
    ids=type,
)
def test_an_exception_of_host_code_comes_out_as_the_same_object(exception: BaseException) -> None:
    def fail(_: object) -> None:
        raise exception

    component = echo(abi.STRING, answer=fail)
    with pytest.raises(type(exception)) as caught:
        component.back("x")
    assert caught.value is exception
    assert "fail" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    with pytest.raises(host.StoreDeadError, match="failed") as dead:
        component.there("x")
    assert dead.value.__cause__ is exception
    component.world.close()
    with pytest.raises(host.StoreDeadError):
        component.there("x")


def test_a_trap_says_why_and_kills_the_store() -> None:
    world, _, _ = start()
    with pytest.raises(host.Trap, match="unreachable") as caught:
        world.trap()
    assert "wasm backtrace" in caught.value.backtrace
    with pytest.raises(host.StoreDeadError) as dead:
        world.cycle(1)
    assert dead.value.__cause__ is caught.value


CALLED = 'Traceback (most recent call last):\n  File "/0/app.py", line 8, in mul\n    raise KeyError("boom")\n'
ENDED = (
    "\nthread '<unnamed>' (1) panicked at runtime/src/lib.rs:1280:25:\nPython function threw an unexpected exception\n"
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
)
GROUP = '  + Exception Group Traceback (most recent call last):\n  |   File "/0/app.py", line 8, in mul\n'


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (f"log\n{CALLED}KeyError: 'boom'\n{ENDED}", ": the guest raised KeyError: 'boom'"),
        (f"{CALLED}KeyError: 1\n\n{CALLED}shop.Sold: two\nlines\n{ENDED}", ": the guest raised shop.Sold: two"),
        (f"{GROUP}  | ExceptionGroup: x (1 sub-exception)\n  +-+---- 1 ----\n    | {CALLED}{ENDED}",
         ": the guest raised ExceptionGroup: x (1 sub-exception)"),
        ("thread 'main' panicked at src/lib.rs:3:5:\nno pen left\n", ": the guest panicked: no pen left"),
        (f"{CALLED}KeyError: 'logged'\n", ""),
        (f"{CALLED}KeyError: 'boom'\n{ENDED}later\n", ""),
    ],
)  # fmt: skip
def test_the_first_line_of_a_trap_has_the_guests_own_reason(stderr: str, reason: str) -> None:
    trap = host.Trap("error while executing\n\nCaused by:\n    wasm trap: wasm `unreachable` instruction executed\n")
    trap.stderr = stderr
    explain_trap(trap)
    assert str(trap) == f"wasm trap: wasm `unreachable` instruction executed{reason}"
    assert str(copy.copy(trap)) == str(trap)


def test_tracebacks_show_the_generated_code() -> None:
    component = echo(abi.STRING, answer=lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError) as caught:
        component.back("x")
    text = "".join(traceback.format_exception(caught.value))
    assert "_settle_call(_failure)" in text


def test_generated_code_is_forgotten_with_what_it_was_made_for() -> None:
    def lines() -> int:
        gc.collect()
        return sum(name.startswith("<witgen ") for name in linecache.cache)

    before = lines()
    for _ in range(5):
        component = echo(abi.Tuple((abi.STRING,)))
        component.there(("x",))
        component.back(("x",))
    assert lines() > before
    del component
    assert lines() <= before


def test_host_code_may_call_the_guest_again() -> None:
    class Nested(Things):
        def take(self, x: Counted) -> None:
            self.taken.append(x)
            if x.n:
                world.give(x.n - 1)
                assert world.number(x) == x.n

    class Mine(Counted):
        drops: ClassVar[list[int]] = []

    things = Nested(Mine)
    world: Any = World._open(TEXT, Imports(things))
    world.give(20)
    assert [taken.n for taken in things.taken] == list(range(20, -1, -1))
    assert world.cycle(1) == 1


def test_the_same_function_again_while_it_runs() -> None:
    seen: list[list[str]] = []

    def again(value: list[str]) -> list[str]:
        seen.append(value)
        return [*value, *component.back([value[0] + "x"])] if len(value[0]) < 8 else value

    component = echo(abi.List(abi.STRING), answer=again)
    assert component.back(["a"]) == ["a" + "x" * n for n in range(8)]
    assert component.back(["b"])[-1] == "bxxxxxxx"


def test_values_that_call_the_guest_while_they_are_lowered() -> None:
    component = echo(abi.List(abi.List(abi.U32)))

    class Cunning(list[Any]):
        def __iter__(self) -> Any:
            assert component.there([[9] * 1000]) == [[9] * 1000]
            return super().__iter__()

    assert component.there([[1], Cunning([2, 3])]) == [[1], [2, 3]]


def test_an_iterable_that_raises() -> None:
    component = echo(abi.List(abi.STRING))

    def broken() -> Any:
        yield "a"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        component.there(broken())
    assert component.there(["a"]) == ["a"]


def test_a_second_thread_is_refused_while_the_first_is_inside() -> None:
    inside, done, caught = threading.Event(), threading.Event(), list[BaseException]()

    def wait(value: str) -> str:
        inside.set()
        assert done.wait(10)
        return value

    component = echo(abi.STRING, answer=wait)

    def intrude() -> None:
        assert inside.wait(10)
        for attempt in (lambda: component.there("x"), lambda: component.back("x"), component.world.close):
            try:
                attempt()
            except host.ThreadError as error:
                caught.append(error)
        done.set()

    thread = threading.Thread(target=intrude)
    thread.start()
    assert component.back("first") == "first"
    thread.join()
    assert len(caught) == 3
    assert "another thread" in str(caught[0])
    assert ThreadPoolExecutor(1).submit(component.there, "later").result() == "later"


def test_stores_in_parallel_threads_do_not_mix_up_their_exceptions() -> None:
    def run(name: str) -> int:
        mixed = 0
        for turn in range(150):
            raised = KeyError(f"{name}{turn}")

            def fail(_: object, raised: KeyError = raised) -> None:
                raise raised

            try:
                echo(abi.STRING, answer=fail).back("x")
            except KeyError as error:
                mixed += error is not raised
        return mixed

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, "ab")) == [0, 0]


def test_a_store_does_not_close_while_it_runs() -> None:
    def close(value: str) -> str:
        with pytest.raises(host.HostError, match="in progress"):
            component.world.close()
        return value

    component = echo(abi.STRING, answer=close)
    assert component.back("x") == "x"
    component.world.close()


def test_an_exit_of_the_guest() -> None:
    text = """(component
      (import "wasi:cli/exit@0.2.0" (instance $e (export "exit" (func (param "status" (result))))))
      (core func $exit (canon lower (func $e "exit")))
      (core module $m (import "" "exit" (func $exit (param i32))) (func (export "run") (call $exit (i32.const 1))))
      (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit))))))
      (func (export "run") (canon lift (core func $i "run"))))"""
    function = abi.Function("run", "run", ())
    exports = abi.Interface("", (), (function,))

    class Exits(host.World):
        _definition = host.Definition("test:exit/exits", (), (exports,))

        def _bind(self, instance: host.Instance) -> None:
            self.run = instance.function(function)

    with Exits._open(text, None) as world, pytest.raises(host.GuestExit) as caught:
        world.run()
    assert caught.value.code == 1


def test_more_than_a_guest_can_hand_over_in_a_call() -> None:
    component = echo(abi.List(abi.Option(abi.U16)), adapters="off")
    with pytest.raises(host.Trap, match="too much data") as caught:
        component.there([0] * (3 << 20))
    assert "128 MiB" in caught.value.__notes__[0]


IN_A_LIST = """
import copy
import gc
from tests.host.things import start
from witgen_runtime.host.store.table import ObjectTable

take = ObjectTable.take

def fail(self, number):
    raise LookupError(number)

def attempt(world, things):
    try:
        world.__dict__["pass"]([things(1), things(2)])
    except LookupError as error:
        circle = error  # the error, its traceback, this frame
    else:
        raise AssertionError("nothing failed")

gc.disable()
for _ in range(5):
    ObjectTable.take = fail
    world, things, _ = start()
    gc.collect()
    attempt(world, things)
    ObjectTable.take = take
    world._store._dead = world._store._broken = None
    gc.collect()
    world.close()
"""


def test_a_failure_inside_a_list_can_be_collected() -> None:
    """On CPython 3.11, a frame keeps the iterator of its comprehension; one over a memoryview crashed the collector."""
    command = [sys.executable, "-c", IN_A_LIST]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
