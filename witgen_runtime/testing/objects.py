"""The host's objects of resources, as fakes make them."""

from __future__ import annotations

import threading
import time
from typing import Any

from .. import values

__all__ = ["Object", "Pollable", "wait"]

_PATIENCE = 60.0
"""Seconds that a guest may wait on plain CPython for pollables without a timer, so that a test fails instead of
hanging.
"""


class Object(values.Resource):
    """The host's object of a resource: guests hold handles of it. `dropped` is whether a guest has dropped one."""

    dropped = False

    _fake: Any = None
    """The fake of the object's resource."""

    def _tell_dropped(self) -> None:
        """Note that a component has dropped its handle."""
        self.dropped = True

    def _lower_host(self) -> object:
        """Return the host object that is passed to a component for this object."""
        return self._fake._stand_in(self)  # noqa: SLF001 - what fakes know is private, because public names are WIT's


class Pollable(Object):
    """A `wasi:io/poll` pollable: a flag, like `threading.Event`, that a guest can wait for."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        """The time (of `time.monotonic`) at which it becomes ready by itself."""
        self._flag = False
        self._followers: list[Any] = []

    def set(self) -> None:
        """Make it ready; any thread may call this."""
        with _changed:
            self._flag = True
            _changed.notify_all()
        for follower in self._followers:
            follower.set()

    def clear(self) -> None:
        """Make guests wait again."""
        with _changed:
            self._flag = False
        for follower in self._followers:
            follower.clear()

    def is_set(self) -> bool:
        """Return whether it is ready."""
        return self._flag or (self.deadline is not None and self.deadline <= time.monotonic())

    def set_after(self, seconds: float) -> None:
        """Become ready after some time."""
        self.deadline = time.monotonic() + seconds

    def follow(self, follower: Any) -> None:
        """Set and clear another flag with this one."""
        self._followers.append(follower)
        if self.is_set():
            follower.set()


_changed = threading.Condition()


def wait(pollables: list[Pollable]) -> list[int]:
    """Wait until at least one of `pollables` is ready, and return the indices of those that are.

    Raises:
        TimeoutError: nothing became ready within a minute.
    """
    deadlines = [each.deadline for each in pollables if each.deadline is not None]
    limit = min(deadlines, default=time.monotonic() + _PATIENCE)
    with _changed:
        while True:
            ready = [index for index, each in enumerate(pollables) if each.is_set()]
            if ready:
                return ready
            if not deadlines and limit <= time.monotonic():
                raise TimeoutError(f"none of {len(pollables)} pollables has become ready within {_PATIENCE:.0f} s")
            _changed.wait(max(limit - time.monotonic(), 0.0))
