"""The options of a served component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypedDict, cast

from ..adapters.options import Adapters
from ..capi.engine import Settings
from ..open_options import Chosen, refuse_unknown
from ..store.limits import Limits
from ..wasi.http.allowed import Http, allowed
from ..wasi.settings import Wasi

__all__ = ["ServeOptions", "Serving", "serving"]

_MEBIBYTE: Final = 1 << 20


class _Limits(Limits):
    """Limits whose memories are wasmtime's own.

    Into the runtime's, which record who exceeded a limit, wasmtime copies the data of a component for each instance.
    Its own it maps copy-on-write: a guest in Python opens in a quarter of the time.
    """

    def settings(self, *, concurrent: bool) -> Settings:
        """Return what they need of the engine."""
        return replace(super().settings(concurrent=concurrent), bounded=False)


class ServeOptions(TypedDict, total=False):
    """Keyword arguments of `asgi`; each may be left out.

    Raises:
        TypeError: there is no such option, or its value has a type that it cannot have.
        ValueError: a limit is out of range.
    """

    requests: int
    """Requests that an instance answers, one after another. 1 by default: an instance that answers several keeps in its
    memory what it knows of each."""
    instances: int
    """The most instances at a time, and so the most requests; others wait. 64 by default."""
    ahead: int
    """Instances that are opened before requests need them. 2 by default."""
    deadline: float | None
    """Seconds from the arrival of a request until its response has been sent. 30 by default; None for no limit, which
    streams without end need."""
    memory: int | None
    """Bytes that each memory of an instance may have; None for no limit. 256 MiB by default."""
    fuel: int | None
    """Instructions, about, that an instance may run in all. No limit by default."""
    body_limit: int | None
    """Bytes that the body of a request may have; None for no limit. 16 MiB by default. Bodies are never buffered."""
    http: Http | bool
    """Whether the component may send HTTP requests of its own; an `Http` says to which hosts. False by default: these
    requests end with `HTTP-request-denied`."""
    wasi: Wasi | None
    """What the component sees of this machine; by default it shares stdout and stderr, and nothing else."""
    adapters: Adapters | None
    """Whether lists of bytes take the fast way, as in `OpenOptions`."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What the options come to."""

    requests: int
    instances: int
    ahead: int
    body_limit: int | None
    limits: Limits
    http: Http
    wasi: Wasi | None
    adapters: Adapters | None

    def opening(self) -> Chosen:
        """Return the options of one instance."""
        return Chosen(self.wasi, self.limits, self.adapters, self.http)


def serving(caller: str, options: Mapping[str, object]) -> Serving:
    """Return what options come to.

    Args:
        caller: what took them, for messages: `Proxy.asgi`.
        options: `ServeOptions`, from callers that no type checker has seen.

    Raises:
        TypeError: there is no such option, or its value has a type that it cannot have.
        ValueError: a limit is out of range.
    """
    refuse_unknown(caller, options, ServeOptions.__annotations__)
    given = cast("ServeOptions", options)
    limits = _Limits(
        memory=given.get("memory", 256 * _MEBIBYTE),
        fuel=given.get("fuel"),
        deadline=given.get("deadline", 30.0),
        interruptible=True,
    )
    body_limit = given.get("body_limit", 16 * _MEBIBYTE)
    instances = _count("instances", given.get("instances", 64), 1)
    return Serving(
        _count("requests", given.get("requests", 1), 1),
        instances,
        min(instances, _count("ahead", given.get("ahead", 2), 0)),
        None if body_limit is None else _count("body_limit", body_limit, 0),
        limits,
        # A store has `wasi:http` in any case, because the handler's types are there.
        allowed(given.get("http", False)) or Http(allow=[]),
        _wasi(given.get("wasi")),
        given.get("adapters"),
    )


def _count(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected a whole number, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
    return value


def _wasi(value: object) -> Wasi | None:
    if value is not None and not isinstance(value, Wasi):
        raise TypeError(f"wasi: expected a Wasi, which many instances can use, got {type(value).__name__}")
    return value
