"""Time streams between Python and a component that echoes them: per MiB, beside lists of bytes in an adapter.

    python benchmarks/adapters_streams.py

Everything crosses twice, the list in one call, the streams in pieces of 64 KiB or 256 elements where nothing is said.
The best turn's processor time counts; the threads that feed the streams are in it.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate

MIB = 1 << 20
TURNS = 5
CONTENT = bytes(range(256)) * (MIB // 256)
NUMBERS = range(10_000)

WIT = """package bench:streams;

world echoes {
  export bytes: async func(of: stream<u8>) -> stream<u8>;
  export numbers: async func(of: stream<u32>) -> stream<u32>;
  export whole: func(of: list<u8>) -> list<u8>;
}
"""

TEXT = """(component
  (type $bytes (stream u8)) (type $numbers (stream u32))
  (core module $mm (memory (export "memory") 40)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $block i32)
      (local.set $block (global.get $next))
      (global.set $next (i32.add (global.get $next) (local.get 3)))
      (local.get $block))
    (func (export "whole") (param $address i32) (param $size i32) (result i32)
      (i32.store (i32.const 0) (local.get $address))
      (i32.store (i32.const 4) (local.get $size))
      (i32.const 0))
    (func (export "forget") (param i32) (global.set $next (i32.const 65536))))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $give-bytes (canon task.return (result $bytes)))
  (core func $give-numbers (canon task.return (result $numbers)))
  (core module $m
    (import "" "give-bytes" (func $give-bytes (param i32)))
    (import "" "give-numbers" (func $give-numbers (param i32)))
    (func (export "bytes") (param i32) (result i32) (call $give-bytes (local.get 0)) (i32.const 0))
    (func (export "numbers") (param i32) (result i32) (call $give-numbers (local.get 0)) (i32.const 0))
    (func (export "never") (param i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m (with "" (instance
    (export "give-bytes" (func $give-bytes)) (export "give-numbers" (func $give-numbers))))))
  (alias core export $i "never" (core func $never))
  (func (export "bytes") async (param "of" $bytes) (result $bytes)
    (canon lift (core func $i "bytes") async (callback $never)))
  (func (export "numbers") async (param "of" $numbers) (result $numbers)
    (canon lift (core func $i "numbers") async (callback $never)))
  (func (export "whole") (param "of" (list u8)) (result (list u8))
    (canon lift (core func $mi "whole") (memory $memory) (realloc $realloc)
      (post-return (core func $mi "forget")))))
"""


def _opened(folder: str) -> Any:
    """Generate the bindings, and open the component with them."""
    (Path(folder) / "streams.wit").write_text(WIT)
    generate(Config(Path(folder) / "streams.wit", out=Path(folder) / "streams_bindings", guest=False))
    sys.path.insert(0, folder)
    return importlib.import_module("streams_bindings.host").Echoes.open(TEXT)


def _best(run: Callable[[], object]) -> float:
    """Return the milliseconds of the best turn."""
    took = list[float]()
    for _ in range(TURNS):
        began = time.process_time()
        run()
        took.append(time.process_time() - began)
    return min(took) * 1e3


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, _opened(folder) as world:

        def whole() -> None:
            assert world.whole(CONTENT) == CONTENT

        def stream() -> None:
            with world.bytes(CONTENT) as echo:
                assert b"".join(echo) == CONTENT

        def pieces() -> None:
            with world.bytes(CONTENT[at : at + 1000] for at in range(0, MIB, 1000)) as echo:
                assert b"".join(echo) == CONTENT

        def numbers() -> None:
            with world.numbers(NUMBERS) as echo:
                assert list(echo) == list(NUMBERS)

        print("| there and back | ms |\n|---|---|")
        for name, run in (
            ("1 MiB, list<u8> in an adapter", whole),
            ("1 MiB, stream<u8>", stream),
            ("1 MiB, stream<u8> in pieces of 1,000", pieces),
            ("10,000 u32, stream<u32>", numbers),
        ):
            print(f"| {name} | {_best(run):.2f} |")


if __name__ == "__main__":
    main()
