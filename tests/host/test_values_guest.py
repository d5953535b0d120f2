"""Every type of value goes from the host through a componentize-py guest, out to the host's import, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from witgen_runtime.host import adapters_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bindings(built: Callable[[str, str], Path]) -> SimpleNamespace:
    component = built("values", "values")
    from values_bindings import host
    from values_bindings.host import golden_values_functions
    from values_bindings.types import golden_values_functions as function_types
    from values_bindings.types import golden_values_types as types

    from witgen_runtime import values as wit

    return SimpleNamespace(
        component=component,
        host=host,
        base=golden_values_functions.Functions,
        types=types,
        errors=function_types,
        wit=wit,
    )


@pytest.fixture(scope="module", params=["component", "cpython"])
def world(request: pytest.FixtureRequest, bindings: SimpleNamespace) -> Iterator[Any]:
    types, errors = bindings.types, bindings.errors

    class Echo(bindings.base):
        def scalars(self, *values: Any) -> Any:
            return values

        def all(self, value: Any) -> Any:
            return value

        def shapes(self, values: Any) -> Any:
            return values

        def choose(self, shape: Any) -> Any:
            return shape

        def colors(self, color: Any, access: Any) -> Any:
            return color, access

        def polygons(self, polygon: Any, names: list[str], tables: list[list[int]]) -> Any:
            assert names == ["a", "b"]
            assert tables == [[1, 2], [], [3]]
            return polygon

        def options(self, first: int, second: str | None, third: Any) -> Any:
            assert second in {None, "x"}
            return third

        def outcomes(self, value: Any) -> Any:
            if value == bindings.wit.Err("raise"):
                raise types.ProblemError(types.Problem(types.Code.TOO_BIG, "too big"))
            return value

        def by_enum(self, fail: bool) -> int:
            if fail:
                raise types.CodeError(types.Code.NOT_FOUND)
            return 1

        def by_string(self, fail: bool) -> int:
            if fail:
                raise types.ReasonError("because")
            return 2

        def by_bare_string(self, fail: bool) -> int:
            if fail:
                raise errors.ByBareStringError("bare")
            return 3

        def by_nothing(self, fail: bool) -> int:
            if fail:
                raise errors.ByNothingError
            return 4

        def by_bare(self, fail: bool) -> None:
            if fail:
                raise errors.ByBareError

        def no_result(self, text: str) -> None:
            assert text == "wörld"

    if request.param == "cpython":
        yield from on_cpython(Echo())
        return
    imports = bindings.host.ValuesImports(golden_values_functions=Echo(), double=lambda n: 2 * n)
    with bindings.host.Values.open(bindings.component, imports) as world:
        yield world


def on_cpython(echo: Any) -> Iterator[Any]:
    """Yield the guest as tests of guests have it, with fakes that answer what the host answers."""
    from values_bindings.guest.testing import Fakes, opened

    with Fakes() as fakes:
        for name in type(echo).__bases__[0].__abstractmethods__:
            getattr(fakes.golden_values_functions, name).answers(getattr(echo, name))
        fakes.values.double.answers(lambda n: 2 * n)
        with opened("values_app", fakes) as guest:
            yield guest


def test_world_level_functions(world: Any) -> None:
    assert world.twice(21) == 42


def test_scalars(world: Any) -> None:
    functions = world.golden_values_functions
    low = (False, 0, -(2**63), -1.5, float("-inf"), "a")
    high = (True, 255, 2**63 - 1, 0.25, 1e300, "\U0010ffff")
    assert functions.scalars(*low) == low
    assert functions.scalars(*high) == high


def everything(bindings: SimpleNamespace, **changes: Any) -> Any:
    t, wit = bindings.types, bindings.wit
    values: dict[str, Any] = {
        "a": True, "b": 255, "c": 65535, "d": 2**32 - 1, "e": 2**64 - 1, "f": -128, "g": -32768, "h": -(2**31),
        "i": -(2**63), "j": 0.5, "k": -1e-300, "ch": "é", "s": "ünïcode\0", "bytes": bytes(range(256)),
        "points": [t.Point(1, -1), t.Point(2, -2)], "pair": (7, "seven"), "maybe": t.Point(0, 0),
        "nested": wit.Some(None), "outcome": wit.Ok(t.Point(3, 4)), "plain": wit.Err(None), "color": t.Color.GREEN,
        "access": t.Access.READ | t.Access.RUN_IT, "shape": t.ShapeAt(t.Point(5, 6)),
    }  # fmt: skip
    return t.Everything(**{**values, **changes})


@pytest.mark.parametrize("nested", [None, "some(none)", "some(some)"])
@pytest.mark.parametrize("ok", [True, False])
def test_everything(world: Any, bindings: SimpleNamespace, nested: str | None, ok: bool) -> None:
    wit, t = bindings.wit, bindings.types
    value = everything(
        bindings,
        nested={None: None, "some(none)": wit.Some(None), "some(some)": wit.Some(9)}[nested],
        maybe=t.Point(1, 2) if ok else None,
        outcome=wit.Ok(t.Point(3, 4)) if ok else wit.Err("no"),
        plain=wit.Ok(None) if ok else wit.Err(None),
    )
    assert world.golden_values_functions.all(value) == value


def test_every_case(world: Any, bindings: SimpleNamespace) -> None:
    t = bindings.types
    shapes = [
        t.ShapeEmpty(), t.ShapeNumber(7), t.ShapeText("t"), t.ShapeBlob(b"\0\xff"), t.ShapeAt(t.Point(1, 2)),
        t.ShapeSeveral([t.Point(1, 2), t.Point(3, 4)]), t.ShapeSeveral([]), t.ShapeMaybe(None), t.ShapeMaybe("m"),
        t.ShapeNamed(("n", t.Color.BLUE)),
    ]  # fmt: skip
    assert world.golden_values_functions.shapes(shapes) == shapes
    assert [world.golden_values_functions.choose(shape) for shape in shapes] == shapes


def test_bare_payloads(world: Any, bindings: SimpleNamespace) -> None:
    t, functions = bindings.types, world.golden_values_functions
    assert functions.choose("text") == t.ShapeText("text")
    assert functions.choose(bytearray(b"blob")) == t.ShapeBlob(b"blob")


def test_enums_flags_lists_options(world: Any, bindings: SimpleNamespace) -> None:
    t, wit, functions = bindings.types, bindings.wit, world.golden_values_functions
    assert functions.colors(t.Color.RED, t.Access(0)) == (t.Color.RED, t.Access(0))
    assert functions.colors(t.Color.BLUE, t.Access.WRITE) == (t.Color.BLUE, t.Access.WRITE)
    points = [t.Point(1, 2)]
    assert functions.polygons(iter(points), ("a", "b"), [range(1, 3), [], (3,)]) == points
    assert functions.options(1) is None
    assert functions.options(1, "x", wit.Some(None)) == wit.Some(None)
    assert functions.options(1, third=wit.Some(5)) == wit.Some(5)


def test_declared_errors_go_all_the_way(world: Any, bindings: SimpleNamespace) -> None:
    t, errors, wit, functions = bindings.types, bindings.errors, bindings.wit, world.golden_values_functions
    assert functions.outcomes(wit.Ok(1)) == wit.Ok(1)
    assert functions.outcomes(wit.Err("e")) == wit.Err("e")
    with pytest.raises(t.ProblemError) as problem:
        functions.outcomes(wit.Err("raise"))
    assert problem.value.value == t.Problem(t.Code.TOO_BIG, "too big")
    assert [functions.by_enum(False), functions.by_string(False), functions.by_bare_string(False)] == [1, 2, 3]
    assert functions.by_nothing(False) == 4
    assert functions.by_bare(False) is None
    for call, expected in [
        (functions.by_enum, t.CodeError(t.Code.NOT_FOUND)),
        (functions.by_string, t.ReasonError("because")),
        (functions.by_bare_string, errors.ByBareStringError("bare")),
        (functions.by_nothing, errors.ByNothingError()),
        (functions.by_bare, errors.ByBareError()),
    ]:
        with pytest.raises(type(expected)) as caught:
            call(True)
        assert caught.value == expected


def test_no_result(world: Any) -> None:
    assert world.golden_values_functions.no_result("wörld") is None


def test_wrong_values_are_refused_and_harmless(world: Any, bindings: SimpleNamespace) -> None:
    functions = world.golden_values_functions
    for wrong, path in [
        ({"b": 256}, "all(value=…): Everything.b: expected u8, got 256"),
        ({"s": "\ud800"}, "all(value=…): Everything.s: expected Unicode scalar values, got a lone surrogate"),
        ({"points": [bindings.types.Point(1, True)]}, "all(value=…): Everything.points[0].y: expected int, got bool"),
        ({"shape": 1.5}, "all(value=…): Everything.shape: expected one of"),
    ]:
        with pytest.raises((TypeError, ValueError)) as caught:
            functions.all(everything(bindings, **wrong))
        assert str(caught.value).startswith(path)
        assert world.twice(1) == 2


def test_lists_are_copied_inside_the_component(world: Any, bindings: SimpleNamespace) -> None:
    if not isinstance(world, bindings.host.Values):
        pytest.skip("a guest on CPython has no memory")
    inside = adapters_of(world).inside
    for name in ("all", "shapes", "choose", "polygons"):
        assert {f"{way} golden:values/functions@1.0.0#{name}" for way in ("import", "export")} <= set(inside)
