"""Handles `os.fork`: the child has one thread, and locks in the state they had.

Threads of wasmtime's compiler and of its WASI (tokio's) do not exist in a child, but the library does not know that:
waiting for one of them never ends. So the runtime counts forks, and avoids or refuses such waits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["generation", "held_while_forking", "in_child", "note_wasi", "on_child", "wasi_is_lost"]

_REMEDY: Final = (
    "start the process with a method other than fork (multiprocessing: `spawn` or `forkserver`), or fork before the"
    " first component runs"
)

_THREADS: Final = Path("/proc/self/task")
_WASI_THREAD: Final = "tokio"


class _State:
    """The number of forks since the runtime was imported, and the threads that they lost."""

    generation = 0
    wasi_ran = False
    """Whether a component that has WASI ran in this process, and so may have started WASI's threads."""
    wasi_threads = False
    """Whether WASI's threads were there at the last fork."""
    wasi_lost = False


_state = _State()
_locks: list[Any] = []
_children: list[Callable[[], None]] = []


def generation() -> int:
    """Return a number that differs in every child: objects with an older one were made before the fork."""
    return _state.generation


def in_child() -> bool:
    """Return whether this process was forked after the runtime was imported."""
    return _state.generation > 0


def note_wasi() -> None:
    """Remember that a component that has WASI runs in this process."""
    _state.wasi_ran = True


def wasi_is_lost() -> str:
    """Return why waits in WASI are impossible in this process; empty if they are possible."""
    if not _state.wasi_lost:
        return ""
    return (
        f"this process was forked after wasmtime had started the threads of its WASI, and does not have them: {_REMEDY}"
    )


def held_while_forking() -> Any:
    """Return a lock that no other thread holds while this one forks, so that it is free in the child."""
    lock: Any = threading.RLock()  # a handler of a signal may fork while its own thread holds it
    _locks.append(lock)
    return lock


def on_child(job: Callable[[], None]) -> None:
    """Run a job in every child, right after the fork."""
    _children.append(job)


def _before() -> None:
    # Modules that others build on are imported first, and their locks are taken last.
    for lock in reversed(_locks):
        lock.acquire()
    _state.wasi_threads = _state.wasi_ran and _has_wasi_threads()


def _has_wasi_threads() -> bool:
    """Return whether WASI's threads run; True if the system does not tell."""
    try:
        return any((each / "comm").read_text().startswith(_WASI_THREAD) for each in _THREADS.iterdir())
    except OSError:
        return True


def _after() -> None:
    for lock in _locks:
        lock.release()


def _in_child() -> None:
    _after()
    _state.generation += 1
    _state.wasi_lost |= _state.wasi_threads
    for job in _children:
        job()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
