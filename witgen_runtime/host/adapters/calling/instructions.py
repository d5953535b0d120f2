"""What the host tells the adapter of streams to do, and what that tells the host."""

from __future__ import annotations

import enum

__all__ = ["BLOCKED", "DONE", "NO_KIND", "SETTLE", "STARTED", "Event", "Step"]

DONE, STARTED, SETTLE = 100, 101, 102
"""Events that are none of CanonicalABI.md's: a step was done; the task has begun; the host wants what is there."""
BLOCKED = -1
"""What a built-in returns that could not do anything yet."""
NO_KIND = 0xFFFF


class Event(enum.IntEnum):
    """What a task waits for (CanonicalABI.md, `EventCode`)."""

    NONE = 0
    SUBTASK = 1
    STREAM_READ = 2
    STREAM_WRITE = 3
    FUTURE_READ = 4
    FUTURE_WRITE = 5


class Step(enum.IntEnum):
    """Steps, with what their four numbers are. Those from `READ` on have to do with an end of some kind.

    The bell is for a weakness of wasmtime 50: if an event for which the task is to go on is taken by somebody else
    before it does, wasmtime traps. So who takes one lets there be another.
    """

    WAIT = 0
    """Nothing can be done now."""
    EXIT = 1
    """Nothing is to be done at all: there are no ends."""
    LEAVE = 2
    """Nothing more is to be done by a call that is not the task."""
    LISTEN = 3
    """Wait for the host as well. Told: the call's number, or 0 where there is something to do."""
    HEARD = 4
    """The host was heard: end the call. Call."""
    ARM = 5
    """Wait for the bell as well. Told: the bell's number."""
    WAKE = 6
    """Let there be an event: that of the bell."""
    READ = 7
    """Let elements come. End, -, -, how many at most. Told: result, address."""
    PUT = 8
    """Let the host have elements, and free them. End, address, -, how many."""
    WRITE = 9
    """Ask the host for elements and give them away. End. Told: result, address."""
    WRITE_ON = 10
    """Give away what was not taken. End, address, how many were taken, of how many. Told: result, address."""
    FREE = 11
    """Free elements. End, address, -, how many."""
    CANCEL_READ = 12
    """Let no elements come any more. End. Told: result."""
    DROP_READABLE = 13
    """Drop an end."""
    DROP_WRITABLE = 14
    """Drop an end."""
