"""Refuses calls of components that greenlets would let crash the process.

wasmtime keeps the calls of a thread in a list (`CallThreadState`) whose entries lie on the thread's stack. Greenlets
share that stack: while a host function has switched to another greenlet, the entry of its call may be overwritten. A
call that a second greenlet begins meanwhile joins that list. If the first call ends earlier, wasmtime aborts the
process; if the second traps, wasmtime reads overwritten memory. So while one greenlet of a thread is inside a
component, only that greenlet may call one.

Programs that do not import greenlet pay for one lookup in `sys.modules`.
"""

from __future__ import annotations

from sys import modules
from typing import Any, Protocol
from weakref import ref

from .errors import ThreadError

__all__ = ["Activation", "are_imported", "enter"]


class _Turns(Protocol):
    """The turns of a store, see `turns.Turns`."""

    activation: Activation | None

    def is_inside(self) -> bool: ...

    def occupy(self, activation: Activation, /) -> None: ...


class Activation:
    """The outermost running call of a thread: its greenlet, and the store in which it began.

    It is an attribute of the thread's first greenlet, because gevent replaces thread-local storage.
    """

    __slots__ = ("_first", "_greenlet", "_turns")

    def __init__(self, greenlet: Any, first: Any, turns: _Turns) -> None:
        self._greenlet = ref(greenlet)
        self._first = ref(first)
        self._turns = ref(turns)

    def is_last(self, greenlet: Any, turns: _Turns) -> bool:
        """Return whether a greenlet's last outermost call was in this store."""
        of_both = self._greenlet() is greenlet and self._turns() is turns
        return of_both and getattr(self._first(), _LAST, None) is self

    def is_under_way(self) -> bool:
        """Return whether the call is still running."""
        turns = self._turns()
        return turns is not None and turns.activation is self and turns.is_inside()

    def belongs_to(self, greenlet: Any) -> bool:
        """Return whether the given greenlet made the call."""
        return self._greenlet() is greenlet


_LAST = "_witgen_last_call"
"""The attribute of a thread's first greenlet that has the last outermost call of the thread."""


def are_imported() -> bool:
    """Return whether the program may have several greenlets per thread."""
    return "greenlet" in modules


def enter(turns: _Turns) -> None:
    """Note that the current greenlet is about to make a call; raise if another one of the thread is inside."""
    get_current: Any = getattr(modules.get("greenlet"), "getcurrent", None)
    if get_current is None:
        return  # being imported, or import forbidden
    first = current = get_current()
    last = turns.activation
    if last is not None and last.is_last(current, turns):
        return
    while first.parent is not None:
        first = first.parent
    outermost: Activation | None = getattr(first, _LAST, None)
    if outermost is None or not outermost.is_under_way():
        activation = Activation(current, first, turns)
        turns.occupy(activation)
        setattr(first, _LAST, activation)
    elif outermost.belongs_to(current):
        turns.occupy(outermost)
    else:
        raise ThreadError(
            "another greenlet of this thread is inside a component, in a host function that has switched to this one:"
            " calls of components must not overlap on a thread; let that call end first, or use another thread"
        )
