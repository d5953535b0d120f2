"""Agents of a component: one that chats, and one that counts."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from witgen.golem.sdk import (
    U32,
    AsyncWebSocket,
    Config,
    DomainError,
    Principal,
    agent,
    atomic,
    idempotency_key,
    injected,
    raises,
    trapping,
)
from witgen.golem.sdk.quotas import Quota
from witgen.golem.sdk.recording import recorded
from witgen.golem.sdk.storage import Bucket
from witgen.golem.sdk.websocket import ErrorClosed


@agent
class ExampleAgent:
    """Greets a chat server and prints what it hears."""

    async def run(self, url: str) -> list[str]:
        heard: list[str] = []
        try:
            async with AsyncWebSocket.connect(url) as socket:
                print("Connected")
                await socket.send("Hello, server!")
                while True:
                    message = await socket.receive()
                    heard.append(message if isinstance(message, str) else f"{len(message)} bytes")
                    print("Text:" if isinstance(message, str) else "Binary:", message)
        except ErrorClosed as closed:
            if closed.value is not None:
                print(f'Closed [{closed.value.code}] "{closed.value.reason}"')
        return heard


@dataclass
class Sum:
    name: str
    total: U32
    notes: dict[str, int | None]


@agent
class Counter:
    def __init__(self, name: str, start: U32 = 7) -> None:
        self.name, self.count = name, start

    def add(self, n: U32, note: str | None = None) -> Sum:
        self.count += n
        return Sum(self.name, self.count, {} if note is None else {note: n, "none": None})

    def fail(self) -> None:
        raise RuntimeError("on purpose")


@dataclass
class Limits(Config):
    most: U32


class TooMuch(DomainError[str]):
    """More than the till takes."""


@agent
class Till:
    def __init__(self, limits: Limits = injected()) -> None:
        self.limits = limits

    @raises(TooMuch)
    async def pay(self, amount: U32, principal: Principal = injected()) -> str:
        if amount > self.limits.most:
            raise TooMuch(f"{amount} > {self.limits.most}")
        with atomic():
            key = idempotency_key()
        return f"{principal.kind} {key} {self.limits.most}"

    def break_off(self) -> None:
        with atomic():
            raise KeyError("half way")


@recorded("read-remote")
def measure(city: str, fail: bool) -> float:
    """Measure, and note that in a file, which shows what was done since the agent was resumed."""
    with open("/measured", "a") as file:
        print(city, file=file)
    if fail:
        raise TimeoutError(city)
    if city == "Ys":
        marks = Bucket("marks")
        if "tried" not in marks:
            marks["tried"] = b"yes"
            trapping.fail(RuntimeError("the first attempt ends in the middle"))
    return time.time()


@agent
class Station:
    def __init__(self) -> None:
        self.values: list[float] = []

    def measure(self, city: str, fail: bool = False) -> list[float]:
        try:
            self.values.append(measure(city, fail))
        except TimeoutError as error:
            self.values.append(-len(str(error)))
        return self.values

    def measured(self) -> list[str]:
        if not os.path.exists("/measured"):
            return []
        with open("/measured") as file:
            return file.read().split()

    def reserve(self) -> U32:
        quota = Quota("requests", 2)
        with quota.reserve(5) as reserved:
            reserved.used = 3
        quota.merge(quota.split(1))
        return reserved.used
