"""The options that `open` takes, of every world and in every API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypedDict, cast

import wasmtime

from .adapters.options import Adapters
from .store.limits import Limits
from .wasi.http.allowed import Http, allowed
from .wasi.settings import Wasi

__all__ = ["Chosen", "OpenOptions", "choose", "refuse_unknown"]


class OpenOptions(TypedDict, total=False):
    """Keyword arguments of `open`; each may be left out.

    Raises:
        TypeError: there is no such option, or its value has a type that it cannot have.
        ValueError: a limit is out of range.
    """

    wasi: Wasi | wasmtime.WasiConfig | None
    """What the component sees of this machine; by default it shares stdout and stderr."""
    http: Http | bool
    """Whether it may send HTTP requests, to any address that this machine reaches; an `Http` says to which hosts, and
    sets timeouts. wasmtime sends them, or Python with a `PythonHttp`. False by default: opening a component that
    imports `wasi:http` fails then, unless the imports implement it."""
    memory: int | None
    """Bytes that each of its memories may have. A guest that asks for more does not get it; if it then traps, this is
    why."""
    fuel: int | None
    """Instructions, about, that it may run in all."""
    deadline: float | None
    """Seconds that a call may take, and opening. It holds for wasm, for waiting and for coroutines of the host; a plain
    host function is not interrupted, and the call ends when that returns."""
    interruptible: bool
    """Whether Ctrl-C ends a call while the component runs, which makes some loops slower; with a deadline it does
    anyway. False by default; worlds for asyncio always are interruptible, and those of `witgen.load` by default."""
    adapters: Adapters | None
    """Whether lists of bytes take the fast way: "auto" (where they can), "bytes" (or opening fails), "off". By default
    it is what the bindings were generated with."""


class Chosen(NamedTuple):
    """What the options come to."""

    wasi: Wasi | wasmtime.WasiConfig | None
    limits: Limits
    adapters: Adapters | None = None
    http: Http | bool = False


def choose(caller: str, options: Mapping[str, object], *, interruptible: bool = False) -> Chosen:
    """Return what options come to.

    Args:
        caller: what took them, for messages: `Chat.open`.
        options: `OpenOptions`, from callers that no type checker has seen.
        interruptible: what that option is by default.

    Raises:
        TypeError: there is no such option, or its value has a type that it cannot have.
        ValueError: a limit is out of range.
    """
    refuse_unknown(caller, options, OpenOptions.__annotations__)
    given = cast("OpenOptions", options)
    limits = Limits(
        memory=given.get("memory"),
        fuel=given.get("fuel"),
        deadline=given.get("deadline"),
        interruptible=given.get("interruptible", interruptible),
    )
    http = given.get("http", False)
    allowed(http)
    return Chosen(given.get("wasi"), limits, given.get("adapters"), http)


def refuse_unknown(caller: str, options: Iterable[str], known: Iterable[str]) -> None:
    """Raise `TypeError` if `caller` was given an option that is not known."""
    names = list(known)
    for name in options:
        if name not in names:
            what = f"it takes {', '.join(names)}"
            if name in Wasi.__dataclass_fields__ and "wasi" in names:
                what = f"write wasi=Wasi({name}=…)"
            raise TypeError(f"{caller}() got an unexpected keyword argument {name!r}; {what}")
