"""The adapter inside a component: which components can have it, and what becomes of hostile guests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from tests.adapters.hostile import cases
from tests.adapters.test_composing import MEMORY, OPTIONS, Swaps, _component, _imports
from tests.host.echo import echo
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.compose.composer import Choice, compose
from witgen_runtime.host.adapters.names import WAIT
from witgen_runtime.values import Err, Ok

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, str]]:
    """Return what became of hostile guests, by the way that their lists took: a child has survived them all."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.adapters.hostile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(map(json.loads, run.stdout.splitlines()))


def test_hostile_guests(outcomes: dict[str, dict[str, str]]) -> None:
    """They trap wherever they do so without an adapter, and their stores cannot be used any more.

    With one exception: a `realloc` may call imports, as nothing but wasmtime knows that it is one.
    """
    assert outcomes.keys() == cases().keys()
    for case, ways in outcomes.items():
        assert ways["outside"] == ways["plain"], case
        if case.endswith("calls"):
            assert ways["plain"] == "Trap", case
            assert "ping" in ways["inside"], case
        else:
            assert ways["inside"] == ways["plain"], case
    assert sum(ways["inside"] == "Trap" for ways in outcomes.values()) > 80


def test_what_was_taken() -> None:
    with Swaps._open(_component(), _imports(), adapters="bytes") as world:
        taken = host.adapters_of(world)
        assert taken.inside == taken.direct == taken.text == ("import test:adapters/host#swap", "export run")
        assert world.run(bytes(range(256)) * 1000) == (bytes(range(256)) * 1000)[::-1]


def test_a_component_without_imports() -> None:
    text = f"""(component {MEMORY}
      (core module $m (import "" "memory" (memory 1))
        (func (export "run") (param i32 i32) (result i32)
          (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
      (core instance $i (instantiate $m (with "" (instance (export "memory" (memory $memory))))))
      (func (export "run") (param "data" (list u8)) (result (list u8))
        (canon lift (core func $i "run") {OPTIONS} (post-return $reset))))"""
    with Swaps._open(text, _imports()) as world:
        assert host.adapters_of(world).inside == ("export run",)
        assert world.run(bytes(range(256)) * 1000) == bytes(range(256)) * 1000


def _composed(component: str) -> Any:
    choice = Choice(lambda _: True, lambda _: None, Swaps._definition.exports)
    return compose(bytes(wat2wasm(component)), choice)


_SWAP = '(core func $swap (canon lower (func $h "swap") '
_OTHER = """(core module $om (memory (export "memory") 1)) (core instance $oi (instantiate $om))
  (alias core export $oi "memory" (core memory $other))"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("", "", id="as it is"),
        pytest.param("(post-return $reset)", "", id="no post-return"),
        pytest.param("(core module $m ", "(core type (func)) (core module $m ", id="core types"),
        pytest.param(_SWAP, f"{_SWAP} string-encoding=utf16 ", id="utf16"),
        pytest.param(_SWAP, '(component (component)) (core func $swap (canon lower (func $h "swap") ', id="nested"),
        pytest.param(f"{_SWAP}{OPTIONS}", f"{_OTHER} {_SWAP} (memory $other) (realloc $realloc)", id="memories"),
    ],
)
def test_components_that_can_have_it(old: str, new: str, request: pytest.FixtureRequest) -> None:
    can = request.node.callspec.id in ("as it is", "no post-return", "memories")
    text = _component()
    assert old in text
    text = text.replace(old, new)
    assert _composed(text).inside == can
    if request.node.callspec.id != "memories":
        with Swaps._open(text, _imports(), adapters="bytes") as world:
            assert bool(host.adapters_of(world).inside) == can
            assert world.run(b"abc" * 500) == b"cba" * 500


class _Kept(Swaps):
    def _bind(self, instance: host.Instance) -> None:
        super()._bind(instance)
        self.instance = instance


def test_waits_are_bounded_around_it() -> None:
    waits = """(import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))"""
    with _Kept._open(_component(waits), _imports(), limits=host.Limits(deadline=60)) as world:
        assert len(host.adapters_of(world).inside) == 2
        assert WAIT in world.instance._needs.adapters
        assert world.run(b"abc" * 500) == b"cba" * 500


def test_many_calls_of_an_import_in_one_of_an_export() -> None:
    """Each frees its blocks, although the outer call has some as well."""
    call = "(call $swap (local.get 0) (local.get 1) (i32.const 16))"
    text = _component()
    assert call in text
    again = """(local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 301)))"""
    with _Kept._open(text.replace(call, f"(local $n i32) (loop $again {call} {again})"), _imports()) as world:
        assert host.adapters_of(world).inside
        content = bytes(range(256)) * 256
        assert world.run(content) == content[::-1]
        [memory] = world.instance._linkage.memories._memories.values()
        assert next(memory.sizes) < 8 * len(content)


def test_deep_values() -> None:
    """Values whose parts point to each other lie in memory, and so do parameters of many core values."""
    row = abi.Tuple((abi.STRING, abi.List(abi.U16), abi.Option(abi.List(abi.F64))))
    type_ = abi.List(abi.Tuple((abi.List(row), abi.Result(abi.List(abi.CHAR), abi.List(abi.List(abi.U8))))))
    component = echo(type_)
    assert host.adapters_of(component.world).inside
    rows = [("zażółć", [1, 2, 65535], None), ("", [], [0.5, -0.0]), ("x" * 3000, list(range(4000)), [])]
    value = [(rows, Ok(["a", "\U0010ffff"])), ([], Err([b"abc", b"", bytes(5000)])), (rows * 20, Ok([]))]
    assert component.there(value) == component.back(value) == value
