"""Time bytes that go to a guest and come back: a component by generated bindings, and a plugin of extism.

    pip install extism
    python benchmarks/echo.py

Both run in one process, in turns; the best turn's processor time counts. Both guests copy nothing themselves: the
component returns the list that it got, the plugin (without WASI) hands its input over as its output. Plugins that are
written with one of extism's kits copy their input and output once more each.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import extism
from wasmtime import wat2wasm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate

SIZES = {"12 B": 12, "64 KiB": 1 << 16, "1 MiB": 1 << 20}
TURNS = 7
SECONDS = 0.1
"""How long one way runs per turn."""

WIT = "package bench:echo;\nworld echo { export echo: func(of: list<u8>) -> list<u8>; }\n"

COMPONENT = """(component
  (core module $m (memory (export "memory") 1) (global $top (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (global.get $top))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (block $fits
        (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1)))))
      (local.get $at))
    (func (export "reset") (param i32) (global.set $top (i32.const 64)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (alias core export $i "reset" (core func $reset))
  (func (export "echo") (param "of" (list u8)) (result (list u8))
    (canon lift (core func $i "echo") (memory $memory) (realloc $realloc) (post-return $reset))))"""

PLUGIN = """(module
  (import "extism:host/env" "input_offset" (func $offset (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32) (call $output (call $offset) (call $length)) (i32.const 0)))"""


def timed(echo: Callable[[bytes], bytes], content: bytes) -> float:
    """Return the microseconds of one call."""
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < SECONDS:
        echo(content)
        calls += 1
    return spent / calls * 1e6


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "echo.wit").write_text(WIT)
        generate(Config(Path(folder) / "echo.wit", out=Path(folder) / "echo_bindings", guest=False))
        sys.path.insert(0, folder)
        world = importlib.import_module("echo_bindings.host").Echo.open(COMPONENT.encode())
    plugin = extism.Plugin({"wasm": [{"data": bytes(wat2wasm(PLUGIN))}]})
    ways: dict[str, Callable[[bytes], bytes]] = {"extism": lambda of: plugin.call("echo", of), "witgen": world.echo}
    print(f"{'echo of':10}" + "".join(f"{way:>12}" for way in ways) + f"{'ratio':>10}")
    for title, size in SIZES.items():
        content = bytes(range(256)) * (size // 256) or bytes(size)
        assert all(bytes(echo(content)) == content for echo in ways.values())
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(TURNS):
            for way, echo in ways.items():
                best[way] = min(best[way], timed(echo, content))
        ratio = best["witgen"] / best["extism"]
        print(f"{title:10}" + "".join(f"{best[way]:9.1f} us" for way in ways) + f"{ratio:10.2f}")


if __name__ == "__main__":
    main()
