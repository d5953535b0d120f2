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
import websockets.asyncio.client as websockets_asyncio
import websockets.sync.client as websockets_sync
from websockets.exceptions import ConnectionClosed

_SHORT, _LONG = "ticks/a/0.05/4", "ticks/b/0.08/4"


def threaded() -> Any:
    """Return imports whose functions are plain: those that wait do so in threads."""
    from relay_bindings.host import RelayImports
    from relay_bindings.host.golem_websocket_client import WebsocketConnection
    from relay_bindings.types import golem_websocket_client as types

    class Connection(WebsocketConnection):
        def __init__(self, url: str) -> None:
            self._socket = websockets_sync.connect(url, max_size=None, legacy=True)

        @classmethod
        def connect(cls, url: str, headers: object) -> Connection:
            return cls(url)

        def send(self, message: Any) -> None:
            self._socket.send(message.value)

        def receive(self, seconds: float | None = None) -> Any:
            try:
                message = self._socket.recv(seconds)
            except ConnectionClosed as closed:
                raise _closed(types, closed) from None
            return types.MessageText(message) if isinstance(message, str) else types.MessageBinary(message)

        def receive_with_timeout(self, timeout_ms: int) -> Any:
            try:
                return self.receive(timeout_ms / 1000)
            except TimeoutError:
                return None

        def close(self, code: int | None, reason: str | None) -> None:
            self._socket.close()

        def dropped(self) -> None:
            self._socket.close()

    return RelayImports(golem_websocket_client=Connection)


def awaited(log: list[str] | None = None) -> Any:
    """Return imports whose functions are coroutines; cancellations and drops go to `log`."""
    from relay_bindings.host import AsyncRelayImports
    from relay_bindings.host.golem_websocket_client import AsyncWebsocketConnection
    from relay_bindings.types import golem_websocket_client as types

    events = [] if log is None else log

    class Connection(AsyncWebsocketConnection):
        @classmethod
        async def connect(cls, url: str, headers: object) -> Connection:
            self = cls()
            self._socket = await websockets_asyncio.connect(url, max_size=None)
            return self

        async def send(self, message: Any) -> None:
            await self._socket.send(message.value)

        async def receive(self) -> Any:
            try:
                message = await self._socket.recv()
            except (ConnectionClosed, asyncio.CancelledError) as ended:
                events.append("cancelled" if isinstance(ended, asyncio.CancelledError) else "closed")
                raise _closed(types, ended) from None
            return types.MessageText(message) if isinstance(message, str) else types.MessageBinary(message)

        async def receive_with_timeout(self, timeout_ms: int) -> Any:
            try:
                return await asyncio.wait_for(self.receive(), timeout_ms / 1000)
            except TimeoutError:
                return None

        async def close(self, code: int | None, reason: str | None) -> None:
            await self._socket.close()

        async def dropped(self) -> None:
            events.append("dropped")
            self._socket.transport.abort()

    return AsyncRelayImports(golem_websocket_client=Connection)


def _closed(types: Any, ended: BaseException) -> BaseException:
    if not isinstance(ended, ConnectionClosed):
        return ended
    frame = ended.rcvd
    made: Exception = types.ErrorClosed(types.CloseInfo(frame.code, frame.reason) if frame else None)
    return made


def _async(test: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    asyncio.run(asyncio.wait_for(test(*arguments), 60))


def test_threads(relay: Path, server: str) -> None:
    from relay_bindings.host import Relay

    with Relay.open(relay, threaded(), deadline=30) as world:
        assert world.plain(1) == 2
        assert world.echo(server, 1 << 20) == (1 << 12) * sum(range(256))
        assert world.hand_over(server) == "handed over: zażółć"
        assert world.timed(f"{server}/silent", 50) is None
        with pytest.raises(Exception, match=r"^1001 do widzenia, żegnaj$"):
            world.closed(f"{server}/bye")
        began = time.monotonic()
        arrived = world.interleave(f"{server}/{_SHORT}", f"{server}/{_LONG}", 4)
        assert time.monotonic() - began < 0.45
        assert sorted(arrived) == [f"{name}{n}" for name in "ab" for n in range(4)]
        assert arrived[:2] == ["a0", "b0"]
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
            assert sorted(arrived) == [f"{name}{n}" for name in "ab" for n in range(4)]
            assert arrived[:2] == ["a0", "b0"]
            assert await world.many(server, 20) == 20
            assert await world.echo(server, 1 << 20) == (1 << 12) * sum(range(256))
        assert len(late) > 20
        # How late a timer is on a busy machine is not ours; a loop that waits for a guest would miss dozens of ticks.
        assert sorted(late)[len(late) // 2] < 0.01

    _async(main)


def test_a_call_that_waits_does_not_spin(relay: Path, server: str) -> None:
    from relay_bindings._runtime.host import DeadlineError
    from relay_bindings.host import Relay

    with Relay.open(relay, threaded(), deadline=1.0) as world:
        world.plain(1)
        used, began = time.thread_time(), time.monotonic()
        with pytest.raises(DeadlineError):
            world.stuck(f"{server}/silent")
        assert time.monotonic() - began < 1.5
        assert time.thread_time() - used < 0.2


def test_cancelling_a_call_cancels_what_it_waits_for(relay: Path, server: str) -> None:
    from relay_bindings._runtime.host import StoreDeadError
    from relay_bindings.host import AsyncRelay

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
    from relay_bindings._runtime.host import LinkError
    from relay_bindings.host import Relay

    with pytest.raises(LinkError, match=r"receive: async func.*only the asyncio face"):
        Relay.open(relay, awaited(), deadline=30)
