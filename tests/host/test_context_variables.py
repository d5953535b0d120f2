"""Context variables of a caller are there in what the host implements, as with `asyncio.to_thread`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, ClassVar, TypeVar

from tests.host.things import TEXT, Counted, Imports, Things, World
from witgen_runtime import host

T = TypeVar("T")

request = ContextVar("request", default="none")


class AsyncThings(host.AsyncWorld[World]):
    """What generated code has."""

    @classmethod
    def open(cls, things: Any) -> host.Opening[AsyncThings]:
        return host.Opening(cls._open(World, TEXT, Imports(things)))

    async def call(self, name: str, *values: Any) -> Any:
        return await host.run_in_store(self, getattr(self._world, name), *values)


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(main, 30))


class Seeing(Counted):
    """Notes the request in its constructor and when it is dropped."""

    seen: ClassVar[list[str]] = []

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.seen.append(f"made for {request.get()}")

    def dropped(self) -> None:
        self.seen.append(f"dropped for {request.get()}")


class Awaited(Seeing):
    """The same with a coroutine."""

    async def number(self) -> int:  # type: ignore[override]
        self.seen.append(f"asked for {request.get()}")
        await asyncio.sleep(0)
        return self.n

    async def dropped(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.seen.append(f"dropped for {request.get()}")


def seen(cls: type[Seeing]) -> list[str]:
    found, cls.seen[:] = cls.seen[:], []
    return found


def test_plain_functions_coroutines_and_hooks() -> None:
    async def main(cls: type[Seeing], asked: list[str]) -> None:
        request.set("nobody")
        async with AsyncThings.open(Things(cls)) as world:
            request.set("ada")
            assert await world.call("cycle", 7) == 7
            assert seen(cls) == ["made for ada", *asked, "dropped for ada"]
            await world.call("keep", cls(8))
            request.set("bob")
            seen(cls)
        assert seen(cls) == ["dropped for bob"]

    run(main(Seeing, []))
    run(main(Awaited, ["asked for ada"]))


def test_each_of_several_callers_has_its_own() -> None:
    async def main() -> None:
        async def one(world: AsyncThings, name: str) -> list[str]:
            request.set(name)
            await world.call("cycle", 1)
            return [name]

        async with AsyncThings.open(Things(Awaited)) as world:
            names = [f"request {n}" for n in range(20)]
            await asyncio.gather(*(one(world, name) for name in names))
            wanted = [f"{done} for {name}" for name in names for done in ("made", "asked", "dropped")]
            assert seen(Awaited) == wanted

    run(main())


def test_what_a_host_function_sets_stays_in_the_call() -> None:
    class Setting(Things):
        def sum(self, a: Counted, b: Counted) -> int:
            request.set("a host function")
            return super().sum(a, b)

    async def main() -> None:
        request.set("ada")
        async with AsyncThings.open(Setting(Seeing)) as world:
            await world.call("numbers", Seeing(1), Seeing(2))
            assert request.get() == "ada"
            seen(Seeing)
            await world.call("cycle", 1)
            assert seen(Seeing) == ["made for ada", "dropped for ada"]

    run(main())


def test_the_plain_api_runs_host_functions_where_the_caller_is() -> None:
    def call() -> None:
        request.set("ada")
        with World._open(TEXT, Imports(Things(Seeing))) as world:
            assert world.cycle(1) == 1

    copy_context().run(call)
    assert seen(Seeing) == ["made for ada", "dropped for ada"]
