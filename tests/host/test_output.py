"""What guests print: where it goes, the functions that get it, and the failures that carry its end."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime

from tests.host.printing import TEXT, Imports, Printing
from tests.support.paths import ROOT
from witgen_runtime import abi, host


def config(**streams: Any) -> host.WasiConfig:
    wasi = host.WasiConfig()
    for name, value in streams.items():
        setattr(wasi, name, value)
    return wasi


def ignore(_: bytes) -> None:
    """Take what a guest prints."""


def failure(world: Any, kind: type[host.HostError], call: Callable[[], object]) -> Any:
    with world, pytest.raises(kind) as caught:
        call()
    return caught.value


def test_a_trap_carries_what_the_guest_wrote_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    world = Printing.start()
    world.err(1)
    world.out(2)
    trap = failure(world, host.Trap, lambda: world.fail(3))
    assert trap.stderr == "stderr 00001\nstderr 00003\n"
    assert "unreachable" in str(trap)
    assert trap.__notes__ == ["The guest wrote to stderr:\n    stderr 00001\n    stderr 00003"]
    assert capfd.readouterr() == ("stdout 00002\n", "stderr 00001\nstderr 00003\n")


def test_other_failures_carry_it_too() -> None:
    world = Printing.start()
    left = failure(world, host.GuestExit, lambda: world.leave(1))
    assert (left.code, left.stderr) == (1, "stderr 00007\n")
    world = Printing.start(deadline=0.1)
    assert failure(world, host.DeadlineError, world.spin).stderr == "stderr 00008\n"
    world = Printing.start(fuel=100_000)
    assert failure(world, host.FuelError, world.spin).stderr == "stderr 00008\n"
    world = Printing.start()
    left = failure(world, host.GuestExit, lambda: world.leave(0))
    assert (left.code, left.stderr, hasattr(left, "__notes__")) == (0, "", False)


def test_a_failure_before_anything_is_printed_says_nothing_about_it() -> None:
    world = Printing.start(deadline=0.1, wasi=config(stderr_custom=ignore))
    assert failure(world, host.DeadlineError, world.spin).stderr == "stderr 00008\n"
    world = Printing.start(fuel=1000)
    error = failure(world, host.FuelError, lambda: world.errs(1000))
    assert not hasattr(error, "__notes__") or "stderr 00" in error.stderr


def test_only_the_last_lines_are_kept() -> None:
    world = Printing.start()
    world.errs(3000)
    lines = failure(world, host.Trap, lambda: world.fail(9)).stderr.splitlines()
    assert lines == [*(f"stderr {number:05}" for number in range(2951, 3000)), "stderr 00009"]


@pytest.mark.parametrize("kind", ["unset", "inherited", "custom", "file"])
def test_settings_of_the_users_change_nothing_about_that(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wasi, parts, file = host.WasiConfig(), list[bytes](), tmp_path / "stderr.txt"
    match kind:
        case "inherited":
            wasi.inherit_stderr()
        case "custom":
            wasi.stderr_custom = parts.append
        case "file":
            wasi.stderr_file = str(file)
        case _:
            pass
    world = Printing.start(wasi)
    world.out(1)
    assert failure(world, host.Trap, lambda: world.fail(3)).stderr == "stderr 00003\n"
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ("stderr 00003\n" if kind == "inherited" else "")
    assert b"".join(parts) == (b"stderr 00003\n" if kind == "custom" else b"")
    assert (file.read_text() if kind == "file" else "stderr 00003\n") == "stderr 00003\n"


def test_the_last_setting_counts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = list[bytes](), list[bytes]()
    wasi = config(stdout_custom=first.append, stderr_custom=first.append, stdout_file=str(tmp_path / "out"))
    wasi.stderr_custom = second.append
    wasi.inherit_stdout()
    with Printing.start(wasi) as world:
        world.out(1)
        world.err(2)
    assert (first, second) == ([], [b"stderr 00002\n"])
    assert capfd.readouterr().out == "stdout 00001\n"


def test_settings_of_wasmtimes_own_class_are_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    wasi = wasmtime.WasiConfig()
    wasi.inherit_stderr()
    world = Printing.start(wasi)
    assert failure(world, host.Trap, lambda: world.fail(3)).stderr == ""
    assert capfd.readouterr().err == "stderr 00003\n"


def test_pythons_own_stderr_is_not_used(capsys: pytest.CaptureFixture[str]) -> None:
    with Printing.start() as world:
        world.err(1)
    assert capsys.readouterr().err == ""


def test_everything_is_printed_in_order() -> None:
    code = """
        import sys
        from tests.host.printing import Printing
        world = Printing.start(ask=lambda: print("host", flush=True))
        world.both(100)
        print("end", file=sys.stderr)
    """
    ran = _python(code, merge=True)
    lines = [line for n in range(100) for line in (f"stderr {n:05}", f"stdout {n:05}", "host")]
    assert ran.stdout.splitlines() == [*lines, "end"]


def test_a_stderr_that_cannot_be_written_disturbs_nobody() -> None:
    code = """
        import os
        from tests.host.printing import Printing
        world = Printing.start()
        # Not closed: the next file that anybody opens would be it.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 2)
        world.err(1)
        try:
            world.fail(2)
        except Exception as error:
            print(repr(error.stderr))
    """
    assert _python(code).stdout == "'stderr 00001\\nstderr 00002\\n'\n"


# Functions that get output


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
    with Prints._open(PRINTS, None, wasi=wasi), pytest.raises(host.HostError, match="another store already: make one"):
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
    with pytest.raises(TypeError, match="stdout_custom is a function"):
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


def test_the_documentations_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    section = (ROOT / "docs" / "hosts.md").read_text().partition("## What guests print")[2].partition("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    monkeypatch.setitem(sys.modules, "chat_bindings", ModuleType("chat_bindings"))

    class Chat:
        @staticmethod
        def open(_component: str, _imports: object, *, wasi: host.WasiConfig) -> Any:
            world = Printing.start(wasi)

            def run(_: str) -> None:
                world.out(1)
                world.fail(2)

            world.run = run
            return world

    names: dict[str, Any] = {"Chat": Chat, "imports": None}
    exec(code, names)
    assert names["parts"] == [b"stdout 00001\n"]
    assert capsys.readouterr().out == "stderr 00002\n\n"


# asyncio


class AsyncTestWorld(host.AsyncWorld[Any]):
    @classmethod
    async def start(cls, wasi: host.WasiConfig | None = None) -> AsyncTestWorld:
        return await cls._open(Printing, TEXT, Imports(lambda: None), wasi=wasi)

    async def call(self, name: str, *values: Any) -> Any:
        return await host.run_in_store(self, getattr(self._world, name), *values)


def test_asyncio() -> None:
    async def main() -> None:
        async with await AsyncTestWorld.start() as world:
            with pytest.raises(host.Trap) as caught:
                await world.call("fail", 3)
            assert caught.value.stderr == "stderr 00003\n"
        raised = KeyError("x")

        def fail(_: bytes) -> None:
            raise raised

        async with await AsyncTestWorld.start(config(stdout_custom=fail)) as world:
            with pytest.raises(KeyError) as other:
                await world.call("out", 3)
            assert other.value is raised

    asyncio.run(asyncio.wait_for(main(), 30))


# The end of the process

_END = """
    import gc, sys, threading
    from tests.host.printing import Printing
    from witgen_runtime import host

    parts, going = [], threading.Event()
    def take(data):
        parts.append(data)
        going.set()
    def start():
        wasi = host.WasiConfig()
        wasi.stdout_custom = wasi.stderr_custom = take
        return Printing.start(wasi)
    world = start()
"""

_ENDINGS = {
    "closed": "world.out(1); world.close()",
    "left open": "world.out(1)",
    "garbage": "world.out(1); del world; gc.collect()",
    "not flushed": "worlds = [start() for _ in range(20)]; [each.unflushed() for each in worlds]",
    "failed": "try:\n    world.fail(1)\nexcept host.Trap:\n    pass",
    "exit": "world.out(1); sys.exit(0)",
    "other thread": "threading.Thread(target=lambda: (world.out(1), world.close())).start()",
    "never used": "wasi = host.WasiConfig(); wasi.stdout_custom = take",
    "prints for ever": "threading.Thread(target=world.errs, args=(1 << 30,), daemon=True).start(); going.wait(20)",
    "runs for ever": "threading.Thread(target=world.spin, daemon=True).start(); going.wait(20)",
    "calls for ever": """
        def run():
            while True:
                world.out(1)
        threading.Thread(target=run, daemon=True).start()
        going.wait(20)""",
    "default": """
        worlds = [Printing.start() for _ in range(5)]
        for each in worlds:
            each.err(1)
        threading.Thread(target=worlds[0].errs, args=(1 << 30,), daemon=True).start()""",
}


_FOREIGN = """
    import gc, sys, threading, wasmtime
    from tests.host.printing import Printing

    def start():
        wasi = wasmtime.WasiConfig()
        wasi.stdout_custom = lambda data: None
        world = Printing.start(wasi)
        world.out(1)
        return world
"""


@pytest.mark.parametrize(
    "ending", ["start().close()", "world = start()", "start()", "worlds = [start() for _ in 'x' * 9]"]
)
def test_so_it_can_with_functions_of_wasmtimes_own_class(ending: str) -> None:
    for _ in range(2):
        ran = _python(_dedent(_FOREIGN) + ending)
        assert ran.stderr == ""


@pytest.mark.parametrize("ending", _ENDINGS)
def test_the_process_can_end_at_any_time(ending: str) -> None:
    code = "\n".join(map(_dedent, (_END, _ENDINGS[ending])))
    ran = _python(code)
    assert "Traceback" not in ran.stderr
    assert "panic" not in ran.stderr


_FORK = """
    import os, sys, time, wasmtime
    from tests.host.printing import Printing
    from witgen_runtime import host

    def child(job):
        sys.stdout.flush()
        number = os.fork()
        if not number:
            try:
                job()
                print("fine", flush=True)
            except host.HostError as error:
                print(type(error).__name__, error, *getattr(error, "__notes__", ()), flush=True)
            finally:
                os._exit(0)
        end = time.monotonic() + 20
        while not os.waitpid(number, os.WNOHANG)[0]:
            time.sleep(0.01)
            if time.monotonic() > end:
                os.kill(number, 9)

    def custom():
        wasi = host.WasiConfig()
        wasi.stdout_custom = lambda _: None
        return wasi
    world, quiet = Printing.start(), Printing.start()
    world.err(1)
"""

_FORKS = {
    "opened there": ("lambda: Printing.start().err(2)", "fine"),
    "printed before": ("lambda: world.err(2)", "Trap .*opened before os.fork"),
    "printed there": ("lambda: quiet.err(2)", "fine"),
    "closed": ("world.close", "fine"),
    "function": ("lambda: Printing.start(custom())", "HostError stdout_custom cannot be called"),
    "function from before": ("given.tried", "StoreDeadError this store was opened before"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("what", _FORKS)
def test_nothing_hangs_in_a_forked_process(what: str) -> None:
    job, expected = _FORKS[what]
    code = "\n".join((_dedent(_FORK), "given = Printing.start(custom())", f"child({job})"))
    said = _python(code).stdout
    assert re.match(expected, said, re.DOTALL), said


def _dedent(code: str) -> str:
    return textwrap.dedent(code)


def _python(code: str, *, merge: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, which has to end well."""
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _dedent(code)], cwd=ROOT, text=True, timeout=60, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merge else subprocess.PIPE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + (ran.stderr or "")
    return ran


def test_a_store_whose_making_was_interrupted_does_not_disturb_the_end() -> None:
    """The exception keeps the store, with all that it does not have yet; `sys.last_value` keeps the exception."""
    code = """
        import sys
        from unittest.mock import patch
        from witgen_runtime import host

        with patch("witgen_runtime.host.store.store.ObjectTable", side_effect=KeyboardInterrupt):
            try:
                host.Store()
            except KeyboardInterrupt as interrupt:
                sys.last_value = interrupt
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
