"""Versions of an interface side by side: each is its own, a compatible one stands in where that is absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from wasmtime import wat2wasm

import witgen
from tests.support.problems import listed
from witgen.golem.local import Services
from witgen_runtime import abi, host
from witgen_runtime.host.linking.versions import Versions

OLD, MIDDLE, NEW, LATER, MAJOR = (
    f"shop:api/orders@{version}" for version in ("1.0.0", "1.0.4", "1.1.0", "1.2.0", "2.0.0")
)


def price(name: str) -> abi.Interface:
    return abi.Interface(name, (), (abi.Function("price", "price", (), abi.U32),))


class World(host.World):
    """Keeps its instance, which has the exports."""

    def _bind(self, instance: host.Instance) -> None:
        self.instance = instance

    def ask(self, name: str) -> int:
        """Call an exported interface."""
        answer: int = self.instance.function(price(name).functions[0], name)()
        return answer


def world(imports: Iterable[str] = (), exports: Iterable[str] = ()) -> type[World]:
    fields = tuple(host.Import(field(name), price(name)) for name in imports)
    definition = host.Definition("shop:api/made@1.0.0", fields, tuple(price(name) for name in exports))
    return type("Made", (World,), {"_definition": definition})


def field(name: str) -> str:
    return "orders_" + name.partition("@")[2].replace(".", "_")


def given(**prices: int) -> SimpleNamespace:
    return SimpleNamespace(**{name: SimpleNamespace(price=lambda value=value: value) for name, value in prices.items()})


def relay(names: Mapping[str, str]) -> str:
    """Return a component that exports interfaces by asking the ones that it imports."""
    imported = list(dict.fromkeys(names.values()))
    lines = ["(component"]
    for number, name in enumerate(imported):
        lines.append(f'(import "{name}" (instance $i{number} (export "price" (func (result u32)))))')
        lines.append(f'(core func $l{number} (canon lower (func $i{number} "price")))')
    functions = " ".join(f'(import "" "{each}" (func $f{each} (result i32)))' for each in range(len(imported)))
    bodies = " ".join(f'(func (export "{each}") (result i32) (call $f{each}))' for each in range(len(imported)))
    lowered = " ".join(f'(export "{each}" (func $l{each}))' for each in range(len(imported)))
    lines.append(
        f'(core module $m {functions} {bodies}) (core instance $c (instantiate $m (with "" (instance {lowered}))))'
    )
    for exported, name in names.items():
        index, label = imported.index(name), list(names).index(exported)
        lines.append(f'(func $x{label} (result u32) (canon lift (core func $c "{index}")))')
        lines.append(
            f'(instance $e{label} (export "price" (func $x{label}))) (export "{exported}" (instance $e{label}))'
        )
    return "\n".join([*lines, ")"])


def test_each_version_is_its_own() -> None:
    text = relay({OLD: OLD, NEW: NEW})
    for names in ((OLD, NEW), (NEW, OLD)):
        with world(names, names)._open(text, given(orders_1_0_0=100, orders_1_1_0=110)) as made:
            assert (made.ask(OLD), made.ask(NEW)) == (100, 110)


def test_the_newest_compatible_version_stands_in_for_one_that_is_absent() -> None:
    text = relay({MIDDLE: MIDDLE, MAJOR: MAJOR})
    imports = given(orders_1_0_0=100, orders_1_1_0=110, orders_2_0_0=200)
    for names in ((OLD, NEW, MAJOR), (MAJOR, NEW, OLD)):
        with world(names, (NEW, OLD, LATER, MAJOR))._open(text, imports) as made:
            assert [made.ask(name) for name in (OLD, NEW, LATER, MAJOR)] == [110, 110, 110, 200]


def test_one_implementation_serves_all_versions_that_it_is_compatible_with() -> None:
    text = relay({OLD: OLD, NEW: NEW})
    with world((MIDDLE,), (OLD, NEW))._open(text, given(orders_1_0_4=104)) as made:
        assert (made.ask(OLD), made.ask(NEW)) == (104, 104)
    with pytest.raises(host.LinkError) as caught:
        world((MIDDLE,))._open(text, None)
    problem = f"{MIDDLE}: no implementation (imports.orders_1_0_4); no imports were given: pass them to `open`"
    assert str(caught.value) == f"imports that are missing or do not fit: {problem}"


def test_versions_that_do_not_go_together_are_both_named() -> None:
    with pytest.raises(host.LinkError) as caught:
        world((OLD,), (OLD, NEW))._open(relay({MAJOR: MAJOR}), None)
    problems = listed(caught.value)
    remedy = (
        "generate the bindings from the WIT that the component was built with, or build the component with the world's"
    )
    assert problems == [
        f"  import {MAJOR}: the world has {OLD}, which is not compatible; {remedy}",
        f"  export {OLD}: the component has {MAJOR}, which is not compatible; {remedy}",
        f"  export {NEW}: the component has {MAJOR}, which is not compatible; {remedy}",
    ]


def test_a_function_that_only_one_of_two_versions_has() -> None:
    text = relay({OLD: NEW}).replace('"price" (func (result u32))', '"discount" (func (result u32))')
    text = text.replace('(func $i0 "price")', '(func $i0 "discount")')
    with pytest.raises(host.LinkError) as caught:
        world((OLD,), (MIDDLE,))._open(text.replace(f'(export "{OLD}" (inst', f'(export "{NEW}" (inst'), None)
    problems = listed(caught.value)
    assert problems == [f"  import {NEW}#discount: the world has no such function (the world's version is {OLD})"]
    wide = relay({NEW: NEW}).replace("(result u32)", "(result s32)")
    with pytest.raises(host.LinkError) as caught:
        world((OLD,), (MIDDLE,))._open(wide, None)
    different = f"{NEW}#price: the component has func() -> s32, the world func() -> u32 (the world's version is"
    assert listed(caught.value) == [f"  import {different} {OLD})", f"  export {different} {MIDDLE})"]


PARTS = """
  (core module $mem (memory (export "memory") 1) (global $p (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $p (i32.add (global.get $p) (i32.const 64))) (global.get $p)))
  (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory)) (alias core export $mem "realloc" (core func $realloc))"""


def _bytes_relay(versions: Iterable[str]) -> bytes:
    """Return a component that relays `echo: func(data: list<u8>) -> list<u8>` of each version."""
    names = [f"data:api/bytes@{version}" for version in versions]
    function = '(export "echo" (func (param "data" (list u8)) (result (list u8))))'
    imports = [f'(import "{name}" (instance $i{number} {function}))' for number, name in enumerate(names)]
    lines = ["(component", *imports, PARTS]
    for number, name in enumerate(names):
        lines.append(
            f'(core func $l{number} (canon lower (func $i{number} "echo") (memory $memory) (realloc $realloc)))'
            f'(core module $m{number} (import "" "f" (func $f (param i32 i32 i32)))'
            '  (func (export "echo") (param i32 i32) (result i32)'
            "    (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))"
            f'(core instance $c{number} (instantiate $m{number} (with "" (instance (export "f" (func $l{number}))))))'
            f'(func $x{number} (param "data" (list u8)) (result (list u8))'
            f'  (canon lift (core func $c{number} "echo") (memory $memory) (realloc $realloc)))'
            f'(instance $e{number} (export "echo" (func $x{number}))) (export "{name}" (instance $e{number}))'
        )
    return bytes(wat2wasm("\n".join([*lines, ")"])))


def test_lanes_for_bytes_lead_to_their_own_version() -> None:
    loaded = witgen.load(_bytes_relay(("0.2.0", "0.2.3")), world="adapters")
    echoes: dict[str, Callable[[bytes], bytes]] = {
        "data:api/bytes@0.2.0": lambda data: b"old " + data,
        "data:api/bytes@0.2.3": lambda data: b"new " + data,
    }
    with loaded.open(echoes, adapters="bytes") as made:
        assert (made.data_api_bytes_0_2_0.echo(b"x"), made.data_api_bytes_0_2_3.echo(b"y")) == (b"old x", b"new y")
        assert len(host.adapters_of(made).text) == 4


def test_an_import_is_given_by_its_version_or_a_compatible_one() -> None:
    loaded = witgen.load(_bytes_relay(("0.2.0", "0.3.0")), world="given")
    both = {"data:api/bytes@0.2.9": lambda data: b"2" + data, "data:api/bytes@0.3.0": lambda data: b"3" + data}
    with loaded.open(both) as made:
        assert (made.data_api_bytes_0_2_0.echo(b""), made.data_api_bytes_0_3_0.echo(b"")) == (b"2", b"3")
    with pytest.raises(
        host.LinkError, match=r"`data:api/bytes`: the component imports nothing with this name \(did you"
    ):
        loaded.open({"data:api/bytes": bytes})
    with pytest.raises(host.LinkError, match=r"`data:api/bytes@0.2.9`: the component imports nothing with this name"):
        loaded.open({**both, "data:api/bytes@0.2.0": bytes})


RESOURCES = """(component
  (import "{old}" (instance $old (export "box" (type $t (sub resource)))
    (export "[constructor]box" (func (param "n" u32) (result (own $t))))
    (export "[method]box.get" (func (param "self" (borrow $t)) (result u32)))))
  (import "{new}" (instance $new (export "box" (type $t (sub resource)))
    (export "[constructor]box" (func (param "n" u32) (result (own $t))))
    (export "[method]box.get" (func (param "self" (borrow $t)) (result u32)))))
  (alias export $old "box" (type $old-box)) (alias export $new "box" (type $new-box))
  (core func $old-make (canon lower (func $old "[constructor]box")))
  (core func $new-make (canon lower (func $new "[constructor]box")))
  (core func $old-get (canon lower (func $old "[method]box.get")))
  (core func $new-get (canon lower (func $new "[method]box.get")))
  (core func $old-drop (canon resource.drop $old-box)) (core func $new-drop (canon resource.drop $new-box))
  (core module $m
    (import "" "make" (func $make (param i32) (result i32))) (import "" "get" (func $get (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (result i32) (local i32 i32)
      (local.set 1 (call $make (local.get 0))) (local.set 2 (call $get (local.get 1)))
      (call $drop (local.get 1)) (local.get 2)))
  (core instance $a (instantiate $m (with "" (instance (export "make" (func $old-make)) (export "get" (func $old-get))
    (export "drop" (func $old-drop))))))
  (core instance $b (instantiate $m (with "" (instance (export "make" (func $new-make)) (export "get" (func $new-get))
    (export "drop" (func $new-drop))))))
  (func (export "run-old") (param "n" u32) (result u32) (canon lift (core func $a "run")))
  (func (export "run-new") (param "n" u32) (result u32) (canon lift (core func $b "run"))))"""


def _boxes(*names: str) -> tuple[type[host.World], Any, dict[str, list[int]]]:
    """Return a world with a resource in each version of an interface, implementations, and what they dropped."""
    drops: dict[str, list[int]] = {name: [] for name in names}
    imports, implemented = list[host.Import](), dict[str, Any]()
    for name in names:
        resource, module = abi.Resource(name, "box"), ModuleType("bases")
        handle = abi.Param("self", "self", abi.Borrow(resource))
        functions = (
            abi.Function("[constructor]box", "box", (abi.Param("n", "n", abi.U32),), abi.Own(resource), None, resource),
            abi.Function("[method]box.get", "get", (handle,), abi.U32, None, resource),
        )
        base = module.Box = type("Box", (host.Resource,), {})  # type: ignore[attr-defined]
        imports.append(host.Import(field(name), abi.Interface(name, ((resource, "Box"),), functions), module))
        implemented[field(name)] = _box(base, drops[name], plus=1000 * len(imports))
    params = (abi.Param("n", "n", abi.U32),)
    runs = tuple(abi.Function(name, name.replace("-", "_"), params, abi.U32) for name in ("run-old", "run-new"))
    definition = host.Definition("shop:api/made", tuple(imports), (abi.Interface("", (), runs),))
    return type("Made", (World,), {"_definition": definition}), SimpleNamespace(**implemented), drops


def _box(base: type[host.Resource], drops: list[int], plus: int) -> type[host.Resource]:
    class Box(base):  # type: ignore[valid-type, misc]
        def __init__(self, n: int) -> None:
            self.n = n

        def get(self) -> int:
            return self.n + plus

        def dropped(self) -> None:
            drops.append(self.n)

    return Box


def test_resources_belong_to_their_version() -> None:
    made_world, imports, drops = _boxes(OLD, NEW)
    with made_world._open(RESOURCES.format(old=OLD, new=NEW), imports) as made:
        runs = [made.instance.function(each) for each in made_world._definition.exports[0].functions]  # type: ignore[attr-defined]
        assert (runs[0](1), runs[1](2)) == (1001, 2002)
    assert drops == {OLD: [1], NEW: [2]}


def test_one_class_can_serve_the_resources_of_two_versions() -> None:
    made_world, imports, drops = _boxes(MIDDLE)
    with made_world._open(RESOURCES.format(old=OLD, new=NEW), imports) as made:
        runs = [made.instance.function(each) for each in made_world._definition.exports[0].functions]  # type: ignore[attr-defined]
        assert (runs[0](1), runs[1](2)) == (1001, 1002)
    assert drops == {MIDDLE: [1, 2]}


def test_local_services_keep_versions_of_the_rest_apart() -> None:
    content = _bytes_relay(("0.2.0", "0.2.3"))
    with Services() as services:
        own = {"data:api/bytes@0.2.0": lambda data: b"old " + data, "data:api/bytes@0.2.3": lambda data: b"new " + data}
        with services.open(content, own) as made:
            assert (made.data_api_bytes_0_2_0.echo(b"x"), made.data_api_bytes_0_2_3.echo(b"y")) == (b"old x", b"new y")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("1.0.0+build-1", "1.0.1"), ("0.0.1+a-b", "0.0.1"), ("1.0.0-rc.1", None), ("1.0.0-rc.1+build", None)],
)
def test_a_build_makes_no_prerelease(wanted: str, found: str | None) -> None:
    """Only of a prerelease is no other version compatible; a build may have a hyphen in its name."""
    names = Versions([f"a:b/c@{each}" for each in ("1.0.1", "0.0.1", "1.0.0-rc.2")])
    assert names.find(f"a:b/c@{wanted}") == (f"a:b/c@{found}" if found else None)
