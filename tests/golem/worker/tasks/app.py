"""A worker that does several things at once."""

import asyncio
import time

from agent.guest import exports
from agent.guest import wasi_clocks_monotonic_clock as clock
from agent.guest import wasi_io_poll as poll
from agent.guest.websockets import AsyncWebSocket
from agent.types.tasks import FailError

log = []


async def converse(url: str, n: int) -> list[str]:
    begin = len(log)
    await asyncio.gather(*(_talk(name, url, n) for name in ("a", "b")))
    return log[begin:]


async def _talk(name: str, url: str, n: int) -> None:
    async with AsyncWebSocket.connect(f"{url}/{name}") as ws:
        for number in range(n):
            log.append(await _ask(ws, f"{name}{number}"))
            print(log[-1], flush=True)
            # What this says depends on who was answered first.
            await _ask(ws, f"{name}{number} after {len(log)}")


async def _ask(ws: AsyncWebSocket, question: str) -> str:
    while True:
        await ws.send(question)
        # An answer that came while nobody was connected is lost; ask again then.
        while (answer := await ws.receive(timeout=2)) is not None:
            if answer == f"re:{question}":
                return answer


def heard() -> list[str]:
    return log


async def fail(url: str) -> str:
    raise FailError(" ".join(sorted(await converse(url, 1))))


async def crash(url: str) -> None:
    raise SystemError(await converse(url, 1))


async def nap() -> None:
    time.sleep(0.01)


def first(n: int) -> list[int]:
    timers = [clock.subscribe_duration(1_000_000 * (1 + number)) for number in range(n)]
    ready = poll.poll(timers)
    for timer in timers:
        timer.drop()
    return ready


exports.serve(__name__, converse=converse, heard=heard, fail=fail, crash=crash, nap=nap, first=first)
