"""Names that the composer adds to those of WIT."""

from __future__ import annotations

__all__ = ["CANCEL", "COMMAND", "DRIVE", "OPENED", "POLL", "PREFIX", "START", "STEP", "finish_name"]

PREFIX = "lane-"
"""What the names of all begin with that a composed component imports beside the guest's own imports."""

POLL, CANCEL = "lane-poll", "lane-cancel"
"""Whether a ticket is done; to give it up."""

STEP, OPENED, COMMAND = "lane-step", "lane-opened", "lane-command"
"""What to do with a stream's end next; that one was made; an async function that returns when there is a next."""

DRIVE = "lane-drive"
"""An async function that returns when the host likes, imported to be exported: guests can go on as long as it runs."""

START = "lane-start"
"""An exported async function that returns at once: from then on somebody moves what streams carry."""


def finish_name(function: str) -> str:
    """Return the name of what finishes an async function: `[method]web-socket.receive` → `lane-m2-web-socket-receive`.

    The letter is that of the function's kind and the number that of the words in the resource's name, so that no two
    functions share one.
    """
    if not function.startswith("["):
        return f"lane-f0-{function}"
    kind, _, rest = function[1:].partition("]")
    resource, _, name = rest.partition(".")
    return f"lane-{kind[0]}{len(resource.split('-'))}-{resource}-{name}"
