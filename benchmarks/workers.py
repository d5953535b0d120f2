"""Measure what a worker costs: a call, its oplog, and replay, after 1, 100, 1,000 and 10,000 calls.

    python benchmarks/workers.py

Each call makes one recorded call of its host. A row shows the last hundred calls before it, or as many as there were.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from wasmtime import wat2wasm

from witgen.golem import Executor

COMPONENT = """
(component
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core module $code (import "" "random" (func $random (result i64))) (func (export "step") (drop (call $random))))
  (core instance $code (instantiate $code (with "" (instance (export "random" (func $random))))))
  (func (export "step") (canon lift (core func $code "step"))))
"""
CALLS = (1, 100, 1_000, 10_000)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        state, component = Path(folder) / "state.db", Path(folder) / "stepper.wasm"
        component.write_bytes(wat2wasm(COMPONENT))
        print("| calls | entries | file | per call | load and replay |\n|---|---|---|---|---|")
        made = 0
        for calls in CALLS:
            with Executor(state) as executor:
                known = executor.add_component(component)
                worker = executor.find_or_create(known.id, "one")
                export = executor.program(known.id, known.version).find("step")
                request = export.request([])
                worker.resume()
                begun, counted = time.perf_counter(), 0
                while made < calls:
                    if calls - made == 100:
                        begun, counted = time.perf_counter(), 0
                    executor.invoke(worker, export.name, request, f"key {made}")
                    made, counted = made + 1, counted + 1
                each = (time.perf_counter() - begun) / counted
                entries = executor.state.last_position(worker.number)
            size = state.stat().st_size
            with Executor(state) as executor:
                worker = executor.worker(executor.records.workers()[0])
                begun = time.perf_counter()
                worker.resume()
                replay = time.perf_counter() - begun
            print(
                f"| {calls:,} | {entries:,} | {size // 1024} KiB | {each * 1e3:.2f} ms | {replay:.3f} s |", flush=True
            )


if __name__ == "__main__":
    main()
