"""Run a mixture of everything for long, and print each minute what it holds and how long its calls take.

    python benchmarks/soak.py [MINUTES]

Threads and an event loop open worlds, call them with small and large values and with resources, compare what comes
back, and close them; the main thread does the same while a signal interrupts it at random times; and a durable worker
is called by processes that are killed at random times. A wrong value ends it. Memory, open files and threads must stay
where they are after the first minutes, and so must the latencies. For Linux: it reads /proc.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import wasmtime
from host_calls import generated, implementations, values
from host_component import component_text

THREADS = 3
ROUNDS = 200
"""How many rounds of calls an open world gets."""

LARGE = ("numbers", "mebibyte", "kibibytes", "texts", "items")
"""Every twentieth round only: they take most of the time."""

OPTIONS: list[dict[str, Any]] = [{}, {"deadline": 30.0}, {"memory": 1 << 30}, {"fuel": 1 << 60}]

COUNTER = """
(component
  (core module $m
    (global $sum (mut i32) (i32.const 0))
    (func (export "add") (param i32) (result i32)
      (global.set $sum (i32.add (global.get $sum) (local.get 0))) (global.get $sum)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "n" u32) (result u32) (canon lift (core func $i "add"))))
"""


class InterruptedCallError(Exception):
    """What the signal's handler raises."""


class Figures:
    """What was counted and timed since the last line."""

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.seconds = defaultdict[str, list[float]](list)

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Note how long something takes."""
        begun = time.perf_counter()
        yield
        self.seconds[kind].append(time.perf_counter() - begun)


class Mixture:
    """What is done with a world, and what must come of it."""

    def __init__(self, folder: str) -> None:
        self.figures = Figures()
        self.ended = threading.Event()
        self._bindings = generated(folder)
        self._values = {name: ours for name, (ours, _) in values(self._bindings).items()}
        component = wasmtime.wat2wasm(component_text())
        self._prepared = self._bindings.world.Calls.prepare(component)
        self._prepared_async = self._bindings.world.AsyncCalls.prepare(component)

    def open(self) -> Any:
        """Open a world, with options by chance."""
        with self.figures.timed("open"):
            imports = implementations(self._bindings, self._bindings.world.CallsImports)
            return self._prepared.open(imports, **random.choice(OPTIONS))

    def calls(self, world: Any, number: int) -> Iterator[tuple[str, Callable[[], Any], Any]]:
        """Yield the calls of a round: what kind they are, how to make them, and what they return."""
        yield "add", lambda: world.add(number, 1), number + 1
        yield "add from wasm", lambda: world.loop_add(10), None
        yield "resources", lambda: world.loop_things(3), None
        for name, value in self._values.items():
            if name not in LARGE or number % 20 == 0:
                call: Callable[[Any], Any] = getattr(world, name.replace("-", "_"))
                expected = value.value if name == "either" else value
                yield name, lambda call=call, value=value: call(value), expected

    def round(self, world: Any, number: int) -> None:
        """Make the calls of a round."""
        for kind, call, expected in self.calls(world, number):
            with self.figures.timed(kind):
                result = call()
            self.check(kind, result, expected)

    def check(self, kind: str, result: Any, expected: Any) -> None:
        """End everything if a result is wrong."""
        self.figures.counts["calls"] += 1
        if result != expected:
            self.ended.set()
            raise AssertionError(f"{kind}: {str(result)[:100]} instead of {str(expected)[:100]}")

    def in_thread(self) -> None:
        """Open worlds one after the other."""
        while not self.ended.is_set():
            with self.open() as world:
                for number in range(ROUNDS):
                    self.round(world, number)

    async def in_loop(self) -> None:
        """Open worlds for asyncio one after the other, two at a time."""

        async def one() -> None:
            while not self.ended.is_set():
                imports = implementations(self._bindings, self._bindings.world.AsyncCallsImports)
                async with self._prepared_async.open(imports, **random.choice(OPTIONS)) as world:
                    for number in range(ROUNDS):
                        for kind, call, expected in self.calls(world, number):
                            with self.figures.timed(f"await {kind}"):
                                result = await call()
                            self.check(kind, result, expected)

        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(one())

    def interrupted(self) -> None:
        """Use a world until a signal ends that, and close it."""
        armed = True

        def handler(*_: object) -> None:
            nonlocal armed
            if armed:
                armed = False
                raise InterruptedCallError

        signal.signal(signal.SIGALRM, handler)
        world = None
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.02))
                world = self.open()
                for number in range(1, ROUNDS):
                    self.round(world, number)
            finally:
                armed = False
        except InterruptedCallError:
            self.figures.counts["interrupts"] += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            if world is not None:
                world.close()

    def kills(self, folder: Path) -> None:
        """Call a durable worker by processes that are killed, until each call has been made once."""
        component, called = folder / "counter.wasm", 0
        component.write_bytes(wasmtime.wat2wasm(COUNTER))
        while not self.ended.is_set():
            called += 1
            command = [sys.executable, "-m", "witgen", "run", str(component), "add", "1", "--worker", "soak", "--json"]
            command += ["--state", str(folder / "state.db"), "--key", f"call {called}"]
            killed = 0
            while (answer := self._call(command, random.uniform(0.1, 3 + killed / 4))) is None:
                killed += 1
            self.figures.counts["kills"] += killed
            self.check("worker", answer, called)
            self.figures.counts["calls of workers"] += 1
            self.ended.wait(1)

    @staticmethod
    def _call(command: list[str], seconds: float) -> Any:
        """Return the answer of a process, None if it was killed because it took longer."""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                text, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
        assert process.returncode == 0, errors
        return json.loads(text)


def held() -> SimpleNamespace:
    """Return what the process holds: resident memory in MiB, open files, threads, objects of Python."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return SimpleNamespace(
        memory=int(status["VmRSS"].split()[0]) / 1024,
        files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        objects=len(gc.get_objects()),
    )


def line(minute: float, figures: Figures) -> str:
    """Return a line: what is held, what was counted, and the median, 99th percentile and longest of some kinds."""
    now = held()
    text = f"{minute:6.1f} min  {now.memory:5.0f} MiB  {now.files} files  {now.threads} threads  {now.objects} objects"
    text += "".join(f"  {number} {name}" for name, number in sorted(figures.counts.items()))
    for kind in ("open", "add", "mixed", "numbers", "resources", "await add"):
        if times := sorted(figures.seconds.get(kind, ())):
            median, late = (times[int(len(times) * share)] for share in (0.5, 0.99))
            text += f"\n            {kind:10} {median * 1e6:9.1f} {late * 1e6:9.1f} {times[-1] * 1e6:10.1f} us"
    return text


def main(minutes: float) -> None:
    """Run everything until the time is up or something fails."""
    with tempfile.TemporaryDirectory() as folder:
        mixture = Mixture(folder)
        failed = list[BaseException]()

        def guarded(work: Callable[[], object]) -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (whatever it is, it ends the run, and is raised at the end)
                failed.append(error)
                mixture.ended.set()

        jobs: list[Callable[[], object]] = [mixture.in_thread] * THREADS
        jobs += [lambda: asyncio.run(mixture.in_loop()), lambda: mixture.kills(Path(folder))]
        threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
        begun = told = time.monotonic()
        for thread in threads:
            thread.start()
        while not mixture.ended.is_set() and time.monotonic() < begun + minutes * 60:
            guarded(mixture.interrupted)
            if time.monotonic() > told + 60:
                told = time.monotonic()
                figures, mixture.figures = mixture.figures, Figures()
                print(line((told - begun) / 60, figures), flush=True)
        mixture.ended.set()
        for thread in threads:
            thread.join()
        time.sleep(2)  # the runtime's threads that have nothing to do have ended by then
        print(line((time.monotonic() - begun) / 60, mixture.figures))
        if failed:
            raise failed[0]


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 60)
