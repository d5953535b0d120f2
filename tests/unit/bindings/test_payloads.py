"""A payload may stand for its case: what type checkers take and what runs is the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from witgen import Config, generate

WIT = """
package a:b;
interface t {
  record r { x: u32 }
  record s { x: u32 }
  enum e { one, two }
  flags g { one, two }
  type octet = u8;
  variant inner { text(string), none }
  variant v1 { n(u32), s(string) }
  variant v2 { n(u32), none, m(u8) }
  variant v3 { a(r), b(s), c(e), d(g) }
  variant v4 { a(f64), b(list<octet>), c(bool) }
  variant v5 { a(list<u32>), b(tuple<u8, string>), c(inner) }
  variant v6 { a(list<u32>), b(list<string>), c(option<u32>), d(char), e(string) }
  variant v7 { a(f32), b(s8) }
  variant v8 { a(r), b(r) }
  f1: func(v: v1); f2: func(v: v2); f3: func(v: v3); f4: func(v: v4);
  f5: func(v: v5); f6: func(v: v6); f7: func(v: v7); f8: func(v: v8);
  octets: func(v: list<octet>) -> list<octet>;
}
world w { import t; }
"""
TAKEN = """
t.f1(5); t.f1("x")
t.f3(R(1)); t.f3(S(1)); t.f3(E.ONE); t.f3(G.ONE | G.TWO)
t.f4(1.5); t.f4(1); t.f4(b"x"); t.f4(bytearray(b"x")); t.f4(memoryview(b"x")); t.f4(True)
t.f5([1, 2]); t.f5((1, "x")); t.f5(InnerText("x")); t.f5(InnerNone())
t.f7(1.5); t.f7(-1)
octets: bytes = t.octets(b"x")
"""
REFUSED = """
t.f1(1.5)
t.f1(b"x")
t.f2(5)
t.f3(5)
t.f4("x")
t.f5("x")
t.f5(range(2))
t.f6([1])
t.f6("x")
t.f6(None)
t.f7("x")
t.f8(R(1))
t.octets("x")
"""


def test_annotations_and_run_time_agree(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(WIT)
    generate(Config(tmp_path / "a.wit", out=tmp_path / "w_bindings", runtime="witgen_runtime"))
    refused = "".join(
        f"try:\n    {line}  # type: ignore[arg-type]\n    raise SystemExit({line!r})\nexcept TypeError:\n    pass\n"
        for line in REFUSED.strip().splitlines()
    )
    head = "from w_bindings.guest import a_b_t as t, testing\nfrom w_bindings.types.a_b_t import *\n"
    body = "with testing.Fakes() as fakes:\n    fakes.a_b_t.octets.returns(b'x')\n"
    lines = f"{TAKEN}{refused}".strip().splitlines()
    (tmp_path / "use.py").write_text(head + body + "".join(f"    {line}\n" for line in lines))
    command = [Path(sys.executable).parent / "mypy", "--strict", "--no-error-summary", "--config-file=", "use.py"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert checked.stdout == ""
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "use.py"], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert run.returncode == 0, run.stderr
