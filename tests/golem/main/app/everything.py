"""An agent that is built for Golem's main branch as it stands, and calls what the main branch has in another form."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import dataclass
from enum import Flag
from typing import Annotated

from witgen.golem.sdk import Languages, Multimodal, UnstructuredBinary, UnstructuredText, agent, call, client, trigger
from witgen.golem.sdk.durability import fork
from witgen.golem.sdk.promises import Promise
from witgen.golem.sdk.quotas import Quota
from witgen.golem.sdk.recording import recorded
from witgen.golem.sdk.spans import span


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Tree:
    name: str
    children: list[Tree]


@recorded("read-remote")
def temperature(city: str) -> float:
    print("asked for", city)
    return 21.5


@agent(snapshot=3)
class Everything:
    """Has all kinds of values."""

    def __init__(self, name: str, pages: int | None = None) -> None:
        self.name = name
        self.calls = 0

    def values(self, when: dt.datetime, long: dt.timedelta, prices: dict[str, float], rights: Rights) -> list[str]:
        return [when.isoformat(), str(long), str(prices), str(rights)]

    def deepest(self, tree: Tree) -> Tree:
        return self.deepest(tree.children[0]) if tree.children else tree

    def say(self, text: Annotated[UnstructuredText, Languages("en")]) -> UnstructuredText:
        return UnstructuredText(text.data.upper(), "en")

    def both(self, given: Multimodal[UnstructuredText | UnstructuredBinary]) -> str:
        return " and ".join(type(each).__name__ for each in given)

    def temperature(self, city: str) -> float:
        with span("temperature"), Quota("requests", 1).reserve(1):
            return temperature(city)

    async def promise(self, name: str) -> str:
        promise = Promise.new()
        promise.complete(name.encode())
        return (await promise).decode()

    async def of_another(self, name: str) -> int:
        other = client(Everything)(name)
        trigger(other.count)
        return other.count()

    async def sleep(self, seconds: float) -> float:
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        return time.monotonic() - begun

    async def side_by_side(self, seconds: float) -> float:
        begun = time.monotonic()
        await asyncio.gather(asyncio.sleep(seconds), call(client(Everything)("other").sleep, seconds))
        return time.monotonic() - begun

    async def limited(self, seconds: float, limit: float) -> str:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(limit):
                await call(client(Everything)("other").sleep, seconds)
        except TimeoutError:
            return "too late" if time.monotonic() - begun < seconds else "far too late"
        return "in time"

    def fork(self) -> str:
        return fork().side

    def fail(self) -> None:
        raise ValueError("no such luck")

    def count(self) -> int:
        self.calls += 1
        return self.calls
