"""Time bytes between Python and a component: wasmtime-py's own API, generated bindings without adapters and with.

"text" are adapters that pass bytes as strings, as they do where Python does not find their memories; "outside" are
adapters that are components of their own, "inside" is the one inside the component.

    python benchmarks/adapters.py [SIZE ...]

All three run in one process, in turns; the best turn's processor time counts. "to host" and "from host" are a guest's
calls of imports, in a loop inside wasm; "param" and "result" are Python's calls of exports. Bytes are 0 to 255 over and
over, so half of them are not ASCII. A dash: the C library refuses so many values in one call, or it would take too
long. Async calls follow: see adapters_async.py, which also runs alone.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import adapters_async
from adapters_component import TEXT, WIT
from wasmtime import Store, WasmtimeError, wat2wasm
from wasmtime import component as wasm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate

SIZES = {"16": 16, "1 KiB": 1 << 10, "64 KiB": 1 << 16, "1 MiB": 1 << 20, "16 MiB": 1 << 24}
TURNS = 3
SECONDS = 0.1
"""How long one way runs per turn, at least once."""
PATIENCE = 4 << 20
"""Bytes that wasmtime-py's own API is asked to carry at most: they take seconds."""

Ways = dict[str, Callable[[int, int], Any]]


def _content(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


CONTENT = {size: _content(size) for size in SIZES.values()}


def bindings(folder: str) -> Any:
    """Generate the bindings and import them."""
    (Path(folder) / "adapters.wit").write_text(WIT)
    generate(Config(Path(folder) / "adapters.wit", world="bytes", out=Path(folder) / "adapters_bindings", guest=False))
    sys.path.insert(0, folder)
    return importlib.import_module("adapters_bindings.host")


def ours(module: Any, adapters: str, *, finds: bool = True, inside: bool = True) -> Ways:
    """Return the four directions through generated bindings; without `finds`, adapters pass bytes as text."""
    base = importlib.import_module("adapters_bindings.host.bench_adapters_host").Host

    class Host(base):  # type: ignore[misc]
        def sink(self, data: bytes) -> int:
            return len(data)

        def source(self, size: int) -> bytes:
            return CONTENT[size]

    preparation = importlib.import_module("witgen_runtime.host.linking.preparation")
    with (
        mock.patch.object(preparation, "finds_memories", preparation.finds_memories if finds else lambda _: False),
        mock.patch.object(preparation, "request", partial(preparation.request, inside=inside)),
    ):
        world = module.Bytes.open(TEXT, module.BytesImports(bench_adapters_host=Host()), adapters=adapters)
    return _ways(world.sinks, world.sources, world.take, world.give)


def raw() -> Ways:
    """Return the four directions through wasmtime-py."""
    engine = importlib.import_module("witgen_runtime.host.capi.engine").default_engine()
    component, linker, store = wasm.Component(engine, TEXT), wasm.Linker(engine), Store(engine)
    with linker.root() as root, root.add_instance("bench:adapters/host") as host:
        host.add_func("sink", lambda _, data: len(data))
        host.add_func("source", lambda _, size: CONTENT[size])
    instance = linker.instantiate(store, component)
    functions = [instance.get_func(store, name) for name in ("sinks", "sources", "take", "give")]
    return _ways(*(lambda *arguments, function=function: function(store, *arguments) for function in functions))


def _ways(sinks: Any, sources: Any, take: Any, give: Any) -> Ways:
    return {
        "to host": sinks,
        "from host": sources,
        "param": lambda count, size: _repeat(count, lambda: take(CONTENT[size])),
        "result": lambda count, size: _repeat(count, lambda: give(size)),
    }


def _repeat(count: int, call: Callable[[], object]) -> None:
    """Call a function; results are not kept, because memory that is used for the first time costs more than a copy."""
    for _ in range(count):
        call()


def best(ways: dict[str, Callable[[int, int], Any]], size: int) -> dict[str, float]:
    """Return the microseconds of the best turn of each way; ways that cannot are left out."""
    counts, found = dict[str, int](), dict[str, float]()
    for name, way in ways.items():
        try:
            began = time.process_time()
            way(1, size)
            counts[name] = max(1, int(SECONDS / max(time.process_time() - began, 1e-6)))
        except (WasmtimeError, RuntimeError):
            continue
    for _ in range(TURNS):
        for name, count in counts.items():
            began = time.process_time()
            ways[name](count, size)
            took = (time.process_time() - began) / count * 1e6
            found[name] = min(found.get(name, took), took)
    return found


def composing() -> float:
    """Return the milliseconds that composing takes."""
    adapters = importlib.import_module("witgen_runtime.host.adapters.request")
    definition = vars(importlib.import_module("adapters_bindings.host").Bytes)["_definition"]
    content, took = bytes(wat2wasm(TEXT)), []
    for _ in range(5):
        began = time.process_time()
        adapters.request(definition, "bytes", direct=lambda: True).compose(content)
        took.append(time.process_time() - began)
    return min(took) * 1e3


def _cell(found: dict[str, float], name: str) -> str:
    return f"{found[name]:,.1f}" if name in found else "-"


def main(chosen: list[str]) -> None:
    """Print the table."""
    os.environ["WITGEN_CACHE_DIR"] = ""
    with tempfile.TemporaryDirectory() as folder:
        module = bindings(folder)
        print(f"composing: {composing():.1f} ms")
        print("| bytes | direction | raw | plain | text | outside | inside | raw / inside |")
        print("|---|---|---|---|---|---|---|---|")
        for label, size in SIZES.items():
            if chosen and label not in chosen:
                continue
            # A call that is refused leaves its store unusable, so each size has stores of its own.
            made = {"plain": ours(module, "off"), "text": ours(module, "bytes", finds=False)}
            made |= {"outside": ours(module, "bytes", inside=False), "inside": ours(module, "bytes")}
            made |= {"raw": raw()} if size <= PATIENCE else {}
            for direction in made["inside"]:
                found = best({name: ways[direction] for name, ways in made.items()}, size)
                ratio = f"{found['raw'] / found['inside']:.0f}" if "raw" in found else "-"
                cells = " | ".join(_cell(found, name) for name in ("raw", "plain", "text", "outside", "inside"))
                print(f"| {label} | {direction} | {cells} | {ratio} |", flush=True)
                if "plain" not in found:
                    made["plain"] = ours(module, "off")
    adapters_async.main()


if __name__ == "__main__":
    main(sys.argv[1:])
