"""Linking: what is missing or does not fit is said before anything runs, all of it, by WIT name."""

from __future__ import annotations

import enum
from abc import abstractmethod
from types import ModuleType
from typing import Any

import pytest

from tests.host.echo import HOST as ECHO
from tests.host.echo import echo_function, echo_text
from tests.host.things import TEXT, Counted, Imports, Thing, Things, World, start
from witgen_runtime import abi, host
from witgen_runtime.host.linking.versions import track


class Empty(host.World):
    """A world whose exports nobody calls."""

    _definition = host.Definition("test:x/empty", (), ())

    def _bind(self, instance: host.Instance) -> None:
        self.instance = instance


def world(imports: tuple[host.Import, ...] = (), exports: tuple[abi.Interface, ...] = ()) -> type[Empty]:
    return type("Made", (Empty,), {"_definition": host.Definition("test:x/made", imports, exports)})


def test_all_missing_methods_are_listed_with_their_signatures() -> None:
    class Poor(Thing):
        def number(self) -> int:
            return 1

    class Half:
        Thing = Poor
        take = None

    with pytest.raises(host.LinkError) as caught:
        World._open(TEXT, Imports(Half()))  # type: ignore[arg-type]
    lines = str(caught.value).splitlines()
    assert lines == [
        (
            "imports that are missing or do not fit (5): test:things/things@1.0.0: [constructor]thing: "
            "func(n: u32) -> thing"
        ),
        "  test:things/things@1.0.0: [static]thing.find: func(n: u32) -> result<thing, string>",
        "  test:things/things@1.0.0: sum: func(a: borrow<thing>, b: borrow<thing>) -> u32 (it is missing)",
        "  test:things/things@1.0.0: take: func(x: thing) (it is None)",
        "  test:things/things@1.0.0: pass: func(x: list<thing>) -> list<thing> (it is missing)",
    ]


def test_an_abstract_class_is_not_an_implementation() -> None:
    class Base(host.Resource):
        @abstractmethod
        def number(self) -> int: ...

    class Unfinished(Counted, Base):
        number = Base.number

    things = Things(Unfinished)
    with pytest.raises(host.LinkError, match=r"\[method\]thing.number: func\(\) -> u32"):
        World._open(TEXT, Imports(things))


def test_coroutines_are_for_the_asyncio_face() -> None:
    class Slow(Things):
        async def sum(self, a: Counted, b: Counted) -> int:  # type: ignore[override]
            return a.n + b.n

    with pytest.raises(host.LinkError, match=r"sum: func\(a: borrow<thing>, .* \(it is `async def`: only the asyncio"):
        World._open(TEXT, Imports(Slow(Counted)))


def test_an_import_that_was_not_given() -> None:
    with pytest.raises(host.LinkError, match=r"test:things/things@1.0.0: no implementation \(imports.things\)"):
        World._open(TEXT, object())


@pytest.mark.parametrize("wrong", [object, type("Other", (host.Resource,), {}), Counted(1)])
def test_a_resource_class_must_be_one(wrong: Any) -> None:
    things = Things(Counted)
    things.Thing = wrong
    with pytest.raises(host.LinkError, match="resource thing: expected a class derived from Thing"):
        World._open(TEXT, Imports(things))


def test_all_imports_and_exports_that_do_not_fit_are_listed() -> None:
    text = """(component
      (import "a:b/one@1.0.0" (instance (export "f" (func))))
      (import "a:b/two" (instance (export "g" (func (param "x" u8)))))
      (import "loose" (func))
      (import "wasi:random/random@0.2.3" (instance $r (export "get-random-u64" (func (result u64)))))
      (core module $m (func (export "e") (param i32)))
      (core instance $i (instantiate $m))
      (func (export "e") (param "x" u8) (canon lift (core func $i "e"))))"""
    two = abi.Interface("a:b/two", (), (abi.Function("g", "g", (abi.Param("x", "x", abi.U16),)),))
    exports = abi.Interface("", (), (abi.Function("e", "e", ()), abi.Function("missing", "missing", ())))
    nested = abi.Interface("a:b/three@2.0.0", (), ())
    with pytest.raises(host.LinkError) as caught:
        world((host.Import("two", two),), (exports, nested))._open(text, None)
    assert str(caught.value).splitlines() == [
        "the component does not fit world test:x/made (6): import a:b/one@1.0.0: the world has no such import",
        "  import a:b/two#g: the component has func(u8), the world func(u16)",
        "  import loose: the world has no such function",
        "  export missing: the component does not have it",
        "  export e: the component has func(u8), the world func()",
        "  export a:b/three@2.0.0: the component does not have it",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a:b/c@1.2.3", "a:b/c@1.9.0", True),
        ("a:b/c@1.2.3", "a:b/c@2.0.0", False),
        ("a:b/c@0.2.3", "a:b/c@0.2.9", True),
        ("a:b/c@0.2.3", "a:b/c@0.3.0", False),
        ("a:b/c@0.0.3", "a:b/c@0.0.4", False),
        ("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0", False),
        ("a:b/c", "a:b/c@1.0.0", False),
        ("inline", "inline", True),
    ],
)
def test_versions_agree_as_semantic_versions_do(one: str, other: str, same: bool) -> None:
    assert (track(one) == track(other)) is same


def test_a_component_with_a_later_version_of_the_interfaces() -> None:
    newer = TEXT.replace("things@1.0.0", "things@1.3.0").replace("api@1.0.0", "api@1.1.2")
    made: Any = World._open(newer, Imports(Things(Counted)))
    assert made.cycle(3) == 3
    assert made.Box(4).get() == 4


def test_functions_of_the_world_itself() -> None:
    text = """(component
      (import "twice" (func $twice (param "x" u32) (result u32)))
      (core func $l (canon lower (func $twice)))
      (core module $m (import "" "l" (func $l (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) (call $l (call $l (local.get 0)))))
      (core instance $i (instantiate $m (with "" (instance (export "l" (func $l))))))
      (func (export "four-times") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"""
    params = (abi.Param("x", "x", abi.U32),)
    imports = abi.Interface("", (), (abi.Function("twice", "twice", params, abi.U32),))
    four = abi.Function("four-times", "four_times", params, abi.U32)

    class Imports:
        @staticmethod
        def twice(x: int) -> int:
            return 2 * x

    made = world((host.Import("", imports),), (abi.Interface("", (), (four,)),))._open(text, Imports())
    assert made.instance.function(four)(5) == 20


def test_a_resource_alone_is_implemented_by_its_class() -> None:
    text = """(component
      (import "t:t/only" (instance $h (export "r" (type $r (sub resource)))
        (export "[constructor]r" (func (result (own $r))))
        (export "[method]r.get" (func (param "self" (borrow $r)) (result u8)))))
      (alias export $h "r" (type $r))
      (core func $new (canon lower (func $h "[constructor]r"))) (core func $get (canon lower (func $h "[method]r.get")))
      (core func $drop (canon resource.drop $r))
      (core module $m (import "" "new" (func $new (result i32))) (import "" "get" (func $get (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "run") (result i32) (local $h i32) (local $x i32) (local.set $h (call $new))
          (local.set $x (call $get (local.get $h))) (call $drop (local.get $h)) (local.get $x)))
      (core instance $i (instantiate $m (with "" (instance
        (export "new" (func $new)) (export "get" (func $get)) (export "drop" (func $drop))))))
      (func (export "run") (result u8) (canon lift (core func $i "run"))))"""
    resource = abi.Resource("t:t/only", "r")
    get = abi.Function(
        "[method]r.get", "dropped", (abi.Param("self", "self", abi.Borrow(resource)),), abi.U8, None, resource
    )
    new = abi.Function("[constructor]r", "r", (), abi.Own(resource), None, resource)
    interface = abi.Interface("t:t/only", ((resource, "R"),), (new, get))
    run = abi.Function("run", "run", (), abi.U8)
    told = []

    class R(host.Resource):
        """WIT has a method called dropped: the runtime calls another one."""

        _dropped_hook = "handle_dropped"

        def dropped(self) -> int:  # type: ignore[override]
            return 9

        def handle_dropped(self) -> None:
            told.append(self)

    bases = ModuleType("bases")
    bases.R = R  # type: ignore[attr-defined]

    class Imports:
        only = R

    made = world((host.Import("only", interface, bases),), (abi.Interface("", (), (run,)),))._open(text, Imports)
    assert made.instance.function(run)() == 9
    assert len(told) == 1


def test_a_native_interface_is_wasmtimes_unless_given() -> None:
    text = """(component
      (import "wasi:random/random@0.2.0" (instance $h (export "get-random-u64" (func (result u64)))))
      (core func $l (canon lower (func $h "get-random-u64")))
      (core module $m (import "" "l" (func $l (result i64))) (func (export "f") (result i64) (call $l)))
      (core instance $i (instantiate $m (with "" (instance (export "l" (func $l))))))
      (func (export "f") (result u64) (canon lift (core func $i "f"))))"""
    random = abi.Interface(
        "wasi:random/random@0.2.3", (), (abi.Function("get-random-u64", "get_random_u64", (), abi.U64),)
    )
    run = abi.Function("f", "f", (), abi.U64)
    made = world((host.Import("random", random, None, True),), (abi.Interface("", (), (run,)),))

    class Imports:
        random: Any = None

    natively = made._open(text, Imports).instance.function(run)
    assert natively() != natively()

    class Fixed:
        def get_random_u64(self) -> int:
            return 4

    Imports.random = Fixed()
    assert made._open(text, Imports).instance.function(run)() == 4


def test_an_exception_in_the_start_code() -> None:
    text = """(component
      (import "f" (func $f)) (core func $l (canon lower (func $f)))
      (core module $m (import "" "l" (func $l)) (start $l))
      (core instance $i (instantiate $m (with "" (instance (export "l" (func $l)))))))"""
    imports = abi.Interface("", (), (abi.Function("f", "f", ()),))
    raised = OSError("in start")

    class Imports:
        @staticmethod
        def f() -> None:
            raise raised

    store = host.Store()
    with pytest.raises(OSError, match="in start") as caught:
        world((host.Import("", imports),))._instantiate(store, text, Imports)
    assert caught.value is raised
    with pytest.raises(host.StoreDeadError):
        world()._instantiate(store, "(component)", None)
    with host.Store() as other:
        world()._instantiate(other, "(component)", None)


def test_two_instances_in_one_store() -> None:
    with host.Store() as store:
        first, _, _ = start(store)
        second, thing, _ = start(store)
        box = first.Box(1)
        with pytest.raises(TypeError, match="this Box belongs to another instance"):
            second.boxes([box])
        assert (first.cycle(1), second.cycle(2), box.get()) == (1, 2, 1)
        second.keep(thing(8))
    assert thing.drops == [2, 8]


def test_an_interface_that_only_uses_types_needs_nobody() -> None:
    text = TEXT.replace(
        "  (core module $mm",
        """  (import "test:things/uses" (instance
    (alias outer 1 $thing (type $outer)) (export "thing" (type (eq $outer)))
    (type $r (record (field "x" u8))) (export "r" (type (eq $r)))))
  (core module $mm""",
        1,
    )
    made: Any = World._open(text, Imports(Things(Counted)))
    assert made.cycle(3) == 3
    alone = '(component (import "t:t/alone" (instance (export "r" (type (sub resource))))))'
    with pytest.raises(host.LinkError, match="import t:t/alone: the world has no such import"):
        world()._open(alone, None)


EVERY = abi.Record(
    "every",
    object,
    (
        abi.Field("a", "a", abi.List(abi.Option(abi.U8))),
        abi.Field("b", "b", abi.Variant("v", (abi.Case("x", object, abi.STRING), abi.Case("y", object)))),
        abi.Field("c", "c", abi.Tuple((abi.Enum("e", enum.Enum, ("p", "q")), abi.Flags("f", enum.Flag, ("r",))))),
        abi.Field("d", "d", abi.Result(None, abi.Map(abi.STRING, abi.F32))),
        abi.Field("e", "e", abi.Result(abi.CHAR, None)),
    ),
)


def test_types_are_compared_through_and_through() -> None:
    text = echo_text({"echo": EVERY})
    interface = abi.Interface(ECHO, (), (echo_function("echo", EVERY),))

    class Imports:
        class one:  # noqa: N801
            @staticmethod
            def echo(a: Any, pad: Any) -> Any:
                return a, pad

    world((host.Import("one", interface),))._open(text, Imports)
    for old, new in (
        ("option u8", "option u16"), ('"y"', '"z"'), ('"q"', '"q" "w"'), ('"r"', '"s"'),
        ("map string", "map char"), ("char", "string"),
    ):  # fmt: skip
        assert old in text
        with pytest.raises(host.LinkError, match="import test:echo/host#echo: the component has func"):
            world((host.Import("one", interface),))._open(text.replace(old, new, 1), Imports)
