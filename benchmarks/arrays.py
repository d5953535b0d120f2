"""Time lists of numbers in microseconds: as lists and as arrays, with adapters and without, in each direction.

Beside lists stand what wasmtime-py's own API takes for the same call of the export, and what Python takes for nothing
but their conversion to bytes and back, without a component: `array` and `tolist` for numbers, `struct` for records.

    python benchmarks/arrays.py [COUNT ...]

The ways of a row run in one process, in turns; the best turn's processor time counts, because what else the machine
does tells little. Arguments have the form that results have.
"""

from __future__ import annotations

import struct
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
from wasmtime import Engine, Store
from wasmtime import component as wasm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.host.echo import HOST, PADDING, echo, echo_text
from witgen_runtime import abi

TURNS = 5
SECONDS = 0.05
"""How long one way runs per turn, at least once."""


@dataclass(slots=True)
class Point:
    """Fields with bytes between them."""

    n: int
    at: float


POINT = abi.Record("point", Point, (abi.Field("n", "n", abi.U32), abi.Field("at", "at", abi.F64)))
DIRECTIONS = ("there", "back")
FORMS: tuple[abi.Numbers, ...] = ("list", "array", "numpy")


def content(type_: abi.Type, form: str, count: int) -> Any:
    """Return elements of a type: numbers, or points."""
    if type_ is POINT:
        rows = [(n, n / 3) for n in range(count)]
        return [Point(*row) for row in rows] if form == "list" else numpy.array(rows, [("n", "u4"), ("at", "f8")])
    numbers = [n if type_ is abi.U32 else n / 3 for n in range(count)]
    code = "I" if type_ is abi.U32 else "d"
    return numbers if form == "list" else array(code, numbers) if form == "array" else numpy.array(numbers, code)


def alone(type_: abi.Type) -> Callable[[Any], Any]:
    """Return what converts a list to bytes and back without checks."""
    if type_ is not POINT:
        code = "I" if type_ is abi.U32 else "d"
        return lambda value: memoryview(bytes(array(code, value))).cast(code).tolist()
    form = struct.Struct("I4xd")

    def points(value: Any) -> list[Point]:
        content = b"".join([form.pack(each.n, each.at) for each in value])
        return [Point(n, at) for n, at in form.iter_unpack(content)]

    return points


def raw(type_: abi.Type) -> Callable[[Any], Any]:
    """Return the call of the export as wasmtime-py makes it."""
    engine = Engine()
    store, linker = Store(engine), wasm.Linker(engine)
    with linker.root() as root, root.add_instance(HOST) as instance:
        instance.add_func("echo", lambda _, value, padding: (value, padding))
    made = linker.instantiate(store, wasm.Component(engine, echo_text({"echo": abi.List(type_)})))
    call: Any = made.get_func(store, "echo")
    return lambda value: call(store, value, PADDING)[0]


def took(call: Callable[[Any], Any], value: Any, count: int) -> float:
    """Return the processor time of calls."""
    began = time.process_time()
    for _ in range(count):
        call(value)
    return time.process_time() - began


def row(type_: abi.Type, count: int) -> dict[str, float]:
    """Return the microseconds of every way of one type."""
    ways: dict[str, tuple[Callable[[Any], Any], Any, int]] = {}
    value = content(type_, "list", count)
    for peer, call in (("Python alone", alone(type_)), ("wasmtime-py", raw(type_))):
        ways[peer] = call, value, max(1, int(SECONDS / max(took(call, value, 1), 1e-6)))
    for form in FORMS[:: 2 if type_ is POINT else 1]:
        value = content(type_, form, count)
        for adapters in ("auto", "off"):
            component = echo(abi.List(type_, form), adapters=adapters)  # type: ignore[arg-type]
            for name in DIRECTIONS:
                call = getattr(component, name)
                component.seen.clear()
                once = max(took(call, value, 1), took(call, value, 1), 1e-6)
                ways[f"{form} {adapters} {name}"] = call, value, max(1, int(SECONDS / once))
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(TURNS):
        for name, way in ways.items():
            best[name] = min(best[name], took(*way) / way[2] * 1e6)
    return best


def main() -> None:
    """Print a table for each type and count."""
    counts = [int(each) for each in sys.argv[1:]] or [16, 1000, 10_000]
    for title, type_ in (("u32", abi.U32), ("f64", abi.F64), ("record{u32, f64}", POINT)):
        for count in counts:
            best = row(type_, count)
            print(f"{count} of {title}: in and out through an export; the same, and in and out through an import")
            for form in FORMS:
                cells = [
                    f"{adapters} {best[f'{form} {adapters} {name}']:10.1f}"
                    for adapters in ("auto", "off")
                    for name in DIRECTIONS
                    if f"{form} {adapters} {name}" in best
                ]
                cells += [f"{peer} {best[peer]:10.1f}" for peer in ("wasmtime-py", "Python alone") if form == "list"]
                if cells:
                    print(f"  {form:6}", "  ".join(cells))


if __name__ == "__main__":
    main()
