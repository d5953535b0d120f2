"""`witgen.load`: a component's class without files of bindings."""

from __future__ import annotations

import inspect
import io
import os
import pydoc
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

import witgen
from tests.support.components import ADDER, documented, world_of
from tests.support.problems import listed
from witgen_runtime.host import ComponentError, LinkError

# Imports a function of its own and an interface, and exports what calls both.
TALKER = """
(component
  (import "twice" (func $twice (param "n" u32) (result u32)))
  (import "demo:talk/steps@1.2.0" (instance $steps
    (export "first" (func (param "a" u32) (param "b" u32) (result u32)))
    (export "second-one" (func (param "a" u32) (result u32)))))
  (core func $twice (canon lower (func $twice)))
  (core func $first (canon lower (func $steps "first")))
  (core func $second (canon lower (func $steps "second-one")))
  (core module $m
    (import "" "twice" (func $twice (param i32) (result i32)))
    (import "" "first" (func $first (param i32 i32) (result i32)))
    (import "" "second" (func $second (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
      (call $second (call $first (call $twice (local.get 0)) (i32.const 1)))))
  (core instance $i (instantiate $m (with "" (instance
    (export "twice" (func $twice)) (export "first" (func $first)) (export "second" (func $second))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))
"""


@pytest.fixture
def talker() -> Any:
    return witgen.load(TALKER.encode(), world="talker")


def second_one(a: int) -> int:
    return a + 100


GIVEN = {"twice": lambda n: 2 * n, "demo_talk_steps": {"first": lambda a, b: a + b, "second_one": second_one}}


def test_a_component_is_called() -> None:
    with witgen.load(ADDER).open() as adder:
        assert adder.docs_adder_add.add(1, 2) == 3
        with pytest.raises(ValueError, match="u32"):
            adder.docs_adder_add.add(-1, 2)


def test_the_same_class_again(tmp_path: Path) -> None:
    copy = tmp_path / ADDER.name
    copy.write_bytes(ADDER.read_bytes())
    assert witgen.load(copy) is witgen.load(ADDER)


def test_threads_may_load_at_the_same_time() -> None:
    """In a fresh process, where nothing is imported yet."""
    program = f"""
from concurrent.futures import ThreadPoolExecutor
import witgen
with ThreadPoolExecutor(8) as pool:
    classes = list(pool.map(witgen.load, [{str(ADDER)!r}] * 8))
assert len(set(classes)) == 1, classes
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "given",
    [
        GIVEN,
        {"twice": lambda n: 2 * n, "demo:talk/steps@1.2.0": {"first": lambda a, b: a + b, "second-one": second_one}},
        {"twice": lambda n: 2 * n, "demo:talk/steps": GIVEN["demo_talk_steps"]},
        SimpleNamespace(
            twice=lambda n: 2 * n,
            demo_talk_steps=SimpleNamespace(first=lambda a, b: a + b, second_one=second_one),
        ),
    ],
    ids=["python-names", "wit-names", "without-version", "objects"],
)
def test_imports_are_functions_or_objects(talker: Any, given: object) -> None:
    with talker.open(given) as world:
        assert world.run(5) == 111
    if isinstance(given, dict) and all(name.isidentifier() for name in given):
        with talker.open(**given) as world:
            assert world.run(5) == 111


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"twcie": len}, r"`twcie`: the component imports nothing with this name \(did you mean `twice`\?\)"),
        ({"steps": {}}, r"`steps`: the component imports nothing with this name \(did you mean `demo_talk_steps`\?\)"),
        ({"other": len}, r"`other`: the component imports nothing with this name; there is `demo_talk_steps`, `twice`"),
        ({"twice": lambda: 1}, r"twice: it is called with \(n\), which `.*<lambda>\(\)` does not accept"),
        ({"demo_talk_steps": {"frist": max}}, r"demo:talk/steps@1.2.0: it has no function `frist` \(did you mean `fi"),
        (
            {"demo_talk_steps": {"first": lambda a: a, "second_one": second_one}},
            r"demo:talk/steps@1.2.0#first: it is called with \(a, b\)",
        ),
        ({"demo_talk_steps": {"first": lambda a, b: a}}, r"demo:talk/steps@1.2.0: second-one: func\(a: u32\) -> u32"),
        ({"demo_talk_steps": None}, r"demo:talk/steps@1.2.0: no implementation"),
    ],
)
def test_imports_are_checked_before_anything_runs(talker: Any, change: dict[str, object], message: str) -> None:
    with pytest.raises(LinkError, match=message):
        talker.open({**GIVEN, **change})


def test_all_that_does_not_fit_is_listed(talker: Any) -> None:
    with pytest.raises(LinkError) as caught:
        talker.open(twcie=1, twice=lambda: 1, demo_talk_steps={"first": lambda: 1})
    unknown, called, first, missing = listed(caught.value)
    assert unknown == "  `twcie`: the component imports nothing with this name (did you mean `twice`?)"
    assert called.startswith("  twice: it is called with (n)")
    assert first.startswith("  demo:talk/steps@1.2.0#first: it is called with (a, b)")
    assert missing == "  demo:talk/steps@1.2.0: second-one: func(a: u32) -> u32 (it is missing)"


def test_imports_may_be_missing_where_that_is_said(talker: Any) -> None:
    message = r"demo:talk/steps@1\.2\.0#first: the host does not implement it"
    with talker.open(twice=lambda n: n, partial=True) as world, pytest.raises(NotImplementedError, match=message):
        world.run(1)


def test_limits(talker: Any) -> None:
    with talker.open(GIVEN, fuel=10_000, deadline=5.0) as world:
        assert world.run(1) == 103


def test_help_and_source(dummy: Callable[[Any], Path], wasm_tools: Path, tmp_path: Path) -> None:
    """`help()` shows what WIT documents; `inspect.getsource` and tracebacks show the code."""

    component = tmp_path / "documented.wasm"
    component.write_bytes(documented(world_of("resources"), dummy, wasm_tools, tmp_path))
    loaded = witgen.load(component, world="golden:resources/resources")
    from witgen.loaded.resources.host.exports import golden_resources_store as store  # type: ignore[import-not-found]

    shown = io.StringIO()
    pydoc.Helper(output=shown).help(store.Bucket)
    assert "A set of named blobs." in shown.getvalue()
    assert "The name it was opened with." in shown.getvalue()
    assert inspect.getsource(store.Bucket.name).strip().startswith("@abstractmethod")
    assert loaded.__module__ == "witgen.loaded.resources.host.resources"


def test_tracebacks_show_the_generated_code() -> None:
    with witgen.load(ADDER).open() as adder:
        try:
            adder.docs_adder_add.add("one", 2)
        except TypeError as error:
            shown = "".join(traceback.format_exception(error))
    assert "return self.__add(x, y)" in shown


def test_bindings_import_from_witgen_loaded(talker: Any) -> None:
    from witgen.loaded.talker.host import demo_talk_steps  # type: ignore[import-not-found]

    from witgen_runtime import values  # type: ignore[import-not-found]

    assert values is sys.modules["witgen_runtime.values"]

    class Steps(demo_talk_steps.Steps):  # type: ignore[misc]
        def first(self, a: int, b: int) -> int:
            return a * b

        def second_one(self, a: int) -> int:
            return -1

    with talker.open(twice=lambda n: n, demo_talk_steps=Steps()) as world, pytest.raises(ValueError, match="u32"):
        world.run(1)


def test_another_component_of_the_same_name_takes_its_place(talker: Any) -> None:
    other = witgen.load(ADDER.read_bytes(), world="talker")
    from witgen.loaded.talker import host

    assert issubclass(other, host.Talker)
    with talker.open(GIVEN) as world:
        assert world.run(5) == 111


@pytest.mark.long
def test_loading_again_in_another_process_is_quick(componentized: Callable[[Any], Path], tmp_path: Path) -> None:
    """18 MB that were compiled and decoded before: a notebook that is started again does not wait."""

    component = componentized(world_of("versions"))
    assert component.stat().st_size > 15_000_000
    script = """
        import sys, time
        import wasmtime, witgen
        started = time.perf_counter()
        witgen.load(sys.argv[1])
        print(time.perf_counter() - started)
        print([name for name in ("black", "jinja2", "lark") if name in sys.modules])
    """
    environment = {**os.environ, "WITGEN_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", dedent(script), component],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout.splitlines()
        for _ in range(2)
    )
    assert second[1] == "[]"
    assert float(second[0]) < float(first[0]) / 4


def test_what_is_not_a_component_is_told(tmp_path: Path) -> None:
    module = tmp_path / "core.wasm"
    module.write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(witgen.WitgenError, match="core module"):
        witgen.load(module)
    with pytest.raises(witgen.WitgenError, match="is a folder"):
        witgen.load(tmp_path)
    with pytest.raises(witgen.WitgenError, match="does not exist"):
        witgen.load(tmp_path / "none.wasm")
    with pytest.raises(witgen.WitgenError, match="not WebAssembly"):
        witgen.load(b"package a:b;")


def test_what_this_wasmtime_cannot_run_is_told() -> None:
    """A feature that wasmtime has behind a setting, in a component that WIT can describe."""
    with pytest.raises(ComponentError, match="needs fixed-length lists of the component model"):
        witgen.load(b'(component (import "f" (func (param "x" (list u8 4)))))', world="fixed")
