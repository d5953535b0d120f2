"""Names that the composer adds to those of WIT."""

from __future__ import annotations

__all__ = [
    "CANCEL",
    "COMMAND",
    "DRIVE",
    "OPENED",
    "POLL",
    "PREFIX",
    "START",
    "STEP",
    "WAIT",
    "finish_name",
    "inside_name",
]

PREFIX = "adapter-"
"""What the names of all begin with that a composed component imports beside the guest's own imports."""

POLL, CANCEL = "adapter-poll", "adapter-cancel"
"""Whether a ticket is done; to give it up."""

STEP, OPENED, COMMAND = "adapter-step", "adapter-opened", "adapter-command"
"""What to do with a stream's end next; that one was made; an async function that returns when there is a next."""

DRIVE = "adapter-drive"
"""An async function that returns when the host likes, imported to be exported: guests can go on as long as it runs."""

WAIT = "adapter-wait"
"""To be called before each wait inside wasmtime; raises where there must be none."""

START = "adapter-start"
"""An exported async function that returns at once: from then on somebody moves what streams carry."""


def finish_name(function: str) -> str:
    """Return the name of what finishes an async function: `[method]socket.receive` → `adapter-m1-socket-receive`.

    The letter is that of the function's kind and the number that of the words in the resource's name, so that no two
    functions share one.
    """
    return f"{PREFIX}{_plain(function)}"


def inside_name(interface: str, function: str) -> str:
    """Return what the inner side of an adapter calls a function.

    Of the world's own functions that side is an instance put together from them, where no name can be one of a
    resource's function.
    """
    return function if interface or not function.startswith("[") else f"{PREFIX}inside-{_plain(function)}"


def _plain(function: str) -> str:
    if not function.startswith("["):
        return f"f0-{function}"
    kind, _, rest = function[1:].partition("]")
    return f"{kind[0]}{len(rest.partition('.')[0].split('-'))}-{rest.replace('.', '-')}"
