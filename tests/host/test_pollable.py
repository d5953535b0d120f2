"""`Pollable` as a guest sees it: real components, real threads, wasmtime's own `wasi:io/poll`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.host.pollable_guest import Guest, later
from witgen_runtime.host import Pollable


def in_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


def test_it_is_a_flag_without_any_store() -> None:
    pollable = Pollable()
    assert not pollable.is_set()
    pollable.set()
    assert pollable.is_set()
    pollable.set()
    pollable.clear()
    assert not pollable.is_set()
    pollable.close()
    assert pollable.is_set()


def test_nothing_is_ready_that_was_not_set(guest: Guest) -> None:
    guest.new(4)
    handles = [guest.take(id) for id in range(4)]
    time.sleep(0.2)
    assert [guest.ready(handle) for handle in handles] == [False] * 4
    assert guest.poll([*handles, guest.timer(50_000_000)]) == [4]


@pytest.mark.parametrize("chosen", [0, 2, 3])
def test_a_thread_wakes_the_one_that_it_sets(guest: Guest, chosen: int) -> None:
    pollables = guest.new(4)
    handles = [guest.take(id) for id in range(4)]
    with later(0.05, pollables[chosen].set):
        assert guest.poll(handles) == [chosen]
    assert [guest.ready(handle) for handle in handles] == [index == chosen for index in range(4)]


def test_set_before_it_is_returned_is_ready_at_the_first_look(guest: Guest) -> None:
    [pollable] = guest.new()
    for _ in range(100):
        pollable.set()
        assert guest.subscribe_ready(0)
        pollable.clear()
        assert not guest.subscribe_ready(0)


def test_every_pollable_that_was_handed_out_follows_the_flag(guest: Guest) -> None:
    [pollable] = guest.new()
    before = [guest.take(0), guest.take(0)]
    with later(0.02, pollable.set):
        guest.block(before[0])
    after = guest.take(0)
    assert [guest.ready(handle) for handle in (*before, after)] == [True] * 3
    guest.drop(before[0])
    pollable.clear()
    assert [guest.ready(handle) for handle in (before[1], after)] == [False] * 2


def test_what_was_handed_out_before_follows_the_flag_that_leads(guest: Guest) -> None:
    [before] = guest.new()
    handle, now = guest.take(0), Pollable()
    before.set()
    now.lead(before)
    ready: list[bool] = []
    for change in (now.set, now.clear, now.close):
        ready.append(guest.ready(handle))
        change()
        guest.take(0)
    assert [*ready, guest.ready(handle)] == [False, True, False, True]


def test_set_in_a_host_call_is_seen_at_once(guest: Guest) -> None:
    [pollable] = guest.new()
    handle = guest.take(0)
    guest.source.actions = {0: pollable.set, 1: pollable.clear}
    for _ in range(200):
        assert guest.act_ready(0, handle), "the byte may still be on its way, and set has to wait for it"
        assert not guest.act_ready(1, handle)


def test_clear_in_a_host_call_is_seen_at_once(guest: Guest) -> None:
    [pollable] = guest.new()
    handle = guest.take(0)
    guest.source.actions = {0: pollable.clear, 1: lambda: in_thread(pollable.set), 2: lambda: None}
    for _ in range(200):
        guest.act_ready(1, handle)
        assert not guest.act_ready(0, handle), "the byte may still be on its way, and clear has to wait for it"
    time.sleep(0.05)
    assert not guest.ready(handle)


def test_clear_on_another_thread_is_seen_after_the_next_host_call(guest: Guest) -> None:
    [pollable] = guest.new()
    guest.source.actions = {0: lambda: None, 1: lambda: in_thread(pollable.clear)}
    pollable.set()
    handle = guest.take(0)
    guest.act_ready(1, handle)
    assert not guest.act_ready(0, handle)
    assert not guest.subscribe_ready(0)


def test_clear_on_another_thread_between_calls_is_seen_by_the_next_call(guest: Guest) -> None:
    [pollable] = guest.new()
    pollable.set()
    handle = guest.take(0)
    in_thread(pollable.clear)
    assert not guest.ready(handle)


def test_set_again_outruns_a_clear_that_was_not_seen_yet(guest: Guest) -> None:
    [pollable] = guest.new()
    pollable.set()
    handle = guest.take(0)
    in_thread(pollable.clear)
    in_thread(pollable.set)
    assert guest.ready(handle)
    pollable.clear()
    time.sleep(0.02)
    assert not guest.ready(handle)


def test_threads_that_set_and_clear_leave_no_trace_behind(guest: Guest) -> None:
    [pollable] = guest.new()
    handle = guest.take(0)

    def toggle() -> None:
        for _ in range(500):
            pollable.set()
            pollable.clear()

    threads = [threading.Thread(target=toggle) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        guest.subscribe_ready(0)
        pollable.clear()
    for thread in threads:
        thread.join()
    pollable.clear()
    time.sleep(0.05)
    assert not guest.ready(handle)
    pollable.set()
    guest.block(handle)


def test_close_makes_ready_for_good(guest: Guest) -> None:
    first, _ = guest.new(2)
    handle, other = guest.take(0), guest.take(1)
    with later(0.02, first.close):
        guest.block(handle)
    first.clear()
    assert guest.ready(handle)
    assert guest.subscribe_ready(0)
    assert not guest.ready(other)


def test_closed_before_it_is_returned_is_ready(guest: Guest) -> None:
    [pollable] = guest.new()
    pollable.close()
    assert guest.subscribe_ready(0)
