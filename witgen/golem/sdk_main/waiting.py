"""Waits for promises, as Golem's main branch has them."""

from __future__ import annotations

from typing import NoReturn

from ._bindings.guest.golem_api_host import GetPromiseResult

__all__ = ["completed", "wait_for"]


def wait_for(result: GetPromiseResult) -> NoReturn:
    """Refuse to wait.

    Raises:
        NotImplementedError: always; the message says what to do instead.
    """
    del result
    raise NotImplementedError(
        "Golem's main branch has no way to wait for a promise outside of async functions: make the method async, and "
        "await the promise"
    )


async def completed(result: GetPromiseResult) -> bytes:
    """Wait for a promise to be completed while other tasks go on, and return its bytes."""
    return await result.get()
