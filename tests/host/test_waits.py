"""Deadlines and cancellation reach every wait: in WASI, in the host, on streams; and waits are still right."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
import wasmtime

from tests.host.waiting import TEXT, AsyncWaiting, Imports, Waiting
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.compose.waits import bound_waits

HOUR = 3600 * 10**9
MOMENT = 10**6

BOUNDED = [pytest.param({"deadline": 60}, id="bounded"), pytest.param({}, id="plain")]


def open_(text: str = TEXT, imports: object = Imports, **limits: Any) -> Waiting:
    return Waiting._open(text, imports, limits=host.Limits(**limits))


class Took:
    """How long something takes."""

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self.began


@pytest.mark.parametrize(
    "job",
    [lambda world: world.nap(HOUR), lambda world: world.pump(MOMENT), lambda world: world.first(HOUR, HOUR)],
    ids=["block", "many", "poll"],
)
def test_a_deadline_ends_a_guest_that_sleeps(job: Callable[[Any], object]) -> None:
    world = open_(deadline=0.3)
    world.nap(MOMENT)
    with Took() as took, pytest.raises(host.DeadlineError) as caught:
        job(world)
    assert 0.3 <= took.seconds < 2
    assert world._store.dead is caught.value
    world.close()


def test_interrupt_ends_a_guest_that_sleeps() -> None:
    world = open_(interruptible=True)
    reason = RuntimeError("nobody waits for it")
    threading.Timer(0.1, lambda: world._store.interrupt(reason)).start()
    with Took() as took, pytest.raises(RuntimeError) as caught:
        world.nap(HOUR)
    assert caught.value is reason
    assert took.seconds < 2


@pytest.mark.parametrize("limits", BOUNDED)
def test_waits_are_still_right(limits: dict[str, Any]) -> None:
    with open_(**limits) as world:
        with Took() as took:
            world.nap(150 * MOMENT)
        assert 0.15 <= took.seconds < 2
        # 100 times the number of those that were ready, and the first of them.
        assert world.first(30 * MOMENT, HOUR) == 100
        assert world.first(HOUR, 30 * MOMENT) == 101
        assert world.first(0, HOUR) == 100
        for _ in range(200):
            world.nap(1)


@pytest.mark.parametrize("limits", BOUNDED)
def test_an_empty_list_is_wasmtimes_to_refuse(limits: dict[str, Any]) -> None:
    with open_(**limits) as world, pytest.raises(host.HostError, match="empty poll list"):
        world.none()


@pytest.mark.parametrize("version", ["0.2.0", "0.2.6", "0.2.12"])
def test_any_release_of_wasi(version: str) -> None:
    with open_(TEXT.replace("0.2.3", version), deadline=0.2) as world, pytest.raises(host.DeadlineError):
        world.nap(HOUR)


def test_a_component_that_helpers_cannot_be_put_around_runs_as_it_is() -> None:
    module = '(core module $early (func (export "f")))\n  (core instance (instantiate $early))\n  (import "call"'
    with open_(TEXT.replace('(import "call"', module), deadline=60) as world:
        world.nap(MOMENT)
        assert world.add(1, 2) == 3


def test_only_what_waits_is_composed() -> None:
    assert bound_waits(bytes(wasmtime.wat2wasm("(component)"))) is None
    assert bound_waits(bytes(wasmtime.wat2wasm(TEXT))) is not None


# The host


def test_a_host_function_that_is_late() -> None:
    """On the plain API it is not interrupted; the call ends when it returns."""

    class Late(Imports):
        @staticmethod
        def call() -> None:
            time.sleep(0.5)

    with open_(imports=Late, deadline=0.2) as world:
        with Took() as took, pytest.raises(host.DeadlineError):
            world.call_host()
        assert 0.5 <= took.seconds < 2


class Coroutine(Imports):
    """Waits on the event loop."""

    cancelled = 0

    @classmethod
    async def call(cls) -> None:  # type: ignore[override]
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cls.cancelled += 1
            raise


class Stubborn(Imports):
    """Does not let itself be cancelled."""

    end = asyncio.Event()

    @classmethod
    async def call(cls) -> None:  # type: ignore[override]
        while not cls.end.is_set():
            try:
                await asyncio.wait_for(cls.end.wait(), 3600)
            except asyncio.CancelledError:
                continue


class Blocking(Imports):
    """Blocks the store's thread."""

    end = threading.Event()

    @classmethod
    def call(cls) -> None:
        cls.end.wait(60)


ASYNC_JOBS = [
    pytest.param(lambda world: world.nap(HOUR), id="block"),
    pytest.param(lambda world: world.pump(MOMENT), id="many"),
    pytest.param(lambda world: world.spin(), id="spin"),
    pytest.param(lambda world: world.call_host(), id="host"),
]


@pytest.mark.parametrize("imports", [Coroutine, Stubborn, Blocking])
@pytest.mark.parametrize("job", ASYNC_JOBS)
@pytest.mark.parametrize("how", ["deadline", "cancelled"])
def test_asyncio(job: Callable[[Any], Any], imports: type, how: str) -> None:
    async def main() -> None:
        Stubborn.end = asyncio.Event()
        Blocking.end.clear()
        Coroutine.cancelled = 0
        limits = {"deadline": 0.3} if how == "deadline" else {}
        try:
            async with await AsyncWaiting.open(imports, **limits) as world:
                await world.nap(MOMENT)
                with Took() as took, pytest.raises((host.DeadlineError, TimeoutError)) as caught:
                    await asyncio.wait_for(job(world), 0.3 if how == "cancelled" else None)
                assert took.seconds < 2
                assert isinstance(caught.value, host.DeadlineError) == (how == "deadline")
                with Took() as took, pytest.raises(host.StoreDeadError):
                    await world.add(1, 2)
                assert took.seconds < 0.2
            await asyncio.sleep(0)
        finally:
            Stubborn.end.set()
            Blocking.end.set()

    asyncio.run(main())


def test_a_coroutine_is_cancelled_when_its_time_is_up() -> None:
    async def main() -> None:
        Coroutine.cancelled = 0
        async with await AsyncWaiting.open(Coroutine, deadline=0.2) as world:
            with pytest.raises(host.DeadlineError):
                await world.call_host()
            while not Coroutine.cancelled:
                await asyncio.sleep(0.001)

    asyncio.run(main())


def test_a_coroutine_that_is_in_time() -> None:
    class Quick(Imports):
        @staticmethod
        async def call() -> None:  # type: ignore[override]
            await asyncio.sleep(0.01)

    async def main() -> None:
        async with await AsyncWaiting.open(Quick, deadline=30) as world:
            for _ in range(5):
                await world.call_host()
            assert await world.add(1, 2) == 3

    asyncio.run(main())


def test_a_coroutine_that_raises_a_timeout_of_its_own() -> None:
    class Timing(Imports):
        @staticmethod
        async def call() -> None:  # type: ignore[override]
            raise TimeoutError("mine")

    async def main() -> None:
        async with await AsyncWaiting.open(Timing, deadline=30) as world:
            with pytest.raises(TimeoutError, match="mine"):
                await world.call_host()

    asyncio.run(main())


def test_calls_that_wait_behind_one_that_does_not_end() -> None:
    async def main() -> None:
        Blocking.end.clear()
        try:
            async with await AsyncWaiting.open(Blocking) as world:
                stuck = asyncio.ensure_future(world.call_host())
                queued = asyncio.ensure_future(world.add(1, 2))
                await asyncio.sleep(0.05)
                stuck.cancel()
                with Took() as took, pytest.raises(host.StoreDeadError):
                    await queued
                assert took.seconds < 2
                with pytest.raises(asyncio.CancelledError):
                    await stuck
        finally:
            Blocking.end.set()

    asyncio.run(main())


def test_opening_is_cancelled() -> None:
    text = TEXT.replace('(func (export "spin")', '(start $spin) (func $spin (export "spin")', 1)

    class Spinning(AsyncWaiting):
        @classmethod
        async def open(cls, imports: object, **limits: Any) -> AsyncWaiting:
            return await cls._open(Waiting, text, imports, limits=host.Limits(**limits))

    async def main() -> None:
        with Took() as took, pytest.raises(TimeoutError):
            await asyncio.wait_for(Spinning.open(Imports), 0.3)
        assert took.seconds < 3
        with Took() as took, pytest.raises(host.DeadlineError):
            await Spinning.open(Imports, deadline=0.3)
        assert took.seconds < 3

    asyncio.run(main())


# Streams

STREAMS = """(component
  (import "wasi:io/poll@0.2.3" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (export "input-stream" (type $in (sub resource)))
    (export "output-stream" (type $out (sub resource)))
    (alias outer 1 $error (type $outer-error)) (export "error" (type $e (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $in)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]input-stream.blocking-skip" (func (param "self" (borrow $in)) (param "len" u64)
      (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $out))
      (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $out))
      (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-flush" (func (param "self" (borrow $out))
      (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-zeroes-and-flush" (func (param "self" (borrow $out))
      (param "len" u64) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-splice" (func (param "self" (borrow $out)) (param "src" (borrow $in))
      (param "len" u64) (result (result u64 (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdin@0.2.3" (instance $stdin
    (alias outer 1 $input-stream (type $o)) (export "input-stream" (type $i (eq $o)))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output-stream (type $o)) (export "output-stream" (type $i (eq $o)))
    (export "get-stdout" (func (result (own $i))))))
  (core module $memory (memory (export "memory") 8)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory $mem) (realloc $realloc)))
  (core func $skip (canon lower (func $streams "[method]input-stream.blocking-skip") (memory $mem)))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write") (memory $mem)))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem)))
  (core func $flush (canon lower (func $streams "[method]output-stream.blocking-flush") (memory $mem)))
  (core func $zeroes
    (canon lower (func $streams "[method]output-stream.blocking-write-zeroes-and-flush") (memory $mem)))
  (core func $splice (canon lower (func $streams "[method]output-stream.blocking-splice") (memory $mem)))
  (core module $m
    (import "" "memory" (memory 8))
    (import "" "get-stdin" (func $get-stdin (result i32)))
    (import "" "get-stdout" (func $get-stdout (result i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "skip" (func $skip (param i32 i64 i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "flush" (func $flush (param i32 i32)))
    (import "" "zeroes" (func $zeroes (param i32 i64 i32)))
    (import "" "splice" (func $splice (param i32 i32 i64 i32)))
    (global $in (mut i32) (i32.const -1)) (global $out (mut i32) (i32.const -1))
    (func $open
      (if (i32.eq (global.get $in) (i32.const -1))
        (then (global.set $in (call $get-stdin)) (global.set $out (call $get-stdout)))))
    ;; Each returns what there was, or 1000 and the case of the error.
    (func $failed (param $at i32) (result i32) (i32.add (i32.const 1000) (i32.load8_u (local.get $at))))
    (func $write-all (param $from i32) (param $left i32) (result i32) (local $part i32)
      (loop $again
        (local.set $part (select (local.get $left) (i32.const 4096) (i32.lt_u (local.get $left) (i32.const 4096))))
        (call $write (global.get $out) (local.get $from) (local.get $part) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (call $failed (i32.const 20)))))
        (local.set $from (i32.add (local.get $from) (local.get $part)))
        (local.set $left (i32.sub (local.get $left) (local.get $part)))
        (br_if $again (local.get $left)))
      (i32.const 0))
    (func (export "copy") (param $most i64) (result i32) (local $count i32)
      (call $open)
      (call $read (global.get $in) (local.get $most) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (call $failed (i32.const 4)))))
      (local.set $count (i32.load (i32.const 8)))
      (if (local.get $count) (then (drop (call $write-all (i32.load (i32.const 4)) (local.get $count)))))
      (local.get $count))
    (func (export "skip") (param $most i64) (result i32)
      (call $open)
      (call $skip (global.get $in) (local.get $most) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (call $failed (i32.const 8))) (else (i32.wrap_i64 (i64.load (i32.const 8))))))
    (func (export "splice") (param $most i64) (result i32)
      (call $open)
      (call $splice (global.get $out) (global.get $in) (local.get $most) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (call $failed (i32.const 8))) (else (i32.wrap_i64 (i64.load (i32.const 8))))))
    (func (export "zeroes") (param $count i64) (result i32)
      (call $open)
      (call $zeroes (global.get $out) (local.get $count) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0))))
    (func (export "flush") (param $unused i64) (result i32)
      (call $open)
      (call $flush (global.get $out) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0))))
    (func (export "write") (param $count i64) (result i32)
      (call $open)
      (call $write (global.get $out) (i32.const 1024) (i32.wrap_i64 (local.get $count)) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0)))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "get-stdin" (func $get-stdin)) (export "get-stdout" (func $get-stdout))
    (export "read" (func $read)) (export "skip" (func $skip)) (export "check" (func $check))
    (export "write" (func $write)) (export "flush" (func $flush)) (export "zeroes" (func $zeroes))
    (export "splice" (func $splice))))))
  EXPORTS)"""

NAMES = ("copy", "skip", "splice", "zeroes", "flush", "write")
STREAMS = STREAMS.replace(
    "EXPORTS",
    "\n  ".join(
        f'(func (export "{name}") (param "n" u64) (result u32) (canon lift (core func $i "{name}")))' for name in NAMES
    ),
)
STREAM_EXPORTS = abi.Interface(
    "", (), tuple(abi.Function(name, name, (abi.Param("n", "n", abi.U64),), abi.U32) for name in NAMES)
)
CLOSED = 1001


class Streaming(host.World):
    _definition = host.Definition("test:waits/streaming", (), (STREAM_EXPORTS,))

    def _bind(self, instance: host.Instance) -> None:
        for function in STREAM_EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def streaming(folder: Path, source: bytes | Path, **limits: Any) -> tuple[Streaming, Path]:
    """Open the component between a file or FIFO and another file."""
    if isinstance(source, bytes):
        (folder / "in").write_bytes(source)
        source = folder / "in"
    wasi, target = wasmtime.WasiConfig(), folder / "out"
    wasi.stdin_file, wasi.stdout_file = str(source), str(target)
    return Streaming._open(STREAMS, None, wasi=wasi, limits=host.Limits(**limits)), target


DATA = bytes(range(256)) * 40


@pytest.mark.parametrize("limits", BOUNDED)
def test_streams_are_still_right(limits: dict[str, Any], tmp_path: Path) -> None:
    world, target = streaming(tmp_path, DATA, **limits)
    with world:
        copied = 0
        assert world.copy(0) == 0
        while copied < 5000:
            copied += world.copy(5000 - copied)
        skipped = 0
        while skipped < 1000:
            skipped += world.skip(1000 - skipped)
        assert world.zeroes(4096) == 0
        assert world.flush(0) == 0
        rest = 0
        while (count := world.splice(1 << 20)) != CLOSED:
            rest += count
        assert copied + skipped + rest == len(DATA)
        assert world.copy(10) == world.skip(10) == CLOSED
    assert target.read_bytes() == DATA[:5000] + bytes(4096) + DATA[6000:]


@pytest.mark.parametrize("limits", BOUNDED)
@pytest.mark.parametrize("name", ["write", "zeroes"])
def test_more_than_one_call_may_write_traps(name: str, limits: dict[str, Any], tmp_path: Path) -> None:
    world, _ = streaming(tmp_path, b"", **limits)
    with world, pytest.raises(host.Trap):
        getattr(world, name)(4097)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("name", ["copy", "skip", "splice"])
def test_a_deadline_ends_a_guest_that_reads(name: str, tmp_path: Path) -> None:
    """From a stream that somebody holds open, and writes nothing to."""
    os.mkfifo(tmp_path / "fifo")
    held = os.open(tmp_path / "fifo", os.O_RDWR)
    try:
        world, target = streaming(tmp_path, tmp_path / "fifo", deadline=0.3)
        with world:
            os.write(held, b"hello")
            assert world.copy(100) == 5
            with Took() as took, pytest.raises(host.DeadlineError):
                getattr(world, name)(100)
            assert took.seconds < 2
        assert target.read_bytes() == b"hello"
    finally:
        # Ends wasmtime's thread that reads.
        os.write(held, b"x" * 100)
        os.close(held)
