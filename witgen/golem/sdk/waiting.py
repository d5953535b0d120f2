"""Waits for promises, as Golem 1.5 has them."""

from __future__ import annotations

from ._bindings.guest import wasi_io_poll as polling
from ._bindings.guest.golem_api_host import GetPromiseResult

__all__ = ["completed", "wait_for"]


def wait_for(result: GetPromiseResult) -> bytes:
    """Wait until a promise is completed, and return its bytes."""
    while (data := result.get()) is None:
        pollable = result.subscribe()
        polling.poll([pollable])
        pollable.drop()
    return data


async def completed(result: GetPromiseResult) -> bytes:
    """Wait for a promise to be completed while other tasks go on, and return its bytes."""
    while (data := result.get()) is None:
        await result.wait()
    return data
