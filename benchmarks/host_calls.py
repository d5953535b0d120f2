"""Time calls between Python and a component: generated bindings, wasmtime-py's own API, and the C calls alone.

    python benchmarks/host_calls.py [CASE ...]

Each case echoes a value: through an export of the component (Python calls wasm) and through an import (wasm calls
Python, in a loop inside wasm). All three ways run on the same component in the same process, in turns, and the best
turn counts, in processor time: what else the machine does tells little. The floor is the same C call with a value that
was lowered beforehand and a result that is thrown away.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from host_component import CASES, WIT, component_text
from wasmtime import Store
from wasmtime import component as wasm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate
from witgen_runtime import values as runtime_values
from witgen_runtime.host.capi import ffi

TURNS = 5
SECONDS = 0.08
"""How long one way of one case runs per turn."""

Exports = dict[str, Callable[..., Any]]


def generated(folder: str) -> SimpleNamespace:
    """Generate the bindings and import them."""
    (Path(folder) / "calls.wit").write_text(WIT)
    generate(Config(Path(folder) / "calls.wit", world="calls", out=Path(folder) / "calls_bindings", guest=False))
    sys.path.insert(0, folder)
    names = {"world": "host", "things": "host.bench_calls_things", "echo": "host.bench_calls_echo"}
    names |= {"types": "types.bench_calls_echo"}
    modules = {key: importlib.import_module(f"calls_bindings.{name}") for key, name in names.items()}
    return SimpleNamespace(**modules, values=runtime_values, ffi=ffi)


def values(bindings: SimpleNamespace) -> dict[str, tuple[Any, Any]]:
    """Return what is echoed, for the bindings and for wasmtime-py."""
    types, text = bindings.types, "hello, world"
    five, items = wasm.Record(), []
    for name, value in zip("abcde", (7, text, 1.5, True, -5), strict=True):
        setattr(five, name, value)
    for index in range(1000):
        item: Any = wasm.Record()
        item.id, item.name = index, text
        items.append(item)
    same = {
        "text": text,
        "maybe": text,
        "numbers": list(range(10_000)),
        "kibibytes": os.urandom(1 << 16),
        "mebibyte": os.urandom(1 << 20),
        "texts": [text] * 1000,
    }
    return {
        **{name: (value, value) for name, value in same.items()},
        "mixed": (types.RecordOfFive(7, text, 1.5, True, -5), five),  # noqa: FBT003  (a field's value)
        "variant-case": (types.ShapeText(text), text),
        "either": (bindings.values.Ok(text), wasm.Variant("ok", text)),
        "items": ([types.Item(index, text) for index in range(1000)], items),
    }


def implementations(bindings: SimpleNamespace, kind: type[Any]) -> Any:
    """Return what the component imports, as `CallsImports` or as `AsyncCallsImports`."""

    class Thing(bindings.things.Thing):  # type: ignore[misc,name-defined]
        def __init__(self, n: int) -> None:
            self._n = n

        def number(self) -> int:
            return self._n

    def echo(self: object, a: Any) -> Any:
        del self
        return a

    def add(self: object, a: int, b: int) -> int:
        del self
        return a + b

    def either(self: object, a: Any) -> Any:
        del self
        return a.value

    methods = {name.replace("-", "_"): echo for name in CASES} | {"add": add, "either": either}
    return kind(bench_calls_echo=type("Echo", (bindings.echo.Echo,), methods)(), bench_calls_things=Thing)


def ours(bindings: SimpleNamespace) -> tuple[Exports, Any]:
    """Return the exports as the bindings call them, and their world."""
    imports = implementations(bindings, bindings.world.CallsImports)
    world = bindings.world.Calls.open(component_text(), imports)
    names = ["loop-things", *(f"{prefix}{name}" for name in ("add", *CASES) for prefix in ("", "hold-", "loop-"))]
    return {name: getattr(world, name.replace("-", "_")) for name in names}, world


def raw(engine: Any, component: Any, define: Callable[[Any], None]) -> Exports:
    """Return the exports as wasmtime-py calls them; `define` defines the functions that echo."""
    store, linker, things, numbers = Store(engine), wasm.Linker(engine), dict[int, int](), iter(range(1 << 31))

    def make(_: object, n: int) -> wasm.ResourceHost:
        number = next(numbers)
        things[number] = n
        return wasm.ResourceHost.own(number, 1)

    with linker.root() as root:
        with root.add_instance("bench:calls/echo") as instance:
            define(instance)
        with root.add_instance("bench:calls/things") as instance:
            instance.add_resource("thing", wasm.ResourceType.host(1), lambda _, number: things.pop(number) and None)
            instance.add_func("[constructor]thing", make)
            instance.add_func("[method]thing.number", lambda context, thing: things[thing.to_host(context).rep])
    made = linker.instantiate(store, component)

    def export(name: str) -> Callable[..., Any]:
        call: Any = made.get_func(store, name)
        return lambda *given: call(store, *given)

    names = ("loop-things", *(f"{prefix}{name}" for name in ("add", *CASES) for prefix in ("", "hold-", "loop-")))
    return {name: export(name) for name in names}


def raw_functions(instance: Any) -> None:
    """Define host functions as wasmtime-py does."""
    instance.add_func("add", lambda _, a, b: a + b)
    for name in CASES:
        instance.add_func(name, lambda _, a: a)


def converter(world: Any, name: str) -> dict[str, Any]:
    """Return the namespace of the generated converter of an export."""
    names: dict[str, Any] = getattr(world, f"_Calls__{name.replace('-', '_')}").__globals__
    return names


def export_floor(names: dict[str, Any]) -> Callable[[], None]:
    """Return the C part of a call that was made once: its values are still in the arena."""
    invoke, delete, words = names["_call"], names["_delete"], names["_view_Q_arena"]
    given = [names[name] for name in ("_function", "_context", "_values", "_count", "_slot", "_one")]
    slot = names["_slot"]

    def floor() -> None:
        invoke(*given)
        delete(slot)
        words[0] = 0

    return floor


def floor_functions(bindings: SimpleNamespace, world: Any, keep: list[Any]) -> Callable[[Any], None]:
    """Return what defines host functions that hand over what an export's caller has in its arena."""

    def define(instance: Any) -> None:
        for name in ("add", *CASES):
            names = converter(world, name)
            address, clone = names["_values"].value, names["_clone"]

            def callback(*given: Any, address: int = address, clone: Any = clone) -> int:
                clone(address, given[5])
                return 0

            keep.append(bindings.ffi.CALLBACK(callback))
            bindings.ffi.add_function(instance, name, keep[-1])

    return define


def measure(ways: list[Callable[[int], float]]) -> list[float]:
    """Return the best microseconds per call of every way; each runs a number of calls and returns how long it took."""
    counts = []
    for way in ways:
        way(1)  # compiles what it calls
        count = 1
        while (taken := way(count)) < SECONDS / 8:
            count *= 4
        counts.append(max(1, int(count * SECONDS / taken)))
    best = [float("inf")] * len(ways)
    for _ in range(TURNS):
        for index, (way, count) in enumerate(zip(ways, counts, strict=True)):
            best[index] = min(best[index], way(count) / count * 1e6)
    return best


def repeated(call: Callable[..., Any], *given: Any) -> Callable[[int], float]:
    """Return a way that calls from Python."""

    def way(count: int) -> float:
        turns = range(count)
        start = time.thread_time()
        for _ in turns:
            call(*given)
        return time.thread_time() - start

    return way


def looped(exports: Exports, name: str) -> Callable[[int], float]:
    """Return a way in which wasm calls the host."""

    def way(count: int) -> float:
        start = time.thread_time()
        exports[f"loop-{name}"](count)
        return time.thread_time() - start

    return way


def show(title: str, times: list[float], goal: float, direction: str) -> None:
    """Print a row."""
    reached = times[0] / times[1]
    columns = "".join(f"{value:12.2f}" for value in times) + ("" if len(times) == 3 else f"{'':12}")
    print(
        f"{title:36}{columns}{reached:10.1f}{goal:8g}   {direction}{'' if reached >= goal else '  below'}", flush=True
    )


def run(bindings: SimpleNamespace, wanted: list[str]) -> None:
    """Measure and print the rows asked for."""
    given = values(bindings) | {"add": ((1, 2), (1, 2))}
    functions, world = ours(bindings)
    primed_functions, primed = ours(bindings)
    for name in ("add", *CASES):
        arguments = given[name][0] if name == "add" else (given[name][0],)
        primed_functions[name](*arguments)
        # From here on its large regions stay, with the values of the next call in them.
        converter(primed, name)["_shrink"] = lambda: None
        primed_functions[name](*arguments)
    engine, keep = world._store.engine, list[Any]()  # noqa: SLF001  (the runtime's own)
    component = wasm.Component(engine, component_text())
    plain = raw(engine, component, raw_functions)
    floored = raw(engine, component, floor_functions(bindings, primed, keep))
    print(f"{'':36}{'raw':>12}{'ours':>12}{'floor':>12}{'raw/ours':>10}{'wanted':>8}   (microseconds)")
    for name in wanted:
        if name == "things":
            ways = [looped(exports, "things") for exports in (plain, functions)]
            show("host resource: make, call, drop", measure(ways), 4, "import")
            continue
        title, goal = (CASES[name].title, CASES[name].ratio) if name in CASES else ("two u32 in, one out", 7)
        mine, theirs = given[name] if name == "add" else [(value,) for value in given[name]]
        for exports, arguments in ((plain, theirs), (functions, mine), (floored, theirs)):
            exports[f"hold-{name}"](*arguments)
        direct = [repeated(plain[name], *theirs), repeated(functions[name], *mine)]
        show(title, measure([*direct, repeated(export_floor(converter(primed, name)))]), goal, "export")
        show("", measure([looped(exports, name) for exports in (plain, functions, floored)]), goal, "import")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        run(generated(folder), sys.argv[1:] or ["add", *CASES, "things"])


if __name__ == "__main__":
    main()
