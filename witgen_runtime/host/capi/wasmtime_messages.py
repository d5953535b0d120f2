"""Translates messages about wasmtime's own limitations into errors with a remedy."""

from __future__ import annotations

from typing import Final

from ..errors import EngineError, HandleLimitError, HostError, Trap
from . import ffi

__all__ = ["LENDS_ONE", "NO_MORE_HANDLES", "known_error"]

LENDS_ONE: Final = (
    f"wasmtime {ffi.VERSION} traps when a guest lends two handles to one call of a host function, as long as its engine"
    " supports concurrent tasks, which async functions need; wasmtime 46 to 49 do not, and neither does an engine"
    " without that support, for worlds without async functions"
)

_NO_NESTING = (
    "a host function that an async function of the guest called has called an export, or needs an internal component "
    "of the runtime, and wasmtime does not allow such calls there: inside async functions, host functions can call no "
    "export and return no Pollable, Timer or stream of wasi:io, an `Http` cannot look at requests, and workers cannot"
    " record how a guest waits with wasi:io/poll; async functions can be awaited instead"
)

# bytecodealliance/wasmtime#12043
_NO_WAITING = (
    "a function that is not async had to wait for streams or futures, or until its host had received everything that "
    f"the guest wrote to streams before; wasmtime {ffi.VERSION} does not support that, 49 and later do"
)

_NO_LOOP = (
    "a function of the world that is not async has called an async function of a nested component, which wasmtime"
    f" {ffi.VERSION} runs only while an async function of the world is called: declare the export as `async func`"
)

# bytecodealliance/wasmtime#12117, relaxed for numbers in bytecodealliance/wasmtime#12181
_HANDED_BACK = (
    "one side both reads and writes a stream or future, which wasmtime allows for numbers only: a guest that hands a "
    "stream of its host back to it, or uses both ends of its own, has to copy the elements instead"
)

_MEANINGS = {
    "deferred host scope has no call context": LENDS_ONE,
    "cannot do blocking `call` from an async context": _NO_NESTING,
    "start_call called without a running event loop": _NO_LOOP,
    "cannot read from and write to intra-component future": _HANDED_BACK,
    "Recursive `StoreContextMut::run_concurrent` calls not supported": _NO_NESTING,
}
# Later releases use this message only for errors of the guest.
if int(ffi.VERSION.partition(".")[0]) < 49:
    _MEANINGS["cannot block a synchronous task before returning"] = _NO_WAITING


NO_MORE_HANDLES: Final = (
    "this store has no room for another handle: wasmtime keeps no more than 100,000 per store, counting all resources "
    "of host and guest together; drop handles that are no longer needed, in the guest too, or distribute the work "
    "over several stores"
)

_FULL: Final = "store handle limit exceeded"


def known_error(text: str) -> HostError | None:
    """Return the error for a known message of wasmtime; None for any other message."""
    if _FULL in text:
        error = HandleLimitError(NO_MORE_HANDLES)
        trap = Trap(text)
        if trap.backtrace:
            error.__cause__ = trap
        return error
    return next((EngineError(meaning) for says, meaning in _MEANINGS.items() if says in text), None)
