"""What a `Pollable` takes of the system, when it gives that back, and what happens where the system refuses."""

from __future__ import annotations

import gc
import resource
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.host.pollable_guest import Guest, descriptors, later, threads
from witgen_runtime.host import Pollable
from witgen_runtime.host.wasi import pollable_channel
from witgen_runtime.host.wasi.pollable_channel import PollableError


def sockets() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed since it was listed
            count += str(entry.readlink()).startswith("socket:")
    return count


def stable(count: Callable[[], int]) -> int:
    """Count what stays: wasmtime's side of a socket closes a moment after ours."""
    deadline = time.monotonic() + 5
    now, since = count(), time.monotonic()
    while time.monotonic() < min(since + 0.1, deadline):
        time.sleep(0.01)
        if (again := count()) != now:
            now, since = again, time.monotonic()
    return now


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


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
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
