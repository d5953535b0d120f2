"""What works in the child of a fork, and what says that it does not. Nothing hangs.

Children run in a process of their own, so that nothing of the tests' own is forked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

HEAD = """
import faulthandler, gc, os, sys, threading, time
faulthandler.dump_traceback_later(50, exit=True)
import wasmtime
from tests.host.waiting import Imports, TEXT, Waiting, other
from witgen_runtime import host

def child(job):
    "Run a job in a child; return its exit status."
    number = os.fork()
    if number == 0:
        status = 1
        try:
            job()
            status = 0
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
        finally:
            os._exit(status)
    ends = time.monotonic() + 30
    while True:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends:
            os.kill(number, 9)
        time.sleep(0.01)

def open_(text=TEXT, **limits):
    return Waiting._open(text, Imports, limits=host.Limits(**limits))

def fails(job, error, text):
    try:
        job()
    except error as caught:
        assert text in str(caught), caught
    else:
        raise AssertionError(f"no {error.__name__}")
"""


def run(code: str) -> str:
    """Run code in a process of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_a_store_from_before_goes_on() -> None:
    run("""
        world = open_()
        assert world.add(1, 2) == 3
        def job():
            assert world.add(20, 22) == 42
            world.close()
        assert child(job) == 0
        assert world.add(1, 2) == 3
    """)


@pytest.mark.parametrize("cache", ["", "folder"])
def test_components_are_opened_and_compiled(cache: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the parent has compiled, and another: wasmtime's compiler has no threads any more."""
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path) if cache else "")
    run("""
        world = open_(deadline=30)
        def job():
            assert open_().add(20, 22) == 42
            assert open_(other(1)).add(20, 22) == 43
            assert open_(other(2), fuel=10**9, memory=1 << 20).add(20, 22) == 44
            assert open_(other(3), deadline=10).add(20, 22) == 45
            assert child(lambda: open_(other(4)).add(20, 22)) == 0  # a child's child
        assert child(job) == 0
        assert child(job) == 0
    """)


def test_an_engine_of_the_users() -> None:
    run("""
        old = host.make_engine(wasmtime.Config())
        known = host.Store(old)
        assert Waiting._instantiate(known, TEXT, Imports).add(1, 2) == 3
        def job():
            with host.Store(host.make_engine(wasmtime.Config())) as store:
                assert Waiting._instantiate(store, other(1), Imports).add(1, 2) == 4
            with host.Store(old) as store:  # what was compiled before can be used
                assert Waiting._instantiate(store, TEXT, Imports).add(1, 2) == 3
                fails(lambda: Waiting._instantiate(store, other(2), Imports), host.EngineError, "make_engine(config)")
        assert child(job) == 0
    """)


def test_deadlines() -> None:
    """The thread that looks at the clock is started again."""
    run("""
        worlds = [open_(deadline=0.3) for _ in range(2)]
        def job():
            fails(worlds[0].spin, host.DeadlineError, "longer than")
            fails(open_(deadline=0.2).spin, host.DeadlineError, "longer than")
        assert child(job) == 0
        fails(worlds[1].spin, host.DeadlineError, "longer than")
    """)


def test_a_fork_inside_a_call() -> None:
    """A host function forks: in both processes the call goes on, and its deadline holds."""
    run("""
        class Forking(Imports):
            child = None
            @classmethod
            def call(cls):
                if cls.child is None:
                    cls.child = os.fork()
        world = Waiting._open(TEXT, Forking, limits=host.Limits(deadline=1.0))
        world.call_host()
        if Forking.child == 0:
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(Forking.child, 0)[1]) == 0
        Forking.child = None
        try:
            world.call_host_and_spin()
        except host.DeadlineError:
            if Forking.child == 0:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(Forking.child, 0)[1]) == 7
    """)


def test_a_store_that_another_thread_is_using() -> None:
    run("""
        inside, end = threading.Event(), threading.Event()
        class Holding(Imports):
            @staticmethod
            def call():
                inside.set()
                end.wait(30)
        world = Waiting._open(TEXT, Holding)
        thread = threading.Thread(target=world.call_host)
        thread.start()
        inside.wait(30)
        def job():
            fails(lambda: world.add(1, 2), host.StoreDeadError, "when the process was forked")
            world.close()
            world.close()
            gc.collect()
            assert open_().add(1, 2) == 3
        assert child(job) == 0
        end.set()
        thread.join()
        assert world.add(1, 2) == 3
    """)


def test_a_fork_while_another_thread_compiles() -> None:
    """It waits until that is over: the child could never finish it, and would wait for it."""
    run("""
        stop = False
        def compile_all():
            for number in range(1000):
                if stop:
                    return
                open_(other(number + 100)).close()
        thread = threading.Thread(target=compile_all)
        thread.start()
        try:
            for number in range(10):
                assert child(lambda: open_(other(number)).close()) == 0
        finally:
            stop = True
            thread.join()
    """)


def test_waits_in_wasi() -> None:
    """Where its threads ran before the fork, nothing in it can be waited for; where they did not, everything works."""
    run("""
        world = open_()
        assert child(lambda: world.nap(1_000_000)) == 0
        assert child(lambda: open_(deadline=10).nap(1_000_000)) == 0
        world.nap(1_000_000)
        bounded = open_(deadline=10)
        bounded.nap(1_000_000)
        def job():
            fails(lambda: open_().nap(1_000_000), host.EngineError, "spawn")
            fails(lambda: open_(deadline=10).nap(1_000_000), host.EngineError, "spawn")
            fails(lambda: bounded.nap(1_000_000), host.EngineError, "spawn")
            assert world.add(1, 2) == 3
        assert child(job) == 0
        world.nap(1_000_000)
    """)


def test_a_pool_of_processes() -> None:
    run("""
        import multiprocessing
        world = open_(deadline=10)
        def add(number):
            return world.add(number, 1), open_(other(number)).add(number, 1)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(add, range(4)) == [(n + 1, 2 * n + 1) for n in range(4)]
    """)


def test_a_world_of_an_event_loop_ends_in_the_child() -> None:
    """The thread of its store is not there: calls say so at once, and closing it returns."""
    assert (
        run("""
        import asyncio
        from tests.host.waiting import AsyncWaiting

        async def timed(job):
            return await asyncio.wait_for(job, 20)

        async def opened():
            world = await AsyncWaiting.open(Imports, deadline=5)
            assert await world.add(1, 2) == 3
            return world

        loop = asyncio.new_event_loop()
        world = loop.run_until_complete(opened())

        def job(loop):
            fails(lambda: loop.run_until_complete(timed(world.add(1, 2))), host.StoreDeadError, "open it again")
            loop.run_until_complete(timed(world.close()))
            loop.run_until_complete(timed(world.close()))
            again = loop.run_until_complete(timed(opened()))
            loop.run_until_complete(timed(again.close()))

        print(child(lambda: job(loop)), child(lambda: job(asyncio.new_event_loop())))
        assert loop.run_until_complete(timed(world.add(1, 2))) == 3
        loop.run_until_complete(timed(world.close()))
    """)
        == "0 0\n"
    )
