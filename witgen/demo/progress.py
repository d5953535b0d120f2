"""Shows the progress and the duration of each step."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, TextIO

__all__ = ["Progress"]

TICK: Final = 0.1
"""Seconds between two updates of the line on a terminal."""

REMINDER: Final = 5.0
"""Seconds between two progress lines if the output is not a terminal, such as the log of a CI run."""


class Progress:
    """Shows on `err` which step is running and for how long, and records the times."""

    def __init__(self, err: TextIO) -> None:
        self._err = err
        self._live = err.isatty()
        self._times: list[tuple[str, float | None]] = []

    @contextmanager
    def step(self, name: str) -> Generator[None, None, None]:
        """Run the block as a step without output."""
        over = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(name, over))
        ticker.start()
        try:
            with self.timed(name):
                yield
        finally:
            over.set()
            ticker.join()
            if self._live:
                self._say("")
        if not self._live:
            self._say(f"{name}: done")

    @contextmanager
    def timed(self, name: str) -> Generator[None, None, None]:
        """Only measure the block: it writes to the terminal itself."""
        started = time.perf_counter()
        yield
        self._times.append((name, time.perf_counter() - started))

    def skip(self, name: str) -> None:
        """Show that a step is not needed."""
        self._times.append((name, None))

    def summary(self) -> None:
        """Show the duration of each step."""
        width = max(len(name) for name, _ in self._times)
        for name, taken in self._times:
            self._say(f"  {name:{width}}  {'unchanged' if taken is None else f'{taken:7.2f} s'}")

    def _say(self, line: str) -> None:
        print(line, file=self._err, flush=True)

    def _tick(self, name: str, over: threading.Event) -> None:
        started = time.perf_counter()
        if self._live:
            while not over.wait(TICK):
                print(f"\r{name} … {time.perf_counter() - started:.1f} s", end="", file=self._err, flush=True)
            return
        self._say(f"{name} …")
        while not over.wait(REMINDER):
            self._say(f"{name} … {time.perf_counter() - started:.0f} s")
