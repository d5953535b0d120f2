"""The host's instructions to the stream adapter, and the events that the adapter reports."""

from __future__ import annotations

import enum

__all__ = ["BLOCKED", "DONE", "NO_KIND", "SETTLE", "STARTED", "Event", "Step"]

DONE, STARTED, SETTLE = 100, 101, 102
"""Events beside those of CanonicalABI.md: a step was done; the task has begun; the host wants available elements."""
BLOCKED = -1
"""The result of a built-in that could not do anything yet."""
NO_KIND = 0xFFFF


class Event(enum.IntEnum):
    """Events that a task waits for (CanonicalABI.md, `EventCode`)."""

    NONE = 0
    SUBTASK = 1
    STREAM_READ = 2
    STREAM_WRITE = 3
    FUTURE_READ = 4
    FUTURE_WRITE = 5


class Step(enum.IntEnum):
    """Steps, with their operands and the numbers that they report. From `READ` on they act on an end.

    The wake stream works around a bug of wasmtime 50: if another call consumes an event for which the task is about to
    resume, wasmtime traps. So the consumer of an event causes another one.
    """

    WAIT = 0
    """Wait for an event: nothing can be done now."""
    EXIT = 1
    """End the task: there are no ends."""
    LEAVE = 2
    """Return from a call that is not the task."""
    LISTEN = 3
    """Wait for the host as well. Reports: the call's number, or 0 if there is something to do."""
    HEARD = 4
    """End the call by which the task waited for the host. Call."""
    ARM = 5
    """Wait for the wake stream as well. Reports: the number of its readable end."""
    WAKE = 6
    """Cause an event: write to the wake stream."""
    READ = 7
    """Read elements. End, -, -, the largest number. Reports: result, address."""
    PUT = 8
    """Pass elements to the host, and free them. End, address, -, number of elements."""
    WRITE = 9
    """Get elements from the host and write them. End. Reports: result, address."""
    WRITE_ON = 10
    """Write the elements that were not taken. End, address, number taken, total number. Reports: result, address."""
    FREE = 11
    """Free elements. End, address, -, number of elements."""
    CANCEL_READ = 12
    """Cancel a read. End. Reports: result."""
    DROP_READABLE = 13
    """Drop an end."""
    DROP_WRITABLE = 14
    """Drop an end."""
