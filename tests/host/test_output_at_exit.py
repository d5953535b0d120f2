"""What guests print, and functions that get it, while the process ends or forks: nothing hangs, nothing aborts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.host.printing import python

_END = """
    import gc, sys, threading
    from tests.host.printing import Printing
    from witgen_runtime import host
    from witgen_runtime.host.wasi.store_config import StoreConfig

    parts, going = [], threading.Event()
    def take(data):
        parts.append(data)
        going.set()
    def start():
        wasi = StoreConfig()
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
    "never used": "wasi = StoreConfig(); wasi.stdout_custom = take",
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
        ran = python(dedent(_FOREIGN) + ending)
        assert ran.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("ending", _ENDINGS)
def test_the_process_can_end_at_any_time(ending: str) -> None:
    code = "\n".join(map(dedent, (_END, _ENDINGS[ending])))
    ran = python(code)
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
        return host.Wasi(stdout=lambda _: None)
    world, quiet = Printing.start(), Printing.start()
    world.err(1)
"""

_FORKS = {
    "opened there": ("lambda: Printing.start().err(2)", "fine"),
    "printed before": ("lambda: world.err(2)", "Trap .*opened before os.fork"),
    "printed there": ("lambda: quiet.err(2)", "fine"),
    "closed": ("world.close", "fine"),
    "function": ("lambda: Printing.start(custom())", "HostError stdout cannot lead to Python"),
    "function from before": ("given.tried", "StoreDeadError this store was opened before"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("what", _FORKS)
def test_nothing_hangs_in_a_forked_process(what: str) -> None:
    job, expected = _FORKS[what]
    code = "\n".join((dedent(_FORK), "given = Printing.start(custom())", f"child({job})"))
    said = python(code).stdout
    assert re.match(expected, said, re.DOTALL), said


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
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
