"""Ctrl-C ends a call within a second, wherever it waits, and the process goes on.

Signals are sent in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

HEAD = """
import asyncio, faulthandler, os, random, signal, sys, threading, time
faulthandler.dump_traceback_later(240, exit=True)
from tests.host.waiting import AsyncWaiting, Imports, TEXT, Waiting
from witgen_runtime import host

signal.signal(signal.SIGINT, signal.default_int_handler)
TRIES = int(sys.argv[1])
HOUR = 3600 * 10**9

inside = threading.Event()

class Sleeping(Imports):
    @staticmethod
    def call():
        inside.set()
        time.sleep(60)

def open_(imports=Imports, **limits):
    return Waiting._open(TEXT, imports, limits=host.Limits(**limits))

def ctrl_c(after, is_inside=lambda: True):
    "Send a signal, a while after the call has begun."
    def send():
        while not is_inside():
            time.sleep(0.001)
        time.sleep(after)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    sent = []
    threading.Thread(target=send, daemon=True).start()
    return sent

def interrupted(job, after, is_inside=lambda: True):
    "Run a job that only Ctrl-C ends; return its exception."
    sent = ctrl_c(after, is_inside)
    try:
        job()
    except KeyboardInterrupt as error:
        took = time.monotonic() - sent[0]
        assert took < 1, took
        return error
    raise AssertionError("it has ended by itself")

def try_all(make, limits, job):
    for number in range(TRIES):
        world = make(**limits)
        inside.clear()
        stopping = world._store.interruption
        begun = inside.is_set if stopping is None else lambda: stopping.call is not None
        error = interrupted(lambda: job(world), random.Random(number).uniform(0, 0.05), begun)
        assert world._store.dead is error, world._store.dead
        world.close()
    with make(**limits) as world:
        assert world.add(1, 2) == 3
"""


def run(code: str, tries: int) -> None:
    """Run code in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + textwrap.dedent(code), str(tries)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


TRIES = [pytest.param(3, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)]

LIMITS = ["dict(interruptible=True)", "dict(deadline=3600)"]


@pytest.mark.parametrize("tries", TRIES)
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(
    "job",
    ["spin()", "nap(HOUR)", "pump(10**6)", "first(HOUR, HOUR)", "call_host_for_ever()"],
)
def test_a_guest(job: str, limits: str, tries: int) -> None:
    run(f"try_all(open_, {limits}, lambda world: world.{job})", tries)


@pytest.mark.parametrize("tries", TRIES)
def test_a_host_function_that_waits(tries: int) -> None:
    """Python itself interrupts that, whatever the store allows."""
    run("try_all(lambda: open_(Sleeping), {}, lambda world: world.call_host())", tries)


@pytest.mark.parametrize("tries", TRIES)
@pytest.mark.parametrize("job", ["spin()", "nap(HOUR)", "call_host()"])
def test_asyncio(job: str, tries: int) -> None:
    """Of a host function, the coroutine."""
    run(
        f"""
        class Awaiting(Imports):
            @staticmethod
            async def call():
                await asyncio.sleep(3600)

        async def main():
            async with await AsyncWaiting.open(Awaiting) as world:
                await world.{job}

        async def warm_up():
            async with await AsyncWaiting.open(Awaiting) as world:
                await world.nap(1)

        asyncio.run(warm_up())
        for number in range(TRIES):
            interrupted(lambda: asyncio.run(main()), 0.1 + random.Random(number).uniform(0, 0.05))
        """,
        tries,
    )


def test_a_handler_that_raises_nothing_does_not_end_a_call() -> None:
    """It runs while the guest does: the guest ends because of what the handler has done."""
    run(
        """
        ran = []
        signal.signal(signal.SIGALRM, lambda *_: ran.append(time.monotonic()))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        world = open_(deadline=0.6)
        began = time.monotonic()
        try:
            world.spin()
        except host.DeadlineError:
            ended = time.monotonic()
        assert len(ran) == 1
        assert ran[0] < ended - 0.2, (ran, ended)
        """,
        1,
    )


def test_closing_loses_no_interrupt() -> None:
    """What is deleted when a store closes is deleted by `close`: a finalizer would drop the interrupt."""
    run(
        """
        from tests.host.test_limits import PAGE, open_ as open_limited

        class Interrupt(BaseException): ...
        raised = came = 0
        armed = False
        def handler(*_):
            global raised, armed
            if armed:
                armed = False
                raised += 1
                raise Interrupt
        signal.signal(signal.SIGALRM, handler)
        while raised < TRIES:
            world = open_limited(memory=3 * PAGE, deadline=20)  # keeps nothing but its store
            try:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, random.random() * 0.0005 + 1e-6)
                world.close()
                armed = False
            except Interrupt:
                came += 1
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            world.close()
        assert came == raised, (came, raised)
        """,
        tries=100,
    )


def test_a_start_function_that_spins() -> None:
    run(
        """
        text = TEXT.replace('(func (export "spin")', '(start $spin) (func $spin (export "spin")', 1)
        for limits, error in ((dict(deadline=0.2), host.DeadlineError), (dict(interruptible=True), KeyboardInterrupt)):
            began = time.monotonic()
            if error is KeyboardInterrupt:
                ctrl_c(0.2)
            try:
                Waiting._open(text, Imports, limits=host.Limits(**limits))
            except error:
                assert time.monotonic() - began < 5
            else:
                raise AssertionError("it was opened")
        """,
        1,
    )


def test_the_thread_that_looks_at_the_clock_is_started_again() -> None:
    """Whatever has ended it: here an exception from outside."""
    run(
        """
        import ctypes
        world, other = open_(deadline=0.2), open_(deadline=0.2)
        assert world.add(1, 2) == 3
        thread = next(each for each in threading.enumerate() if each.name == "deadlines of stores")
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        thread.join(10)
        assert not thread.is_alive()
        for each in (world, other):
            try:
                each.spin()
            except host.DeadlineError:
                continue
            raise AssertionError("it has ended by itself")
        """,
        1,
    )


def test_it_ends_when_nothing_runs() -> None:
    run(
        """
        world = open_(deadline=60)
        assert world.add(1, 2) == 3
        while any(each.name == "deadlines of stores" for each in threading.enumerate()):
            time.sleep(0.01)
        assert world.add(1, 2) == 3
        """,
        1,
    )


def test_the_end_of_the_interpreter() -> None:
    """Deadlines hold for calls of `atexit`, or the call says that they cannot."""
    run(
        """
        import atexit
        world = open_(deadline=0.2)
        assert world.add(1, 2) == 3

        @atexit.register
        def late():
            try:
                world.spin()
            except (host.DeadlineError, host.EngineError):
                return
            os._exit(3)
        """,
        1,
    )


def test_a_world_that_nobody_closes_does_not_keep_the_interpreter() -> None:
    """The interpreter closes it when no thread can be started any more that would look at the clock."""
    run(
        """
        async def main():
            global world
            world = await AsyncWaiting._open(Waiting, TEXT, Imports)

        asyncio.run(main())
        """,
        1,
    )


@pytest.mark.parametrize("job", ["spin", "call_host_for_ever"])
def test_the_interpreter_ends_while_a_guest_of_an_event_loop_runs(job: str) -> None:
    """It waits for the threads of executors, where those guests are."""
    run(
        f"""
        import logging
        logging.disable()  # asyncio's, of the tasks that nobody waits for

        class Waits(Imports):
            @staticmethod
            async def call():
                begun.set()
                await asyncio.sleep(3600)

        async def main():
            global begun, task, world
            begun = asyncio.Event()
            world = await AsyncWaiting._open(Waiting, TEXT, Waits)
            task = loop.create_task(world.{job}())
            if {job == "spin"}:
                stopping = world._world._store.interruption
                while stopping.call is None:
                    await asyncio.sleep(0.001)
            else:
                await begun.wait()

        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """,
        1,
    )
