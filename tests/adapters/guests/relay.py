"""A componentize-py guest that talks to several servers at once."""

from __future__ import annotations

import asyncio

import componentize_py_async_support
import wit_world
from componentize_py_types import Err
from wit_world.imports import client

Connection = client.WebsocketConnection


def connect(url: str) -> Connection:
    return Connection.connect(url, None)


def text_of(message: client.Message) -> str:
    return message.value if isinstance(message, client.Message_Text) else f"{len(message.value)} bytes"


class WitWorld(wit_world.WitWorld):
    async def interleave(self, first: str, second: str, count: int) -> list[str]:
        arrived: list[str] = []

        async def listen(connection: Connection) -> None:
            for _ in range(count):
                message = await connection.receive()
                arrived.append(text_of(message))

        await asyncio.gather(listen(connect(first)), listen(connect(second)))
        return arrived

    async def echo(self, url: str, size: int) -> int:
        connection = connect(url)
        connection.send(client.Message_Binary(bytes(n & 0xFF for n in range(256)) * (size // 256)))
        message = await connection.receive()
        assert isinstance(message, client.Message_Binary)
        return sum(message.value)

    async def many(self, url: str, count: int) -> int:
        connections = [connect(url) for _ in range(count)]
        receiving = [asyncio.create_task(connection.receive()) for connection in connections]
        for number, connection in enumerate(connections):
            connection.send(client.Message_Text(f"{number}"))
        messages = await asyncio.gather(*receiving)
        return sum(message == client.Message_Text(f"{number}") for number, message in enumerate(messages))

    async def attend(self, url: str, connections: int, messages: int) -> int:
        async def listen(connection: Connection) -> None:
            for _ in range(messages):
                connection.send(await connection.receive())

        await asyncio.gather(*(listen(connect(url)) for _ in range(connections)))
        return connections * messages

    async def timed(self, url: str, timeout_ms: int) -> str | None:
        message = await connect(url).receive_with_timeout(timeout_ms)
        return None if message is None else text_of(message)

    async def hand_over(self, url: str) -> str:
        connection = connect(url)

        async def send() -> None:
            connection.send(client.Message_Text("handed over: zażółć"))

        message, _ = await asyncio.gather(connection.receive(), send())
        return text_of(message)

    async def stuck(self, url: str) -> str:
        return text_of(await connect(url).receive())

    async def closed(self, url: str) -> str:
        try:
            return text_of(await connect(url).receive())
        except Err as error:
            info = error.value.value
            raise Err(f"{info.code} {info.reason}") from None

    async def leave(self, url: str) -> None:
        silent, connection = connect(f"{url}/silent"), connect(url)

        async def listen() -> None:
            await silent.receive()

        componentize_py_async_support.spawn(listen())
        connection.send(client.Message_Text("under way"))
        await connection.receive()

    def plain(self, n: int) -> int:
        return n + 1
