"""The host's plain functions for an async one: one starts it, one finishes it.

In between, a number identifies the subtask; two functions that all share poll and cancel a subtask.
"""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

from .... import abi
from .. import names

__all__ = [
    "CANCEL",
    "COMMAND",
    "DRIVE",
    "INSIDE",
    "OPENED",
    "POLL",
    "START",
    "STEP",
    "WAIT",
    "announcing",
    "finish_of",
    "start_of",
]

_SUBTASK = (abi.Param("subtask", "subtask", abi.U32),)

POLL = abi.Function(names.POLL, "poll", _SUBTASK, abi.U32)
CANCEL = abi.Function(names.CANCEL, "cancel", _SUBTASK)
STEP = abi.Function(
    names.STEP,
    "step",
    tuple(abi.Param(name, name, abi.U32) for name in ("event", "first", "second")),
    abi.Tuple((abi.U32,) * 6),
)
OPENED = abi.Function(
    names.OPENED, "opened", (abi.Param("number", "number", abi.U32), abi.Param("end", "end", abi.U32))
)
COMMAND = abi.Function(names.COMMAND, "command", (), is_async=True)
DRIVE = abi.Function(names.DRIVE, "drive", (), is_async=True)
START = abi.Function(names.START, "start", (), is_async=True)

INSIDE = abi.Function(names.INSIDE, "announce", (), abi.U64)
WAIT = abi.Function(names.WAIT, "wait", ())


@lru_cache(1024)
def announcing(kind: str, interface: str) -> abi.Function:
    """Return the function that an adapter announces its memory to (`names.memory_name`)."""
    return abi.Function(names.memory_name(kind, interface), "announce", (), abi.U64)


_known: WeakKeyDictionary[abi.Function, tuple[abi.Function, abi.Function]] = WeakKeyDictionary()


def _parts(function: abi.Function) -> tuple[abi.Function, abi.Function]:
    if function not in _known:
        finish = names.finish_name(function.name)
        _known[function] = (
            abi.Function(f"start {function.name}", function.python, function.params, abi.U32),
            abi.Function(finish, function.python, _SUBTASK, function.result, function.raises),
        )
    return _known[function]


def start_of(function: abi.Function) -> abi.Function:
    """Return the function that starts an async one and returns the subtask's number."""
    return _parts(function)[0]


def finish_of(function: abi.Function) -> abi.Function:
    """Return the function that takes the number of a completed subtask and returns or raises its outcome."""
    return _parts(function)[1]
