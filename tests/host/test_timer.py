"""`Timer` as a guest sees it."""

from __future__ import annotations

import math
import time

import pytest

from tests.host.pollable_guest import Guest, descriptors, threads
from witgen_runtime.host import Timer


def test_a_timer_becomes_ready_by_itself(guest: Guest) -> None:
    """From when it was made, not from when the guest gets it; without a file descriptor or a thread of its own."""
    guest.source.pollables = {1: Timer(0.0)}
    guest.block(guest.take(1))
    before = (descriptors(), threads())
    timer = Timer(0.1)
    guest.source.pollables = {1: timer}
    handles = [guest.take(1), guest.take(1)]
    assert [guest.ready(handle) for handle in handles] == [False, False]
    assert not timer.is_set()
    began = time.monotonic()
    for handle in handles:
        guest.block(handle)
    assert 0.05 < time.monotonic() - began < 1
    assert timer.is_set()
    late = guest.take(1)
    guest.block(late)
    assert guest.ready(late)
    with pytest.raises(TypeError, match="becomes ready by itself"):
        timer.set()
    with pytest.raises(TypeError, match="becomes ready by itself"):
        timer.clear()
    assert (descriptors(), threads()) == before


def test_timers_that_are_never_and_long_since_ready(guest: Guest) -> None:
    guest.source.pollables = {1: Timer(math.inf), 2: Timer(1e12), 3: Timer(-math.inf)}
    assert guest.poll([guest.take(number) for number in (1, 2, 3)]) == [2]
