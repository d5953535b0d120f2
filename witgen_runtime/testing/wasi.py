"""Default answers of WASI 0.2 fakes: pollables, clocks and random numbers work unless a test scripts them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from .. import abi
from .objects import Object, Pollable, wait

__all__ = ["default"]

Answer: TypeAlias = Callable[..., Any]
Make: TypeAlias = Callable[[abi.Resource], Object]

_SECOND = 1_000_000_000
_ROOM = 1 << 16
"""Bytes that a guest may write to an output stream at once."""


def default(interface: str, function: abi.Function, make: Make) -> Answer | None:
    """Return the default answer of a function of the interface called `interface`; None if there is none.

    `make` makes an object of a resource.
    """
    path, _, version = interface.partition("@")
    if not version.startswith("0.2."):
        return None
    found = _PLAIN.get((path, function.name))
    if found is None and (maker := _MAKERS.get((path, function.name))) is not None:
        found = maker(function, make)
    return found


def _subscribing(seconds: Callable[[int], float]) -> Callable[[abi.Function, Make], Answer]:
    """Return the answer of a function that returns a timer; `seconds` converts its argument."""

    def subscribing(function: abi.Function, make: Make) -> Answer:
        def subscribe(when: int) -> Object | None:
            made = make(function.result.resource) if isinstance(function.result, abi.Own) else None
            if isinstance(made, Pollable):
                made.set_after(seconds(when))
            return made

        return subscribe

    return subscribing


def _now(function: abi.Function, _: Make) -> Answer:
    def now() -> Any:
        datetime = function.result
        seconds, nanoseconds = divmod(time.time_ns(), _SECOND)
        return datetime.python(seconds, nanoseconds) if isinstance(datetime, abi.Record) else None

    return now


def _room(_: object) -> int:
    return _ROOM


def _block(pollable: Pollable) -> None:
    wait([pollable])


_PLAIN: dict[tuple[str, str], Answer] = {
    ("wasi:io/poll", "poll"): wait,
    ("wasi:io/poll", "[method]pollable.ready"): Pollable.is_set,
    ("wasi:io/poll", "[method]pollable.block"): _block,
    ("wasi:io/streams", "[method]output-stream.check-write"): _room,
    ("wasi:clocks/monotonic-clock", "now"): time.monotonic_ns,
    ("wasi:clocks/monotonic-clock", "resolution"): lambda: 1,
    ("wasi:random/random", "get-random-bytes"): os.urandom,
    ("wasi:random/random", "get-random-u64"): lambda: int.from_bytes(os.urandom(8)),
}
_MAKERS: dict[tuple[str, str], Callable[[abi.Function, Make], Answer]] = {
    ("wasi:clocks/monotonic-clock", "subscribe-duration"): _subscribing(lambda duration: duration / _SECOND),
    ("wasi:clocks/monotonic-clock", "subscribe-instant"): _subscribing(
        lambda instant: (instant - time.monotonic_ns()) / _SECOND
    ),
    ("wasi:clocks/wall-clock", "now"): _now,
}
