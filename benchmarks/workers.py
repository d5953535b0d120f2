"""Measure what a worker costs: a call, its oplog, and replay, after 1, 100, 1,000 and 10,000 calls.

    python benchmarks/workers.py

Each call asks its host whether the key-value store has a key. A row shows the last hundred calls before it, or as many
as there were. Beside them stand the peers of the same run: one insert and its commit by SQLite alone, in the same mode,
and the same calls of the component with nothing recorded, which replay cannot undercut. Times are of the processor
where that is said, because other programs change them less; each replay is the best of three.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from wasmtime import wat2wasm

from witgen.golem import Executor
from witgen.golem.worker.program import Program
from witgen_runtime.host.world import definition_of

COMPONENT = """
(component
  (import "wasi:keyvalue/wasi-keyvalue-error@0.1.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:keyvalue/types@0.1.0" (instance $types
    (export "bucket" (type $bucket (sub resource)))
    (alias outer 1 $error (type $outer)) (export "error" (type $e (eq $outer)))
    (export "[static]bucket.open-bucket"
      (func (param "name" string) (result (result (own $bucket) (error (own $e))))))))
  (alias export $types "bucket" (type $bucket))
  (import "wasi:keyvalue/eventual@0.1.0" (instance $eventual
    (alias outer 1 $bucket (type $b)) (export "bucket" (type $b2 (eq $b)))
    (alias outer 1 $error (type $o)) (export "error" (type $e2 (eq $o)))
    (export "exists"
      (func (param "bucket" (borrow $b2)) (param "key" string) (result (result bool (error (own $e2))))))))
  (core module $libc (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $next)
      (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))
    (data (i32.const 0) "bucket-key"))
  (core instance $libc (instantiate $libc))
  (core func $open (canon lower (func $types "[static]bucket.open-bucket")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $exists (canon lower (func $eventual "exists")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $code
    (import "libc" "memory" (memory 1))
    (import "" "open" (func $open (param i32 i32 i32))) (import "" "exists" (func $exists (param i32 i32 i32 i32)))
    (global $bucket (mut i32) (i32.const 0))
    (func (export "step")
      (if (i32.eqz (global.get $bucket)) (then
        (call $open (i32.const 0) (i32.const 6) (i32.const 64))
        (global.set $bucket (i32.load (i32.const 68)))))
      (call $exists (global.get $bucket) (i32.const 7) (i32.const 3) (i32.const 80))))
  (core instance $code (instantiate $code (with "libc" (instance $libc))
    (with "" (instance (export "open" (func $open)) (export "exists" (func $exists))))))
  (func (export "step") (canon lift (core func $code "step"))))
"""
CALLS = (1, 100, 1_000, 10_000)


@classmethod
def _open(cls: Any, name: str) -> object:
    del name
    return cls()


def _exists(bucket: object, key: str) -> bool:
    del bucket, key
    return False


def plain_commit(folder: Path) -> float:
    """Return the processor's seconds for one insert and its commit by SQLite alone."""
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, request TEXT, data BLOB)")
        begun = time.process_time()
        for _ in range(2000):
            connection.execute("INSERT INTO entries (request, data) VALUES (?, ?)", ('[[1],"key"]', b""))
        return (time.process_time() - begun) / 2000


def unrecorded(component: Path) -> float:
    """Return the processor's seconds for one call of the component that is not recorded."""
    program = Program(component, "stepper")
    module: dict[str, Any] = {each.attribute: each.module for each in definition_of(program.world).imports}
    error: Any = type("Error", (module["wasi_keyvalue_wasi_keyvalue_error"].Error,), {})
    bucket: Any = type("Bucket", (module["wasi_keyvalue_types"].Bucket,), {"open_bucket": _open})
    imports = SimpleNamespace(
        wasi_keyvalue_wasi_keyvalue_error=error,
        wasi_keyvalue_types=bucket,
        wasi_keyvalue_eventual=SimpleNamespace(exists=_exists),
    )
    world: Any = program.world
    world = world.open(program.content, imports, interruptible=True)
    with closing(world):
        begun = time.process_time()
        for _ in range(10_000):
            world.step()
        return (time.process_time() - begun) / 10_000


def call(state: Path, component: Path, made: int, calls: int) -> tuple[float, float, int]:
    """Make calls; return the seconds for one, on the clock and of the processor, and the number of entries."""
    with Executor(state) as executor:
        known = executor.add_component(component)
        worker = executor.find_or_create(known.id, "one")
        export = executor.program(known.id, known.version).find("step")
        request = export.request([])
        worker.resume()
        begun, used, counted = time.perf_counter(), time.process_time(), 0
        for number in range(made, calls):
            if calls - number == 100:
                begun, used, counted = time.perf_counter(), time.process_time(), 0
            executor.invoke(worker, export.name, request, f"key {number}")
            counted += 1
        elapsed, used = time.perf_counter() - begun, time.process_time() - used
        return elapsed / counted, used / counted, executor.state.last_position(worker.number)


def replay(state: Path) -> tuple[float, float]:
    """Load a worker; return the seconds on the clock and of the processor."""
    with Executor(state) as executor:
        worker = executor.worker(executor.records.workers()[0])
        begun, used = time.perf_counter(), time.process_time()
        worker.resume()
        return time.perf_counter() - begun, time.process_time() - used


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state, component = folder / "state.db", folder / "stepper.wasm"
        component.write_bytes(wat2wasm(COMPONENT))
        commit, alone = plain_commit(folder), unrecorded(component)
        print(
            f"one insert and commit by SQLite alone: {commit * 1e6:.0f} us; one call not recorded: {alone * 1e6:.1f} us"
        )
        print("| calls | entries | file | per call | of a plain commit | load and replay | processor |")
        print("|---|---|---|---|---|---|---|")
        made = 0
        for calls in CALLS:
            elapsed, used, entries = call(state, component, made, calls)
            made, size = calls, state.stat().st_size
            loads = [replay(state) for _ in range(3)]
            clock, processor = min(each[0] for each in loads), min(each[1] for each in loads)
            print(
                f"| {calls:,} | {entries:,} | {size // 1024} KiB | {elapsed * 1e3:.2f} ms | {used / commit:.1f} x "
                f"| {clock:.3f} s | {processor:.3f} s |",
                flush=True,
            )


if __name__ == "__main__":
    main()
