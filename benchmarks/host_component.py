"""The component that `host_calls.py` times, as WIT and as component text.

For every case there is an export that echoes, an import that the host echoes, and two exports that time the import:
`hold-CASE` keeps a value inside wasm, `loop-CASE` passes it to the import many times.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CASES", "WIT", "Case", "component_text"]


@dataclass(frozen=True)
class Case:
    """One row: its title, the type in WIT and in component text, its core types, how they are stored, the goal."""

    title: str
    wit: str
    text: str
    flat: str
    stores: str
    ratio: float


PAIR = "(i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))"
TRIPLE = f"{PAIR} (i32.store (i32.const 24) (local.get 2))"
MIXED = (
    f"{TRIPLE} (f64.store (i32.const 32) (local.get 3)) (i32.store8 (i32.const 40) (local.get 4))"
    " (i64.store (i32.const 48) (local.get 5))"
)
TWO, THREE = "i32 i32", "i32 i32 i32"
BOTH = "(result string (error string))"

CASES = {
    "text": Case("12-byte string", "string", "string", TWO, PAIR, 5),
    "mixed": Case("record of 5 fields", "record-of-five", "$five", "i32 i32 i32 f64 i32 i64", MIXED, 14),
    "variant-case": Case("variant", "shape", "$shape", THREE, TRIPLE, 10),
    "maybe": Case("option<string>", "option<string>", "(option string)", THREE, TRIPLE, 8),
    "either": Case("result<string, string>", "result<string, string>", BOTH, THREE, TRIPLE, 9),
    "numbers": Case("list<u32> of 10,000", "list<u32>", "(list u32)", TWO, PAIR, 10),
    "kibibytes": Case("list<u8> of 64 KiB", "list<u8>", "(list u8)", TWO, PAIR, 12),
    "mebibyte": Case("list<u8> of 1 MiB", "list<u8>", "(list u8)", TWO, PAIR, 7),
    "texts": Case("list<string> of 1,000", "list<string>", "(list string)", TWO, PAIR, 5),
    "items": Case("list<record{u32, string}> of 1,000", "list<item>", "(list $item)", TWO, PAIR, 10),
}

NAMED = {
    "five": (
        "record-of-five",
        '(record (field "a" u32) (field "b" string) (field "c" f64) (field "d" bool) (field "e" s64))',
    ),
    "item": ("item", '(record (field "id" u32) (field "name" string))'),
    "shape": ("shape", '(variant (case "number" u32) (case "text" string) (case "nothing"))'),
}


def _wit() -> str:
    echoes = "".join(f"  {name}: func(a: {case.wit}) -> {case.wit};\n" for name, case in CASES.items())
    exports = "".join(
        f"  export {name}: func(a: {case.wit}) -> {case.wit};\n"
        f"  export hold-{name}: func(a: {case.wit});\n  export loop-{name}: func(n: u32);\n"
        for name, case in CASES.items()
    )
    return f"""package bench:calls;

interface echo {{
  record record-of-five {{ a: u32, b: string, c: f64, d: bool, e: s64 }}
  record item {{ id: u32, name: string }}
  variant shape {{ number(u32), text(string), nothing }}
  add: func(a: u32, b: u32) -> u32;
{echoes}}}

interface things {{
  resource thing {{
    constructor(n: u32);
    number: func() -> u32;
  }}
}}

world calls {{
  use echo.{{record-of-five, item, shape}};
  import echo;
  import things;
  export add: func(a: u32, b: u32) -> u32;
  export hold-add: func(a: u32, b: u32);
  export loop-add: func(n: u32);
  export loop-things: func(n: u32);
{exports}}}
"""


WIT = _wit()
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
THINGS = """
  (import "bench:calls/things" (instance $things (export "thing" (type $t (sub resource)))
    (export "[constructor]thing" (func (param "n" u32) (result (own $t))))
    (export "[method]thing.number" (func (param "self" (borrow $t)) (result u32)))))
  (alias export $things "thing" (type $thing))
  (core func $l-make (canon lower (func $things "[constructor]thing")))
  (core func $l-number (canon lower (func $things "[method]thing.number")))
  (core func $l-drop (canon resource.drop $thing))"""
THINGS_CORE = """
  (import "h" "make" (func $make (param i32) (result i32)))
  (import "h" "number" (func $number (param i32) (result i32)))
  (import "h" "drop" (func $drop (param i32)))"""
THINGS_GIVEN = '(export "make" (func $l-make)) (export "number" (func $l-number)) (export "drop" (func $l-drop))'
THINGS_LOOP = """
  (func (export "loop-things") (param $n i32) (local $h i32)
    (loop $l (if (local.get $n) (then
      (local.set $h (call $make (i32.const 7))) (drop (call $number (local.get $h))) (call $drop (local.get $h))
      (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $l)))))"""


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


def _core() -> str:
    """Return the core module's contents."""
    imports = [
        '(import "m" "memory" (memory 1)) (import "m" "keep" (func $keep))',
        '(import "m" "next" (global $next (mut i32)))',
        '(import "h" "add" (func $add (param i32 i32) (result i32)))',
        THINGS_CORE,
    ]
    bodies = [
        '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))',
        _loop("add", TWO, "(drop (call $add {}))"),
        THINGS_LOOP,
    ]
    for name, case in CASES.items():
        imports.append(f'(import "h" "{name}" (func ${name} (param {case.flat} i32)))')
        bodies.append(f'(func (export "{name}") (param {case.flat}) (result i32) {case.stores} (i32.const 16))')
        bodies.append(_loop(name, case.flat, f"(call ${name} {{}} (i32.const 16))"))
    return "".join((*imports, *bodies))


def component_text() -> str:
    """Return the component."""
    named = "".join(f'(type ${n}-0 {t}) (export "{wit}" (type ${n} (eq ${n}-0)))' for n, (wit, t) in NAMED.items())
    aliases = "".join(f'(alias export $host "{wit}" (type ${n}))' for n, (wit, _) in NAMED.items())
    params = {"add": '(param "a" u32) (param "b" u32)'}
    params |= {name: f'(param "a" {case.text})' for name, case in CASES.items()}
    results = {"add": "u32", **{name: case.text for name, case in CASES.items()}}
    imports = "".join(f'(export "{name}" (func {p} (result {results[name]})))' for name, p in params.items())
    lowered = "".join(f'(core func $l-{name} (canon lower (func $host "{name}") {OPTIONS}))' for name in params)
    given = "".join(f'(export "{name}" (func $l-{name}))' for name in params) + THINGS_GIVEN
    exports = '(func (export "loop-things") (param "n" u32) (canon lift (core func $i "loop-things")))'
    for name, p in params.items():
        after = "" if name == "add" else '(post-return (core func $mi "reset-after"))'
        sig = f"{p} (result {results[name]})"
        exports += f'(func (export "{name}") {sig} (canon lift (core func $i "{name}") {OPTIONS} {after}))'
        exports += f'(func (export "hold-{name}") {p} (canon lift (core func $i "hold-{name}") {OPTIONS}))'
        exports += f'(func (export "loop-{name}") (param "n" u32) (canon lift (core func $i "loop-{name}")))'
    return (
        f'(component (import "bench:calls/echo" (instance $host {named} {imports})) {aliases} {THINGS} {MEMORY}'
        f"{lowered} (core module $m {_core()})"
        f'(core instance $i (instantiate $m (with "m" (instance $mi)) (with "h" (instance {given})))) {exports})'
    )
