"""Where a worker goes on after a restart or a failure: as Golem's do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from witgen.golem import Executor
from witgen.golem.services import random as services_random
from witgen.golem.worker.durable import functions
from witgen.golem.worker.instance import Surroundings
from witgen_runtime.host import DeadlineError, Trap

NAP = """
(component
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $inner))
    (export "pollable" (type $named (eq $inner)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $named))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $drop (canon resource.drop $pollable))
  (core module $code
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "nap") (param $seconds i32) (local $timer i32)
      (local.set $timer (call $subscribe (i64.mul (i64.extend_i32_u (local.get $seconds)) (i64.const 1000000000))))
      (call $block (local.get $timer))
      (call $drop (local.get $timer))))
  (core instance $code (instantiate $code (with "" (instance
    (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "drop" (func $drop))))))
  (func (export "nap") (param "seconds" u32) (canon lift (core func $code "nap"))))
"""

# Each region reads a random number and traps if that is odd.
STEPS = """
(component
  (import "golem:api/host@1.1.7" (instance $host
    (export "mark-begin-operation" (func (result u64)))
    (export "mark-end-operation" (func (param "begin" u64)))))
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  (core func $begin (canon lower (func $host "mark-begin-operation")))
  (core func $end (canon lower (func $host "mark-end-operation")))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core module $code
    (import "" "begin" (func $begin (result i64)))
    (import "" "end" (func $end (param i64)))
    (import "" "random" (func $random (result i64)))
    (func $step (local $at i64)
      (local.set $at (call $begin))
      (if (i64.eqz (i64.and (call $random) (i64.const 1))) (then) (else (unreachable)))
      (call $end (local.get $at)))
    (func (export "work") (call $step) (call $step)))
  (core instance $code (instantiate $code (with "" (instance
    (export "begin" (func $begin)) (export "end" (func $end)) (export "random" (func $random))))))
  (func (export "work") (canon lift (core func $code "work"))))
"""


class Worker:
    """One worker of a component, loaded for each call."""

    def __init__(self, folder: Path, text: str) -> None:
        self.state = folder / "state.db"
        self.file = folder / "guest.wasm"
        self.file.write_bytes(wat2wasm(text))
        self.said: list[str] = []

    def call(self, function: str, *arguments: object, deadline: float | None = None) -> None:
        surroundings = Surroundings(deadline=deadline)
        with Executor(self.state, surroundings=surroundings, say=self.said.append) as executor:
            component = executor.add_component(self.file)
            worker = executor.find_or_create(component.id, "one")
            export = executor.program(component.id, 0).find(function)
            executor.invoke(worker, export.name, export.request(arguments), "the call")


def test_a_sleep_goes_on_with_the_rest_of_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(tmp_path, NAP)
    with pytest.raises(DeadlineError):
        worker.call("nap", 600, deadline=0.5)
    later = time.time_ns() + 599_900_000_000
    monkeypatch.setattr(functions, "time", type("Later", (), {"time_ns": staticmethod(lambda: later)}))
    begun = time.monotonic()
    worker.call("nap", 600)
    assert time.monotonic() - begun < 300


def _random(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    given = iter(numbers)
    monkeypatch.setattr(services_random._Random, "get_random_u64", lambda _: next(given))


def test_progress_makes_room_for_further_retries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _random(monkeypatch, 1, 3, 2, 5, 7, 4)
    worker = Worker(tmp_path, STEPS)
    worker.call("work")
    assert ["attempt 2 of 3" in line for line in worker.said] == [True, False, True, False]


def test_without_progress_there_are_three_attempts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _random(monkeypatch, 2, 1, 3, 5, 2)
    worker = Worker(tmp_path, STEPS)
    with pytest.raises(Trap):
        worker.call("work")
    assert ["attempt 2 of 3" in line for line in worker.said] == [True, False]
