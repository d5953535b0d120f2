"""wasi:clocks: time passes, and timers end."""

from agent.guest import wasi_clocks_monotonic_clock as monotonic
from agent.guest import wasi_clocks_wall_clock as wall


def cover(_: str) -> None:
    start = monotonic.now()
    assert monotonic.resolution() > 0
    with monotonic.subscribe_duration(2_000_000) as timer:
        timer.block()
    with monotonic.subscribe_instant(start + 4_000_000) as timer:
        timer.block()
    assert monotonic.now() - start >= 4_000_000
    assert wall.now().seconds > 1_700_000_000
    assert wall.resolution().nanoseconds < 1_000_000_000
