"""The thread that watches the clock while interruptible calls run."""

from __future__ import annotations

import contextlib
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from importlib import import_module
from sys import is_finalizing
from typing import Any, Final, Protocol
from weakref import ref

from .. import forking
from ..errors import EngineError
from ..starting import start

__all__ = ["Watched", "main_thread", "watch"]

_CHECKS: Final = 50
"""How many times within a deadline the clock is looked at, and so how exact it is: to a fiftieth."""

_SHORTEST: Final = 0.001
_LONGEST: Final = 0.02
"""Seconds between two looks."""

_NAME: Final = "deadlines of stores"
_IDLE_LOOKS: Final = 100
"""Checks without a running call until the thread ends; the next call starts another one."""


class Watched(Protocol):
    """Can stop the calls of one store."""

    @abstractmethod
    def look(self, now: float) -> float | None:
        """Stop the running call if its deadline has passed.

        Return the most seconds until the next check; None without a running call.
        """
        ...

    @abstractmethod
    def forked(self) -> bool:
        """Return, in the child after a fork, whether the running call continues there."""


class _Watch:
    """The running calls, and the thread that watches them. No lock is held while a call begins or ends."""

    def __init__(self) -> None:
        self.calls: set[ref[Any]] = set()
        """References to the watched objects; the set itself is never replaced. Adding one starts the thread."""
        self.is_running = False
        # Held to start and to end the thread; a signal handler may start one while it is held.
        self._lock = threading.RLock()

    def start(self) -> None:
        """Start the thread; raise `EngineError` where that cannot be."""
        with self._lock:
            if self.is_running:
                return
            if is_finalizing():
                # Before CPython 3.12, `Thread.start` waits here for a thread that never runs (python/cpython#87950).
                raise EngineError("nothing can stop this call in time: the interpreter is ending")
            try:
                self._start_thread()
            except (RuntimeError, MemoryError) as error:
                raise EngineError(f"nothing can stop this call in time: {error}") from error
            self.is_running = True

    def _start_thread(self) -> None:
        """Start a daemon. In a subinterpreter, whose end it would abort, the thread ends when the main thread does."""
        if _is_main_interpreter():
            start(threading.Thread(target=self._run, name=_NAME, daemon=True))
        else:
            main = threading.main_thread()
            start(threading.Thread(target=self._run, args=(main.is_alive,), name=_NAME, daemon=False))

    def forked(self) -> None:
        """Continue in a forked child: without the thread, and with the calls of the one remaining thread."""
        self._lock = threading.RLock()
        self.is_running = False
        self.calls.intersection_update(
            [each for each in self.calls if (known := each()) is not None and known.forked()]
        )
        if self.calls:
            with contextlib.suppress(EngineError):
                self.start()

    def _run(self, is_wanted: Callable[[], bool] = lambda: True) -> None:
        try:
            idle = 0
            while is_wanted():
                pause = self._look()
                idle = 0 if self.calls else idle + 1
                if idle > _IDLE_LOOKS and self._ends():
                    return
                time.sleep(pause)
            self.is_running = False
        except BaseException:
            # Whatever ended this thread: the next call starts another one.
            self.is_running = False
            raise

    def _ends(self) -> bool:
        """Return whether the thread can end. A call that begins now is either seen here or sees that it has ended."""
        with self._lock:
            self.is_running = False
            if self.calls:
                self.is_running = True
            return not self.is_running

    def _look(self) -> float:
        """Look at all calls; return how long to wait until the next time."""
        now, pause = time.monotonic(), _LONGEST
        for each in tuple(self.calls):
            # A failure with one call must not keep the others from being watched.
            with contextlib.suppress(Exception):
                known: Watched | None = each()
                wanted = known.look(now) if known is not None else None
                if wanted is None:
                    self.calls.discard(each)
                    # It may have begun in between.
                    if known is not None and known.look(now) is not None:
                        self.calls.add(each)
                    continue
                pause = min(pause, max(wanted / _CHECKS, _SHORTEST))
        return pause


def _is_main_interpreter() -> bool:
    """Return whether this is the main interpreter; before CPython 3.14 only private modules tell."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        with contextlib.suppress(ImportError):
            interpreters = import_module(name)
            return bool(interpreters.get_current() == interpreters.get_main())
    return True


class _Main:
    """The thread on which Python runs handlers of signals."""

    ident = threading.main_thread().ident

    def forked(self) -> None:
        self.ident = threading.get_ident()


main_thread: Final = _Main()

watch: Final = _Watch()
"""That of this process."""

forking.on_child(main_thread.forked)
forking.on_child(watch.forked)
