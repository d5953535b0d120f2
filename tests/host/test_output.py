"""What guests print: where it goes, the functions that get it, and the failures that carry its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from tests.host.printing import TEXT, Imports, Printing, config, ignore, python
from witgen_runtime import host
from witgen_runtime.host.wasi.store_config import StoreConfig


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
    wasi, parts, file = StoreConfig(), list[bytes](), tmp_path / "stderr.txt"
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
    ran = python(code, merge=True)
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
    assert python(code).stdout == "'stderr 00001\\nstderr 00002\\n'\n"


# Functions that get output

# asyncio


class AsyncTestWorld(host.AsyncWorld[Any]):
    @classmethod
    async def start(cls, wasi: StoreConfig | None = None) -> AsyncTestWorld:
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
