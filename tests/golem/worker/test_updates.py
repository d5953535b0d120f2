"""Other versions of a component: by replay, by snapshot, and what happens where neither works."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from tests.golem.worker.conftest import Machine
from witgen.golem.worker.errors import DivergenceError, WorkerError
from witgen.golem.worker.executor import Executor
from witgen.golem.worker.instance import Surroundings

# `step` does what is in its body and returns the number that it got to; the memory keeps that.
_COMPONENT = """
(component
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock (export "now" (func (result u64)))))
  (core module $libc (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3)))))
  (core instance $libc (instantiate $libc))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core func $now (canon lower (func $clock "now")))
  (core module $main
    (import "" "random" (func $random (result i64)))
    (import "" "now" (func $now (result i64)))
    (import "libc" "memory" (memory 1))
    (global $reached (mut i32) (i32.const 0))
    (func (export "step") (result i32)
      {body}
      (global.set $reached (i32.add (global.get $reached) (i32.const 1)))
      (global.get $reached))
    (func (export "save") (result i32)
      {saving}
      (i32.store (i32.const 16) (global.get $reached))
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const {size})) (i32.const 0))
    (func (export "load") (param $at i32) (param $size i32) (result i32)
      {loading}
      (global.set $reached (i32.mul (i32.load (local.get $at)) (i32.const 100)))
      (i32.store (i32.const 32) (i32.const {refuses}))
      (i32.store (i32.const 36) (i32.const 48)) (i32.store (i32.const 40) (i32.const 3))
      (i32.store (i32.const 48) (i32.const 0x216f6e))
      (i32.const 32)))
  (core instance $main (instantiate $main
    (with "" (instance (export "random" (func $random)) (export "now" (func $now))))
    (with "libc" (instance $libc))))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (func (export "step") (result u32) (canon lift (core func $main "step")))
  (func $save (result (list u8)) (canon lift (core func $main "save") (memory $memory)))
  (func $load (param "bytes" (list u8)) (result (result (error string)))
    (canon lift (core func $main "load") (memory $memory) (realloc $realloc)))
  (instance $save (export "save" (func $save)))
  (instance $load (export "load" (func $load)))
  (export "golem:api/save-snapshot@1.1.7" (instance $save))
  (export "golem:api/load-snapshot@1.1.7" (instance $load)))
"""

RANDOM = "(drop (call $random))"
CLOCK = "(drop (call $now))"
FOREVER = "(loop $again (br $again))"


def _component(body: str, *, saving: str = "", loading: str = "", size: int = 4, refuses: bool = False) -> bytes:
    text = _COMPONENT.format(body=body, saving=saving, loading=loading, size=size, refuses=int(refuses))
    return bytes(wat2wasm(text))


class Versions:
    """A worker whose component changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls = 0
        self.said: list[str] = []

    def step(
        self, body: str, *, update: str | None = None, deadline: float | None = None, **parts: Any
    ) -> tuple[int, int]:
        """Call the worker with a component of this body there; return what it gives and the worker's version."""
        path = self._folder / "stepper.wasm"
        path.write_bytes(_component(body, **parts))
        surroundings = Surroundings(deadline=deadline)
        with Executor(self._folder / "state.db", surroundings=surroundings, say=self.said.append) as executor:
            component = executor.add_component(path)
            worker = executor.find_or_create(component.id, "one")
            if update is not None:
                executor.update(worker.record, component.version, update)
            export = executor.program(component.id, worker.record.version).find("step")
            self._calls += 1
            response = executor.invoke(worker, export.name, export.request([]), f"call {self._calls}")
            return export.result(response), worker.record.version


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def test_a_worker_stays_at_its_version(versions: Versions) -> None:
    assert versions.step(RANDOM) == (1, 0)
    assert versions.step(CLOCK) == (2, 0)


def test_an_automatic_update_replays_with_the_new_version(versions: Versions) -> None:
    assert versions.step(RANDOM) == (1, 0)
    assert versions.step(f"{RANDOM} (nop)", update="automatic") == (2, 1)
    assert versions.step(f"{RANDOM} (nop)") == (3, 1)


def test_an_update_that_cannot_replay_fails_and_shows_both_calls(versions: Versions) -> None:
    assert versions.step(RANDOM) == (1, 0)
    assert versions.step(CLOCK, update="automatic") == (2, 0)
    [said] = versions.said
    assert "recorded: wasi:random/random@0.2.3#get-random-u64()" in said
    assert "made now: wasi:clocks/monotonic-clock@0.2.3#now()" in said
    assert "stays at version 0" in said


def test_an_update_by_snapshot_takes_the_state_along(versions: Versions) -> None:
    assert versions.step(RANDOM) == (1, 0)
    assert versions.step(CLOCK, update="snapshot-based") == (101, 1)
    # From the snapshot on: what came before is not replayed with the new code.
    assert versions.step(CLOCK) == (102, 1)


def test_a_snapshot_that_is_refused_changes_nothing(versions: Versions) -> None:
    assert versions.step(RANDOM) == (1, 0)
    assert versions.step(CLOCK, update="snapshot-based", refuses=True) == (2, 0)
    assert "does not load the snapshot: no!" in versions.said[0]
    assert versions.step(RANDOM) == (3, 0)


def test_what_telling_its_state_has_called_is_not_replayed(versions: Versions) -> None:
    assert versions.step(RANDOM, saving=RANDOM) == (1, 0)
    assert versions.step(CLOCK, update="snapshot-based", refuses=True) == (2, 0)
    assert versions.step(CLOCK, refuses=True) == (3, 0)


def test_an_empty_snapshot_is_one(versions: Versions) -> None:
    assert versions.step(RANDOM, size=0) == (1, 0)
    _, version = versions.step(CLOCK, update="snapshot-based")
    assert version == 1
    assert versions.step(CLOCK)[1] == 1


def test_a_process_that_dies_while_a_snapshot_is_loaded_changes_nothing(versions: Versions, tmp_path: Path) -> None:
    assert versions.step(RANDOM) == (1, 0)
    (tmp_path / "stepper.wasm").write_bytes(_component(CLOCK, loading=FOREVER))
    command = [sys.executable, "-m", "witgen", "run", "stepper.wasm", "step", "--worker", "one", "--state", "state.db"]
    with subprocess.Popen([*command, "--update", "snapshot-based"], cwd=tmp_path) as process:
        looked = sqlite3.connect(tmp_path / "state.db")
        while not looked.execute("SELECT count(*) FROM oplog WHERE kind = 'successful-update'").fetchone()[0]:
            time.sleep(0.05)
        process.kill()
    looked.close()
    assert versions.step(CLOCK, loading=FOREVER, deadline=1) == (2, 0)
    assert "stays at version 0" in versions.said[0]
    assert versions.step(CLOCK, loading=FOREVER) == (3, 0)


def test_going_back_before_an_update_takes_it_back(versions: Versions, tmp_path: Path) -> None:
    versions.step(RANDOM)
    versions.step(f"{RANDOM} (nop)", update="automatic")
    with Executor(tmp_path / "state.db") as executor:
        [record] = executor.records.workers()
        [updated] = [each for each in executor.state.entries(record.number) if each.kind == "successful-update"]
        executor.fork(record, "early", updated.position - 1)
        executor.fork(record, "late", updated.position)
        executor.revert(record, updated.position - 1)
        assert [each.version for each in executor.records.workers()] == [0, 0, 1]
    assert versions.step(f"{RANDOM} (nop)") == (2, 0)


@pytest.mark.long
@pytest.mark.slow
def test_output_after_a_snapshot_is_not_taken_for_what_was_printed_before(machine: Machine) -> None:
    assert [machine.call("one", "count") for _ in range(2)] == [1, 2]
    # Another version that does the same: a custom section tells them apart.
    machine.component.with_name("again.wasm").write_bytes(machine.component.read_bytes() + b"\0\2\1x")
    with machine.executor() as executor:
        [record] = executor.records.workers()
        newer = executor.add_component(machine.component.with_name("again.wasm"), machine.component.stem)
        executor.update(record, newer.version, "snapshot-based")
    assert machine.call("one", "count") == 201
    assert machine.output.split() == [b"counted", b"1", b"counted", b"2", b"counted", b"201"]


def test_a_changed_component_is_a_divergence(tmp_path: Path, versions: Versions) -> None:
    versions.step(RANDOM)
    (tmp_path / "other.wasm").write_bytes(_component(CLOCK))
    with Executor(tmp_path / "state.db") as executor:
        other = executor.add_component(tmp_path / "other.wasm")
        executor.state.execute("UPDATE components SET digest = ? WHERE name = 'stepper'", other.digest)
        [record] = executor.records.workers()
        worker = executor.worker(record)
        with pytest.raises(DivergenceError, match=r"(?s)entry 3.*recorded: wasi:random.*made now: wasi:clocks"):
            worker.resume()


def test_an_unknown_version_is_refused(versions: Versions, tmp_path: Path) -> None:
    versions.step(RANDOM)
    with Executor(tmp_path / "state.db", say=versions.said.append) as executor:
        [record] = executor.records.workers()
        executor.update(record, 7, "automatic")
        executor.worker(record).resume()
        assert executor.records.numbered(record.number).version == 0
    assert "has no version 7" in versions.said[0]
    with pytest.raises(WorkerError, match="has no version 9"), Executor(tmp_path / "state.db") as executor:
        executor.program(record.component, 9)


def test_a_call_under_way_goes_on_with_the_new_version(tmp_path: Path) -> None:
    old, new = tmp_path / "old.wasm", tmp_path / "new.wasm"
    old.write_bytes(_component(f"{RANDOM} {FOREVER}"))
    new.write_bytes(_component(RANDOM))
    with Executor(tmp_path / "state.db", say=lambda line: None) as executor, ThreadPoolExecutor(1) as threads:
        newer = executor.add_component(new, "stepper")
        older = executor.add_component(old, "stepper")
        worker = executor.create(older.id, "one")
        export = executor.program(older.id, older.version).find("step")
        call = threads.submit(executor.invoke, worker, export.name, export.request([]), "key")
        while executor.state.last(worker.number, "imported-function-invoked") is None:
            assert not call.done()
        executor.update(worker.record, newer.version, "automatic")
        while not call.done():
            # The call may not have been where it can be interrupted.
            worker.restart()
            time.sleep(0.05)
        assert export.result(call.result()) == 1
        assert worker.record.version == newer.version
