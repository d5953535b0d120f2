"""A host whose clocks and random numbers are its own, though wasmtime has them."""

from __future__ import annotations

import time

from mine_bindings.host import Mine, MineImports
from mine_bindings.host import wasi_clocks_monotonic_clock as monotonic
from mine_bindings.host import wasi_clocks_wall_clock as wall
from mine_bindings.host import wasi_random_random as random
from mine_bindings.types.wasi_clocks_wall_clock import Datetime

from witgen_runtime.host import Pollable, Timer


class Monotonic(monotonic.MonotonicClock):
    """Its time is a hundred times as fast as ours."""

    def now(self) -> int:
        return 1_000_000

    def resolution(self) -> int:
        return 1

    def subscribe_instant(self, when: int) -> Pollable:
        ready = Pollable()
        ready.set()
        return ready

    def subscribe_duration(self, when: int) -> Pollable:
        return Timer(when / 1e9 / 100)


class Wall(wall.WallClock):
    def now(self) -> Datetime:
        return Datetime(20_000, 5)

    def resolution(self) -> Datetime:
        return Datetime(0, 1)


class Fixed(random.Random):
    def get_random_bytes(self, len: int) -> bytes:
        return bytes(range(len))

    def get_random_u64(self) -> int:
        return 3


imports = MineImports(
    wasi_clocks_monotonic_clock=Monotonic(), wasi_clocks_wall_clock=Wall(), wasi_random_random=Fixed()
)
with Mine.open("mine.wasm", imports) as mine:
    began = time.monotonic()
    assert mine.run(10_000_000_000) == 1_020_003
    assert 0.1 <= time.monotonic() - began < 5
    mine.until(1 << 62)
    assert mine.bytes(4) == b"\0\1\2\3"

# One's own and wasmtime's, side by side.
with Mine.open("mine.wasm", MineImports(wasi_random_random=Fixed())) as mine:
    assert mine.run(1) >= 1_600_000_000
    assert mine.bytes(3) == b"\0\1\2"
print("done")
