"""What componentize-py cannot carry is left out and said, as docs/guest.md lists it; it still cannot carry it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import DOCS
from witgen import Config, generate

TOOL = Path(sys.executable).parent / "componentize-py"
PAGE = DOCS / "guest.md"
CASES = {
    "map": (
        "interface i { f: func(x: map<string, u32>); fine: func(); }",
        "a map: componentize-py cannot build a component that has one",
    ),
    "fixed-length list": (
        "interface i { f: func() -> list<u8, 4>; fine: func(); }",
        "a fixed-length list: componentize-py cannot build a component that has one",
    ),
    "error-context": (
        "interface i { f: func(x: error-context); fine: func(); }",
        "an error-context: componentize-py cannot build a component that has one",
    ),
    "stream of s8": (
        "interface i { f: func(x: stream<s8>); fine: func(); }",
        "a stream of s8: componentize-py treats it as one of u8",
    ),
    "future of a resource": (
        "interface i { resource r; f: func(x: future<r>); fine: func(); }",
        "a stream or future that carries resources, streams or futures",
    ),
}
INLINE = "componentize-py drops the free functions of interfaces that a world declares inline"


def warnings(folder: Path, text: str) -> list[str]:
    (folder / "a.wit").write_text(f"package a:a;\n{text}")
    result = generate(Config(folder / "a.wit", world="w", out=folder / "a_bindings", host=False))
    return [each.message for each in result.diagnostics if each.code == "W0701"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("side", ["import", "export"])
def test_the_rest_of_the_interface_is_there(case: str, side: str, tmp_path: Path) -> None:
    interface, reason = CASES[case]
    (told,) = warnings(tmp_path, f"{interface}\nworld w {{ {side} i; }}")
    assert told == f"`f` is left out as a guest {side}: it uses {reason}"
    assert reason in PAGE.read_text()
    place = "guest/exports" if side == "export" else "guest"
    module = (tmp_path / "a_bindings" / place / "a_a_i.py").read_text()
    assert "def fine(" in module
    assert "def f(" not in module


@pytest.mark.skipif(not TOOL.exists(), reason="componentize-py is not installed")
@pytest.mark.parametrize("case", ["map", "fixed-length list"])
def test_componentize_py_panics(case: str, tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(f"package a:a;\n{CASES[case][0]}\nworld w {{ import i; }}")
    done = subprocess.run(
        [TOOL, "-d", tmp_path / "a.wit", "-w", "w", "bindings", tmp_path / "out"], capture_output=True
    )
    assert done.returncode != 0


def test_functions_of_interfaces_inside_a_world(tmp_path: Path) -> None:
    inside = "interface { resource r { constructor(); } f: func(); }"
    told = warnings(tmp_path, f"world w {{ import in: {inside} export out: {inside} }}")
    assert told == [f"`f` is left out as a guest {side}: {INLINE}" for side in ("import", "export")]
    assert INLINE in PAGE.read_text()
    if TOOL.exists():
        bindings = [TOOL, "-d", tmp_path / "a.wit", "-w", "w", "bindings", tmp_path / "out"]
        subprocess.run(bindings, check=True, capture_output=True)
        raw = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.py"))
        assert "class R" in raw
        assert "def f(" not in raw


SERVED = """\
interface only { resource r; pour: func(x: stream<r>); }
interface just { use only.{r}; f: func(x: future<r>); }
interface part { resource job { constructor(); pour: func(x: stream<job>); ok: func() -> u32; } }
interface two { resource a { constructor(); } resource b { constructor(); } pour: func(x: stream<a>); }
world w {
  use only.{r};
  export only; export just; export part; export two;
  export inside: interface { resource q { constructor(); } f: func(); }
  export top: func(x: stream<r>);
}
"""
SERVING = """\
from a_bindings.guest import exports
from a_bindings.guest.exports import a_a_just, a_a_only, a_a_part, a_a_two, w_inside

class R(a_a_only.R):
    pass

class Just(a_a_just.Just):
    pass

class Job(a_a_part.Job):
    def __init__(self) -> None: ...
    def ok(self) -> int: return 3

class A(a_a_two.A):
    def __init__(self) -> None: ...

class B(a_a_two.B):
    def __init__(self) -> None: ...

class Two(a_a_two.Two):
    A = A
    B = B

class Q(w_inside.Q):
    def __init__(self) -> None: ...

exports.serve(__name__, a_a_only=R, a_a_just=Just(), a_a_part=Job, a_a_two=Two(), inside=Q)
"""


def test_what_is_left_out_is_not_demanded(tmp_path: Path) -> None:
    """Neither of interfaces, where something or nothing is left, nor of resources or the world; annotations exist."""
    assert len(warnings(tmp_path, SERVED)) == 7
    (tmp_path / "app.py").write_text(SERVING)
    for command in (["app.py"], ["-m", "mypy", "--strict", "--config-file=", "a_bindings", "app.py"]):
        run = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
    (tmp_path / "app.py").write_text(SERVING.replace("def ok", "def okay").replace("B = B", "B = 5"))
    run = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    said = "does not export `a:a/part: [method]job.ok (ok of Job)`, `a:a/two: resource b (a class called B)`"
    assert said in run.stderr
