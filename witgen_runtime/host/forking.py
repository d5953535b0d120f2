"""What `os.fork` leaves behind in the child: one thread, and locks as they were.

Threads of wasmtime's compiler and of its WASI (tokio's) do not exist in a child, but the library does not know that:
whatever waits for one of them waits for ever. So the runtime keeps count of forks, and avoids or refuses such waits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["generation", "held_while_forking", "in_child", "note_wasi", "on_child", "wasi_is_lost"]

_REMEDY: Final = (
    "start the process with another method than fork (multiprocessing: `spawn` or `forkserver`), or fork before the"
    " first component runs"
)

_THREADS: Final = Path("/proc/self/task")
_WASI_THREAD: Final = "tokio"


class _State:
    """How often this process was forked since the runtime was imported, and what was lost by that."""

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
    """Return a number that is another one in every child: what has an older one was made before the fork."""
    return _state.generation


def in_child() -> bool:
    """Say whether this process was forked after the runtime was imported."""
    return _state.generation > 0


def note_wasi() -> None:
    """Remember that a component that has WASI runs in this process."""
    _state.wasi_ran = True


def wasi_is_lost() -> str:
    """Say why nothing in WASI can be waited for in this process; empty where it can be."""
    if not _state.wasi_lost:
        return ""
    return (
        f"this process was forked after wasmtime had started the threads of its WASI, and has none of them: {_REMEDY}"
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
    """Tell whether WASI's threads run; where the system does not say, they may."""
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
