"""A component that exports resources, moves their handles inside values of every kind, and calls its host."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from witgen import Config, generate
from witgen_runtime.host.capi.ffi import VERSION

PADDING = (0,) * 17
"""So many bytes after a parameter make the ABI pass it in memory, where it lies as the result does."""

_PAD = "(tuple" + " u8" * 17 + ")"


def _everything(box: str, either: str) -> str:
    return f"""(record (field "alone" (own {box})) (field "maybe" (option (own {box})))
      (field "many" (list (option (own {box})))) (field "pair" (tuple (own {box}) u8))
      (field "either" {either}) (field "outcome" (result (own {box}) (error string))))"""


def _functions(box: str, everything: str, failure: str) -> dict[str, str]:
    return {
        "[constructor]box": f'(param "n" u32) (result (own {box}))',
        "[method]box.get": f'(param "self" (borrow {box})) (param "plus" (option u32)) (result u32)',
        "[method]box.ask": f'(param "self" (borrow {box})) (result u32)',
        "[method]box.spin": f'(param "self" (borrow {box}))',
        "[method]box.fail": f"""(param "self" (borrow {box})) (param "kept" (own {box}))
          (result (result u32 (error {failure})))""",
        "[static]box.copy": f'(param "of" (borrow {box})) (result (own {box}))',
        "pass-everything": f'(param "x" {everything}) (param "pad" {_PAD}) (result (tuple {everything} {_PAD}))',
        "sum": f'(param "of" (list (borrow {box}))) (result u32)',
        "drops": "(result u32)",
    }


_CORE = {
    "[constructor]box": "new", "[method]box.get": "get", "[method]box.ask": "ask", "[method]box.spin": "spin",
    "[method]box.fail": "fail", "[static]box.copy": "new", "pass-everything": "same", "sum": "sum", "drops": "drops",
}  # fmt: skip


def _shim() -> str:
    """Return the component that gives the functions their names, and the types theirs."""
    inside, outside = _functions("$b", "$b-all", "$b-fail"), _functions("$box", "$all", "$fail")
    imports = "\n".join(
        f'(import "{_plain(name)}" (func $f{n} {text}))' for n, (name, text) in enumerate(inside.items())
    )
    exports = "\n".join(
        f'(export "{name}" (func $f{n}) (func {text}))' for n, (name, text) in enumerate(outside.items())
    )
    jar = """(export "[constructor]jar" (func $j0) (func (result (own $jar))))
      (export "[static]jar.new" (func $j1) (func (param "n" u32) (result (own $jar))))
      (export "[method]jar.get" (func $j2) (func (param "self" (borrow $jar)) (result u32)))"""
    return f"""(component $shim
      (import "box" (type $b (sub resource))) (import "jar" (type $j (sub resource)))
      (type $b-either' (variant (case "one" (own $b)) (case "nothing") (case "many" (list (own $b)))))
      (import "either" (type $b-either (eq $b-either')))
      (type $b-all' {_everything("$b", "$b-either")}) (import "everything" (type $b-all (eq $b-all')))
      (type $b-fail' (variant (case "kept" (own $b)) (case "other"))) (import "failure" (type $b-fail (eq $b-fail')))
      {imports}
      (import "jar-new" (func $j0 (result (own $j)))) (import "jar-of" (func $j1 (param "n" u32) (result (own $j))))
      (import "jar-get" (func $j2 (param "self" (borrow $j)) (result u32)))
      (export $box "box" (type $b)) (export $jar "jar" (type $j))
      (type $either' (variant (case "one" (own $box)) (case "nothing") (case "many" (list (own $box)))))
      (export $either "either" (type $either'))
      (type $all' {_everything("$box", "$either")}) (export $all "everything" (type $all'))
      (type $fail' (variant (case "kept" (own $box)) (case "other"))) (export $fail "failure" (type $fail'))
      {exports} {jar})"""


def _plain(name: str) -> str:
    return name.replace("[", "").replace("]", "-").replace(".", "-")


def _text() -> str:
    lifted = _functions("$box'", "$all", "$fail")
    options = "(memory $memory) (realloc $realloc)"
    lifts = "\n".join(
        f'(func $c{n} {text} (canon lift (core func $i "{_CORE[name]}") {options}))'
        for n, (name, text) in enumerate(lifted.items())
    )
    given = " ".join(f'(with "{_plain(name)}" (func $c{n}))' for n, name in enumerate(lifted))
    return f"""(component
  (import "tick" (func $tick (param "n" u32) (result u32)))
  (core module $mm (memory (export "memory") 2)
    (global $p (mut i32) (i32.const 1024)) (global $d (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
      (local.set $r (i32.and (i32.add (global.get $p) (i32.const 7)) (i32.const -8)))
      (global.set $p (i32.add (local.get $r) (local.get 3)))
      (if (i32.gt_u (global.get $p) (i32.const 100000)) (then (global.set $p (i32.const 1024)))) (local.get $r))
    (func (export "dtor") (param i32) (global.set $d (i32.add (global.get $d) (i32.const 1))))
    (func (export "drops") (result i32) (global.get $d)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (alias core export $mi "dtor" (core func $dtor))
  (type $box' (resource (rep i32) (dtor $DTOR))) (type $jar' (resource (rep i32)))
  (core func $new (canon resource.new $box')) (core func $new-jar (canon resource.new $jar'))
  (core func $t (canon lower (func $tick)))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32))) (import "" "jar" (func $jar (param i32) (result i32)))
    (import "" "tick" (func $tick (param i32) (result i32))) (import "" "drops" (func $drops (result i32)))
    (import "" "memory" (memory 2))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "get") (param i32 i32 i32) (result i32) (i32.add (local.get 0) (local.get 2)))
    (func (export "ask") (param i32) (result i32) (call $tick (local.get 0)))
    (func (export "spin") (param i32) (loop $l (br $l)))
    (func (export "fail") (param i32 i32) (result i32)
      (i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const 0))
      (i32.store (i32.const 24) (local.get 1)) (i32.const 16))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "sum") (param i32 i32) (result i32) (local $s i32)
      (loop $l (if (local.get 1) (then
        (local.set $s (i32.add (local.get $s) (i32.load (local.get 0))))
        (local.set 0 (i32.add (local.get 0) (i32.const 4))) (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (br $l)))) (local.get $s))
    (func (export "drops") (result i32) (call $drops))
    (func (export "jar-new") (result i32) (call $jar (i32.const 5)))
    (func (export "jar-of") (param i32) (result i32) (call $jar (local.get 0)))
    (func (export "jar-get") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "jar" (func $new-jar))
    (export "tick" (func $t)) (export "drops" (func $mi "drops")) (export "memory" (memory $mi "memory"))))))
  (type $either (variant (case "one" (own $box')) (case "nothing") (case "many" (list (own $box')))))
  (type $all {_everything("$box'", "$either")})
  (type $fail (variant (case "kept" (own $box')) (case "other")))
  {lifts}
  (func $j0 (result (own $jar')) (canon lift (core func $i "jar-new")))
  (func $j1 (param "n" u32) (result (own $jar')) (canon lift (core func $i "jar-of")))
  (func $j2 (param "self" (borrow $jar')) (result u32) (canon lift (core func $i "jar-get")))
  {_shim()}
  (instance $api (instantiate $shim (with "box" (type $box')) (with "jar" (type $jar')) (with "either" (type $either))
    (with "everything" (type $all)) (with "failure" (type $fail)) {given}
    (with "jar-new" (func $j0)) (with "jar-of" (func $j1)) (with "jar-get" (func $j2))))
  (export "test:deep/boxes" (instance $api))
)""".replace("$DTOR", "(func $dtor)" if int(VERSION.partition(".")[0]) < 48 else "$dtor")


TEXT = _text()


@contextmanager
def bindings(folder: Path) -> Iterator[ModuleType]:
    """Yield the host module of bindings that are made of the component, importable as `boxes_bindings`."""
    (folder / "boxes.wat").write_text(TEXT)
    generate(Config(folder / "boxes.wat", out=folder / "boxes_bindings", guest=False))
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("boxes_bindings.host")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "boxes_bindings"]:
            del sys.modules[name]
