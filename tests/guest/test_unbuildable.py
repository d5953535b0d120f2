"""What componentize-py cannot build is said when bindings are generated, and when it has failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from witgen import Config, generate
from witgen.build.componentize import Build, BuildError, build

TOOL = Path(sys.executable).parent / "componentize-py"
CASES = {
    "world b { export open: func(); }": "exports a function `open`, as the C library",
    "world b { export f: func(self: u32); }": "`f` has a parameter `self`",
    "interface i { resource t { constructor(self: u32); } } world b { import i; }": "a parameter `self`",
    "interface i { resource t { s: static func(cls: u32); } } world b { export i; }": "a parameter `cls`",
    "interface i { f: func(); } world b { import i; import l: i; }": "the world imports `t:b/i` with the label `l`",
    "interface i { type t = stream<u8>; f: func(x: stream<u8>); } world b { import i; }": "future of type `t`",
    "interface i { record t { x: future<u8> } f: func(x: stream<u8>); } world b { import i; }": "future of type `t`",
    "world b { resource t; import f: func(x: borrow<t>); }": "the world declares the resource `t` itself",
    "interface i { enum flag { a } flags x { a } f: func(a: x); } world b { import i; }": "type `flag` hides",
    "interface i { resource union {} variant v { a(u8), b } f: func(a: v); } world b { import i; }": "type `union`",
    "interface i { resource a { b-c: func(); } resource a-b { c: func(); } } world b { export i; }": (
        "`a.b-c` and `a-b.c`"
    ),
    "interface i { resource a { b-c: static func(); } resource a-b { c: static func(); } } world b { export i; }": (
        "`a.b-c` and `a-b.c`"
    ),
    "world b { export exports: interface { resource x { constructor(); } } }": "an interface `exports`",
    (
        "interface i { type t = u8; f: func(self: u32); } interface t { resource t { m: func(); } }"
        " world b { export i; export t; }"
    ): "`f` has a parameter `self`",
    "world b { export exports: func(); }": "exports a function `exports`, as componentize-py's own world",
    "interface i { resource t; make: func() -> t; } world b { export i; }": "`t` has neither members nor documentation",
}
DOCUMENTED = r'''
interface i {
  /// In C:\Users\new """ and 'quotes'"
  f: func();
  /** \x /* """ */ */
  resource r {
    // Plain: \N{nothing}
    m: func();
  }
  /** """ */
  record mine { /** \x """ */ a: u8 }
}
/// A world of \u """, which ends in \
world b {
  import i;
  import take: func(a: u8 /* " */);
  /// """Runs."""
  export run: func() -> string;
}
'''
EXPECTED = [
    r'''In C:\Users\new """ and 'quotes'"''',
    r'''\x /* """ */''',
    r"Plain: \N{nothing}",
    '''"""Runs."""''',
]
FINE = {
    "used": "interface i { resource t {} } world b { use i.{t}; import f: func(x: borrow<t>); }",
    "passed": "interface i { type t = stream<u8>; type u = t; f: func(x: u); } world b { import i; }",
    "passed-elsewhere": "interface i { record t { x: stream } } world b { import i; import f: func(x: stream); }",
    "not-of-c": "world b { export open-it: func(cls: u32); import open: func(); }",
    "in-an-interface": "interface i { open: func(self: u32); } world b { export i; import i; }",
    "documented": "interface i { /// A token.\n resource t; make: func() -> t; } world b { export i; }",
    "imported": "interface i { resource t; make: func() -> t; } world b { import i; import exports: func(); }",
    "declared-after": "interface i { flags x { a } enum flag { a } f: func(a: x, b: flag); } world b { import i; }",
}
APP = """\
import b_bindings.guest, wit_world
try:
    import wit_world.imports.i
except ModuleNotFoundError:
    pass
class Anything:
    def __getattr__(self, name): return lambda *arguments: None
class T: pass
class I(Anything): pass
class WitWorld(Anything): pass
"""

pytestmark = pytest.mark.slow


def written(folder: Path, text: str) -> Path:
    (folder / "b.wit").write_text(f"package t:b;\n{text}")
    (folder / "app.py").write_text(APP)
    (folder / "i.py").write_text("class T: pass\n")
    return folder / "b.wit"


@pytest.mark.parametrize("text", CASES)
def test_generation_says_what_cannot_be_built(text: str, tmp_path: Path) -> None:
    result = generate(Config(written(tmp_path, text), out=tmp_path / "b_bindings"))
    found = [each for each in result.diagnostics if each.code == "W0703"]
    assert len(found) == 1
    assert CASES[text] in found[0].message
    assert found[0].span is not None
    assert found[0].help


@pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")
@pytest.mark.parametrize(
    "text", [pytest.param(text, marks=[pytest.mark.long] if number >= 1 else []) for number, text in enumerate(CASES)]
)
def test_the_build_fails_for_that_reason(text: str, tmp_path: Path) -> None:
    wit = written(tmp_path, text)
    generate(Config(wit, out=tmp_path / "b_bindings"))
    with pytest.raises(BuildError) as caught:
        build(Build(str(tmp_path / "app.py"), wit, out=tmp_path / "b.wasm"))
    assert CASES[text] in str(caught.value)


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_nothing_is_said_where_it_can(text: str, tmp_path: Path) -> None:
    result = generate(Config(written(tmp_path, text), out=tmp_path / "b_bindings"))
    assert not [each for each in result.diagnostics if each.code == "W0703"]


@pytest.mark.long
@pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")
@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_the_others_are_built(text: str, tmp_path: Path) -> None:
    wit = written(tmp_path, text)
    generate(Config(wit, out=tmp_path / "b_bindings"))
    assert build(Build(str(tmp_path / "app.py"), wit, out=tmp_path / "b.wasm")).is_new


@pytest.mark.long
def test_documentation_of_any_kind_is_no_obstacle(tmp_path: Path) -> None:
    wit = written(tmp_path, DOCUMENTED)
    (tmp_path / "wit" / "notes").mkdir(parents=True)
    (tmp_path / "wit" / "notes" / "latin-1.wit").write_bytes(b"// \xe9")
    wit = wit.rename(tmp_path / "wit" / "b.wit").parent
    result = generate(Config(wit, out=tmp_path / "b_bindings"))
    told = [each.message.partition("the documentation of ")[2].partition(" ends")[0] for each in result.diagnostics]
    assert sorted(told) == ["`[method]r.m`", "`f`", "`mine`", "`r`", "`run`", "the world"]
    # The application runs while it is built.
    (tmp_path / "app.py").write_text(
        "import wit_world\n"
        "from b_bindings.guest import exports\n"
        "from wit_world.imports import i\n"
        "exports.serve(__name__, run=lambda: '')\n"
        "said = [each.__doc__.strip() for each in (i.f, i.R, i.R.m, wit_world.WitWorld.run)]\n"
        f"assert said == {EXPECTED!r}, said\n"
    )
    assert build(Build(str(tmp_path / "app.py"), wit, out=tmp_path / "b.wasm")).is_new
    assert (wit / "b.wit").read_text().endswith(DOCUMENTED)
