"""A componentize-py guest that awaits a host's functions, against real servers: in threads and on an event loop.

All stores have a deadline or an event loop, so the guest is compiled once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.relay import CROWD, awaited, threaded

pytestmark = pytest.mark.slow

_SHORT, _LONG = "ticks/a/0.05/4", "ticks/b/0.08/4"


def _async(test: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    asyncio.run(asyncio.wait_for(test(*arguments), 60))


def check_interleaved(arrived: list[str]) -> None:
    """Check what came of two servers: all of it, and not what one sent after what the other did."""
    assert sorted(arrived) == [f"{name}{n}" for name in "ab" for n in range(4)]
    assert arrived.index("b0") < arrived.index("a3")


def test_threads(relay: Path, server: str) -> None:
    from relay_bindings.host import Relay

    with Relay.open(relay, threaded(), deadline=30) as world:
        assert world.plain(1) == 2
        assert world.echo(server, 1 << 20) == (1 << 12) * sum(range(256))
        assert world.hand_over(server) == "handed over: zażółć"
        assert world.timed(f"{server}/silent", 50) is None
        with pytest.raises(Exception, match=r"^1001 do widzenia, żegnaj$"):
            world.closed(f"{server}/bye")
        check_interleaved(world.interleave(f"{server}/{_SHORT}", f"{server}/{_LONG}", 4))
        assert world.many(server, 20) == 20
        assert world.plain(2) == 3


def test_the_loop_is_never_blocked(relay: Path, server: str) -> None:
    from relay_bindings.host import AsyncRelay

    async def main() -> None:
        late: list[float] = []

        async def tick() -> None:
            while True:
                due = time.perf_counter() + 0.01
                await asyncio.sleep(0.01)
                late.append(time.perf_counter() - due)

        async with await AsyncRelay.open(relay, awaited()) as world:
            assert await world.hand_over(server) == "handed over: zażółć"
            ticking = asyncio.create_task(tick())
            arrived = await world.interleave(f"{server}/{_SHORT}", f"{server}/{_LONG}", 4)
            ticking.cancel()
            check_interleaved(arrived)
            assert await world.many(server, 20) == 20
            assert await world.echo(server, 1 << 20) == (1 << 12) * sum(range(256))
        # How late a timer is on a busy machine is not ours; a loop that waits for a guest would hardly tick.
        assert len(late) > 10
        assert sorted(late)[len(late) // 4] < 0.01

    _async(main)


def test_a_hundred_receives_at_once(relay: Path, server: str) -> None:
    """Each message is received and sent back; `benchmarks/adapters_async.py` measures how soon."""
    from relay_bindings.host import AsyncRelay, Relay

    async def main() -> None:
        async with await AsyncRelay.open(relay, awaited(sent=on_the_loop.add)) as world:
            assert await world.attend(f"{server}/stamps/3/0.1", CROWD, 3) == 3 * CROWD

    in_threads, on_the_loop = set[str](), set[str]()
    with Relay.open(relay, threaded(in_threads.add), deadline=60) as world:
        assert world.attend(f"{server}/stamps/3/0.101", CROWD, 3) == 3 * CROWD
    _async(main)
    assert len(in_threads) == len(on_the_loop) == 3 * CROWD


def test_a_call_that_waits_does_not_spin(relay: Path, server: str) -> None:
    from relay_bindings.host import Relay

    from witgen_runtime.host import DeadlineError

    with Relay.open(relay, threaded(), deadline=1.0) as world:
        world.plain(1)
        used, began = time.thread_time(), time.monotonic()
        with pytest.raises(DeadlineError):
            world.stuck(f"{server}/silent")
        assert time.monotonic() - began < 5
        assert time.thread_time() - used < 0.2


def test_cancelling_a_call_cancels_what_it_waits_for(relay: Path, server: str) -> None:
    from relay_bindings.host import AsyncRelay

    from witgen_runtime.host import StoreDeadError

    async def main() -> None:
        log: list[str] = []
        async with await AsyncRelay.open(relay, awaited(log)) as world:
            call = asyncio.create_task(world.stuck(f"{server}/silent"))
            await asyncio.sleep(0.2)
            assert log == []
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.sleep(0.05)
            assert log == ["cancelled"]
            with pytest.raises(StoreDeadError):
                await world.plain(1)
        assert log == ["cancelled", "dropped"]

    _async(main)


def test_closing_a_world_cancels_what_its_guest_waits_for(relay: Path, server: str) -> None:
    from relay_bindings.host import AsyncRelay

    async def main() -> None:
        log: list[str] = []
        async with await AsyncRelay.open(relay, awaited(log)) as world:
            await world.leave(server)
            # What goes on after its export has returned goes on while another one runs.
            assert await world.hand_over(server) == "handed over: zażółć"
            assert await world.plain(1) == 2
            assert "cancelled" not in log
        await asyncio.sleep(0.05)
        assert log.count("cancelled") == 1
        assert log.count("dropped") == 3

    _async(main)


def test_exceptions_come_out_as_they_are(relay: Path, server: str) -> None:
    from relay_bindings.host import Relay
    from relay_bindings.host.golem_websocket_client import WebsocketConnection

    imports = threaded()
    failure = ZeroDivisionError("while receiving")

    def receive(self: WebsocketConnection) -> object:
        raise failure

    imports.golem_websocket_client.receive = receive
    with Relay.open(relay, imports, deadline=30) as world:
        with pytest.raises(ZeroDivisionError) as caught:
            world.stuck(server)
        assert caught.value is failure


def test_a_value_that_does_not_fit_is_named(relay: Path, server: str) -> None:
    from relay_bindings.host import Relay

    imports = threaded()
    imports.golem_websocket_client.receive = lambda self: 7
    with (
        Relay.open(relay, imports, deadline=30) as world,
        pytest.raises(TypeError, match=r"receive\(\) result: expected one of MessageText, MessageBinary, got int"),
    ):
        world.stuck(server)


def test_coroutines_need_the_asyncio_face(relay: Path) -> None:
    from relay_bindings.host import Relay

    from witgen_runtime.host import LinkError

    with pytest.raises(LinkError, match=r"receive: async func.*only the asyncio API"):
        Relay.open(relay, awaited(), deadline=30)
