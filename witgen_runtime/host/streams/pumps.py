"""Moves the host's elements of a stream or future to the store's thread at the guest's pace."""

from __future__ import annotations

import _thread
import asyncio
import inspect
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol, cast

from ...check import Mismatch, unexpected
from ..errors import HostError

__all__ = ["Feed", "of_future", "of_stream"]

_PIECE = 1 << 16
"""Bytes that are asked of a file at once, and that are brought ahead of the guest; so many times fewer elements."""
_BYTES_PER_ELEMENT = 256

_MOST_BYTES, _MOST_ELEMENTS = 1 << 20, 1 << 12
"""How much is given to the guest at once."""

Pump = Callable[["Feed"], None]
"""Starts to supply a feed with elements."""


class _Reads(Protocol):
    def read(self, size: int, /) -> object: ...


class Feed:
    """Elements on their way. `offer` and `end` may be called from any thread, the rest on the store's."""

    def __init__(self, pump: Pump, *, is_bytes: bool) -> None:
        self._pump = pump
        self._is_bytes = is_bytes
        self._items: deque[Any] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._room: asyncio.Event | None = None
        self._stopping: list[Callable[[], object]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ready: Callable[[], None] = lambda: None
        """Called from any thread when elements are available or the feed has ended."""
        self.ended = False
        self.failure: BaseException | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin to bring elements."""
        self._pump(self)

    @property
    def has_items(self) -> bool:
        """Whether there is something to take."""
        return bool(self._items)

    def take(self) -> Any:
        """Take elements that are there, or bytes."""
        with self._changed:
            items = self._some_bytes() if self._is_bytes else self._some_elements()
            self._size -= sum(map(self._weigh, items))
            self._changed.notify_all()
        room, loop = self._room, self.loop
        if room is not None and loop is not None:
            loop.call_soon_threadsafe(room.set)
        return b"".join(items) if self._is_bytes else items

    def _some_elements(self) -> list[Any]:
        return [self._items.popleft() for _ in range(min(_MOST_ELEMENTS, len(self._items)))]

    def _some_bytes(self) -> list[memoryview]:
        pieces, room = list[memoryview](), _MOST_BYTES
        while self._items and room:
            piece = self._items.popleft()
            if len(piece) > room:
                self._items.appendleft(piece[room:])
            pieces.append(piece[:room])
            room -= len(pieces[-1])
        return pieces

    def stop(self) -> None:
        """Stop the feed and notify its source."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for stop in self._stopping:
            stop()

    def on_stop(self, stop: Callable[[], object]) -> None:
        """Add a callback for when the feed is stopped."""
        self._stopping.append(stop)

    def _weigh(self, item: Any) -> int:
        return len(item) if self._is_bytes else _BYTES_PER_ELEMENT

    def put(self, item: Any) -> None:
        """Add an element, or bytes, without calling `ready`."""
        if self._is_bytes:
            item = memoryview(_bytes_like(item))
            if not item:
                return
        with self._changed:
            self._items.append(item)
            self._size += self._weigh(item)

    def add(self, item: Any) -> None:
        """Bring an element, or bytes, without waiting for room."""
        self.put(item)
        self.ready()

    def offer(self, item: Any) -> bool:
        """Add an element, or bytes, and wait until there is room for more. Return whether more is wanted."""
        self.add(item)
        with self._changed:
            self._changed.wait_for(lambda: self._size < _PIECE or self._stopped)
            return not self._stopped

    async def offer_async(self, item: Any) -> None:
        """Do the same on an event loop."""
        self.add(item)
        while self._size >= _PIECE:
            self._room = self._room or asyncio.Event()
            self._room.clear()
            if self._size >= _PIECE:
                await self._room.wait()

    def end(self, failure: BaseException | None = None) -> None:
        """End the feed, with a failure if there was one."""
        self.failure = failure
        self.ended = True
        self.ready()


def _bytes_like(item: Any) -> bytes:
    try:
        return item if type(item) is bytes else bytes(memoryview(item))
    except TypeError:
        raise TypeError(f"a stream of bytes: expected bytes-like, got {type(item).__name__}") from None


def of_stream(value: object, *, is_bytes: bool, loop: asyncio.AbstractEventLoop | None) -> Feed:
    """Return a feed of the value that an implementation returned for a stream; raise `Mismatch` if it cannot be one."""
    feed = Feed(_pump(value, is_bytes=is_bytes, loop=loop), is_bytes=is_bytes)
    feed.loop = loop
    return feed


def _pump(value: Any, *, is_bytes: bool, loop: asyncio.AbstractEventLoop | None) -> Pump:
    reads: Any = getattr(value, "read", None)
    if isinstance(value, (bytes, bytearray, memoryview) if is_bytes else (list, tuple)):
        pump: Pump = partial(_give, items=cast("Iterable[object]", [value] if is_bytes else value))
    elif is_bytes and callable(reads) and not inspect.iscoroutinefunction(reads):
        pump = partial(_in_thread, items=_pieces(cast("_Reads", value)))
    elif hasattr(cast("object", value), "__aiter__"):
        pump = _awaited(cast("AsyncIterable[object]", value), loop)
    elif isinstance(value, Iterable) and not isinstance(value, (str, dict)):
        pump = partial(_in_thread, items=cast("Iterable[object]", value))
    else:
        expected = "bytes-like, a file, or something iterable" if is_bytes else "something iterable"
        raise unexpected(expected, cast("object", value))
    return pump


def _pieces(file: _Reads) -> Iterator[object]:
    while piece := file.read(_PIECE):
        yield piece


def _give(feed: Feed, items: Iterable[object]) -> None:
    for item in items:
        feed.put(item)
    feed.end()


def _was_cancelled(cause: BaseException | None = None) -> HostError:
    """Return the error for a cancellation, which would cancel the caller of the running call if it were raised."""
    failure = HostError("what the host supplied for a stream or future was cancelled")
    failure.__cause__ = cause
    return failure


def _in_thread(feed: Feed, items: Iterable[object]) -> None:
    def run() -> None:
        iterator = None
        try:
            iterator = iter(items)
            for item in iterator:
                if not feed.offer(item):
                    break
        except BaseException as failure:  # noqa: BLE001  (the running call raises it)
            feed.end(failure)
        else:
            feed.end()
        finally:
            close = getattr(iterator, "close", None)
            if callable(close):
                close()

    _thread.start_new_thread(partial(copy_context().run, run), ())


def _awaited(items: AsyncIterable[object], loop: asyncio.AbstractEventLoop | None) -> Pump:
    if loop is None:
        raise Mismatch("only the asyncio API runs asynchronous iterables")

    async def run(feed: Feed) -> None:
        iterator = None
        try:
            iterator = items.__aiter__()
            async for item in iterator:
                await feed.offer_async(item)
        except asyncio.CancelledError as cancelled:
            feed.end(_was_cancelled(cancelled))
            raise
        except BaseException as failure:  # noqa: BLE001  (the running call raises it)
            feed.end(failure)
        else:
            feed.end()
        finally:
            if isinstance(iterator, AsyncGenerator):
                await iterator.aclose()

    def start(feed: Feed) -> None:
        feed.on_stop(asyncio.run_coroutine_threadsafe(run(feed), loop).cancel)

    return start


def of_future(value: Any, *, loop: asyncio.AbstractEventLoop | None) -> Feed:
    """Return a feed for a future from an implementation's result: the value, or a source of it."""
    pump: Pump
    if isinstance(value, Future):
        pump = _when_done(cast("Any", value))
    elif loop is not None and inspect.iscoroutinefunction(value):
        pump = _await_value(value, loop)
    elif inspect.isawaitable(value):
        if loop is None:
            raise Mismatch("only the asyncio API awaits values of futures")
        pump = _await_value(lambda: value, loop)
    elif callable(value):
        pump = _compute(value)
    else:
        pump = partial(_give, items=[value])
    feed = Feed(pump, is_bytes=False)
    feed.loop = loop
    return feed


def _when_done(future: Future[Any]) -> Pump:
    def done(future: Future[Any], feed: Feed) -> None:
        failure = _was_cancelled() if future.cancelled() else future.exception()
        if failure is None:
            feed.put(future.result())
        feed.end(failure)

    def start(feed: Feed) -> None:
        future.add_done_callback(lambda future: done(future, feed))
        feed.on_stop(future.cancel)

    return start


def _await_value(get: Callable[[], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> Pump:
    async def wait() -> Any:
        return await get()

    def start(feed: Feed) -> None:
        _when_done(asyncio.run_coroutine_threadsafe(wait(), loop))(feed)

    return start


def _compute(function: Callable[[], object]) -> Pump:
    def run(future: Future[object]) -> None:
        try:
            value = function()
        except BaseException as failure:  # noqa: BLE001  (the running call raises it)
            future.set_exception(failure)
        else:
            future.set_result(value)

    def start(feed: Feed) -> None:
        future, context = Future[object](), copy_context()
        future.set_running_or_notify_cancel()
        _when_done(future)(feed)
        _thread.start_new_thread(lambda: context.run(run, future), ())

    return start
