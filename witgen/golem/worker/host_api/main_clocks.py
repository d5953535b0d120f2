"""`wasi:clocks/monotonic-clock@0.3` for one agent of Golem's main branch: the clock of 0.2, and two that wait."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ...agents.main._bindings.host.wasi_clocks_monotonic_clock import MonotonicClock
from ...composition import MAIN_FIELD
from ...services.clocks import Clocks

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]

_SECOND: Final = 1_000_000_000


class _MonotonicClock(MonotonicClock):
    def __init__(self, session: LoadedWorker, clock: Any) -> None:
        self._session = session
        self._clock = clock

    def now(self) -> int:
        return int(self._clock.now())

    def get_resolution(self) -> int:
        return int(self._clock.resolution())

    def wait_until(self, when: int) -> None:
        self.wait_for(max(0, when - self.now()))

    def wait_for(self, how_long: int) -> None:
        # Ends when the process does: its outcome is not recorded then. Longer times are refused by CPython.
        self._session.executor.stopping.wait(min(how_long / _SECOND, threading.TIMEOUT_MAX))


def implementations(session: LoadedWorker, clocks: Clocks) -> Mapping[str, object]:
    """Return the implementations of the imports, by field; see `MAIN_FIELD`."""
    [clock] = [each for field, each in clocks.implementations().items() if field.endswith("monotonic_clock")]
    return {MAIN_FIELD.format("wasi_clocks_monotonic_clock"): _MonotonicClock(session, clock)}
