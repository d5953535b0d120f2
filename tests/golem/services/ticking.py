"""A server in a process of its own: it sends numbers on every connection and expects each of them back, in order.

    python ticking.py SECONDS PERIOD

It prints its port, and at the end, for each connection, how many numbers it sent and how many came back.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.server import ServerConnection, serve


async def main(seconds: float, period: float) -> None:
    results: list[tuple[int, int]] = []
    begin = asyncio.Event()

    async def tick(connection: ServerConnection) -> None:
        sent = returned = 0

        async def listen() -> None:
            nonlocal returned
            async for message in connection:
                assert message == f"{returned}", f"expected {returned}, got {message!r}"
                returned += 1

        listening = asyncio.create_task(listen())
        await begin.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await connection.send(f"{sent}")
            sent += 1
            await asyncio.sleep(period)
        while returned < sent and not listening.done():
            await asyncio.sleep(0.05)
        await connection.close()
        results.append((sent, returned))

    async with serve(tick, "127.0.0.1", 0, ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        count = int(await asyncio.to_thread(sys.stdin.readline))
        begin.set()
        while len(results) < count:
            await asyncio.sleep(0.1)
    print(json.dumps(results))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
