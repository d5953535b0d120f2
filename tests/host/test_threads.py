"""Threads that share what only one may use at a time: each gets an answer or a refusal, and the process goes on.

Threads change places as often as they can, in a process that may crash.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.paths import ROOT
from witgen_runtime import host

HEAD = """
import contextlib, faulthandler, sys, threading, time
faulthandler.dump_traceback_later(100, exit=True)
from tests.host.echo import echo
from tests.host.things import start
from witgen_runtime import abi, host

sys.setswitchinterval(1e-6)

def together(*jobs):
    "Run jobs at the same time; fail if one raises anything but a refusal."
    barrier, wrong = threading.Barrier(len(jobs)), []
    def run(job):
        barrier.wait()
        try:
            job()
        except host.StoreDeadError as dead:
            if "closed" not in str(dead):
                wrong.append(dead)
        except BaseException as error:
            wrong.append(error)
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]

def persistent(job):
    "Do a job as soon as no other thread is inside."
    while True:
        try:
            return job()
        except host.ThreadError:
            time.sleep(0)

def rounds(seconds=1.5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
"""


def run(code: str) -> None:
    """Run code in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("adapters", ["auto", "off"])
@pytest.mark.parametrize("closes", [False, True], ids=["first calls", "closing"])
def test_a_function_is_called_by_two_threads(closes: bool, adapters: str) -> None:
    """When it has not been compiled yet, and while a third thread closes the store."""
    run(
        f"""
        numbers = list(range(40))

        def use():
            for _ in range(30):
                with contextlib.suppress(host.ThreadError):
                    assert component.there(numbers) == numbers

        def close():
            if {closes}:
                time.sleep(0.012)
                persistent(component.world.close)

        for _ in rounds():
            component = echo(abi.List(abi.U32), adapters="{adapters}")
            together(use, use, close)
            component.world.close()
        """
    )


def test_a_handle_is_dropped_by_two_threads_while_another_gives_it_away() -> None:
    run(
        """
        world, _, _ = start()
        world.Box.open(world.Box(1))

        def drop():
            for box in boxes:
                host.drop(box)

        def give():
            for box in reversed(boxes):
                try:
                    assert persistent(lambda: world.Box.open(box)) == 7
                except ValueError as error:
                    assert "was already dropped" in str(error), error

        for _ in rounds():
            boxes = [world.Box(7) for _ in range(300)]
            together(drop, drop, give)
        world.close()
        """
    )


def test_a_thread_with_a_small_stack_is_refused() -> None:
    """A guest that recurses without end there would end the process instead of trapping."""
    before = threading.stack_size(512 * 1024)
    try:
        with ThreadPoolExecutor(1) as pool:
            refused = pool.submit(host.Store)
            with pytest.raises(host.EngineError, match=r"stacks of 524288 bytes.*threading\.stack_size\(1048576\)"):
                refused.result()
        host.Store().close()  # the main thread's stack is another matter
    finally:
        threading.stack_size(before)
