"""Interrupts at random moments of all that a host does; run as a program, in a process that may crash.

    python -m host.storm KIND SEED ROUNDS [FLOWS]

KIND is `signal` (a handler raises in the main thread) or `thread` (`PyThreadState_SetAsyncExc`, into a thread of its
own). FLOWS is the built guest with streams, if that is to take part. The program prints a JSON object with counts, and
fails with a traceback where an answer was wrong, an exception was lost or replaced, or something stays unusable.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import gc
import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from tests.host.echo import echo
from tests.host.test_limits import PAGE, open_
from tests.host.test_values import EITHER, POINT, Point
from tests.host.things import TEXT, Counted, Imports, Things, World, start
from witgen_runtime import abi, host
from witgen_runtime.values import Ok

HANG = 60
"""Seconds after which a round that does not end is a hang: the process prints where it is, and dies."""

FINALIZERS = (
    "__del__",
    "<locals>.remove",
    "<locals>._remove",
    "<locals>.cb",
    "KeyedRef.remove",
    "<finalize object",
    "looping.<locals>.main",
)
"""What the names of functions contain whose exceptions CPython prints and drops; also a coroutine that is collected."""

OF_CPYTHON = ("release unlocked lock", "Cannot close a running event loop")
"""What `threading.Condition` and `asyncio.run` raise over an interrupt that comes in them."""

TYPES: dict[str, tuple[abi.Type, Any]] = {
    "bool": (abi.BOOL, True),
    "u32": (abi.U32, 7),
    "string": (abi.STRING, "hello"),
    "bytes": (abi.List(abi.U8), b"some bytes" * 20),
    "record": (POINT, Point(1, "label")),
    "numbers": (abi.List(abi.F64), [n / 3 for n in range(300)]),
    "pairs": (abi.List(abi.List(abi.Tuple((abi.U8, abi.S64)))), [[(n, -n) for n in range(40)], [], [(1, 1)]]),
    "records": (abi.List(POINT), [Point(n, "label") for n in range(20)]),
    "result": (EITHER, Ok("fine")),
}


class Interrupt(BaseException):
    """What is raised at random moments. Not an Exception, like KeyboardInterrupt."""


class Started(threading.Thread):
    """A thread that nothing is thrown into before it runs.

    Until then its state has the identity of the thread that starts it, and an exception for that one kills it; `start`
    then waits for ever (CPython's `_PyThreadState_Prealloc`).
    """

    starting = threading.Lock()

    def start(self) -> None:
        with self.starting:
            super().start()


class Interrupts:
    """Raises an `Interrupt` some time after `arm`, sometimes a second one right behind it."""

    def __init__(self, random: Random, kind: str) -> None:
        self.random = random
        self.kind = kind
        self.raised: list[Interrupt] = []
        self.left = 0
        self.is_ctrl_c = False
        if kind == "signal":
            signal.signal(signal.SIGALRM, self._handle)

    def arm(self, longest: float) -> None:
        if self.is_ctrl_c:
            # `asyncio.run` that is interrupted right after it has set its handler leaves that behind. The next one then
            # raises in the middle of the loop, which loses what it was about to do (CPython's runners.py).
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.left = 2 if self.random.random() < 0.2 else 1
        delay = self.random.random() * longest + 1e-6
        if self.kind == "signal":
            signal.setitimer(signal.ITIMER_REAL, delay)
        else:
            threading.Thread(target=self._throw, args=(delay, threading.get_ident())).start()

    def disarm(self) -> None:
        self.left = 0
        if self.kind == "signal":
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _handle(self, _: int, frame: Any) -> None:
        if self.left and self.is_ctrl_c and _is_forgotten(frame):
            # Later, but not so soon that it comes before this returns.
            signal.setitimer(signal.ITIMER_REAL, 1e-3)
        elif self.left and self.is_ctrl_c:
            # An event loop handles exceptions of its own callbacks, but for this one, so nothing else can be raised.
            self.left = 0
            signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)  # type: ignore[operator,misc]  # a function
        elif self.left:
            self.left -= 1
            if self.left:
                signal.setitimer(signal.ITIMER_REAL, self.random.random() * 4e-5 + 1e-6)
            self.raised.append(Interrupt(len(self.raised)))
            raise self.raised[-1]

    def _throw(self, delay: float, thread: int) -> None:
        time.sleep(delay)
        with Started.starting:
            if not self.left:
                return
            # CPython makes the instance itself.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Interrupt))


def _is_forgotten(frame: Any) -> bool:
    """Tell whether `asyncio.run` would forget a Ctrl-C that comes in this frame, also where that collects garbage.

    It counts interrupts from zero after it has set its handler: one in between cancels the coroutine, and
    CancelledError comes out where KeyboardInterrupt was to (CPython's runners.py).
    """
    while frame is not None and frame.f_code is not asyncio.Runner.run.__code__:
        if frame.f_code.co_name == "run_until_complete":
            return False
        frame = frame.f_back
    return frame is not None


class Mine(Counted):
    """Counted, but shared by all rounds."""

    drops: ClassVar[list[int]] = []


def things(world: Any, _: Random) -> None:
    """Resources in both directions, borrowed and owned, with constructors, methods and lists."""
    for n in range(40):
        assert world.cycle(n) == n
        assert world.numbers(Mine(n), Mine(1)) == n + 1
        given = [Mine(n), Mine(n + 1)]
        assert world.__dict__["pass"](given) == given[::-1]
        with world.Box(n) as box:
            assert box.get() == n
        assert world.Box.open(world.Box(n)) == n
        world.keep(Mine(n))
        world.give(n)


def values(component: Any, _: Random) -> None:
    """Values that go to the guest and back, and to the host and back."""
    for each, value in component.values():
        for _ in range(10):
            assert each.there(value) == value
            assert each.back(value) == value
            assert each.seen.pop() == value
            each.seen.clear()


def limits(world: Any, random: Random) -> None:
    """Calls that are counted, with memories that grow."""
    for n in range(60):
        assert world.add(n, 1) == n + 1
        assert world.grow(1) in {*range(1, 4), -1}
    if random.random() < 0.3:
        try:
            world.spin()
        except host.DeadlineError:
            return
        raise AssertionError("a guest spun to its end")


def opening(_: Any, random: Random) -> None:
    """Stores that are opened, used and closed, with limits and without."""
    for n in range(4):
        chance = random.random()
        if chance < 0.3:
            with open_(memory=4 * PAGE, deadline=20) as world:
                assert world.add(n, n) == 2 * n
        elif chance < 0.7:
            with PREPARED.open(Imports(Things(Mine))) as world, PREPARED.open(Imports(Things(Mine))) as other:
                assert (world.cycle(n), other.numbers(Mine(n), Mine(1))) == (n, n + 1)
        else:
            world, _, _ = start()
            with world:
                assert world.cycle(n) == n


PREPARED: host.PreparedWorld[Any, Imports] = World._prepare(TEXT, {})
"""Its stores use linkers one after another."""


class AsyncTestWorld(host.AsyncWorld[Any]):
    """The asyncio API of `World`."""

    async def call(self, name: str, *values: Any) -> Any:
        return await host.run_in_store(self, getattr(self._world, name), *values)


class Slow(Things):
    """Implemented with coroutines."""

    async def sum(self, a: Counted, b: Counted) -> int:  # type: ignore[override]
        await asyncio.sleep(0)
        return a.n + b.n


def looping(_: Any, __: Random) -> None:
    """The asyncio API: interrupts reach the event loop, while guests run on another thread."""

    async def main() -> None:
        async with AsyncTestWorld._prepare(World, TEXT, {}).open(Imports(Slow(Mine))) as world:
            for n in range(10):
                assert await world.call("cycle", n) == n
                assert await world.call("numbers", Mine(n), Mine(1)) == n + 1

    asyncio.run(main())


def streaming(flows: Path) -> Callable[[Any, Random], None]:
    """Return what sends random streams through a guest."""
    sys.path.insert(0, str(flows.parent))
    from tests.adapters.stream_stress import run_plain

    def streams(_: Any, random: Random) -> None:
        run_plain(flows, random.randrange(1 << 30), 1)

    return streams


def _echoes(random: Random) -> dict[str, Any]:
    """Return components for two of the types: each is compiled, which takes longer than the rest of a round."""
    return {name: (echo(TYPES[name][0]), TYPES[name][1]) for name in random.sample(sorted(TYPES), 2)}


def _end(subject: Any) -> None:
    """Close what a round used, which always works."""
    for world in [each.world for each, _ in subject.values()] if isinstance(subject, dict) else [subject]:
        if world is not None:
            world.close()


def _contexts(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, and those that were handled when it was raised."""
    while error is not None:
        yield error
        error = error.__context__


class Storm:
    """Rounds of random work, each with an interrupt."""

    def __init__(self, kind: str, seed: int, flows: Path | None) -> None:
        self.random = Random(seed)
        self.interrupts = Interrupts(self.random, kind)
        self.counts: Counter[str] = Counter()
        self.work: list[tuple[Callable[[], Any], Callable[[Any, Random], None], float]] = [
            (lambda: World._open(TEXT, Imports(Things(Mine))), things, 0.006),
            (lambda: PREPARED.open(Imports(Things(Mine))), things, 0.006),
            (lambda: _echoes(self.random), values, 0.003),
            (lambda: open_(memory=3 * PAGE, deadline=0.05), limits, 0.004),
            (lambda: None, opening, 0.03),
        ]
        if kind == "signal":
            self.work.append((lambda: None, looping, 0.03))
            if flows is not None:
                self.work.append((lambda: None, streaming(flows), 0.1))

    def round(self) -> None:
        make, work, longest = self.random.choice(self.work)
        faulthandler.dump_traceback_later(HANG, exit=True)
        subject = make()
        came = self._interrupted(work, subject, longest)
        self.counts[f"{work.__name__}: {type(came).__name__ if came is not None else 'not interrupted'}"] += 1
        del came
        _end(subject)
        if self.random.random() < 0.1:
            self._check_fresh()
        faulthandler.cancel_dump_traceback_later()

    def _interrupted(self, work: Callable[[Any, Random], None], subject: Any, longest: float) -> BaseException | None:
        """Do some work with an interrupt in it; return what came out, which has to be the interrupt itself."""
        before = len(self.interrupts.raised)
        self.interrupts.is_ctrl_c = work is looping
        came: BaseException | None = None
        try:
            try:
                self.interrupts.arm(longest)
                work(subject, self.random)
            except BaseException as error:  # noqa: BLE001  (looked at below)
                came = error
            self.interrupts.left = 0  # no signal is looked for between the call and this
            self.interrupts.disarm()
        except (Interrupt, KeyboardInterrupt) as late:  # between the lines above
            came = late
            self.interrupts.disarm()
        if str(came) in OF_CPYTHON:
            # CPython's own code may answer the interrupt with an error.
            came = next((each for each in _contexts(came) if isinstance(each, Interrupt | KeyboardInterrupt)), came)
        if self.interrupts.kind == "thread":
            came = self._last(came)
        raised = self.interrupts.raised[before:]
        is_mine = isinstance(came, Interrupt) and (self.interrupts.kind == "thread" or came in raised)
        if came is not None and not is_mine and not (work is looping and isinstance(came, KeyboardInterrupt)):
            raise AssertionError(f"{work.__name__}: not the interrupt came out") from came
        return came

    def _last(self, came: BaseException | None) -> BaseException | None:
        """Wait until no exception can be thrown any more."""
        while True:
            try:
                while threading.active_count() > self.threads:
                    time.sleep(0.0005)
            except Interrupt as late:
                came = came or late
            else:
                return came

    def _check_fresh(self) -> None:
        """Fresh stores take fresh objects, as if nothing had been."""
        with World._open(TEXT, Imports(Things(Mine))) as world:
            things(world, self.random)
        with PREPARED.open(Imports(Things(Mine))) as world, PREPARED.open(Imports(Things(Mine))) as other:
            things(world, self.random)
            things(other, self.random)
        with open_(memory=3 * PAGE, deadline=20) as limited:
            assert limited.add(1, 2) == 3

    def run(self, rounds: int) -> None:
        self.threads = threading.active_count()
        self._check_fresh()
        with open_(memory=3 * PAGE, deadline=20):  # whose thread is there from now on
            self.threads = threading.active_count()
        for _ in range(rounds):
            self.round()
        gc.collect()
        self._check_fresh()


def main(kind: str, seed: str, rounds: str, flows: str = "") -> None:
    dropped: Counter[str] = Counter()

    def unraisable(report: Any) -> None:
        """Count what CPython drops. It has to in finalizers and callbacks of weak references, and nowhere else."""
        # Where `asyncio.run` was interrupted before it began, CPython complains about its coroutine and its loop.
        if not isinstance(report.exc_value, (Interrupt, KeyboardInterrupt)):
            return
        while True:
            try:
                name = getattr(report.object, "__qualname__", str(report.object))
                dropped[f"{type(report.exc_value).__name__} in {name}"] += 1
            except Interrupt:  # the second one
                continue
            return

    sys.unraisablehook = unraisable
    storm = Storm(kind, int(seed), Path(flows) if flows else None)
    if kind == "signal":
        storm.run(int(rounds))
    else:
        threading.Thread = Started  # type: ignore[misc]
        failures: list[BaseException] = []

        def run() -> None:
            try:
                storm.run(int(rounds))
            except BaseException as error:  # noqa: BLE001  (raised in the main thread)
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]
    lost = {name: count for name, count in dropped.items() if not any(part in name for part in FINALIZERS)}
    in_finalizers = dropped.total() - sum(lost.values())
    print(json.dumps({"counts": storm.counts, "lost": lost, "in finalizers": in_finalizers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
