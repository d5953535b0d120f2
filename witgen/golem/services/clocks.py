"""`wasi:clocks` in Python, so that a worker's readings can be recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping

from witgen_runtime.host import Timer

from .._bindings.host.wasi_clocks_monotonic_clock import MonotonicClock
from .._bindings.host.wasi_clocks_wall_clock import WallClock
from .._bindings.host.wasi_io_poll import Pollable
from .._bindings.types.wasi_clocks_wall_clock import Datetime

__all__ = ["Clocks", "from_nanoseconds", "to_nanoseconds"]

_SECOND = 1_000_000_000


def from_nanoseconds(since_1970: int) -> Datetime:
    """Return the WASI form of a time in nanoseconds since 1970."""
    return Datetime(*divmod(since_1970, _SECOND))


def to_nanoseconds(moment: Datetime) -> int:
    """Return a WASI time as nanoseconds since 1970."""
    return moment.seconds * _SECOND + moment.nanoseconds


class _Wall(WallClock):
    def now(self) -> Datetime:
        return from_nanoseconds(time.time_ns())

    def resolution(self) -> Datetime:
        return from_nanoseconds(_resolution(time.get_clock_info("time").resolution))


class _Monotonic(MonotonicClock):
    offset = 0

    def now(self) -> int:
        return time.monotonic_ns() + self.offset

    def resolution(self) -> int:
        return _resolution(time.get_clock_info("monotonic").resolution)

    def subscribe_instant(self, when: int) -> Pollable:
        return Timer((when - self.now()) / _SECOND)

    def subscribe_duration(self, when: int) -> Pollable:
        return Timer(when / _SECOND)


class Clocks:
    """The clocks of one worker."""

    def __init__(self) -> None:
        self._monotonic = _Monotonic()
        self._wall = _Wall()

    def resume(self, last: int) -> None:
        """Continue the monotonic clock from its last reading, taken by another process or before a reboot."""
        self._monotonic.offset = max(0, last - time.monotonic_ns())

    def implementations(self) -> Mapping[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {"wasi_clocks_monotonic_clock": self._monotonic, "wasi_clocks_wall_clock": self._wall}


def _resolution(seconds: float) -> int:
    return max(1, round(seconds * _SECOND))
