"""Time calls from a guest to its host: through the generated wrappers, and through componentize-py's raw layer alone.

    python benchmarks/guest_calls.py

Both ways run in the same component against the same host, in turns, and the best turn counts. What is passed to the
raw layer was lowered beforehand, and what it returns is thrown away: the difference is all that the wrappers do.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate
from witgen.build import Build, build

TURNS = 7
CALLS = 1000
FEW_CALLS = 20
"""As many calls of a large value."""

WIT = """\
package bench:guest;
interface echo {
  record person { name: string, age: u32, tags: list<string> }
  variant message { text(string), binary(list<u8>) }
  variant failure { closed, other(string) }
  resource thing { constructor(); poke: func(n: u32) -> u32; }
  nop: func();
  add: func(a: u32, b: u32) -> u32;
  text: func(a: string) -> string;
  bytes: func(a: list<u8>) -> list<u8>;
  whole: func(a: person) -> person;
  say: func(a: message) -> result<message, failure>;
  numbers: func(a: list<u32>) -> list<u32>;
}
world bench {
  import echo;
  export measure: func(name: string, wrapped: bool, calls: u32) -> u64;
}
"""
APP = """\
import time
import wit_world.imports.echo as raw
from bench_bindings.guest import bench_guest_echo as echo, exports
from bench_bindings.types import bench_guest_echo as types

thing = None
def poke(n): return thing[0].poke(n)
def raw_poke(n): return thing[1].poke(n)

CASES = {
    "nop": ((), (), echo.nop, raw.nop),
    "add": ((1, 2), (1, 2), echo.add, raw.add),
    "text": (("hello, world",), ("hello, world",), echo.text, raw.text),
    "bytes": ((b"x" * 65536,), (b"x" * 65536,), echo.bytes, raw.bytes),
    "whole": ((types.Person("me", 7, ["a", "b"]),), (raw.Person("me", 7, ["a", "b"]),), echo.whole, raw.whole),
    "say": ((types.MessageText("hi"),), (raw.Message_Text("hi"),), echo.say, raw.say),
    "numbers": ((list(range(1000)),), (list(range(1000)),), echo.numbers, raw.numbers),
    "method": ((1,), (1,), poke, raw_poke),
}

def measure(name, wrapped, calls):
    global thing
    thing = thing or (echo.Thing(), raw.Thing())
    given, lowered, ours, theirs = CASES[name]
    arguments, call = (given, ours) if wrapped else (lowered, theirs)
    start = time.perf_counter_ns()
    for _ in range(calls):
        call(*arguments)
    return time.perf_counter_ns() - start

exports.serve(__name__, measure=measure)
"""
CASES = ("nop", "add", "text", "bytes", "whole", "say", "numbers", "method")


def answer(self: object, value: Any) -> Any:
    """Echo."""
    del self
    return value


def answer_sum(self: object, a: int, b: int) -> int:
    """Add."""
    del self
    return a + b


def answer_nothing(self: object) -> None:
    """Do nothing."""
    del self


def opened(folder: Path) -> Any:
    """Generate, build and open the component with a host that echoes."""
    (folder / "wit.wit").write_text(WIT)
    (folder / "app.py").write_text(APP)
    generate(Config(folder / "wit.wit", world="bench", out=folder / "bench_bindings"))
    component = build(Build(str(folder / "app.py"), folder / "wit.wit", out=folder / "bench.wasm")).path
    sys.path.insert(0, str(folder))
    host = importlib.import_module("bench_bindings.host")
    echo = importlib.import_module("bench_bindings.host.bench_guest_echo")
    thing = type("Thing", (echo.Thing,), {"__init__": answer_nothing, "poke": answer})
    methods = dict.fromkeys(echo.Echo.__abstractmethods__, answer)
    methods |= {"add": answer_sum, "nop": answer_nothing, "Thing": thing}
    implementation = type("Echo", (echo.Echo,), methods)()
    return host.Bench.open(component, host.BenchImports(bench_guest_echo=implementation))


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as world:
        print(f"{'case':10}{'raw us':>10}{'wrapped us':>12}{'overhead':>10}")
        for case in CASES:
            calls = FEW_CALLS if case in {"bytes", "numbers"} else CALLS
            raw = ours = float("inf")
            for _ in range(TURNS):
                raw = min(raw, world.measure(case, wrapped=False, calls=calls) / calls / 1000)
                ours = min(ours, world.measure(case, wrapped=True, calls=calls) / calls / 1000)
            print(f"{case:10}{raw:10.2f}{ours:12.2f}{(ours - raw) / raw:10.1%}", flush=True)


if __name__ == "__main__":
    main()
