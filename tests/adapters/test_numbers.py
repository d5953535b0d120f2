"""Lists of numbers as arrays, where bindings ask for them: the same values with adapters and without."""

from __future__ import annotations

import asyncio
import math
from array import array
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from wasmtime import wat2wasm

import witgen
from tests.host.echo import PADDING, echo, echo_text
from tests.support.random_types import Values, record
from witgen.loading.bindings import open_async
from witgen_runtime import abi

numpy = pytest.importorskip("numpy")

CODES = {
    abi.U16: "H", abi.U32: "I", abi.U64: "Q", abi.S8: "b", abi.S16: "h", abi.S32: "i", abi.S64: "q", abi.F32: "f",
    abi.F64: "d",
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("inside")

BOTH = pytest.mark.parametrize("adapters", ["bytes", "off"])


@dataclass(slots=True)
class Point:
    n: int
    at: float


@dataclass(slots=True)
class Deep:
    flag: bool
    inner: Point
    pair: tuple[int, float]


POINT = abi.Record("point", Point, (abi.Field("n", "n", abi.U32), abi.Field("at", "at", abi.F64)))
DEEP = abi.Record(
    "deep",
    Deep,
    (
        abi.Field("flag", "flag", abi.BOOL),
        abi.Field("inner", "inner", POINT),
        abi.Field("pair", "pair", abi.Tuple((abi.S16, abi.F32))),
    ),
)
POINTS = [Point(n, n / 3) for n in range(50)]


@BOTH
@pytest.mark.parametrize("type_", CODES, ids=lambda type_: type_.value)
def test_numbers_come_as_arrays(type_: abi.Prim, adapters: Any) -> None:
    code = CODES[type_]
    numbers = [0.5, -0.0, math.inf, 3] if code in "fd" else [0, 1, 127]
    given = array(code, numbers * 20)
    for form, class_ in (("array", array), ("numpy", numpy.ndarray)):
        component = echo(abi.List(type_, form), adapters=adapters)  # type: ignore[arg-type]  # one of `abi.Numbers`
        for value in (given, list(given), numpy.array(given), given[:0]):
            for found in (component.there(value), component.back(value), component.seen.pop()):
                assert type(found) is class_
                assert found.tobytes() == (given if len(value) else given[:0]).tobytes()
                assert form == "numpy" or found.typecode == code
                if form == "numpy":
                    assert found.dtype == numpy.dtype(code)
                    assert found.flags.writeable


@BOTH
def test_arrays_inside_of_values(adapters: Any) -> None:
    type_ = abi.Option(abi.Tuple((abi.List(abi.List(abi.U16, "array")), abi.List(abi.BOOL, "numpy"))))
    component = echo(type_, adapters=adapters)
    value = ([[1, 2], [], array("H", [3])], [True, False, True])
    for found in (component.there(value), component.back(value), component.seen.pop()):
        assert found[0] == [array("H", [1, 2]), array("H"), array("H", [3])]
        assert found[1].tolist() == [True, False, True]
        assert found[1].dtype == numpy.bool_
    assert component.there(None) is None


@BOTH
def test_records_are_packed(adapters: Any) -> None:
    component = echo(abi.List(POINT, "numpy"), adapters=adapters)
    packed = numpy.dtype([("n", "u4"), ("at", "f8")])
    apart = numpy.dtype([("n", "u4"), ("at", "f8")], align=True)
    expected = numpy.array([(each.n, each.at) for each in POINTS], packed)
    for value in (POINTS, expected, expected.astype(apart), expected.astype([("n", "i8"), ("at", "f4")]), expected[:0]):
        for found in (component.there(value), component.back(value), component.seen.pop()):
            assert found.dtype == packed
            wanted = expected.astype([("n", "i8"), ("at", "f4")]).astype(packed) if value is not POINTS else expected
            same = found["n"].tolist() == expected["n"][: len(value)].tolist()
            assert same
            assert numpy.allclose(found["at"], wanted["at"][: len(value)])
    assert component.there(expected).tobytes() == expected.tobytes()
    assert component.there(expected[::-2]).tobytes() == expected[::-2].tobytes()


@BOTH
def test_records_in_records(adapters: Any) -> None:
    values = [Deep(n % 2 == 0, POINTS[n], (-n, n / 2)) for n in range(9)]
    component = echo(abi.List(DEEP, "numpy"), adapters=adapters)
    found = component.there(values)
    assert found.dtype.itemsize == 1 + 12 + 6
    assert found.tolist() == [(each.flag, (each.inner.n, each.inner.at), each.pair) for each in values]
    assert component.back(found).tobytes() == component.there(found).tobytes() == found.tobytes()
    assert component.there([]).tolist() == []
    # What arrays a list takes does not depend on what it gives.
    assert echo(abi.List(DEEP), adapters=adapters).there(found) == values


@BOTH
def test_structured_arrays_that_do_not_fit(adapters: Any) -> None:
    component = echo(abi.List(POINT), adapters=adapters)
    for wrong, message in (
        (numpy.zeros(2, [("at", "f8"), ("n", "u4")]), "expected an array with the fields n, at; got one with at, n"),
        (numpy.array([(-1, 0.5)], [("n", "i4"), ("at", "f8")]), r"\[0\].n: expected u32, got -1"),
        (numpy.zeros(2, "f8"), r"\[0\]: expected Point, got float"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            component.there(wrong)
    assert component.there(POINTS) == POINTS


@BOTH
def test_a_bare_array_chooses_a_case(adapters: Any) -> None:
    @dataclass
    class Numbers:
        value: Any

    @dataclass
    class Text:
        value: str

    cases = (abi.Case("numbers", Numbers, abi.List(abi.F64, "numpy")), abi.Case("text", Text, abi.STRING))
    component = echo(abi.Variant("either", cases), adapters=adapters)
    assert component.there(numpy.array([0.5, 2])).value.tolist() == [0.5, 2]
    assert component.there("x") == Text("x")


@BOTH
def test_loaded_components(adapters: Any) -> None:
    content = bytes(wat2wasm(echo_text({"numbers": abi.List(abi.F64), "points": abi.List(POINT)})))
    seen: list[Any] = []

    class Host:
        def numbers(self, a: Any, pad: Any) -> Any:
            seen.append(a)
            return a, pad

        points = numbers

    for form, class_ in (("list", list), ("array", array), ("numpy", numpy.ndarray)):
        numbers = witgen.load(content, world="echo", numbers=form)
        assert numbers is witgen.load(content, world="echo", numbers=form)
        with numbers.open({"test_echo_host": Host()}, adapters=adapters) as component:
            for function in (component.numbers, component.h_numbers):
                found, _ = function(numpy.arange(5) / 2, PADDING)
                assert (type(found), list(found)) == (class_, [0, 0.5, 1, 1.5, 2])
            found, _ = component.h_points(numpy.array([(1, 0.5)], "u4,f8").astype([("n", "u4"), ("at", "f8")]), PADDING)
            assert type(found) is (numpy.ndarray if form == "numpy" else list)
    assert [*map(type, seen)] == [list, list, array, list, numpy.ndarray, numpy.ndarray]


@BOTH
def test_asyncio(adapters: Any) -> None:
    content = bytes(wat2wasm(echo_text({"numbers": abi.List(abi.F64)})))

    class Host:
        async def numbers(self, a: Any, pad: Any) -> Any:
            assert type(a) is numpy.ndarray
            return a[::-1], pad

    async def run() -> None:
        loaded = witgen.load(content, world="echo", numbers="numpy")
        async with open_async(loaded, {"test_echo_host": Host()}, adapters=adapters) as component:
            found, _ = await component.h_numbers([1, 2.5], PADDING)
            assert type(found) is numpy.ndarray
            assert found.tolist() == [2.5, 1]

    asyncio.run(run())


def test_numbers_of_an_unknown_interface() -> None:
    content = bytes(wat2wasm(echo_text({"numbers": abi.List(abi.F64)})))
    with pytest.raises(witgen.WitgenError, match="the world has no interface `test:echo/hos`") as caught:
        witgen.load(content, world="echo", numbers={"test:echo/hos": "array"})
    assert caught.value.code == "W0911"


def test_guests_get_lists(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text("package a:b; world w { export f: func(values: list<u32>); }")
    config = partial(witgen.Config, tmp_path / "a.wit", out=tmp_path / "out")
    with pytest.raises(witgen.WitgenError, match="`numbers` is for bindings of a host alone") as caught:
        witgen.generate(config(numbers="array"))
    assert caught.value.code == "W0919"
    witgen.generate(config(guest=False, numbers="array"))
    with pytest.raises(witgen.WitgenError, match="the world has no interface `a:b/x`"):
        witgen.generate(config(guest=False, numbers={"a:b/x": "array"}))
    witgen.generate(config(guest=False, numbers={"a:b/w": "array"}))
    assert "values: Iterable[int]" in (tmp_path / "out/host/w.py").read_text()


def _number_type(random: Random, depth: int) -> abi.Type:
    """Return a number or bool, or records and tuples of some."""
    if depth == 0 or random.random() < 0.4:
        return random.choice([*CODES, abi.U8, abi.BOOL])
    parts = [_number_type(random, depth - 1) for _ in range(random.randint(1, 4))]
    return record(parts) if random.random() < 0.5 else abi.Tuple(tuple(parts))


def _row(type_: abi.Type, value: Any) -> Any:
    if isinstance(type_, abi.Record):
        return tuple(_row(field.type, getattr(value, field.attribute)) for field in type_.fields)
    if isinstance(type_, abi.Tuple):
        return tuple(map(_row, type_.types, value))
    return value


@BOTH
def test_random_records_of_numbers(adapters: Any) -> None:
    for seed in range(25):
        random = Random(seed)
        type_ = _number_type(random, 3)
        if type_ is abi.U8:
            continue
        values = [Values(random).of(type_) for _ in range(random.randint(0, 9))]
        component = echo(abi.List(type_, "numpy"), adapters=adapters)
        found = component.there(values)
        rows = [_row(type_, each) for each in values]
        assert repr(found.tolist()) == repr(rows), f"seed {seed}"
        assert found.tobytes() == numpy.array(rows, found.dtype).tobytes() or "nan" in repr(rows)
        assert component.back(found).tobytes() == found.tobytes() or "nan" in repr(rows)
