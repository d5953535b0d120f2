"""Golem's interfaces with async functions on the local services: the same code as for those without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.test_async_guest import check_interleaved
from witgen import golem
from witgen_runtime.host import adapters_of

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_websockets_with_async_functions(relay: Path, server: str) -> None:
    with golem.Services() as services, services.open(relay, deadline=30) as world:
        place = "import golem:websocket/client@1.5.0#[method]websocket-connection"
        assert adapters_of(world).polled == (f"{place}.receive", f"{place}.receive-with-timeout")
        assert world.hand_over(server) == "handed over: zażółć"
        check_interleaved(world.interleave(f"{server}/ticks/a/0.05/4", f"{server}/ticks/b/0.08/4", 4))
        assert world.many(server, 20) == 20
        assert world.timed(f"{server}/silent", 50) is None
        assert world.echo(server, 1 << 20) == (1 << 12) * sum(range(256))
        with pytest.raises(Exception, match=r"^1001 do widzenia, żegnaj$"):
            world.closed(f"{server}/bye")
