"""Implementations of the interface `relays` of the guest with streams, under both faces."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any


def same(of: Any) -> Any:
    """Pass on what comes."""
    return of


def relays(pass_on: Callable[[Any], Any] = same) -> Any:
    """Return an implementation of plain functions; `pass_on` makes of a reader what is returned."""
    from flows_bindings.host.test_flows_relays import Relays
    from flows_bindings.types.test_flows_relays import First, Second

    class Through(Relays):
        def pass_bytes(self, of: Any) -> Any:
            return pass_on(of)

        pass_numbers = pass_texts = pass_entries = pass_lists = pass_bytes

        def swap(self, these: Any, those: Any) -> Any:
            def firsts() -> Iterator[Any]:
                for each in those:
                    assert type(each) is Second
                    yield First(each.x + 10)

            def seconds() -> Iterator[Any]:
                for each in these:
                    assert type(each) is First
                    yield Second(each.x + 10)

            return seconds(), firsts()

        def soon(self) -> Any:
            return lambda: time.sleep(0.1) or "value"

    return Through()


def async_relays(pass_on: Callable[[Any], Any] = same) -> Any:
    """Return an implementation of coroutines; `pass_on` makes of a reader what is returned."""
    from flows_bindings.host.test_flows_relays import AsyncRelays
    from flows_bindings.types.test_flows_relays import First, Second

    class Through(AsyncRelays):
        async def pass_bytes(self, of: Any) -> Any:
            return pass_on(of)

        pass_numbers = pass_texts = pass_entries = pass_lists = pass_bytes

        async def swap(self, these: Any, those: Any) -> Any:
            async def firsts() -> AsyncIterator[Any]:
                async for each in those:
                    assert type(each) is Second
                    yield First(each.x + 10)

            async def seconds() -> AsyncIterator[Any]:
                async for each in these:
                    assert type(each) is First
                    yield Second(each.x + 10)

            return seconds(), firsts()

        async def soon(self) -> Any:
            return lambda: time.sleep(0.1) or "value"

    return Through()
