"""A store: one guest's memory, and the host's state for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, Self, TypeVar, cast

import wasmtime

from ...values import Unique
from ..capi import ffi
from ..capi.engine import bounds, check_stack, chosen, prove, suit
from ..capi.entry import ROOM, errors, quiet, refill
from ..capi.managed import RawStore
from ..capi.memory import Budget, Image
from ..errors import DeadlineError, EngineError, HostError, StoreDeadError, ThreadError
from ..wasi.http.allowed import Http, allowed
from ..wasi.outputs import is_inside
from ..wasi.settings import Wasi
from ..wasi.standard_streams import StandardStreams
from ..wasi.stream_files import prepare
from .call_hooks import CallHooks
from .causes import cause_of, explain_trap, failures_of, failures_of_all, is_trap, refusal_of
from .interruption import Interruption
from .limits import Limits, grant
from .resource import HostResource
from .table import ObjectTable
from .turns import Turns

__all__ = ["Store"]

T = TypeVar("T")


class Store(Unique):
    """Runs components. One thread at a time may use it; different stores run in parallel threads.

    A store in which a call failed (the guest trapped, or host code raised something that WIT does not declare) cannot
    be used any more, nor can anything that lives in it: wasmtime requires this. `dead` is then the first failure.

    Closing a store calls `dropped()` of every host object that a guest still holds.

    Args:
        engine: the engine; by default one with the settings that the other arguments require.
        wasi: the parts of this machine that guests may see; by default they share stdout and stderr.
        limits: the resources that guests may use.
        concurrent: whether guests may have async functions.
        streams: whether host methods may return `OutputStream`, and `InputStream` without a thread for each.
        http: whether guests may send HTTP requests by wasmtime's own `wasi:http`, or where they may.
    """

    finish: Callable[[object], object] | None = None
    """Completes the value that an implementation returned, if implementations may be coroutines."""
    loop: asyncio.AbstractEventLoop | None = None
    """The loop that runs coroutines of implementations; None if implementations may not be coroutines."""
    interruption: Interruption | None = None
    _http = _closed = False
    _ended = False
    """Whether closing has finished: an interrupt can end `close` before that."""
    _dead: BaseException | None = None
    _broken: BaseException | None = None
    """The exception that left a call into the C library half done."""
    _raised: BaseException | None = None
    """The exception of host code, kept until the call that led to it ends."""

    def __init__(
        self,
        engine: wasmtime.Engine | None = None,
        *,
        wasi: Wasi | wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        concurrent: bool = False,
        streams: bool = False,
        http: Http | bool = False,
    ) -> None:
        # A long function, because it declares all that a store has, with the meaning of each.
        self.limits = limits or Limits()
        settings = self.limits.settings(concurrent=concurrent)
        self.engine = chosen(engine, settings)
        suit(self.engine, settings)
        prove(self.engine)
        check_stack()
        self.concurrent = concurrent
        """Whether guests may have async functions."""
        self.streams = streams
        """Whether files can become streams of its guests."""
        self.http = allowed(http)  # None if guests may not use wasmtime's `wasi:http`
        self.budget = Budget.of(self.limits.memory) if bounds(self.engine) else None
        # Work to be done before the next call; usually empty. It is a dict because storing an item cannot be
        # interrupted.
        self._attention: dict[int, None] = {}
        self.stdio = StandardStreams(self, self._attention, wasi)
        if streams:
            prepare(self.stdio.wasi)
        self.raw: RawStore = RawStore(self.engine)
        self.raw.set_wasi(self.stdio.wasi)
        grant(self.raw, self.limits, bounded=self.budget is not None)
        self.context: int = ffi.context_of(self.raw)
        self.table = ObjectTable()
        self.keep: list[object] = []
        """Objects that the C library holds pointers to."""
        self.idle: Callable[[float], bool] = ffi.sleep
        """Waits up to so many seconds while an async call cannot make progress; returns whether it now can."""
        self._enders: list[Callable[[], None]] = []
        self._extensions: dict[object, Any] = {}
        self._hooks: list[Callable[[], None]] = []
        self._afterwards: list[Callable[[bool], None]] = []
        self._jobs: deque[Callable[[], None]] = deque()
        self.abandoned: dict[int, None] = {}
        """Boxes of handles that are dropped before the next call."""
        if settings.interruptible:
            self.interruption = Interruption(self, self.raw, self.limits.deadline)
        self.turns: Turns = Turns(self.interruption, self.budget)
        self.call_hooks: CallHooks = CallHooks(self.turns.readers.are_to_let_go)
        self.call_environment: dict[str, Any] = self._environment()

    @property
    def dead(self) -> BaseException | None:
        """The failure that made the store unusable, or None."""
        if self._dead is None and self._broken is not None:
            return self._broken if self._raised is None else self._raised
        return self._dead

    def _environment(self) -> dict[str, Any]:
        """Return the names that generated converters use of a store."""
        return {
            "_store": self, "_errors": errors, "_room": ROOM, "_attention": self._attention, "_attend": self._attend,
            "_attend_inside": self._attend_inside, "_usable": self.usable, "_settle_call": self._settle,
            "_call_async": self._call_async, "_context": ffi.Address(self.context), **self.turns.call_environment(),
        }  # fmt: skip

    def _call_async(self, *arguments: Any) -> int | None:
        """Call an async function and wait for it. If that is interrupted, the store keeps unfinished tasks."""
        try:
            return self.call_hooks.call_async(*arguments, idle=self._idle)
        except BaseException as cause:
            self._die(cause)
            raise

    def _idle(self, seconds: float) -> bool:
        if self.interruption is not None:
            self.interruption.check_here()
        return self.idle(seconds)

    def extension(self, key: object, factory: Callable[[Store], T]) -> T:
        """Return the object that a part of the runtime keeps per store; it is made at first use."""
        if key not in self._extensions:
            self._extensions[key] = factory(self)
        return cast("T", self._extensions[key])

    def on_end(self, end: Callable[[], None]) -> None:
        """Call `end` once no guest can run any more: after a failure, or when the store is closed."""
        self._enders.append(end)
        self.on_close(end)

    def on_close(self, hook: Callable[[], None]) -> None:
        """Run `hook` when the store closes, while the C store still exists."""
        self._hooks.append(hook)

    def on_deleted(self, hook: Callable[[bool], None]) -> None:
        """Run `hook` after `close` has deleted the C store; its argument is whether no call in the store failed."""
        self._afterwards.append(hook)

    def enable_http(self) -> None:
        """Let components of this store use `wasi:http`, if their linker has it."""
        if not self._http:
            self.raw.set_wasi_http()
            self._http = True

    def bind_here(self) -> None:
        """Bind the store to the current thread: from now on no other thread may use it."""
        self.turns.bind_here()
        self._attention[0] = None  # every call looks for its thread first

    def is_entered_here(self) -> bool:
        """Return whether the current thread is inside a call of this store, and so may use it without checks."""
        return self.turns.is_mine()

    def call_soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread when that next runs Python code. Any thread may call this, as may finalizers.

        That is before a host function runs and before an export's code does. Closing the store discards its jobs.
        """
        self._jobs.append(job)
        self._attention[0] = None

    def drop_abandoned(self) -> None:
        """Drop the handles in `abandoned` now, or before the next call if a call is running."""
        self._attention[0] = None
        if self._closed:
            self._forget_abandoned()
        elif self.dead is None and not self.turns.is_mine() and not is_inside():
            with suppress(ThreadError):
                self.turns.admit()
                self.turns.alone(self._catch_up, waits=False)

    def run(self, job: Callable[[], T], *, waits: bool = True) -> T:
        """Do pending work, then run a job that uses the store; `waits` is that of `Turns.alone`."""
        self._attend(waits=waits)
        return self.turns.alone(partial(self._run, job), waits=waits)

    def _run(self, job: Callable[[], T]) -> T:
        self.usable()  # another thread may have closed the store before this one got hold of it
        return job()

    def instantiate(self, make: Callable[[], T], images: tuple[Image, ...] = ()) -> T:
        """Instantiate a component with wasmtime-py's function; its memories begin with images. Raise why it fails."""
        if self.budget is not None:
            make = partial(self.budget.with_images, images, make)
        return self.run(partial(self._instantiate, make))

    def _instantiate(self, make: Callable[[], T]) -> T:
        try:
            made = make()
        except wasmtime.WasmtimeError as error:
            self._start_failed(error)
        except BaseException as error:
            self._break(error)
            raise
        self._settle(None)
        return made

    def _start_failed(self, error: wasmtime.WasmtimeError) -> NoReturn:
        """End an instantiation that failed: in host code, in the guest's start code, or before either."""
        text = str(error)
        self._take_raised()
        if self._raised is None and not is_trap(text):
            raise refusal_of(text, self.limits) from None
        self._fail(text, None)

    def interrupt(self, cause: BaseException) -> None:
        """End the running call with `cause`, from another thread; the store must be interruptible."""
        if self.interruption is None:
            raise EngineError("this store cannot be interrupted; open it with Limits(interruptible=True)")
        self.interruption.stop(cause)

    def usable(self) -> None:
        """Raise if no call can be made any more."""
        dead = self.dead
        if dead is not None:
            self._die(dead)
        if self._closed:
            how = ", and with it every world and handle opened in it" if dead is None else ": a call in it had failed"
            raise StoreDeadError(f"this store is closed{how}") from dead
        if dead is not None:
            raise StoreDeadError("this store cannot be used any more: a call in it failed") from dead
        self.stdio.usable()

    def failed(self, failure: int) -> NoReturn:
        """End a failed call with the exception of host code, or with the guest's trap or exit."""
        refill()
        self._fail(*ffi.error_message(failure))

    def _settle(self, failure: int | None) -> None:
        """Check the outcome of a call into the C library: its error, or an exception that C cannot pass on."""
        if failure:
            self.failed(failure)
        self._take_raised()
        if self._raised is not None:
            self._fail("", None)

    def _take_raised(self) -> None:
        """Deliver output that waits, and take over exceptions that were raised there or while a memory was created."""
        self.stdio.deliver()
        if self.budget is not None and self.budget.raised is not None:
            self._raised, self.budget.raised = self.budget.raised, None
        if self._raised is None:
            self._raised = self.stdio.take_failure()

    def _break(self, cause: BaseException) -> None:
        """Refuse all further calls: one was interrupted at an unknown point."""
        self._broken = cause
        self._attention[0] = None

    def _fail(self, text: str, code: int | None) -> NoReturn:
        """Raise the exception that ended a call: that of host code, or the guest's trap or exit."""
        self._take_raised()
        cause, self._raised = self._raised, None
        if cause is None:
            cause = cause_of(text, code, self.limits, self.budget)
            if code != 0:
                self.stdio.explain(cause)
                explain_trap(cause)
        elif isinstance(cause, DeadlineError):
            self.stdio.explain(cause)
        self._die(cause)
        raise cause

    def _die(self, cause: BaseException) -> None:
        if self._dead is None:
            self._dead = cause
            self._attention[0] = None
            for end in self._enders:
                end()

    def tell_dropped(self, instance: HostResource) -> None:
        """Notify a host object that no guest holds it any more."""
        told = instance._tell_dropped()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (WIT may use other names)
        if self.finish is not None:
            self.finish(told)

    def close(self) -> None:
        """Close the store and call `dropped()` of every object that a guest holds. Closing twice is harmless."""
        if self._ended:
            return
        if self.turns.is_mine():
            raise HostError("a store cannot be closed while a call in it is in progress")
        if self.turns.are_lost():
            self._closed = self._ended = True
            self.raw.forget()
            return
        self.turns.alone(self._end)

    def _end(self) -> None:
        self._closed = True
        self._raised = None
        self._attention[0] = None
        failures = failures_of_all(self._hooks)
        for number in list(self.table.objects):
            failures += failures_of(partial(self.tell_dropped, self.table.take(number)))
        self._forget_abandoned()
        self.stdio.close(self.raw.close)
        self.keep.clear()
        self._ended = True
        self._take_raised()
        if self._raised is not None:
            failures.append(self._raised)
        while self._afterwards:
            self._afterwards.pop()(self._dead is None and self._broken is None)
        if failures:
            raise failures[0]

    def _forget_abandoned(self) -> None:
        while box := self._next_abandoned():
            ffi.any_delete(box)

    def _next_abandoned(self) -> int:
        for box in self.abandoned:  # neither signals nor other threads come in between (see `entry`)
            del self.abandoned[box]
            return box
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @quiet
    def __del__(self) -> None:
        # A store whose construction failed has nothing to close yet.
        if not self._ended and "call_environment" in self.__dict__:
            self.turns.thread = None  # there is no other reference to it
            self._afterwards.clear()
            self.close()

    def _attend(self, *, waits: bool = True) -> None:
        """Do pending work before a call; raise if this thread or greenlet may not make one."""
        self.turns.admit()
        if not self._attention:
            return
        self.usable()
        if self.turns.is_mine():
            self._attend_inside()
        else:
            self.turns.alone(self._catch_up, waits=waits)

    def _attend_inside(self) -> None:
        """Do the work that became pending during a call."""
        self._take_raised()
        if self._raised is not None:
            raise self._raised
        while self._jobs:
            self._jobs.popleft()()

    def _catch_up(self) -> None:
        if self._closed:  # by another thread, before this one got hold of it
            self._forget_abandoned()
            return
        self._attend_inside()
        while box := self._next_abandoned():
            self._drop(box)
        self._attention.clear()  # in this order, so that work that arrives meanwhile is not lost
        if self._jobs or self.abandoned or self._broken is not None or self.stdio.is_watched() or self.turns.thread:
            self._attention[0] = None

    def _drop(self, box: int) -> None:
        try:
            self._settle(ffi.any_drop(self.context, box))
        except BaseException as error:
            self._break(error)
            raise
        finally:
            ffi.any_delete(box)
