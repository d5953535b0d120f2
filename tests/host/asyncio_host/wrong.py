"""What a type checker refuses: coroutines where nobody awaits them, a plain method in a base of coroutines."""

from __future__ import annotations

from client_bindings.host import Client, ClientImports
from client_bindings.host import test_rooms_clock as clock
from client_bindings.host import test_rooms_rooms as rooms


class Awaited(clock.AsyncClock):
    async def now(self) -> int:
        return 1


class Plain(clock.AsyncClock):
    def now(self) -> int:  # wrong
        return 1


def run(implementation: rooms.Rooms) -> Client:
    imports = ClientImports(test_rooms_rooms=implementation, test_rooms_clock=Awaited(), double=abs)  # wrong
    return Client.open("client.wasm", imports)
