"""Time calls from a guest to its host: through the generated wrappers, and through componentize-py's raw layer alone.

    python benchmarks/guest_calls.py

Both ways run in the same component against the same host, which answers each call at once, in turns; the least CPU time
of all turns counts, so that other programs disturb little. What is passed to the raw layer was lowered beforehand, and
what it returns is thrown away: the difference is all that the wrappers do. The raw call is the whole way to the host
and back, the host's lifting and lowering included.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from witgen import Config, generate
from witgen.build.componentize import Build, build

TURNS = 15
CALLS = 2000
FEW_CALLS = 20
"""As many calls of a large value."""

WIT = """\
package bench:guest;
interface echo {
  record person { name: string, age: u32, tags: list<string> }
  enum color { red, green }
  flags access { read, write }
  variant message { text(string), binary(list<u8>) }
  variant failure { closed, other(string) }
  resource thing { constructor(); poke: func(n: u32) -> u32; }
  nop: func();
  add: func(a: u32, b: u32) -> u32;
  text: func(a: string) -> string;
  bytes: func(a: list<u8>) -> list<u8>;
  whole: func(a: person) -> person;
  people: func(a: list<person>) -> list<person>;
  paint: func(a: color, b: access) -> color;
  fail: func(a: string) -> result<u32, failure>;
  maybe: func(a: option<string>, b: option<u64>) -> option<string>;
  say: func(a: message) -> result<message, failure>;
  numbers: func(a: list<u32>) -> list<u32>;
}
world bench {
  import echo;
  export measure: func(name: string, wrapped: bool, calls: u32);
}
"""
APP = """\
import componentize_py_types
import wit_world.imports.echo as raw
from bench_bindings.guest import bench_guest_echo as echo, exports
from bench_bindings.types import bench_guest_echo as types

thing = None
def poke(n): return thing[0].poke(n)
def raw_poke(n): return thing[1].poke(n)

def fail(text):
    try: return echo.fail(text)
    except types.FailureOther as error: return error.value
def raw_fail(text):
    try: return raw.fail(text)
    except componentize_py_types.Err as error: return error.value.value

def both(call, *arguments): return arguments, arguments, getattr(echo, call), getattr(raw, call)
me, raw_me = types.Person("me", 7, ["a", "b"]), raw.Person("me", 7, ["a", "b"])
access = types.Access.READ | types.Access.WRITE

CASES = {
    "nop": both("nop"),
    "add": both("add", 1, 2),
    "text": both("text", "hello, world"),
    "text-unicode": both("text", "héllo, wörld"),
    "maybe": both("maybe", "hello", None),
    "bytes-64k": both("bytes", b"x" * 65536),
    "record": ((me,), (raw_me,), echo.whole, raw.whole),
    "records-100": (([me] * 100,), ([raw_me] * 100,), echo.people, raw.people),
    "enum-flags": ((types.Color.RED, access), (raw.Color.RED, raw.Access(3)), echo.paint, raw.paint),
    "variant": ((types.MessageText("hi"),), (raw.Message_Text("hi"),), echo.say, raw.say),
    "variant-bare": (("hi",), (raw.Message_Text("hi"),), echo.say, raw.say),
    "error": (("no",), ("no",), fail, raw_fail),
    "integers-1000": both("numbers", list(range(1000))),
    "method": ((1,), (1,), poke, raw_poke),
}

def measure(name, wrapped, calls):
    global thing
    thing = thing or (echo.Thing(), raw.Thing())
    given, lowered, ours, theirs = CASES[name]
    arguments, call = (given, ours) if wrapped else (lowered, theirs)
    for _ in range(calls):
        call(*arguments)

exports.serve(__name__, measure=measure)
"""
CASES = (
    "nop", "add", "text", "text-unicode", "maybe", "bytes-64k", "record", "records-100", "enum-flags", "variant",
    "variant-bare", "error", "integers-1000", "method",
)  # fmt: skip


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


def answer_first(self: object, value: Any, *_: Any) -> Any:
    """Echo the first of several values."""
    del self
    return value


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
    failure = importlib.import_module("bench_bindings.types.bench_guest_echo").FailureOther

    def fail(self: object, text: str) -> int:
        del self
        raise failure(text)

    methods |= {"add": answer_sum, "nop": answer_nothing, "Thing": thing, "fail": fail}
    methods |= dict.fromkeys(("paint", "maybe"), answer_first)
    implementation = type("Echo", (echo.Echo,), methods)()
    return host.Bench.open(component, host.BenchImports(bench_guest_echo=implementation))


def cpu_time(world: Any, case: str, *, wrapped: bool) -> float:
    """Return nanoseconds per call."""
    calls = FEW_CALLS if case[-1] in "0k" else CALLS
    start = time.process_time_ns()
    world.measure(case, wrapped=wrapped, calls=calls)
    return (time.process_time_ns() - start) / calls


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as world:
        print(f"{'case':15}{'raw ns':>12}{'wrapped ns':>12}{'added ns':>10}{'overhead':>10}")
        for case in CASES:
            raw = ours = float("inf")
            for _ in range(TURNS):
                raw = min(raw, cpu_time(world, case, wrapped=False))
                ours = min(ours, cpu_time(world, case, wrapped=True))
            print(f"{case:15}{raw:12.0f}{ours:12.0f}{ours - raw:10.0f}{(ours - raw) / raw:10.1%}", flush=True)


if __name__ == "__main__":
    main()
