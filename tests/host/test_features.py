"""Components that need more of WebAssembly than a plain engine has: it is chosen, or the feature is named."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from wasmtime import wat2wasm
from wasmtime.component import Component

import witgen
from witgen.golem.local import Services
from witgen_runtime import abi, host
from witgen_runtime.host.capi.features import missing_feature

RUN = abi.Function("run", "run", (), abi.U32)
ASYNC_INSIDE = """(component
  (core func $get (canon context.get i32 0))
  (core module $m
    (import "" "get" (func $get (result i32)))
    (func (export "run") (result i32) (i32.add (call $get) (i32.const 7))))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))"""


class World(host.World):
    """One function."""

    _definition = host.Definition("test:features/world", (), (abi.Interface("", (), (RUN,)),))

    def _bind(self, instance: host.Instance) -> None:
        self.run = instance.function(RUN)


class AsyncWorld(host.AsyncWorld[World]):
    """For asyncio."""

    async def run(self) -> Any:
        """Run."""
        return await host.run_in_store(self, self._world.run)


class Anything(host.World):
    """No function."""

    _definition = host.Definition("test:features/none", (), ())

    def _bind(self, instance: host.Instance) -> None:
        del instance


def test_a_component_with_async_inside_opens_on_the_engine_that_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "inside.wasm"
    path.write_bytes(wat2wasm(ASYNC_INSIDE))
    for source in (ASYNC_INSIDE, path, path.read_bytes()):
        for limits in (None, host.Limits(fuel=100_000), host.Limits(deadline=5.0), host.Limits(memory=1 << 20)):
            with World._open(source, None, limits=limits) as made:
                assert made.run() == 7

    async def waited() -> object:
        async with await AsyncWorld._open(World, path, None) as made:
            return await made.run()

    assert asyncio.run(waited()) == 7


def test_a_loaded_component_with_async_inside() -> None:
    content = bytes(wat2wasm(ASYNC_INSIDE))
    loaded = witgen.load(content)
    for limits in ({}, {"fuel": 100_000}, {"deadline": 5.0}, {"memory": 1 << 20}, {"adapters": "off"}):
        with loaded.open(**limits) as made:
            assert made.run() == 7
    with Services() as services, services.open(content) as made:
        assert made.run() == 7
    with host.Store(concurrent=True) as store:
        assert loaded.instantiate(store, content).run() == 7


def test_a_store_without_async_says_what_store_to_make(tmp_path: Path) -> None:
    path = tmp_path / "inside.wat"
    path.write_text(ASYNC_INSIDE)
    for engine in (None, host.make_engine()):
        with host.Store(engine) as store, pytest.raises(host.ComponentError) as caught:
            World._instantiate(store, path, None)
        assert caught.value.feature == "the async part of the component model"
        first, second = str(caught.value).splitlines()
        assert first.startswith(f"{path}: the component needs the async part of the component model, which its engine")
        assert "Store(concurrent=True)" in first
        assert "make_engine(config, Settings(concurrent=True))" in first
        assert "`context.get`" in second
    concurrent = host.make_engine(settings=host.Settings(concurrent=True))
    for store in (host.Store(concurrent=True), host.Store(concurrent), host.Store(concurrent, concurrent=True)):
        with store:
            assert World._instantiate(store, path, None).run() == 7


CALLS_ASYNC_INSIDE = """(component
  (component $inner
    (core func $return (canon task.return (result u32)))
    (core module $m (import "" "return" (func $return (param i32)))
      (func (export "f") (result i32) (call $return (i32.const 42)) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
    (alias core export $i "callback" (core func $callback))
    (func (export "f") async (result u32) (canon lift (core func $i "f") async (callback $callback))))
  (component $outer
    (import "f" (func $f async (result u32)))
    (core func $f (canon lower (func $f)))
    (core module $m (import "" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $a (instantiate $inner))
  (instance $b (instantiate $outer (with "f" (func $a "f"))))
  (export "run" (func $b "run")))"""


def test_a_plain_function_that_calls_an_async_one_inside() -> None:
    """wasmtime-py runs the tasks of async functions only; wasmtime 50 takes the rest for a bug of its own."""
    with World._open(CALLS_ASYNC_INSIDE, None) as made:
        try:
            assert made.run() == 42
        except host.EngineError as error:
            assert "that is not async" in str(error)  # noqa: PT017


LENDS = """(component
  (import "test:lends/host" (instance $h
    (export "thing" (type $t (sub resource)))
    (export "[constructor]thing" (func (param "n" u32) (result (own $t))))
    (export "sum" (func (param "a" (borrow $t)) (param "b" (borrow $t)) (result u32)))
    (export "total" (func (param "all" (list (borrow $t))) (result u32)))))
  (alias export $h "thing" (type $thing))
  (core module $mem (memory (export "memory") 1)) (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory))
  (core func $make (canon lower (func $h "[constructor]thing")))
  (core func $sum (canon lower (func $h "sum")))
  (core func $total (canon lower (func $h "total") (memory $memory)))
  (core func $get (canon context.get i32 0))
  (core module $m
    (import "" "make" (func $make (param i32) (result i32))) (import "" "get" (func $get (result i32)))
    (import "" "sum" (func $sum (param i32 i32) (result i32)))
    (import "" "total" (func $total (param i32 i32) (result i32)))
    (import "" "memory" (memory 1))
    (func (export "run") (result i32) (local i32 i32)
      (local.set 0 (call $make (i32.const 1))) (local.set 1 (call $make (i32.const 2)))
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
      (i32.add (call $get) (i32.add (i32.mul (i32.const 100) (call $sum (local.get 0) (local.get 1)))
        (call $total (i32.const 0) (i32.const 2))))))
  (core instance $i (instantiate $m (with "" (instance (export "make" (func $make)) (export "get" (func $get))
    (export "sum" (func $sum)) (export "total" (func $total)) (export "memory" (memory $mem "memory"))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))"""


def test_a_component_with_async_inside_lends_several_handles() -> None:
    loaded = witgen.load(bytes(wat2wasm(LENDS)), world="lends")
    base = loaded._definition.imports[0].module.Thing

    class Thing(base):  # type: ignore[misc, valid-type]
        def __init__(self, n: int) -> None:
            self.n = n

    class Host:
        def sum(self, a: Thing, b: Thing) -> int:
            return int(a.n + 10 * b.n)

        def total(self, all_: list[Thing]) -> int:
            return sum(each.n for each in all_)

    implemented = Host()
    implemented.Thing = Thing  # type: ignore[attr-defined]
    with loaded.open({"test:lends/host": implemented}) as made:
        assert made.run() == 2103


def test_what_an_engine_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "needs.wat"
    for text, feature in (
        ('(component (import "f" (func (param "x" error-context))))', "`error-context` of the component model"),
        ('(component (import "f" (func (param "x" (list u8 4)))))', "fixed-length lists of the component model"),
        ("(component (core module (memory 1 (pagesize 1))))", "memories with custom page sizes"),
        ("(component (core module (func try catch_all end)))", "legacy exceptions"),
    ):
        path.write_text(text)
        with pytest.raises(host.ComponentError) as caught:
            Anything._open(path, None)
        assert caught.value.feature == feature
        assert str(caught.value).startswith(f"{path}: the component needs {feature}, which its engine does not have: ")
        assert "build the component without it" in str(caught.value) or "in a wasmtime.Config" in str(caught.value)


def test_what_the_user_has_switched_off_can_be_switched_on() -> None:
    text = "(component (core module (memory 1) (memory 1)))"
    config = wasmtime.Config()
    config.wasm_multi_memory = False
    with (
        host.Store(host.make_engine(config)) as store,
        pytest.raises(host.ComponentError, match=r"multiple memories in a module.* set `wasm_multi_memory = True` in"),
    ):
        Anything._instantiate(store, text, None)
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    with host.Store(host.make_engine(config)) as store:
        Anything._instantiate(store, text, None)


@pytest.mark.parametrize(
    ("said", "feature"),
    [
        (
            "`stream` requires the component model async feature (at offset 0xb)",
            "the async part of the component model",
        ),
        (
            "requires the component model async stackful feature (at 0x4d)",
            "stackful async functions of the component model",
        ),
        ("canonical option `gc` requires the `cm-gc` feature", "garbage-collected values in the component model"),
        ("64-bit memories require the `cm64` feature to be enabled", "components with 64-bit memories"),
        ("memory64 must be enabled for 64-bit memories", "64-bit memories"),
        ("    1: Invalid input WebAssembly code at offset 41: threads support is not enabled", "threads"),
        ("rec group usage requires `gc` proposal to be enabled", "garbage collection"),
        ("exceptions proposal not enabled", "exceptions"),
        ("cannot define continuation types when stack switching is disabled", "stack switching"),
        ("`x` requires the component model flying feature", "component model flying"),
        ("invalid map key type (at offset 0xb)", None),
        ("unknown import: `gc` has not been defined", None),
        ("the `async` canonical option requires an async function type (at offset 0x1a)", None),
    ],
)
def test_what_wasmtime_says_of_features(said: str, feature: str | None) -> None:
    found = missing_feature(f"failed to parse WebAssembly module\n\nCaused by:\n    {said}\n")
    assert (found.name if found is not None else None) == feature


def test_a_core_module_is_not_a_component() -> None:
    with pytest.raises(host.ComponentError, match="it is a core module; `wasm-tools component new` turns"):
        Anything._open("(module)", None)


def test_a_component_compiled_for_another_engine() -> None:
    compiled = Component(wasmtime.Engine(), "(component (core module $m) (core instance (instantiate $m)))")
    with pytest.raises(host.LinkError, match="the component was compiled for another engine than this store's: pass"):
        Anything._open(compiled, None)


def test_arguments_of_a_wrong_type_are_refused_in_words() -> None:
    text = "(component)"
    with host.Store() as store, Path(__file__).open("rb") as file:
        for source, got in (
            (None, "got NoneType"),
            (7, "got int"),
            (file, "got BufferedReader; pass its path, or what its `read` returns"),
            (wasmtime.Module(wasmtime.Engine(), "(module)"), "got Module, which is a core module"),
        ):
            with pytest.raises(TypeError, match=f"component: expected a path, bytes, .*{got}"):
                Anything._open(source, None)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="component: expected a path, bytes"):
                Anything._instantiate(store, source, None)  # type: ignore[arg-type]
    engine = wasmtime.Engine()
    with pytest.raises(
        TypeError, match=r"expected witgen_runtime.host.Store, got wasmtime's own; make one with Store\("
    ):
        Anything._instantiate(wasmtime.Store(engine), text, None)  # type: ignore[arg-type]
    for other in (None, engine, "store", text, object()):
        with pytest.raises(TypeError, match=f"store: expected witgen_runtime.host.Store, got {type(other).__name__}"):
            Anything._instantiate(other, text, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"engine: expected a wasmtime.Engine, got Config"):
        host.Store(wasmtime.Config())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"config: expected a wasmtime.Config, got Settings; pass it as `settings`"):
        host.make_engine(host.Settings())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"settings: expected witgen_runtime.host.Settings, got bool"):
        host.make_engine(None, True)  # type: ignore[arg-type]
