"""A guest that listens to two WebSockets and a timer at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from duo_bindings.guest import aio, exports
from duo_bindings.guest.golem_websocket_client import WebsocketConnection
from duo_bindings.types.golem_websocket_client import ErrorClosed


async def messages(connection: WebsocketConnection) -> AsyncIterator[str]:
    """Yield what arrives until the server closes."""
    while True:
        await connection.wait()
        try:
            message = connection.receive()
        except ErrorClosed:
            return
        yield str(message.value)


async def listen(name: str, url: str, said: list[str]) -> None:
    with WebsocketConnection.connect(url) as connection:
        connection.send(name)
        async for message in messages(connection):
            line = f"{name}: {message}"
            said.append(line)


async def tick(said: list[str]) -> None:
    while True:
        await asyncio.sleep(0.05)
        said.append("tick")


async def converse(first: str, second: str) -> list[str]:
    said: list[str] = []
    ticking = asyncio.create_task(tick(said))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(listen("a", first, said))
        group.create_task(listen("b", second, said))
    ticking.cancel()
    with WebsocketConnection.connect(first) as connection:
        try:
            await asyncio.wait_for(connection.wait(), 0.05)
        except TimeoutError:
            said.append("timeout")
    return said


def run(first: str, second: str) -> list[str]:
    return aio.run(converse(first, second))


exports.serve(__name__, run=run)
