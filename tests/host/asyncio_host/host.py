"""A host for asyncio, as its author writes it: one interface with coroutines, one with plain methods."""

from __future__ import annotations

import asyncio

from client_bindings.host import AsyncClient, AsyncClientImports
from client_bindings.host import test_rooms_clock as clock
from client_bindings.host import test_rooms_rooms as rooms
from client_bindings.types.client import RunError
from client_bindings.types.test_rooms_rooms import RoomSayError

ROOMS: dict[str, Room] = {}


class Room(rooms.AsyncRoom):
    def __init__(self, name: str) -> None:
        self.name = name
        self.heard = 0
        ROOMS[name] = self

    async def say(self, text: str) -> int:
        await asyncio.sleep(0.001)
        if not text:
            raise RoomSayError("nothing to say")
        self.heard += len(text)
        return self.heard

    @classmethod
    async def find(cls, name: str) -> Room:
        await asyncio.sleep(0.001)
        found = cls(name)
        found.heard = 100
        return found

    async def dropped(self) -> None:
        await asyncio.sleep(0)
        print(f"room {self.name} is closed")


class Rooms(rooms.AsyncRooms):
    Room = Room

    async def total(self, a: rooms.AsyncRoom, b: rooms.AsyncRoom) -> int:
        await asyncio.sleep(0.001)
        assert isinstance(a, Room)
        assert isinstance(b, Room)
        return a.heard + b.heard


class Clock(clock.Clock):
    def now(self) -> int:
        return 1_000_000


async def double(n: int) -> int:
    await asyncio.sleep(0.001)
    return 2 * n


async def main() -> None:
    imports = AsyncClientImports(test_rooms_rooms=Rooms(), test_rooms_clock=Clock(), double=double)
    async with await AsyncClient.open("client.wasm", imports) as client:
        heard: int = await client.run("hello")
        print(heard)
        try:
            await client.run("")
        except RunError as error:
            print(error.value)
        kept = await client.test_rooms_tools.keep(Room("c"))
        assert isinstance(kept, Room)
        print(kept.name)


asyncio.run(main())
