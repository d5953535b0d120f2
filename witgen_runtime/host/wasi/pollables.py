"""`Pollable`: a `wasi:io/poll.pollable` that Python makes ready."""

from __future__ import annotations

import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING

from ...values import Unique
from .pollable_channel import Channel, Channels

if TYPE_CHECKING:
    from ..store.store import Store

__all__ = ["Pollable"]


class Pollable(Unique):
    """A flag, like `threading.Event`, that a guest can wait for: host methods return it where WIT says `pollable`.

    A guest that holds the pollable finds it ready while the flag is set, and only then. The same object can be returned
    any number of times, to one guest or to several: each time the guest gets a separate pollable, and all of them
    follow the one flag. Making one needs no store; it costs nothing until it is returned for the first time, and two
    file descriptors per store from then on. It uses a loopback connection on 127.0.0.1 (nothing outside the process can
    reach it); if the system refuses that, returning the object raises `PollableError`.

    `set` and `clear` may be called from any thread. In host methods, which run on the store's thread, both take effect
    at once: the guest sees the new state when the method returns. From another thread, a guest sees `set` within a
    fraction of a millisecond, also while it waits; `clear` takes effect when the store's thread next runs Python code
    (a host method, a new call), because no other thread may use the store, and until then a guest may find the pollable
    ready although the flag is clear. So, with messages in a queue: call `set` where a message is added, and `clear` in
    the method that removes the last one.

    While a guest waits, Python's signal handlers do not run: Ctrl-C takes effect when the wait ends.
    """

    __slots__ = ("__weakref__", "_flag")

    _WHY_UNIQUE = "is an object that guests wait for"

    def __init__(self) -> None:
        self._flag = _Flag()
        weakref.finalize(self, self._flag.close).atexit = False

    def set(self) -> None:
        """Set the flag: make every pollable of this object ready, including future ones."""
        self._flag.set()

    def clear(self) -> None:
        """Make every pollable that was handed out wait again."""
        self._flag.clear()

    def is_set(self) -> bool:
        """Return whether the flag is set; true after `close`."""
        return self._flag.is_set()

    def lead(self, other: Pollable) -> None:
        """Let `other`, and with it all that it has handed out, follow this flag from now on."""
        self._flag.lead(other._flag)

    def close(self) -> None:
        """Release the file descriptors. Every pollable of this object becomes ready permanently.

        The same happens when the object is garbage collected, and for a store's pollables when the store closes.
        Further calls, also of `set` and `clear`, do nothing.
        """
        self._flag.close()

    def _lower_native(self, store: Store) -> int:
        """Return the address of a box with a fresh native pollable; called by the codec, on the store's thread."""
        return self._flag.subscribe(store)


class _Flag:
    """The state of a `Pollable`, in a separate object so that its finalizer can hold it.

    There is one channel per store, made when the object is first returned to that store's guest. The channel holds a
    byte while the flag is set. It may lag behind the flag only after `clear` on another thread; the store's thread then
    catches up.
    """

    def __init__(self) -> None:
        # Reentrant, because the garbage collector may run a finalizer anywhere, also while this is held.
        self._lock = threading.RLock()
        self._set = False
        self._closed = False
        self._channels: weakref.WeakKeyDictionary[Channels, Channel] = weakref.WeakKeyDictionary()
        self._followers: list[_Flag] = []

    def lead(self, other: _Flag) -> None:
        with self._lock:
            self._followers.append(other)
            if self._closed:
                other.close()
            elif self._set:
                other.set()
            else:
                other.clear()

    def set(self) -> None:
        with self._lock:
            self._set = True
            for channels, channel in list(self._channels.items()):
                if channel.fill() and channels.usable_here():
                    channels.settle(channel)
            for follower in self._followers:
                follower.set()

    def clear(self) -> None:
        with self._lock:
            self._set = False
            for channels, channel in list(self._channels.items()):
                if channels.usable_here():
                    channels.drain(channel)
                elif channel.filled:
                    channels.call_soon(partial(self._catch_up, channels, channel))
            for follower in self._followers:
                follower.clear()

    def is_set(self) -> bool:
        with self._lock:
            return self._set or self._closed

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                for channels, channel in list(self._channels.items()):
                    channel.close()
                    # Later, because this may be a finalizer, in the middle of anything.
                    channels.call_soon(partial(channels.finish, channel))
                for follower in self._followers:
                    follower.close()

    def subscribe(self, store: Store) -> int:
        channels = Channels.of(store)
        with self._lock:
            channel = self._channels.get(channels)
            if channel is None:
                channel = self._channels[channels] = channels.open(self._lock)
            if self._closed:
                channel.close()
                channels.finish(channel)
            elif self._set:
                channel.fill()
            else:
                channels.drain(channel)
            if self._set or self._closed:
                channels.settle(channel)
            return channels.subscribe(channel)

    def _catch_up(self, channels: Channels, channel: Channel) -> None:
        """Complete, on a store's thread, a `clear` of another thread, unless the flag has been set again."""
        with self._lock:
            if not self._set and channels.usable_here():
                channels.drain(channel)
