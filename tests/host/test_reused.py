"""Two packages that share an interface: one class implements it for both worlds, and values are the same classes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from witgen import Config, generate

WIT = """\
package demo:a@1.0.0;

interface shapes {
  variant shape { dot, line(u32) }
  variant problem { full, broken }
  resource pen { constructor(); next: func() -> shape; }
}

world one { import shapes; export run: func() -> u32; }

world two {
  use shapes.{shape, problem};
  export run: func() -> shape;
  export fail: func() -> result<_, problem>;
}
"""

IMPORTS = """\
  (type $shape' (variant (case "dot") (case "line" u32)))
  (type $problem' (variant (case "full") (case "broken")))
  (import "demo:a/shapes@1.0.0" (instance $shapes
    (export "shape" (type $shape (eq $shape')))
    (export "problem" (type $problem (eq $problem')))
    (export "pen" (type $pen (sub resource)))
    (export "[constructor]pen" (func (result (own $pen))))
    (export "[method]pen.next" (func (param "self" (borrow $pen)) (result $shape)))))
  (alias export $shapes "shape" (type $shape))
  (alias export $shapes "problem" (type $problem))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $lent))
  (alias export $shapes "[constructor]pen" (func $make))
  (alias export $shapes "[method]pen.next" (func $next))
  (core func $make' (canon lower (func $make)))
  (core func $next' (canon lower (func $next) (memory $lent)))
  (core module $guest
    (import "host" "make" (func $make (result i32)))
    (import "host" "next" (func $next (param i32 i32)))
    (import "memory" "memory" (memory 1))
    (func (export "shape") (result i32) (call $next (call $make) (i32.const 16)) (i32.const 16))
    (func (export "length") (result i32) (call $next (call $make) (i32.const 16)) (i32.load (i32.const 20)))
    (func (export "fail") (result i32) (i32.store16 (i32.const 32) (i32.const 0x101)) (i32.const 32)))
  (core instance $guest (instantiate $guest (with "memory" (instance $memory))
    (with "host" (instance (export "make" (func $make')) (export "next" (func $next'))))))
"""
ONE = f"""(component
{IMPORTS}
  (func (export "run") (result u32) (canon lift (core func $guest "length"))))
"""
TWO = f"""(component
{IMPORTS}
  (import "problem" (type $problem-here (eq $problem)))
  (import "shape" (type $shape-here (eq $shape)))
  (func (export "run") (result $shape-here) (canon lift (core func $guest "shape") (memory $lent)))
  (func (export "fail") (result (result (error $problem-here)))
    (canon lift (core func $guest "fail") (memory $lent))))
"""

HOST = """\
from first.host import One, OneImports
from first.host import demo_a_shapes as shapes
from first.types.demo_a_shapes import ProblemBroken, ShapeLine
from second.host import Two, TwoImports

class Pen(shapes.Pen):
    def __init__(self): ...
    def next(self): return ShapeLine(7)

with One.open("one.wat", OneImports(demo_a_shapes=Pen)) as one:
    print(one.run())
with Two.open("two.wat", TwoImports(demo_a_shapes=Pen)) as two:
    print(two.run() == ShapeLine(7))
    try:
        two.fail()
    except ProblemBroken as problem:
        print(type(problem))
"""


def test_one_class_for_both_worlds(tmp_path: Path) -> None:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "a.wit").write_text(WIT)
    (tmp_path / "one.wat").write_text(ONE)
    (tmp_path / "two.wat").write_text(TWO)
    (tmp_path / "host.py").write_text(HOST)
    generate(Config(tmp_path / "wit", world="one", out=tmp_path / "first", guest=False))
    generate(Config(tmp_path / "wit", world="two", out=tmp_path / "second", guest=False, reuse=["first"]))
    run = subprocess.run([sys.executable, "host.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["7", "True", "<class 'first.types.demo_a_shapes.ProblemBroken'>"]
