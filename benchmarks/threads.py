"""Time the calls of one, two and four threads, and of as many processes: how to use several cores.

    python benchmarks/threads.py

Each thread or process has a store of its own. The calls are short ones (`add`, next to no wasm) and long ones
(10 ms of wasm); each figure is the best of three turns, as calls per second of all together, and in multiples of one
thread. `switch interval` is `sys.setswitchinterval`: how long a thread keeps the lock while others want it.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import witgen

SECONDS = 1.0
TURNS = 3
COMPONENT = b"""
(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "spin") (param i32) (result i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "spin") (param "n" u32) (result u32) (canon lift (core func $i "spin"))))
"""

_Barrier = Any  # of threading or multiprocessing, which have no type in common


def calls(kind: str, rounds: int) -> Callable[[], int]:
    """Open a store; return what makes calls for a while and returns how many a second."""
    world = witgen.load(COMPONENT).open()

    def run() -> int:
        number, begun = 0, time.perf_counter()
        while time.perf_counter() < begun + SECONDS:
            if kind == "long":
                world.spin(rounds)
                number += 1
            else:
                for _ in range(1000):
                    world.add(1, 2)
                number += 1000
        return int(number / (time.perf_counter() - begun))

    return run


def work(kind: str, rounds: int, ready: _Barrier, counted: Callable[[int], object]) -> None:
    """Wait until all are ready, make calls, and report."""
    run = calls(kind, rounds)
    ready.wait()
    counted(run())


def in_threads(kind: str, rounds: int, number: int) -> int:
    """Return how many calls a second some threads make together."""
    ready, found = threading.Barrier(number), list[int]()
    workers = [threading.Thread(target=work, args=(kind, rounds, ready, found.append)) for _ in range(number)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return sum(found)


def in_processes(kind: str, rounds: int, number: int) -> int:
    """Return how many calls a second some processes make together."""
    context = multiprocessing.get_context("spawn")
    ready, found = context.Barrier(number), context.Queue()
    workers = [context.Process(target=work, args=(kind, rounds, ready, found.put)) for _ in range(number)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return sum(int(found.get()) for _ in workers)


def rounds_of(milliseconds: float) -> int:
    """Return how long a loop of wasm has to be to take a time."""
    world, rounds = witgen.load(COMPONENT).open(), 10_000_000
    taken = list[float]()
    for _ in range(TURNS):
        begun = time.perf_counter()
        world.spin(rounds)
        taken.append(time.perf_counter() - begun)
    return int(rounds * milliseconds / 1000 / min(taken))


def main() -> None:
    """Print the table."""
    rounds, usual = rounds_of(10), sys.getswitchinterval()
    ways: list[tuple[str, Callable[[str, int, int], int], int, float]] = [
        ("1 thread", in_threads, 1, usual),
        ("2 threads", in_threads, 2, usual),
        ("2 threads, switch interval 0.1 ms", in_threads, 2, 0.0001),
        ("2 threads, switch interval 50 ms", in_threads, 2, 0.05),
        ("4 threads", in_threads, 4, usual),
        ("2 processes", in_processes, 2, usual),
    ]
    for kind in ("short", "long"):
        alone = 0
        for name, measure, number, interval in ways:
            sys.setswitchinterval(interval)
            best = max(measure(kind, rounds, number) for _ in range(TURNS))
            alone = alone or best
            print(f"{kind:6} {name:34} {best:>12,}/s {best / alone:6.2f}")
        sys.setswitchinterval(usual)


if __name__ == "__main__":
    main()
