"""Names that the composer adds to those of WIT."""

from __future__ import annotations

__all__ = ["CANCEL", "POLL", "finish_name"]

POLL, CANCEL = "lane-poll", "lane-cancel"
"""What a composed component imports beside the guest's own imports: whether a ticket is done; to give it up."""


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
