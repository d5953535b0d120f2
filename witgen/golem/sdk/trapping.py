"""The end of calls that fail."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from ._bindings.guest import golem_api_host

__all__ = ["fail", "trapping", "trapping_async"]

T = TypeVar("T")


def trapping(function: Callable[[], T]) -> T:
    """Call the author's code; whatever it raises ends the call in a way that Golem tries again.

    An agent error, or an exception that leaves the component, would fail the agent for ever.
    """
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - that is the purpose
        fail(error)


async def trapping_async(awaitable: Awaitable[T]) -> T:
    """Await the author's code; see `trapping`."""
    try:
        return await awaitable
    except Exception as error:  # noqa: BLE001 - that is the purpose
        fail(error)


def fail(error: BaseException) -> NoReturn:
    """End the call with Golem's `trap`, which nothing catches; the message is the traceback of the author's code."""
    golem_api_host.trap("".join(traceback.format_exception(error)))
    raise error  # not reached where the host is Golem
