"""`Pollable` as a guest sees it: real components, real threads, wasmtime's own `wasi:io/poll`."""

from __future__ import annotations

import gc
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from witgen.runtime.host import Pollable, Timer, pollable_channel
from witgen.runtime.host.pollable_channel import PollableError

from .pollable_guest import Guest


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Guest.start() as guest:
        yield guest


@contextmanager
def later(seconds: float, action: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(seconds, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def in_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def sockets() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed since it was listed
            count += str(entry.readlink()).startswith("socket:")
    return count


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def stable(count: Callable[[], int]) -> int:
    """Count what stays: wasmtime's side of a socket closes a moment after ours."""
    deadline = time.monotonic() + 5
    now, since = count(), time.monotonic()
    while time.monotonic() < min(since + 0.1, deadline):
        time.sleep(0.01)
        if (again := count()) != now:
            now, since = again, time.monotonic()
    return now


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


def test_garbage_collection_closes(guest: Guest) -> None:
    guest.new()
    handle = guest.take(0)
    gc.collect()  # what other tests left
    open_ones = stable(descriptors)
    guest.source.pollables.clear()
    gc.collect()
    guest.block(handle)
    assert stable(descriptors) == open_ones - 2


def test_a_hundred_open_and_closed_leave_no_descriptor_and_no_thread(guest: Guest) -> None:
    guest.new()
    guest.take(0)
    open_ones, running = stable(descriptors), threads()
    for _ in range(100):
        pollable = guest.source.pollables[1] = Pollable()
        handle = guest.take(1)
        pollable.set()
        guest.block(handle)
        guest.drop(handle)
        pollable.close()
    assert stable(descriptors) == open_ones
    assert threads() <= running


def test_closing_the_store_closes_its_channels_and_no_others() -> None:
    with Guest.start() as first:
        [pollable] = first.new()
        with Guest.start() as second:
            second.source.pollables = {0: pollable}
            handle, _ = first.take(0), second.take(0)
            open_ones = stable(sockets)
        assert stable(sockets) == open_ones - 2
        assert not first.ready(handle)
        with later(0.02, pollable.set):
            first.block(handle)
    pollable.clear()
    pollable.set()


def test_stores_come_and_go_with_open_channels() -> None:
    with Guest.start() as guest:
        guest.new()
        guest.take(0)
    open_ones = stable(descriptors)
    kept = []
    for _ in range(20):
        with Guest.start() as guest:
            kept += guest.new(3)
            for id in range(3):
                guest.take(id)
    assert stable(descriptors) == open_ones


def test_a_store_that_is_forgotten_closes_its_channels() -> None:
    before = stable(sockets)
    guest = Guest.start()
    [pollable] = guest.new()
    guest.take(0)
    assert stable(sockets) == before + 2
    del guest
    gc.collect()
    assert stable(sockets) == before
    pollable.set()


def test_two_stores_in_two_threads() -> None:
    woken: list[float] = []
    pollable = Pollable()
    waiting = threading.Barrier(3)

    def run() -> None:
        with Guest.start() as guest:
            guest.source.pollables = {0: pollable}
            handle = guest.take(0)
            waiting.wait()
            guest.block(handle)
            woken.append(time.monotonic())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    waiting.wait()
    time.sleep(0.05)
    set_at = time.monotonic()
    pollable.set()
    for thread in threads:
        thread.join(5)
    assert len(woken) == 2
    assert all(set_at <= moment < set_at + 1 for moment in woken)


def test_a_store_that_failed_does_not_harm_the_flag(guest: Guest) -> None:
    [pollable] = guest.new()
    handle = guest.take(0)
    guest.source.actions = {0: lambda: 1 / 0}
    with pytest.raises(ZeroDivisionError):
        guest.act_ready(0, handle)
    pollable.set()
    pollable.clear()
    assert not pollable.is_set()


def test_strangers_on_the_port_get_nothing_and_hold_nothing_up(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that say nothing, one that guesses: all are there before our own connection."""
    strangers: list[socket.socket] = []
    create_server = socket.create_server

    def with_strangers(address: tuple[str, int]) -> socket.socket:
        listener = create_server(address)
        strangers.extend(socket.create_connection(listener.getsockname()) for _ in range(3))
        strangers[-1].sendall(b"GET /guess HTTP/1.1\r\n\r\n")
        return listener

    monkeypatch.setattr(socket, "create_server", with_strangers)
    [pollable] = guest.new()
    started = time.monotonic()
    handle = guest.take(0)
    assert time.monotonic() - started < 0.2
    for stranger in strangers:
        stranger.settimeout(1)
        assert stranger.recv(100) == b""
        stranger.close()
    assert not guest.ready(handle)
    pollable.set()
    guest.block(handle)


def test_a_system_that_refuses_is_quoted(guest: Guest) -> None:
    guest.new(2)
    guest.take(0)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(PollableError, match=r"loopback connection on 127\.0\.0\.1: .*Too many open files"):
            guest.take(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_connection_that_never_comes_is_given_up(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that swallows packets: the component asks at a port where nobody of us listens."""
    create_server = socket.create_server
    elsewhere = create_server(("127.0.0.1", 0))

    class Deaf(socket.socket):
        def getsockname(self) -> Any:
            return elsewhere.getsockname()

    def deaf(address: tuple[str, int]) -> socket.socket:
        listener = Deaf()
        listener.bind(address)
        listener.listen()
        return listener

    monkeypatch.setattr(pollable_channel, "OPEN_TIMEOUT", 0.2)
    monkeypatch.setattr(socket, "create_server", deaf)
    guest.new()
    with elsewhere, pytest.raises(PollableError, match=r"nothing connected within 0\.2 s"):
        guest.take(0)


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
