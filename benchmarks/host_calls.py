"""Time calls between Python and a component: the bindings' runtime, wasmtime-py's own API, and the C calls alone.

    python benchmarks/host_calls.py [CASE ...]

Each case echoes a value: through an export of the component (Python calls wasm) and through an import (wasm calls
Python, in a loop inside wasm). All three ways run on the same component in the same process, in turns, and the best
turn counts. The floor is the same C call with a value that was lowered beforehand and a result that is thrown away.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wasmtime import Store
from wasmtime import component as wasm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen.runtime import abi, host
from witgen.runtime.host import ffi
from witgen.runtime.values import Ok

TURNS = 5
SECONDS = 0.08
"""How long one way of one case runs per turn."""


@dataclass(slots=True)
class Mixed:
    """A record of five fields."""

    a: int
    b: str
    c: float
    d: bool
    e: int


@dataclass(slots=True)
class Item:
    """A record of two fields."""

    id: int
    name: str


@dataclass(slots=True)
class ShapeNumber:
    """A case."""

    value: int


@dataclass(slots=True)
class ShapeText:
    """A case."""

    value: str


@dataclass(slots=True)
class ShapeNothing:
    """A case without a payload."""


MIXED = abi.Record(
    "mixed",
    Mixed,
    tuple(abi.Field(n, n, t) for n, t in zip("abcde", (abi.U32, abi.STRING, abi.F64, abi.BOOL, abi.S64), strict=True)),
)
ITEM = abi.Record("item", Item, (abi.Field("id", "id", abi.U32), abi.Field("name", "name", abi.STRING)))
SHAPE = abi.Variant(
    "shape",
    (
        abi.Case("number", ShapeNumber, abi.U32),
        abi.Case("text", ShapeText, abi.STRING),
        abi.Case("nothing", ShapeNothing),
    ),
)

NAMED = {
    "mixed": '(record (field "a" u32) (field "b" string) (field "c" f64) (field "d" bool) (field "e" s64))',
    "item": '(record (field "id" u32) (field "name" string))',
    "shape": '(variant (case "number" u32) (case "text" string) (case "nothing"))',
}
PAIR = "(i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))"
TRIPLE = f"{PAIR} (i32.store (i32.const 24) (local.get 2))"
MIXED_STORES = (
    f"{TRIPLE} (f64.store (i32.const 32) (local.get 3)) (i32.store8 (i32.const 40) (local.get 4))"
    " (i64.store (i32.const 48) (local.get 5))"
)


@dataclass(frozen=True)
class Case:
    """One row: what is echoed, as descriptors, as component text and as core text; and the value for raw wasmtime."""

    title: str
    type: abi.Type
    text: str
    flat: str
    stores: str
    value: Any
    raw: Any
    ratio: float


def _cases() -> dict[str, Case]:
    text, short, three = "hello, world", "i32 i32", "i32 i32 i32"
    raw_mixed, raw_items = wasm.Record(), []
    for name, value in zip("abcde", (7, text, 1.5, True, -5), strict=True):
        setattr(raw_mixed, name, value)
    for index in range(1000):
        item = wasm.Record()
        item.id, item.name = index, text  # type: ignore[attr-defined]
        raw_items.append(item)
    numbers, big, huge, texts = list(range(10_000)), os.urandom(65536), os.urandom(1 << 20), [text] * 1000
    items = [Item(index, text) for index in range(1000)]
    both = abi.Result(abi.STRING, abi.STRING)
    return {
        "string": Case("12-byte string", abi.STRING, "string", short, PAIR, text, text, 5),
        "record": Case(
            "record of 5 fields", MIXED, "$mixed", "i32 i32 i32 f64 i32 i64", MIXED_STORES,
            Mixed(7, text, 1.5, d=True, e=-5), raw_mixed, 14,
        ),
        "variant": Case("variant", SHAPE, "$shape", three, TRIPLE, ShapeText(text), text, 10),
        "option": Case("option<string>", abi.Option(abi.STRING), "(option string)", three, TRIPLE, text, text, 8),
        "result": Case(
            "result<string, string>", both, "(result string (error string))", three, TRIPLE,
            Ok(text), wasm.Variant("ok", text), 9,
        ),
        "u32s": Case("list<u32> of 10,000", abi.List(abi.U32), "(list u32)", short, PAIR, numbers, numbers, 10),
        "bytes": Case("list<u8> of 64 KiB", abi.List(abi.U8), "(list u8)", short, PAIR, big, big, 12),
        "mebibyte": Case("list<u8> of 1 MiB", abi.List(abi.U8), "(list u8)", short, PAIR, huge, huge, 7),
        "strings": Case("list<string> of 1,000", abi.List(abi.STRING), "(list string)", short, PAIR, texts, texts, 5),
        "records": Case(
            "list<record{u32, string}> of 1,000", abi.List(ITEM), "(list $item)", short, PAIR, items, raw_items, 10
        ),
    }  # fmt: skip


CASES = _cases()
MEMORY = """
  (core module $memory-module (memory (export "memory") 4096)
    (global $next (export "next") (mut i32) (i32.const 65536))
    (global $base (mut i32) (i32.const 65536))
    (func (export "keep") (global.set $base (global.get $next)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $block i32)
      (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $block) (local.get 3))) (local.get $block))
    (func (export "reset-after") (param i32) (global.set $next (global.get $base))))
  (core instance $mi (instantiate $memory-module))"""
OPTIONS = '(memory (core memory $mi "memory")) (realloc (core func $mi "realloc"))'


def _loop(name: str, flat: str, call: str) -> str:
    """Return core functions that keep the values of a call, and that make the call many times."""
    types = flat.split()
    held = "".join(
        f"(global $held-{name}-{index} (mut {type_}) ({type_}.const 0))" for index, type_ in enumerate(types)
    )
    sets = "".join(f"(global.set $held-{name}-{index} (local.get {index}))" for index in range(len(types)))
    gets = " ".join(f"(global.get $held-{name}-{index})" for index in range(len(types)))
    return (
        f'{held} (func (export "hold-{name}") (param {flat}) {sets} (call $keep))'
        f'(func (export "loop-{name}") (param $n i32) (local $next i32) (local.set $next (global.get $next))'
        f"(loop $l (if (local.get $n) (then {call.format(gets)} (global.set $next (local.get $next))"
        "(local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $l)))))"
    )


def component_text() -> str:
    """Return a component with an export, an import and a loop over the import for every case."""
    named = "".join(f'(type ${n}-0 {t}) (export "{n}" (type ${n} (eq ${n}-0)))' for n, t in NAMED.items())
    aliases = "".join(f'(alias export $host "{n}" (type ${n}))' for n in NAMED)
    signatures = {"add": '(param "a" u32) (param "b" u32) (result u32)'}
    core = [
        '(import "m" "memory" (memory 1)) (import "m" "keep" (func $keep))',
        '(import "m" "next" (global $next (mut i32)))',
        '(import "h" "add" (func $add (param i32 i32) (result i32)))',
    ]
    bodies = [
        '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))',
        _loop("add", "i32 i32", "(drop (call $add {}))"),
    ]
    for name, case in CASES.items():
        signatures[name] = f'(param "a" {case.text}) (result {case.text})'
        core.append(f'(import "h" "{name}" (func ${name} (param {case.flat} i32)))')
        bodies.append(f'(func (export "{name}") (param {case.flat}) (result i32) {case.stores} (i32.const 16))')
        bodies.append(_loop(name, case.flat, f"(call ${name} {{}} (i32.const 16))"))
    imports = "".join(f'(export "{name}" (func {signature}))' for name, signature in signatures.items())
    lowered = "".join(f'(core func $l-{name} (canon lower (func $host "{name}") {OPTIONS}))' for name in signatures)
    given = "".join(f'(export "{name}" (func $l-{name}))' for name in signatures)
    exports = ""
    for name, signature in signatures.items():
        after = "" if name == "add" else '(post-return (core func $mi "reset-after"))'
        held = signatures["add"].removesuffix(" (result u32)") if name == "add" else f'(param "a" {CASES[name].text})'
        exports += f'(func (export "{name}") {signature} (canon lift (core func $i "{name}") {OPTIONS} {after}))'
        exports += f'(func (export "hold-{name}") {held} (canon lift (core func $i "hold-{name}") {OPTIONS}))'
        exports += f'(func (export "loop-{name}") (param "n" u32) (canon lift (core func $i "loop-{name}")))'
    return (
        f'(component (import "host" (instance $host {named} {imports})) {aliases} {MEMORY} {lowered}'
        f"(core module $m {''.join(core)} {''.join(bodies)})"
        f'(core instance $i (instantiate $m (with "m" (instance $mi)) (with "h" (instance {given})))) {exports})'
    )


# Ours


def _descriptors(prefix: str, *, echo: bool) -> tuple[abi.Function, ...]:
    pair = (abi.Param("a", "a", abi.U32), abi.Param("b", "b", abi.U32))
    made = [abi.Function(f"{prefix}add", "add", pair, abi.U32 if echo else None)]
    for name, case in CASES.items():
        made.append(
            abi.Function(f"{prefix}{name}", name, (abi.Param("a", "a", case.type),), case.type if echo else None)
        )
    return tuple(made)


IMPORT = abi.Interface("host", (), _descriptors("", echo=True))
LOOPS = tuple(abi.Function(f"loop-{name}", "loop", (abi.Param("n", "n", abi.U32),)) for name in ("add", *CASES))
EXPORTS = abi.Interface("", (), (*_descriptors("", echo=True), *_descriptors("hold-", echo=False), *LOOPS))


class World(host.World):
    """What generated code has for this world."""

    _definition = host.Definition("bench:calls/calls", (host.Import("host", IMPORT),), (EXPORTS,))

    def _bind(self, instance: host.Instance) -> None:
        self.functions = {function.name: instance.function(function) for function in EXPORTS.functions}


class Host:
    """Gives everything back."""

    def __init__(self) -> None:
        for name in CASES:
            setattr(self, name, lambda a: a)

    def add(self, a: int, b: int) -> int:
        """Add."""
        return a + b


class Imports:
    """What generated code has as the container of the implementations."""

    host = Host()


def ours() -> tuple[dict[str, Callable[..., Any]], host.Store]:
    """Return the exports as the bindings call them, and their store."""
    world = World._open(component_text(), Imports)  # noqa: SLF001
    return world.functions, world._store  # noqa: SLF001


# Raw wasmtime-py, and the floor


def raw(engine: Any, component: Any, *, floor: Callable[[Any], None] | None = None) -> dict[str, Callable[..., Any]]:
    """Return the exports as wasmtime-py calls them. With `floor`, that defines the host functions."""
    store, linker = Store(engine), wasm.Linker(engine)
    with linker.root() as root, root.add_instance("host") as instance:
        if floor is not None:
            floor(instance)
        else:
            instance.add_func("add", lambda _, a, b: a + b)
            for name in CASES:
                instance.add_func(name, lambda _, a: a)
    made = linker.instantiate(store, component)
    exports: dict[str, Callable[..., Any]] = {"store": store, "linker": linker}  # type: ignore[dict-item]  # kept alive
    for function in EXPORTS.functions:
        call = made.get_func(store, function.name)
        exports[function.name] = lambda *values, call=call: call(store, *values)
    return exports


def export_floor(call: Callable[..., Any]) -> Callable[[], None]:
    """Return the C part of a call that was made once: its values are still in the arena."""
    names = call.__globals__
    invoke, delete, words = names["_call"], names["_delete"], names["_view_Q_arena"]
    function, context, values, count, slot, one = (
        names[n] for n in ("_function", "_context", "_values", "_count", "_slot", "_one")
    )

    def floor() -> None:
        invoke(function, context, values, count, slot, one)
        delete(slot)
        words[0] = 0

    return floor


def floor_callbacks(functions: dict[str, Callable[..., Any]], keep: list[Any]) -> Callable[[Any], None]:
    """Define host functions that hand over what an export's caller has in its arena."""

    def define(instance: Any) -> None:
        for name in ("add", *CASES):
            names = functions[name].__globals__
            address, clone = names["_values"].value, names["_clone"]

            def callback(_data, _context, _type, _arguments, _given, results, _wanted, address=address, clone=clone):  # type: ignore[no-untyped-def]
                clone(address, results)
                return 0

            keep.append(ffi.CALLBACK(callback))
            ffi.add_function(instance, name, keep[-1])

    return define


# Timing


def measure(ways: list[Callable[[int], float]]) -> list[float]:
    """Return the best seconds per call of every way; each runs a number of calls and returns how long that took."""
    counts = []
    for way in ways:
        count = 1
        while (taken := way(count)) < SECONDS / 8:
            count *= 4
        counts.append(max(1, int(count * SECONDS / taken)))
    best = [float("inf")] * len(ways)
    for _ in range(TURNS):
        for index, (way, count) in enumerate(zip(ways, counts, strict=True)):
            best[index] = min(best[index], way(count) / count)
    return best


def repeated(call: Callable[..., Any], *values: Any) -> Callable[[int], float]:
    """Return a way that calls from Python."""

    def way(count: int) -> float:
        turns = range(count)
        start = time.perf_counter()
        for _ in turns:
            call(*values)
        return time.perf_counter() - start

    return way


def looped(exports: dict[str, Callable[..., Any]], name: str) -> Callable[[int], float]:
    """Return a way in which wasm calls the host."""

    def way(count: int) -> float:
        start = time.perf_counter()
        exports[f"loop-{name}"](count)
        return time.perf_counter() - start

    return way


def main() -> None:
    """Print the table."""
    functions, store = ours()
    component = wasm.Component(store.engine, component_text())
    plain = raw(store.engine, component)
    wanted = sys.argv[1:] or ["add", *CASES]
    primed, _keep_store = ours()
    for name in ("add", *CASES):
        values = (1, 2) if name == "add" else (CASES[name].value,)
        primed[name](*values)
        # From here on its large regions stay, with the values of the next call in them.
        primed[name].__globals__["_shrink"] = lambda: None
        primed[name](*values)
    keep: list[Any] = []
    floored = raw(store.engine, component, floor=floor_callbacks(primed, keep))
    print(f"{'':36}{'raw':>12}{'ours':>12}{'floor':>12}{'raw/ours':>10}{'wanted':>8}   (microseconds)")
    for name in wanted:
        case = CASES.get(name)
        title, ratio = (case.title, case.ratio) if case else ("two u32 in, one out", 7)
        mine, theirs = ((case.value,), (case.raw,)) if case else ((1, 2), (1, 2))
        for exports, values in ((plain, theirs), (functions, mine), (floored, theirs)):
            exports[f"hold-{name}"](*values)
        ways = {
            "export": [
                repeated(plain[name], *theirs),
                repeated(functions[name], *mine),
                repeated(export_floor(primed[name])),
            ],
            "import": [looped(exports, name) for exports in (plain, functions, floored)],
        }
        for direction, three in ways.items():
            times = [seconds * 1e6 for seconds in measure(three)]
            got = times[0] / times[1]
            mark = "" if got >= ratio else "  below"
            columns = "".join(f"{value:12.2f}" for value in times)
            print(
                f"{title if direction == 'export' else '':36}{columns}{got:10.1f}{ratio:8g}   {direction}{mark}",
                flush=True,
            )


if __name__ == "__main__":
    main()
