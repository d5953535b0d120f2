"""Derives the cause of a failed call from the C library's error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ..capi.memory import Budget
from ..capi.wasmtime_messages import known_error
from ..errors import FuelError, GuestExit, HostError, LinkError, MemoryLimitError, Trap
from .limits import Limits

__all__ = ["cause_of", "explain_trap", "failures_of", "failures_of_all", "is_trap", "refusal_of"]

_OUT_OF_FUEL: Final = "all fuel consumed by WebAssembly"
_TOO_MUCH: Final = "fuel allocated for hostcalls has been exhausted"

_TOO_LARGE: Final = re.compile(
    r"memory (?:of (?P<bytes>\d+) bytes|minimum size of (?P<pages>\d+) pages) exceeds memory limits"
)
_PAGE: Final = 1 << 16

_RAISED: Final = re.compile(
    r"^(?:  \+ Exception Group )?Traceback \(most recent call last\):\n(?:(?:  \| )?  .*\n)+(?:  \| )?(?P<said>\S.*)$",
    re.MULTILINE,
)
"""The last line of a traceback, which is its exception's."""
_PANICKED: Final = re.compile(
    r"^thread '.*' (?:\(\d+\) )?panicked at .*:\n(?P<said>.*)\n*(?:note: .*\s*)?\Z", re.MULTILINE
)
_OF_PYTHON: Final = "Python function threw an unexpected exception"
"""How componentize-py ends a component in which an exception was not caught."""


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


def explain_trap(trap: BaseException) -> None:
    """Add the exception or the panic that a guest wrote to stderr when it gave up to the first line of its trap."""
    if not isinstance(trap, Trap) or "unreachable" not in str(trap):
        return
    panic = _PANICKED.search(trap.stderr)
    if panic is None:
        return
    raised = [*_RAISED.finditer(trap.stderr, 0, panic.start())] if panic["said"] == _OF_PYTHON else []
    reason = f"the guest raised {raised[-1]['said']}" if raised else f"the guest panicked: {panic['said']}"
    first, *more = str(trap).splitlines()
    trap.args = ("\n".join((f"{first}: {reason}", *more)),)


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


def refusal_of(text: str, limits: Limits) -> HostError:
    """Return why nothing of a component ran: there is too little for it, or something does not fit."""
    found = _TOO_LARGE.search(text)
    if found is None:
        return LinkError(text)
    needed = int(found["bytes"] or 0) or int(found["pages"] or 0) * _PAGE
    message = f"the component begins with a memory of {needed} bytes, and its store allows {limits.memory} bytes"
    if limits.memory and limits.memory < _PAGE:  # no memory is smaller, so another unit was meant
        message += f"; limits are in bytes: {limits.memory} MiB are `memory={limits.memory} << 20`"
    return MemoryLimitError(message)
