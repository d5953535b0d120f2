"""Values of every type go both ways unchanged, and what does not fit is refused with its path before wasm runs."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from typing import Any

import pytest

from tests.host.echo import Echo, echo
from witgen_runtime import abi, host
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some


@dataclass(slots=True)
class Point:
    x: int
    label: str


@dataclass(slots=True)
class ShapeDot:
    pass


@dataclass(slots=True)
class ShapeSize:
    value: int


@dataclass(slots=True)
class ShapeName:
    value: str


class Color(enum.Enum):
    RED = "anything"
    LIGHT_BLUE = 7


class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    SHARE = 4


POINT = abi.Record("point", Point, (abi.Field("x", "x", abi.S16), abi.Field("the-label", "label", abi.STRING)))
SHAPE = abi.Variant(
    "shape",
    (abi.Case("dot", ShapeDot), abi.Case("size", ShapeSize, abi.U8), abi.Case("name", ShapeName, abi.STRING)),
)
WIDE = {type_: bounds for type_, bounds in INTEGERS.items() if type_ is not abi.U8}
COLOR = abi.Enum("color", Color, ("red", "light-blue"))
RIGHTS = abi.Flags("rights", Rights, ("read", "write", "share"))
MANY = abi.Variant(
    "many",
    tuple(abi.Case(f"c{i}", type(f"Many{i}", (ShapeSize,), {}), abi.U16) for i in range(9)),
)
NESTED = abi.Option(abi.Option(abi.U8))
EITHER = abi.Result(abi.STRING, POINT)
BYTES = abi.List(abi.U8)

VALUES: list[tuple[abi.Type, list[Any]]] = [
    (abi.BOOL, [True, False]),
    *((type_, [low, high, low + 1, high - 1]) for type_, (low, high) in INTEGERS.items()),
    (abi.F32, [0.0, -1.5, math.inf, -math.inf, 3.4028234663852886e38, 2.0**-149]),
    (abi.F64, [0.0, -1.5, math.inf, 1.7976931348623157e308, 5e-324]),
    (abi.CHAR, ["a", "é", "\0", "\ud7ff", "\ue000", "\U0010ffff"]),
    (abi.STRING, ["", "plain", "zażółć", "a\0b", "\U0001f600" * 50, "x" * 100_000]),
    (BYTES, [b"", b"\0", bytes(range(256)) * 3]),
    (POINT, [Point(-32768, ""), Point(5, "five")]),
    (SHAPE, [ShapeDot(), ShapeSize(255), ShapeName("n")]),
    (MANY, [case.python(i) for i, case in enumerate(MANY.cases)]),
    (COLOR, list(Color)),
    (RIGHTS, [Rights(0), Rights.READ | Rights.SHARE, Rights.WRITE, Rights(7)]),
    (abi.Tuple((abi.U8, abi.STRING)), [(0, ""), (9, "nine")]),
    (abi.Option(abi.STRING), [None, "", "x"]),
    (NESTED, [None, Some(None), Some(3)]),
    (abi.Option(NESTED), [None, Some(None), Some(Some(None)), Some(Some(3))]),
    (EITHER, [Ok("fine"), Err(Point(1, "bad"))]),
    (abi.Result(None, None), [Ok(None), Err(None)]),
    (abi.Result(None, abi.U8), [Ok(None), Err(3)]),
    *((abi.List(type_), [[], [low], [low, high] * 40]) for type_, (low, high) in WIDE.items()),
    (abi.List(abi.BOOL), [[], [True, False, True]]),
    (abi.List(abi.F32), [[], [1.5, math.inf, -0.5]]),
    (abi.List(abi.F64), [[], [1.5, -math.inf]]),
    (abi.List(abi.CHAR), [[], ["a", "\U0010ffff"]]),
    (abi.List(abi.STRING), [[], ["", "a", "bc"], ["x" * 1000] * 50]),
    (abi.List(BYTES), [[], [b"", b"abc", b""]]),
    (abi.List(POINT), [[], [Point(1, "a"), Point(2, "")], [Point(i, str(i)) for i in range(500)]]),
    (abi.List(SHAPE), [[], [ShapeName("a"), ShapeDot(), ShapeSize(1), ShapeName("b")]]),
    (abi.List(MANY), [[MANY.cases[8].python(8), MANY.cases[0].python(0)]]),
    (abi.List(COLOR), [[Color.LIGHT_BLUE, Color.RED]]),
    (abi.List(RIGHTS), [[Rights(0), Rights(7), Rights.WRITE]]),
    (abi.List(abi.Tuple((abi.STRING, abi.U64))), [[("a", 1), ("b", 2)]]),
    (abi.List(abi.Option(POINT)), [[None, Point(1, "a"), None]]),
    (abi.List(NESTED), [[None, Some(None), Some(1)]]),
    (abi.List(EITHER), [[Ok("a"), Err(Point(1, "b")), Ok("c")]]),
    (abi.List(abi.Result(None, abi.STRING)), [[Ok(None), Err("x")]]),
    (abi.List(abi.List(abi.List(abi.S32))), [[], [[]], [[[1], []], [], [[2, 3], [4]]]]),
    (abi.Map(abi.STRING, abi.U32), [{}, {"a": 1, "b": 2}]),
    (abi.Map(abi.U8, abi.Option(POINT)), [{1: None, 2: Point(2, "two")}]),
    (abi.List(abi.Map(abi.CHAR, BYTES)), [[{}, {"x": b"1", "y": b""}, {"z": b"zz"}]]),
    (abi.Map(abi.S64, abi.Map(abi.STRING, abi.List(SHAPE))), [{-1: {"a": [ShapeDot(), ShapeSize(4)]}, 0: {}}]),
    (abi.Record("deep", Point, (abi.Field("x", "x", abi.List(SHAPE)), abi.Field("l", "label", abi.Option(BYTES)))),
     [Point([ShapeDot()], b"xyz"), Point([], None)]),  # type: ignore[arg-type]
]  # fmt: skip


def _title(type_: Any) -> str:
    return "".join(c for c in repr(type_) if c.isalnum() or c in "<>-_")[:40]


@pytest.mark.parametrize(("type_", "values"), VALUES, ids=[_title(type_) for type_, _ in VALUES])
def test_what_goes_in_comes_back(type_: abi.Type, values: list[Any]) -> None:
    component = echo(type_)
    with component.world:
        for value in values * 2:
            there = component.there(value)
            assert there == value
            assert type(there) is type(value)
            assert component.back(value) == value
            assert component.seen.pop() == value


def test_not_a_number_stays_one() -> None:
    for type_ in (abi.F32, abi.F64):
        component = echo(abi.List(type_))
        assert all(map(math.isnan, component.there([math.nan, math.nan])))
        assert math.isnan(echo(type_).back(math.nan))


def _sample(type_: abi.Type | None) -> Any:
    """Return some value that fits."""
    match type_:
        case None | abi.Option():
            return None
        case abi.Prim():
            return {abi.BOOL: True, abi.CHAR: "a", abi.STRING: "text", abi.F32: 1.5, abi.F64: 2.5}.get(type_, 7)
        case abi.Record():
            return type_.python(*(_sample(field.type) for field in type_.fields))
        case abi.Variant():
            return type_.cases[0].python()
        case abi.Enum() | abi.Flags():
            return next(iter(type_.python))
        case abi.Tuple():
            return tuple(_sample(part) for part in type_.types)
        case abi.Result():
            return Ok(_sample(type_.ok))
        case abi.Map():
            return {_sample(type_.key): _sample(type_.value)}
        case abi.List():
            return b"bytes" if type_.element is abi.U8 else [_sample(type_.element)]
        case _:
            raise NotImplementedError


def _ways(component: Echo) -> list[Callable[[Any], Any]]:
    return [component.there, component.back]


LENIENT: list[tuple[abi.Type, Any, Any]] = [
    (abi.F64, 3, 3.0),
    (abi.F32, 2**24 + 1, 16777216.0),
    (BYTES, bytearray(b"ab"), b"ab"),
    (BYTES, memoryview(b"abcd")[::2], b"ac"),
    (abi.List(abi.U16), range(3), [0, 1, 2]),
    (abi.List(abi.U16), (1, 2), [1, 2]),
    (abi.List(abi.STRING), {"a": 1, "b": 2}.keys(), ["a", "b"]),
    (abi.List(abi.F64), [1, 2.5], [1.0, 2.5]),
    (abi.List(abi.List(abi.U16)), [range(2), (5,)], [[0, 1], [5]]),
    (abi.List(BYTES), [bytearray(b"x"), memoryview(b"y")], [b"x", b"y"]),
    (SHAPE, 5, ShapeSize(5)),
    (SHAPE, "five", ShapeName("five")),
    (abi.List(SHAPE), ["a", 1, ShapeDot()], [ShapeName("a"), ShapeSize(1), ShapeDot()]),
    (abi.Tuple((abi.U8, abi.U8)), [1, 2], (1, 2)),
    (abi.STRING, type("Text", (str,), {})("sub"), "sub"),
    (abi.U8, enum.IntEnum("Number", {"NINE": 9})(9), 9),
    (POINT, type("Sub", (Point,), {})(1, "a"), Point(1, "a")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "given", "taken"), LENIENT, ids=[f"{_title(t)}-{type(g).__name__}" for t, g, _ in LENIENT]
)
def test_more_is_accepted_than_comes_back(type_: abi.Type, given: Any, taken: Any) -> None:
    component = echo(type_, answer=lambda _: given)
    assert component.there(given) == taken
    assert component.back(given) == taken  # the host's answer is lenient too
    assert component.there(taken) == taken


def test_an_iterator_is_used_up_once() -> None:
    component = echo(abi.List(abi.U8), answer=bytes)
    listed = echo(abi.List(abi.STRING))
    assert listed.there(str(i) for i in range(3)) == ["0", "1", "2"]
    assert component.there(b"abc") == b"abc"


DOES_NOT_FIT: list[tuple[abi.Type, Any, str]] = [
    *((t, low - 1, f"a=…): expected {t.value}, got {low - 1}") for t, (low, _) in INTEGERS.items()),  # type: ignore[union-attr]
    *((t, high + 1, f"a=…): expected {t.value}, got {high + 1}") for t, (_, high) in INTEGERS.items()),  # type: ignore[union-attr]
    *((t, True, "a=…): expected int, got bool") for t in INTEGERS),
    *((t, 1.0, "a=…): expected int, got float") for t in INTEGERS),
    *((abi.List(t), [0, high + 1], f"a=…): [1]: expected {t.value}") for t, (_, high) in WIDE.items()),  # type: ignore[union-attr]
    *((abi.List(t), [0, low - 1], f"a=…): [1]: expected {t.value}") for t, (low, _) in WIDE.items()),  # type: ignore[union-attr]
    *((abi.List(t), [1, True], "a=…): [1]: expected int, got bool") for t in WIDE),
    (abi.U32, "5", "expected int, got str"),
    (abi.U32, None, "expected int, got None"),
    (abi.BOOL, 1, "expected bool, got int"),
    (abi.List(abi.BOOL), [True, 1], "[1]: expected bool, got int"),
    (abi.F64, "1.5", "expected float, got str"),
    (abi.F64, True, "expected float, got bool"),
    (abi.F64, 10**400, "expected f64"),
    (abi.F32, 1e39, "expected f32, got 1e+39"),
    (abi.List(abi.F32), [0.0, -1e39], "[1]: expected f32, got -1e+39"),
    (abi.List(abi.F64), [0.0, False], "[1]: expected float, got bool"),
    (abi.CHAR, "\ud800", "lone surrogate"),
    (abi.CHAR, "", "expected one character, got 0"),
    (abi.CHAR, "ab", "expected one character, got 2"),
    (abi.CHAR, b"a", "expected str, got bytes"),
    (abi.List(abi.CHAR), ["a", "\udfff"], "[1]: expected Unicode scalar values"),
    (abi.List(abi.CHAR), ["ab", ""], "[0]: expected one character, got 2"),
    (abi.STRING, "a\ud800", "lone surrogate"),
    (abi.STRING, b"a", "expected str, got bytes"),
    (abi.List(abi.STRING), ["a", "\udc00"], "[1]: expected Unicode scalar values, got a lone surrogate"),
    (abi.List(abi.STRING), "abc", "expected an iterable, got str"),
    (abi.List(abi.STRING), 5, "expected an iterable, got int"),
    (BYTES, [1, 2], "expected bytes-like, got list"),
    (BYTES, "ab", "expected bytes-like, got str"),
    (abi.List(BYTES), [b"a", "b"], "[1]: expected bytes-like, got str"),
    (POINT, (1, "a"), "expected Point, got tuple"),
    (POINT, Point(1, 5), "Point.label: expected str, got int"),  # type: ignore[arg-type]
    (POINT, Point(99999, "a"), "Point.x: expected s16, got 99999"),
    (abi.List(POINT), [Point(1, "a"), Point(1, b"b")], "[1].label: expected str, got bytes"),  # type: ignore[arg-type]
    (SHAPE, True, "expected one of ShapeDot, ShapeSize, ShapeName, got bool"),
    (SHAPE, ShapeSize(256), "ShapeSize.value: expected u8, got 256"),
    (SHAPE, Point(1, "a"), "expected one of ShapeDot"),
    (COLOR, "red", "expected Color, got str"),
    (COLOR, Rights.READ, "expected Color, got Rights"),
    (RIGHTS, 1, "expected Rights, got int"),
    (abi.Tuple((abi.U8, abi.U8)), (1,), "expected a tuple of 2, got 1"),
    (abi.Tuple((abi.U8, abi.U8)), (1, 2, 3), "expected a tuple of 2, got 3"),
    (abi.List(abi.Tuple((abi.U8,))), [(1,), (1, 2)], "[1]: expected a tuple of 1, got 2"),
    (abi.Map(abi.STRING, abi.U8), {"a": 1, "b": 256}, "['b']: expected u8, got 256"),
    (abi.Map(abi.STRING, abi.U8), {"a": 1, 5: 2}, "[5]: expected str, got int"),
    (abi.Map(abi.STRING, abi.U8), [("a", 1)], "expected a mapping, got list"),
    (NESTED, 5, "expected Some or None, got int"),
    (NESTED, Some(256), "Some.value: expected u8, got 256"),
    (EITHER, "ok", "expected Ok or Err, got str"),
    (EITHER, Ok(5), "Ok.value: expected str, got int"),
    (EITHER, Err(Point(1, None)), "Err.value.label: expected str, got None"),  # type: ignore[arg-type]
    (abi.Result(None, None), Ok(1), "Ok.value: expected None, got int"),
    (abi.List(abi.Result(None, abi.U8)), [Ok(None), Ok(3)], "[1].value: expected None, got int"),
    (abi.List(abi.List(abi.List(abi.U16))), [[], [[1], [2, -1]]], "[1][1][1]: expected u16, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "value", "message"), DOES_NOT_FIT, ids=[f"{_title(t)}-{v!r:.20}" for t, v, _ in DOES_NOT_FIT]
)
def test_what_does_not_fit_is_refused_and_the_store_lives_on(type_: abi.Type, value: Any, message: str) -> None:
    good = _sample(type_)
    component = echo(type_)
    for way in _ways(component):
        with pytest.raises((TypeError, ValueError)) as caught:
            way(value)
        assert message in str(caught.value)
        assert way(good) == good
    assert component.world._store.dead is None


@pytest.mark.parametrize(
    ("type_", "value", "message"), DOES_NOT_FIT, ids=[f"{_title(t)}-{v!r:.20}" for t, v, _ in DOES_NOT_FIT]
)
def test_a_host_function_that_returns_what_does_not_fit(type_: abi.Type, value: Any, message: str) -> None:
    good = _sample(type_)
    component = echo(type_, answer=lambda _: value)
    with pytest.raises((TypeError, ValueError)) as caught:
        component.back(good)
    assert str(caught.value).startswith("echo() result: [0]")
    assert message.rpartition("…): ")[2].rpartition(".")[2] in str(caught.value)
    with pytest.raises(host.StoreDeadError) as dead:
        component.there(good)
    assert dead.value.__cause__ is caught.value


def test_another_class_of_the_same_name() -> None:
    other = make_dataclass("Point", ["x", "label"])
    with pytest.raises(TypeError, match="expected Point, got the Point of "):
        echo(POINT).there(other(1, "x"))


def test_flags_that_the_type_does_not_have() -> None:
    class Loose(enum.Flag, boundary=enum.KEEP):
        READ = 1

    component = echo(abi.Flags("loose", Loose, ("read",)))
    assert component.there(Loose.READ) is Loose.READ
    for value in (Loose(3), Loose(8)):
        with pytest.raises(ValueError, match="flags"):
            component.there(value)
    assert component.there(Loose.READ) is Loose.READ


def test_arguments_by_name_and_wrong_arity() -> None:
    component = echo(abi.U8)
    call: Any = component.world.there  # type: ignore[attr-defined]
    assert call(pad=(0,) * 17, a=3)[0] == 3
    for wrong in ((), (1,), (1, (0,) * 17, 3)):
        with pytest.raises(TypeError, match="argument"):
            call(*wrong)
    assert component.there(4) == 4
