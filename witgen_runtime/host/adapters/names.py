"""Names that the composer adds to those of WIT."""

from __future__ import annotations

import hashlib
from functools import lru_cache

__all__ = [
    "CANCEL",
    "COMMAND",
    "DRIVE",
    "INSIDE",
    "OPENED",
    "POLL",
    "PREFIX",
    "START",
    "STEP",
    "WAIT",
    "finish_name",
    "inside_name",
    "memory_name",
]

PREFIX = "adapter-"
"""The prefix of all names that a composed component imports in addition to the guest's imports."""

POLL, CANCEL = "adapter-poll", "adapter-cancel"
"""The functions that poll and cancel a subtask."""

STEP, OPENED, COMMAND = "adapter-step", "adapter-opened", "adapter-command"
"""The function for the next stream instruction; the report of a new end; the async function that waits for the host."""

DRIVE = "adapter-drive"
"""An async function of the host, imported and exported again: guests can run until it returns."""

WAIT = "adapter-wait"
"""To be called before each wait inside wasmtime; raises where there must be none."""

INSIDE = "adapter-memory"
"""The function that the one adapter inside a component announces its memory to."""

START = "adapter-start"
"""An exported async function that returns at once: it starts the task that moves the streams' elements."""


def finish_name(function: str) -> str:
    """Return the name of an async function's finish: `[method]socket.receive` → `adapter-m1-socket-receive`.

    The letter is the function's kind and the number counts the words in the resource's name, so that names are unique.
    """
    return f"{PREFIX}{_plain(function)}"


@lru_cache(1024)
def memory_name(kind: str, interface: str) -> str:
    """Return the name of the function that an adapter announces its memory to.

    `kind` is `import` or `export`, `interface` the component's name of the interface.
    """
    key = hashlib.sha256(f"{kind} {interface}".encode()).hexdigest()[:12]
    return f"{PREFIX}memory-x{key}"


def inside_name(interface: str, function: str) -> str:
    """Return the name of a function on the inner side of an adapter.

    For the world's own functions that side is a synthesized instance, in which names cannot be those of a resource's
    functions.
    """
    return function if interface or not function.startswith("[") else f"{PREFIX}inside-{_plain(function)}"


def _plain(function: str) -> str:
    if not function.startswith("["):
        return f"f0-{function}"
    kind, _, rest = function[1:].partition("]")
    return f"{kind[0]}{len(rest.partition('.')[0].split('-'))}-{rest.replace('.', '-')}"
