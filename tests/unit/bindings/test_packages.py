"""Reusing what a generated package has: what is imported, and what is said where that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from witgen import Config, WitgenError, check, generate

SHAPES = """\
interface shapes {
  resource canvas { draw: func(item: shape) -> result<_, problem>; }
  variant shape { dot, line(u32) }
  variant problem { full, torn(string) }
}
"""
WIT = f"package demo:a@1.0.0;\n{SHAPES}world a {{ import shapes; export run: func() -> u32; }}\n"


def tree(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.wit").write_text(text)
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """The folder with a generated package `first`, which has a copy of the runtime."""
    generate(Config(tree(tmp_path / "wit", WIT), out=tmp_path / "first", runtime="copy"))
    return tmp_path


def run(folder: Path, script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_classes_are_those_of_the_package(first: Path) -> None:
    larger = WIT.replace("world a {", "interface more { f: func(); }\nworld a { import more;")
    generate(Config(tree(first / "more", larger), out=first / "second", reuse=["first"]))
    script = """
import first.host, second.host
from first.host import demo_a_shapes as one
from first.types import demo_a_shapes as types_one
from second.host import demo_a_more, demo_a_shapes as two
from second.types import demo_a_shapes as types_two
assert one.Canvas is two.Canvas and types_one.ProblemTorn is types_two.ProblemTorn
assert second.host.A is not first.host.A and issubclass(second.host.A, first.host.A.__mro__[1])
"""
    assert run(first, script) == ""
    assert not (first / "second" / "runtime").exists()
    plan = check(Config(first / "more", out=first / "second", reuse=["first"])).plan
    assert plan is not None
    assert plan.drift == {}


def test_documentation_does_not_count(first: Path) -> None:
    documented = WIT.replace("variant shape", "/// Something to draw.\n  variant shape")
    generate(Config(tree(first / "docs", documented), out=first / "second", reuse=["first"]))
    assert "from first.types" in (first / "second" / "types" / "demo_a_shapes.py").read_text()


def test_a_part_of_an_interface_shares_its_types(first: Path) -> None:
    """A component imports only the functions that it calls."""
    part = WIT.replace("resource canvas { draw: func(item: shape) -> result<_, problem>; }", "f: func(item: shape);")
    generate(Config(tree(first / "part", part), out=first / "second", reuse=["first"]))
    assert "from first.types" in (first / "second" / "types" / "demo_a_shapes.py").read_text()
    assert "def f(self" in (first / "second" / "host" / "demo_a_shapes.py").read_text()
    # `problem` is an exception there, so it is one here, though nothing fails with it.
    script = "from second.types.demo_a_shapes import Problem; print(issubclass(Problem, Exception))"
    assert run(first, script) == "True"


def test_reusing_what_reuses(first: Path) -> None:
    more = WIT.replace("world a {", "interface more { use shapes.{shape}; f: func(s: shape); }\nworld a { import more;")
    generate(Config(tree(first / "more", more), out=first / "second", reuse=["first"]))
    generate(Config(first / "more", out=first / "third", reuse=["second"]))
    script = """
from first.types.demo_a_shapes import ShapeLine as one
from third.types.demo_a_shapes import ShapeLine as three
from second.host.demo_a_more import More as second
from third.host.demo_a_more import More as third
print(one is three, second is third)
"""
    assert run(first, script) == "True True"


def test_a_regenerated_package_is_looked_at_again(first: Path) -> None:
    config = Config(first / "wit", out=first / "second", reuse=["first"])
    generate(config)
    generate(Config(tree(first / "wit", WIT.replace("line(u32)", "line(s32)")), out=first / "first"))
    assert generate(config).plan is not None
    generate(Config(tree(first / "other", WIT), out=first / "first"))
    with pytest.raises(WitgenError, match=r"`shape` of .* is different in `first`"):
        generate(config)


def test_another_interface_of_the_same_name(first: Path) -> None:
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    changed = tree(first / "changed", WIT.replace("line(u32)", "line(u64)"))
    with pytest.raises(WitgenError) as caught:
        generate(Config(changed, out=first / "second", reuse=["first"]))
    [problem] = caught.value.diagnostics
    assert (problem.code, problem.message) == ("W0917", "`shape` of `demo:a/shapes@1.0.0` is different in `first`")
    here, there = (word.strip(",") for word in str(problem.note).split() if word.startswith("sha256:"))
    assert here != there
    assert before.items() <= {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}.items()
    assert not (first / "second").exists()


def test_another_name_for_an_interface(first: Path) -> None:
    names = {"demo:a/shapes": "drawing"}
    with pytest.raises(WitgenError, match="in `first` it is `demo_a_shapes`") as caught:
        generate(Config(first / "wit", out=first / "second", reuse=["first"], names=names))
    assert caught.value.code == "W0917"


@pytest.mark.parametrize(
    ("reuse", "code", "message"),
    [
        (["nowhere"], "W0914", "there is no generated package `nowhere`"),
        (["json"], "W0914", "there is no generated package `json`"),
        (["first=elsewhere"], "W0914", "there is no generated package `first`"),
        (["not-a-name"], "W0914", "`not-a-name` is not the import name of a package"),
        (["host_only"], "W0916", "`host_only` has no runtime for a guest"),
        (
            ["first", "twin"],
            "W0916",
            "`twin` uses the runtime in `twin.runtime`, other packages the one in `first.runtime`",
        ),
    ],
)
def test_what_cannot_be_reused(first: Path, reuse: list[str], code: str, message: str) -> None:
    generate(Config(first / "wit", out=first / "host_only", guest=False, runtime="copy"))
    generate(Config(first / "wit", out=first / "twin", runtime="copy"))
    with pytest.raises(WitgenError) as caught:
        generate(Config(first / "wit", out=first / "second", reuse=reuse))
    assert (caught.value.code, str(caught.value)) == (code, message)


def test_other_versions_and_damaged_locks(first: Path) -> None:
    lock = first / "first" / "witgen.lock"
    text = lock.read_text()
    lock.write_text(text.replace('"witgen": "', '"witgen": "9.'))
    with pytest.raises(WitgenError, match=r"was generated by witgen 9\..*, but this is witgen"):
        generate(Config(first / "wit", out=first / "second", reuse=["first"]))
    lock.write_text(text[:100])
    with pytest.raises(WitgenError, match="does not list its contents"):
        generate(Config(first / "wit", out=first / "second", reuse=["first"]))


def test_only_the_runtime(first: Path) -> None:
    generate(Config(first / "wit", out=first / "second", runtime="first.runtime"))
    script = """
import first.types.demo_a_shapes as one, second.types.demo_a_shapes as two, first.host, second.host
print(one.Problem is two.Problem, one.Problem.__mro__[1] is two.Problem.__mro__[1])
"""
    assert run(first, script) == "False True"
    with pytest.raises(WitgenError, match="is not the import name"):
        generate(Config(first / "wit", out=first / "third", runtime="../runtime"))


def test_from_the_file_and_the_command_line(first: Path) -> None:
    (first / "pyproject.toml").write_text(
        '[tool.witgen]\nout = "lib/second"\nreuse = ["one.first=one/first", "gone"]\n'
    )
    (first / "one").mkdir()
    (first / "first").rename(first / "one" / "first")
    witgen = [sys.executable, "-m", "witgen", "generate"]
    done = subprocess.run(witgen, cwd=first, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pyproject.toml:3:" in done.stderr
    assert "there is no generated package `gone`" in done.stderr
    done = subprocess.run([*witgen, "--reuse", "one.first=one/first"], cwd=first, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "from one.first.types" in (first / "lib" / "second" / "types" / "demo_a_shapes.py").read_text()
    subprocess.run([*witgen, "wit", "--out", "alone", "--runtime", "witgen_runtime"], cwd=first, check=True)
    assert "from witgen_runtime import host" in (first / "alone" / "host" / "a.py").read_text()
