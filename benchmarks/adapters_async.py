"""Time async imports: what calls cost, and how long a guest takes to go on when one of a hundred has its result.

    python benchmarks/adapters_async.py

Of component text: 1, 10 and 100 calls under way at once, and the wake-up from a thread's end to the result in wasm. Of
a guest of componentize-py: 100 WebSockets of one store, to servers on loopback, each waiting in `receive`; the wake-up
from the server's send until the guest, which has the message, sends it back. Under asyncio a ticker of 10 ms runs
beside that, and how late it is is what the guest takes of the loop.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

async_guest: Any = importlib.import_module("tests.adapters.async_guest")
relay: Any = importlib.import_module("tests.adapters.relay")

TURNS = 3
MESSAGES = 5
TICK = 0.01


def wake_up() -> float:
    """Return the milliseconds, the median of them, until a guest has the result of one of 100 calls."""
    gates, under_way = [threading.Event() for _ in range(100)], threading.Semaphore(0)
    ended, latencies = dict[int, float](), list[float]()
    subtasks = importlib.import_module("witgen_runtime.host.adapters.calling.subtasks").Subtasks
    take = subtasks.take

    def wait(n: int) -> int:
        under_way.release()
        gates[n].wait()
        ended[n] = time.perf_counter()
        return n

    def timed(self: Any, subtask: int) -> Any:
        number = take(self, subtask)
        latencies.append(time.perf_counter() - ended[number])
        return number

    def release() -> None:
        for _ in gates:
            under_way.acquire()
        for gate in gates:
            time.sleep(0.002)
            gate.set()

    subtasks.take = timed
    try:
        with async_guest.opened(wait) as world:
            threading.Thread(target=release).start()
            world.all(len(gates))
    finally:
        subtasks.take = take
    return median(latencies) * 1e3


def call(world: Any, count: int) -> float:
    """Return the microseconds of processor time of one of so many calls under way at once."""
    took = list[float]()
    rounds = max(1, 2000 // count)
    for _ in range(TURNS):
        began = time.process_time()
        for _ in range(rounds):
            world.all(count)
        took.append((time.process_time() - began) / rounds / count)
    return min(took) * 1e6


class _Latencies(list[float]):
    """Milliseconds from the server's send until the guest sends the message back."""

    def told(self, message: str) -> None:
        """Be told of a message that the guest sends: it says when the server sent it."""
        self.append((time.perf_counter_ns() - int(message)) / 1e6)


async def _tick(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append((time.perf_counter() - due) * 1e3)


def _attend(api: Any, component: Path, url: str) -> list[float]:
    """Let the guest attend in a thread; return the wake-ups."""
    latencies = _Latencies()
    with api.open(component, relay.threaded(latencies.told)) as world:
        # Once before: what is compiled at the first call is not what is measured.
        world.attend(f"{url}/stamps/1/0", relay.CROWD, 1)
        latencies.clear()
        world.attend(f"{url}/stamps/{MESSAGES}/0.3", relay.CROWD, MESSAGES)
    return latencies


async def _attend_looped(api: Any, component: Path, url: str) -> tuple[list[float], float]:
    """Let the guest attend under asyncio; return the wake-ups and how late the ticker was at most."""
    late, latencies = [0.0], _Latencies()
    async with await api.open(component, relay.awaited(sent=latencies.told)) as world:
        await world.attend(f"{url}/stamps/1/0", relay.CROWD, 1)
        latencies.clear()
        ticking = asyncio.create_task(_tick(late))
        await world.attend(f"{url}/stamps/{MESSAGES}/0.3", relay.CROWD, MESSAGES)
        ticking.cancel()
    return latencies, max(late)


def websockets() -> None:
    """Print the wake-ups of 100 WebSockets on both faces."""
    with tempfile.TemporaryDirectory() as folder:
        component = relay.build_relay(Path(folder))
        sys.path.insert(0, folder)
        host = importlib.import_module("relay_bindings.host")
        with relay.serving() as url:
            plain = _attend(host.Relay, component, url)
        with relay.serving() as url:
            looped, late = asyncio.run(_attend_looped(host.AsyncRelay, component, url))
    for name, latencies in (("threads", plain), ("asyncio", looped)):
        most = sorted(latencies)[len(latencies) * 9 // 10]
        print(f"wake-up of one of 100 WebSockets, {name}: {median(latencies):.2f} ms (median), {most:.2f} (9 of 10)")
    print(f"ticker of 10 ms beside them: {late:.1f} ms late at most")


def main() -> None:
    """Print what async calls cost: the components and their hosts are those of the tests."""
    print("\n| async calls at once | us each |\n|---|---|")
    with async_guest.opened(lambda n: n) as world:
        for count in (1, 10, 100):
            print(f"| {count} | {call(world, count):,.0f} |")
    print(f"\nwake-up of one of 100 calls in threads: {wake_up():.2f} ms (median)")
    websockets()


if __name__ == "__main__":
    main()
