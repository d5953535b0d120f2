"""Agents of a component: one that chats, and one that counts."""

from __future__ import annotations

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
)
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
