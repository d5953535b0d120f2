"""Time input that is large in one respect only: types that double per level, many types, functions and imports.

    python benchmarks/many.py

Each line doubles a size. The last column is how much longer that takes, divided by two: about 1 where cost is linear,
and 2 where it is quadratic. Nothing is shared with the user's cache.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

os.environ["WITGEN_CACHE_DIR"] = ""

import wasmtime

from witgen import Config, generate, resolve


def records(depth: int) -> str:
    """Return WIT with records that hold the one before twice."""
    lines = (f"record a{n} {{ x: a{n - 1}, y: a{n - 1} }}" for n in range(1, depth))
    return f"record a0 {{ x: u8 }} {' '.join(lines)} f: func(x: a{depth - 1});"


def tuples(depth: int) -> str:
    """Return WIT with aliases of tuples that hold the one before twice."""
    lines = (f"type a{n} = tuple<a{n - 1}, a{n - 1}>;" for n in range(1, depth))
    return f"type a0 = list<u8>; {' '.join(lines)} f: func(x: a{depth - 1}) -> a{depth - 1};"


def functions(count: int) -> str:
    """Return WIT with functions."""
    return " ".join(f"call{n}: func(x: u8, y: list<string>) -> result<u8, string>;" for n in range(count))


def resources(count: int) -> str:
    """Return WIT with resources."""
    return " ".join(f"resource r{n} {{ constructor(); m: func() -> r{n}; }}" for n in range(count))


def generated(items: str, folder: Path) -> None:
    """Generate a world that imports and exports an interface."""
    path = folder / "a.wit"
    path.write_text(f"package a:b;\ninterface i {{ {items} }}\nworld w {{ import i; export i; }}\n")
    result = generate(Config(path, runtime="witgen_runtime"))
    # Files are made when they are asked for.
    sum(map(len, result.files.values()))


@cache
def component(count: int) -> bytes:
    """Return a component that imports functions."""
    os.environ["WAST_STRICT_COMPONENT_INDICES"] = "0"
    listed = "".join(f'(import "f{n}x" (func))' for n in range(count))
    return bytes(wasmtime.wat2wasm(f"(component {listed})"))


def imports(count: int, folder: Path) -> None:
    """Read a component that imports functions."""
    path = folder / "a.wasm"
    path.write_bytes(component(count))
    resolve(path)


def measure(name: str, sizes: tuple[int, ...], run: Callable[[int, Path], None]) -> None:
    """Print the seconds for each size."""
    before = 0.0
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            run(size, Path(folder))
            seconds = time.process_time() - start
        growth = f"{seconds / before / 2:.2f}" if before else ""
        print(f"{name:<12}{size:>8}{seconds:>10.2f} s{growth:>8}")
        before = seconds


def main() -> None:
    """Run all."""
    with tempfile.TemporaryDirectory() as folder:
        generated(functions(1), Path(folder))
    measure("records", (20, 40, 80), lambda size, folder: generated(records(size), folder))
    measure("tuples", (20, 40, 80), lambda size, folder: generated(tuples(size), folder))
    measure("functions", (250, 500, 1000), lambda size, folder: generated(functions(size), folder))
    measure("resources", (100, 200, 400), lambda size, folder: generated(resources(size), folder))
    sizes = (5000, 10_000, 20_000)
    list(map(component, sizes))
    measure("imports", sizes, imports)


if __name__ == "__main__":
    main()
