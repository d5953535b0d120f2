"""Jobs that run wasm, which no signal interrupts, while the main thread waits for signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

import click

__all__ = ["SignalledError", "in_foreground"]

T = TypeVar("T")

_GRACE: Final = 3.0
"""Seconds that a job has to end after a signal."""

_ASK_AGAIN: Final = 0.05
"""Seconds between attempts to stop a job: it may not have been at a point where it can be stopped."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class SignalledError(Exception):
    """A signal ended a job.

    Attributes:
        code: the exit code: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, number: int, rest: str = "") -> None:
        what = "terminated" if number == signal.SIGTERM else "interrupted"
        super().__init__(f"{what}\n{rest}".rstrip())
        self.code = 128 + number


def in_foreground(job: Callable[[], T], stop: Callable[[], None]) -> T:
    """Run a job in a separate thread until it ends. Only the main thread may call this.

    After SIGINT or SIGTERM, `stop` is called, several times if need be, to end the job. If that does not help, or
    after a second signal, the process exits with the job in it.

    Raises:
        SignalledError: a signal ended it.
    """
    changed = threading.Event()
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(job())
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            outcome.set_exception(error)
        changed.set()

    with _caught(changed) as received:
        thread = threading.Thread(target=run, name="foreground", daemon=True)
        thread.start()
        # With a timeout, because on Windows a wait without one cannot be interrupted.
        while not changed.wait(1.0):
            pass
        if received:
            _end(thread, stop, received)
            ended = outcome.exception()
            raise SignalledError(received[0], str(ended or "")) from ended
    return outcome.result()


@contextmanager
def _caught(changed: threading.Event) -> Generator[list[int]]:
    """Collect signals instead of their usual effect."""
    received: list[int] = []

    def receive(number: int, frame: object) -> None:
        del frame
        received.append(number)
        changed.set()

    # A signal that is ignored, for example in background processes of shells, stays ignored.
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, receive) for number in heeded}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(thread: threading.Thread, stop: Callable[[], None], received: list[int]) -> None:
    due = time.monotonic() + _GRACE
    while thread.is_alive():
        if time.monotonic() >= due or len(received) > 1:
            click.echo(f"witgen: {SignalledError(received[0])}", err=True)
            sys.stdout.flush()
            # Nothing is lost: the progress of workers is in their oplogs.
            os._exit(128 + received[0])
        stop()
        thread.join(_ASK_AGAIN)
