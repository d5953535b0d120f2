"""The event loop of components: asyncio's own, above a selector that waits for pollables and timers in a single `poll`.

The guest's Python has no selector, no threads and no network, so asyncio's own loops do not start in it. Tasks,
timeouts, queues, task groups and runners are asyncio's. `witgen build` makes this loop the default.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio import base_events
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeAlias, TypeVar, TypeVarTuple, Unpack

from .resources import DroppedError, Resource, refusal

__all__ = ["EventLoop", "Poll", "Timer", "async_clocks", "install"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Poll: TypeAlias = Callable[[list[Any]], list[int]]
"""`wasi:io/poll`'s `poll`: waits until at least one pollable is ready, and returns the indices of those that are."""
Timer: TypeAlias = Callable[[int], Any]
"""`wasi:clocks/monotonic-clock`'s `subscribe-duration`: a pollable that is ready after so many nanoseconds."""


class _Selector:
    """The selector of the event loop."""

    def __init__(self, poll: Poll | None, timer: Timer | None) -> None:
        self._poll = poll
        self._timer = timer
        self.waiting: dict[asyncio.Future[None], Resource] = {}

    def select(self, timeout: float | None) -> list[asyncio.Future[None]]:
        """Wait until something is ready or the timeout expires; return what is ready."""
        if timeout is not None and timeout <= 0:
            return [future for future, pollable in self.waiting.items() if _is_ready(pollable)]
        if self.waiting:
            return self._wait(timeout)
        if timeout is None:
            raise RuntimeError("nothing can wake the tasks that are waiting: no pollable and no timer is left")
        time.sleep(timeout)
        return []

    def _wait(self, timeout: float | None) -> list[asyncio.Future[None]]:
        if self._poll is None:
            raise RuntimeError("waiting for a pollable needs `import wasi:io/poll` in the world")
        futures, pollables = [*self.waiting], list[Any](self.waiting.values())
        if timeout is not None:
            pollables.append(self._after(timeout))
        try:
            indices = self._poll(pollables)
        finally:
            for deadline in pollables[len(futures) :]:
                deadline.__exit__(None, None, None)
        return [futures[index] for index in indices if index < len(futures)]

    def _after(self, timeout: float) -> Any:
        if self._timer is None:
            raise RuntimeError(
                "waiting for a pollable with a timeout needs `import wasi:clocks/monotonic-clock` in the world"
            )
        return self._timer(int(timeout * 1_000_000_000))

    def close(self) -> None:
        """Discard all waiters."""
        self.waiting.clear()


def _is_ready(pollable: Any) -> bool:
    return bool(pollable.ready())


class EventLoop(base_events.BaseEventLoop):
    """asyncio's event loop with the selector of this module.

    Args:
        poll: waits for pollables; without one, only timers can be awaited.
        timer: makes the pollables that limit how long `poll` waits.
    """

    def __init__(self, poll: Poll | None = None, timer: Timer | None = None) -> None:
        super().__init__()
        # asyncio's base class looks the method up by this name.
        self._selector = _Selector(poll, timer)

    def _process_events(self, event_list: list[asyncio.Future[None]]) -> None:
        for future in event_list:
            if not future.done():
                future.set_result(None)

    def _write_to_self(self) -> None:
        """Does nothing: no other thread can schedule callbacks."""

    def close(self) -> None:
        """Close the loop; nothing waits for pollables any more."""
        super().close()
        self._selector.close()

    async def wait_for_pollable(self, pollable: Resource) -> None:
        """Wait until a pollable is ready."""
        future: asyncio.Future[None] = self.create_future()
        self._selector.waiting[future] = pollable
        try:
            await future
        finally:
            self._selector.waiting.pop(future, None)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call a function in the loop, as there are no threads: until it returns, nothing else runs."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(_call, future, func, args)
        return future

    def set_default_executor(self, executor: Any) -> None:
        """Does nothing: functions run in the loop."""


def _call(future: asyncio.Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Complete a future with the outcome of a function, unless the future has been cancelled."""
    if future.cancelled():
        return
    try:
        result = function(*arguments)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - the awaiting task gets it
        future.set_exception(error)
    else:
        future.set_result(result)


# ---- What a component cannot do

_DESCRIPTORS = "wait for file descriptors: await a pollable"
_LISTEN = "listen: its host calls its exports"
_PROGRAMS = "start programs: let its host do so"
_SIGNALS = "receive signals: its host ends its calls"
_SOCKETS = "use asyncio's sockets: for HTTP use wasi:http, otherwise functions of its host"

_REFUSED = {
    _DESCRIPTORS: ("add_reader", "add_writer", "remove_reader", "remove_writer"),
    _SIGNALS: ("add_signal_handler", "remove_signal_handler"),
}
_REFUSED_WHEN_AWAITED = {
    _DESCRIPTORS: ("connect_read_pipe", "connect_write_pipe"),
    _LISTEN: ("create_server", "create_unix_server"),
    _PROGRAMS: ("subprocess_exec", "subprocess_shell"),
    _SOCKETS: (
        *("connect_accepted_socket", "create_connection", "create_datagram_endpoint", "create_unix_connection"),
        *("getaddrinfo", "getnameinfo", "sendfile", "start_tls"),
        *("sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into"),
        *("sock_sendall", "sock_sendfile", "sock_sendto"),
    ),
}


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        # What asyncio raises where a platform lacks something.
        raise NotImplementedError(f"a component cannot {what}")

    return refuse


def _refusing_when_awaited(what: str) -> Callable[..., Any]:
    async def refuse(*_: object, **__: object) -> Any:
        raise NotImplementedError(f"a component cannot {what}")

    return refuse


for _table, _made in ((_REFUSED, _refusing), (_REFUSED_WHEN_AWAITED, _refusing_when_awaited)):
    for _what, _names in _table.items():
        for _name in _names:
            setattr(EventLoop, _name, _made(_what))


# ---- The default loop

async_clocks: list[str] = []
"""The name of componentize-py's module with which the loop of async exports waits, if there is one."""


def install(poll: str | None = None, clock: str | None = None, async_clock: str | None = None) -> None:
    """Make this loop the one that `asyncio.run`, runners and `new_event_loop` use.

    Args:
        poll: the name of componentize-py's module of `wasi:io/poll`, if the world imports it.
        clock: the same for `wasi:clocks/monotonic-clock@0.2`.
        async_clock: the same for `wasi:clocks/monotonic-clock@0.3`, with which the loop of async exports waits.
    """
    async_clocks[:] = [] if async_clock is None else [async_clock]

    class DefaultEventLoop(EventLoop):
        """The event loop of this world."""

        def __init__(self) -> None:
            super().__init__(_raw_poll(poll) if poll else None, _raw_timer(clock) if clock else None)

    DefaultEventLoop.__name__ = DefaultEventLoop.__qualname__ = EventLoop.__name__
    events: Any = asyncio.events
    # The policy stays, with the loop that may be set in it: asyncio's functions for setting another one are deprecated.
    type(events._get_event_loop_policy())._loop_factory = DefaultEventLoop  # noqa: SLF001
    names: Any = asyncio
    names.EventLoop = names.SelectorEventLoop = DefaultEventLoop


def _raw_poll(module: str) -> Poll:
    """Return componentize-py's `poll`, for wrappers of pollables, and for its own objects."""

    def poll(pollables: list[Any]) -> list[int]:
        ready: list[int] = sys.modules[module].poll([_raw(each) for each in pollables])
        return ready

    return poll


def _raw(pollable: Any) -> Any:
    if not isinstance(pollable, Resource):
        return pollable
    gone = refusal(pollable, give=False)
    if gone is not None:
        raise DroppedError(gone)
    return pollable._raw  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _raw_timer(module: str) -> Timer:
    def timer(duration: int) -> Any:
        return sys.modules[module].subscribe_duration(duration)

    return timer
