"""What can have adapters and what cannot, what is said of it, and that no file makes composing fail in another way."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from wasmtime import wat2wasm
from wasmtime.component import Component

from tests.adapters.random_worlds import RandomWorld
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.compose.composer import Choice, compose
from witgen_runtime.host.adapters.refusal import Refusal
from witgen_runtime.host.capi.engine import default_engine

BYTES = abi.List(abi.U8)
_HOST = abi.Interface(
    "test:adapters/host", (), (abi.Function("swap", "swap", (abi.Param("data", "data", BYTES),), BYTES),)
)
_EXPORTS = abi.Interface("", (), (abi.Function("run", "run", (abi.Param("data", "data", BYTES),), BYTES),))
OPTIONS = "(memory $memory) (realloc $realloc)"
MEMORY = """(core module $mm (memory (export "memory") 1) (global $p (mut i32) (i32.const 64))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
      (local.set $r (global.get $p)) (global.set $p (i32.add (local.get $r) (local.get 3)))
      (if (i32.gt_u (global.get $p) (i32.shl (memory.size) (i32.const 16)))
        (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16)))))))
      (local.get $r))
    (func (export "reset") (param i32) (global.set $p (i32.const 64))))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (alias core export $mi "reset" (core func $reset))"""


def _component(imports: str = "", before: str = "", more: str = "") -> str:
    """Return a component whose `run` passes on to `swap`."""
    return f"""(component {before}
  (import "test:adapters/host" (instance $h (export "swap" (func (param "data" (list u8)) (result (list u8))))))
  {imports} {MEMORY}
  (core func $swap (canon lower (func $h "swap") {OPTIONS}))
  (core module $m (import "" "swap" (func $swap (param i32 i32 i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $swap (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $i (instantiate $m (with "" (instance (export "swap" (func $swap))))))
  (func (export "run") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $i "run") {OPTIONS} (post-return $reset))) {more})"""


class Swaps(host.World):
    """The component's world."""

    _definition = host.Definition("test:adapters/swaps", (host.Import("host", _HOST),), (_EXPORTS,))

    def _bind(self, instance: host.Instance) -> None:
        self.run = instance.function(_EXPORTS.functions[0])


class _Swap:
    @staticmethod
    def swap(data: bytes) -> bytes:
        return data[::-1]


def _imports() -> Any:
    return type("Imports", (), {"host": _Swap()})()


_LAID_OUT = "the component's types are not laid out as wit-component lays them out"
_FUNCTIONS = ("import test:adapters/host#swap", "export run")


def test_what_was_taken() -> None:
    for adapters, text in ((None, _FUNCTIONS), ("bytes", _FUNCTIONS), ("off", ())):
        with Swaps._open(_component(), _imports(), adapters=adapters) as world:  # type: ignore[arg-type]
            taken = host.adapters_of(world)
            assert taken.text == text
            assert set(taken.plain) == set(_FUNCTIONS) - set(text)
            assert world.run(bytes(range(256)) * 5) == (bytes(range(256)) * 5)[::-1]
            assert world.run(bytearray(b"abc")) == b"cba"
            assert world.run(memoryview(b"")) == b""
            with pytest.raises(TypeError, match=r"run\(data=…\): expected bytes-like, got str"):
                world.run("abc")


def test_an_implementation_that_returns_something_else() -> None:
    imports = _imports()
    imports.host.swap = lambda data: "text"
    with (
        Swaps._open(_component(), imports, adapters="bytes") as world,
        pytest.raises(TypeError, match=r"swap\(\) result: expected bytes-like, got str"),
    ):
        world.run(b"abc")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            _component(before="(core type (func))"),
            "test:adapters/host: an import of the component follows core types or code",
        ),
        (
            _component(more='(import "test:adapters/late" (instance))'),
            "test:adapters/late: an import of the component follows core types or code",
        ),
    ],
)
def test_a_component_that_is_not_as_helpers_need_it(text: str, rule: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(host.LinkError, match=rule):
        Swaps._open(text, _imports(), adapters="bytes")
    with caplog.at_level(logging.INFO), Swaps._open(text, _imports()) as world:
        assert host.adapters_of(world).plain == _FUNCTIONS
        assert re.search(rule, host.adapters_of(world).refusal)
        assert world.run(b"abc") == b"cba"
    assert re.search(f"test:adapters/swaps: no adapters: .*{rule}", caplog.text)


def test_a_refusal_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path))
    refused = _component(before="(core type (func))")

    def refusal() -> str:
        with Swaps._open(refused, _imports()) as world:
            assert world.run(b"abc") == b"cba"
            return host.adapters_of(world).refusal

    rule = "test:adapters/host: an import of the component follows core types or code"
    assert refusal() == rule
    [note] = (tmp_path / "components").glob("*.plain")
    note.write_text('["test:adapters/host", "as the cache has it"]')
    assert refusal() == "test:adapters/host: as the cache has it"
    for damaged in ("", "[1]", "{", '["', "\0"):
        note.write_text(damaged)
        assert refusal() == rule
    with pytest.raises(host.LinkError, match=rule):
        Swaps._open(refused, _imports(), adapters="bytes")


def test_that_a_component_needs_no_lane_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path))

    class Optional(Swaps):
        _definition = host.Definition("test:adapters/optional", (host.Import("host", _HOST),), ())

        def _bind(self, instance: host.Instance) -> None: ...

    for _ in range(2):
        with Optional._open("(component)", _imports()) as world:
            assert host.adapters_of(world) == host.AdaptersTaken()
        [note] = (tmp_path / "components").glob("*.plain")
        assert note.read_text() == "[]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '(import "test:adapters/odd" (instance (export "inner" (instance))))',
            f"test:adapters/odd: {_LAID_OUT}: an instance type exports `inner`, which is of sort 5",
        ),
        (
            '(import "test:a/fixed" (instance (export "f" (func (param "a" (list u8 4)) (param "b" (list u8))))))',
            "test:a/fixed#f: adapters do not know how values of kind fixed_list are laid out",
        ),
        (
            '(import "f" (func)) (import "g" (func (param "x" (list u8)) (param "y" (list u8 4))))',
            "g: adapters do not know how values of kind fixed_list are laid out",
        ),
        (
            '(import "test:adapters/whole" (component))',
            f"test:adapters/whole: {_LAID_OUT}: there is one of kind 0x41",
        ),
    ],
)
def test_a_refusal_names_the_item(text: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        compose(bytes(wat2wasm(f"(component {text})")), Choice(lambda _: True, lambda _: None, (), inside=False))
    assert str(refused.value) == message


def test_a_component_that_was_compiled_before_has_no_adapters() -> None:
    compiled, rule = Component(default_engine(), _component()), "it was compiled before it was opened"
    with Swaps._open(compiled, _imports()) as world:
        assert host.adapters_of(world).text == ()
        assert rule in host.adapters_of(world).refusal
        assert world.run(b"abc") == b"cba"
    with pytest.raises(host.LinkError, match=f"the component cannot have adapters: {rule}"):
        Swaps._open(compiled, _imports(), adapters="bytes")


@pytest.mark.parametrize("adapters", ["auto", "bytes", "off"])
@pytest.mark.parametrize("strings", ["swap", "run", "swap run"])
def test_a_component_with_strings_is_not_one_with_bytes(strings: str, adapters: host.Adapters) -> None:
    """In a composed component both look the same; bytes that were passed as text would be other bytes."""
    text = _component()
    for name in strings.split():
        signature = re.compile(rf'\((?:export|func \(export) "{name}"\)?.*\(list u8\).*\(list u8\)')
        text = signature.sub(lambda found: found[0].replace("(list u8)", "string"), text)
    # Whether one is a string or the other: strings that are not valid trap only when they are passed.
    with pytest.raises(host.LinkError) as refused:
        Swaps._open(text, _imports(), adapters=adapters)
    for name in strings.split():
        assert f"{name}: the component has func(string) -> string, the world func(list<u8>) -> list<u8>" in str(
            refused.value
        )


def test_other_lanes_are_unknown() -> None:
    with pytest.raises(ValueError, match='adapters: expected "auto", "bytes" or "off", got \'byte\''):
        Swaps._open(_component(), _imports(), adapters="byte")  # type: ignore[arg-type]


@pytest.mark.parametrize("adapters", ["auto", "bytes"])
def test_what_is_no_component_is_told_so_first(adapters: host.Adapters) -> None:
    with pytest.raises(host.ComponentError):
        Swaps._open(b"something else", _imports(), adapters=adapters)
    with pytest.raises(host.LinkError, match="export run: the component does not have it"):
        Swaps._open("(component)", _imports(), adapters=adapters)


def test_payloads_that_are_large() -> None:
    with Swaps._open(_component(), _imports(), adapters="bytes") as world:
        large = bytes(range(256)) * (1 << 16)
        assert world.run(large) == large[::-1]


@pytest.mark.slow
def test_damaged_files_are_refused_and_nothing_else() -> None:
    outcomes: dict[str, int] = {}
    for seed in range(60):
        world, random = RandomWorld(seed), Random(seed)
        whole = bytes(wat2wasm(world.text))
        for _ in range(40):
            outcome = _outcome(_damaged(whole, random), world.definition)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["refused"] > 100
    assert outcomes["composed"] > 100


def _damaged(whole: bytes, random: Random) -> bytes:
    if random.random() < 0.3:
        return whole[: random.randrange(len(whole))]
    damaged = bytearray(whole)
    for _ in range(random.choice([1, 2, 8])):
        damaged[random.randrange(8, len(damaged))] = random.randrange(256)
    return bytes(damaged)


def _outcome(data: bytes, definition: host.Definition) -> str:
    try:
        compose(data, Choice(definition.serves, lambda _: None, definition.exports))
    except Refusal:
        return "refused"
    return "composed"


_OWN = f"""(component
  (import "thing" (type $thing (sub resource)))
  (import "[constructor]thing" (func $make (param "data" (list u8)) (result (own $thing))))
  (import "[method]thing.get" (func $get (param "self" (borrow $thing)) (result (list u8))))
  {MEMORY}
  (core func $make (canon lower (func $make) {OPTIONS}))
  (core func $get (canon lower (func $get) {OPTIONS}))
  (core module $m
    (import "" "make" (func $make (param i32 i32) (result i32))) (import "" "get" (func $get (param i32 i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $get (call $make (local.get 0) (local.get 1)) (i32.const 16)) (i32.const 16)))
  (core instance $i (instantiate $m (with "" (instance (export "make" (func $make)) (export "get" (func $get))))))
  (func (export "run") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $i "run") {OPTIONS} (post-return $reset))))"""
_THING = abi.Resource("", "thing")
_DATA = abi.Param("data", "data", BYTES)
_SELF = abi.Param("self", "self", abi.Borrow(_THING))
_OWN_FUNCTIONS = (
    abi.Function("[constructor]thing", "thing", (_DATA,), abi.Own(_THING), resource=_THING),
    abi.Function("[method]thing.get", "get", (_SELF,), BYTES, resource=_THING),
)


class _Owning(Swaps):
    """A world with a resource of its own."""

    _definition = host.Definition(
        "test:adapters/owning",
        (host.Import("", abi.Interface("", ((_THING, "Thing"),), _OWN_FUNCTIONS)),),
        (_EXPORTS,),
    )


class _Thing(host.Resource):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def get(self) -> bytes:
        return self._data[::-1]


def test_a_resource_of_the_world_itself() -> None:
    imports = type("Imports", (), {"Thing": _Thing})
    for adapters, count in (("bytes", 3), ("off", 0)):
        with _Owning._open(_OWN, imports, adapters=adapters) as world:  # type: ignore[arg-type]
            assert len(host.adapters_of(world).text) == count
            assert world.run(bytes(range(256))) == bytes(range(256))[::-1]
