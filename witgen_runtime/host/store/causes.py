"""Derives the cause of a failed call from the C library's error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..capi.memory import Budget
from ..capi.wasmtime_messages import known_error
from ..errors import FuelError, GuestExit, HostError, LinkError, MemoryLimitError, Trap
from .limits import Limits

__all__ = ["cause_of", "failures_of", "failures_of_all", "is_trap", "refusal_of"]

_OUT_OF_FUEL: Final = "all fuel consumed by WebAssembly"
_TOO_MUCH: Final = "fuel allocated for hostcalls has been exhausted"


def cause_of(text: str, code: int | None, limits: Limits, budget: Budget | None) -> BaseException:
    """Return the error for a call that the guest ended; `code` is the exit code if it called exit."""
    if code is not None:
        return GuestExit(code)
    if _OUT_OF_FUEL in text:
        return FuelError(f"the guest has used up its fuel, {limits.fuel}")
    if (meant := known_error(text)) is not None:
        return meant
    trap = Trap(text)
    if budget is not None and budget.refused:
        asked = f"the guest asked for a memory of {budget.refused} bytes"
        error = MemoryLimitError(f"{asked}, and its store allows {budget.limit}")
        error.__cause__ = trap
        return error
    if _TOO_MUCH in text:
        trap.add_note("A guest can hand over 128 MiB of values per call, about 2.7 million elements of lists.")
    elif limits.memory is not None and budget is None:  # a budget would know of what the guest asked for in vain
        trap.add_note(f"The store allows each memory {limits.memory} bytes; maybe the guest needs more.")
    return trap


def failures_of(hook: Callable[[], None]) -> list[BaseException]:
    """Run a hook and return its exception, so that the store closes in any case."""
    try:
        hook()
    except BaseException as failure:  # noqa: BLE001
        return [failure]
    return []


def failures_of_all(hooks: list[Callable[[], None]]) -> list[BaseException]:
    """Run hooks, including those added meanwhile; return their exceptions. Each is removed before it runs."""
    failures: list[BaseException] = []
    while hooks:
        failures += failures_of(hooks.pop(0))
    return failures


def is_trap(text: str) -> bool:
    """Return whether guest code had begun to run when a call failed."""
    return "wasm trap" in text or "wasm backtrace" in text


def refusal_of(text: str) -> HostError:
    """Return why nothing of a component ran: there is too little for it, or something does not fit."""
    return MemoryLimitError(text) if "exceeds memory limits" in text else LinkError(text)
