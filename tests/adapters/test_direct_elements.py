"""Lists of numbers and the like that Python copies to and from an adapter's memory, bit for bit."""

from __future__ import annotations

import ctypes
import math
import re
import struct
from array import array
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.host.echo import echo
from tests.support.random_types import Types, enumeration, record, same
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.compose.descriptors import Translation
from witgen_runtime.host.adapters.wasm.layout import layout_of
from witgen_runtime.host.adapters.wasm.shapes import is_direct as shape_is_direct
from witgen_runtime.host.convert.element_types import elements_of
from witgen_runtime.host.convert.elements import scalars
from witgen_runtime.host.direct_lists import is_direct

pytestmark = pytest.mark.usefixtures("inside")

NUMBERS = {
    abi.U16: ("H", [0, 1, 0xFFFF]), abi.U32: ("I", [0, 7, 0xFFFF_FFFF]), abi.U64: ("Q", [0, (1 << 64) - 1]),
    abi.S8: ("b", [-128, 0, 127]), abi.S16: ("h", [-32768, 5]), abi.S32: ("i", [-(1 << 31), -1]),
    abi.S64: ("q", [-(1 << 63), (1 << 63) - 1]), abi.F32: ("f", [0.5, -0.0, math.inf]),
    abi.F64: ("d", [0.1, -0.0, -math.inf, 5e-324]),
}  # fmt: skip
"""Format of arrays, and some values."""


@dataclass(slots=True)
class Sample:
    n: int
    value: float
    flag: bool
    letter: str


SAMPLE = abi.Record(
    "sample",
    Sample,
    (
        abi.Field("n", "n", abi.U8),
        abi.Field("value", "value", abi.F64),
        abi.Field("flag", "flag", abi.BOOL),
        abi.Field("letter", "letter", abi.CHAR),
    ),
)
SAMPLES = [Sample(n, n / 3, n % 2 == 0, "aé漢😀"[n % 4]) for n in range(101)]


@pytest.mark.parametrize("type_", NUMBERS, ids=lambda type_: type_.value)
def test_numbers_and_buffers_of_them(type_: abi.Prim) -> None:
    form, some = NUMBERS[type_]
    component = echo(abi.List(type_))
    assert len(host.adapters_of(component.world).direct) == 3
    numbers = some * 500
    for given in (numbers, tuple(numbers), array(form, numbers), memoryview(array(form, numbers)), iter(numbers)):
        found = component.there(given)
        assert type(found) is list
        assert same(found, numbers)
    assert same(component.there(memoryview(array(form, numbers))[::2]), numbers[::2])
    assert same(component.back(numbers), numbers)
    assert same(component.seen.pop(), numbers)
    assert component.there([]) == component.there(array(form)) == component.back(()) == []


def test_buffers_of_other_numbers_are_converted_or_refused() -> None:
    component = echo(abi.List(abi.U32))
    assert component.there(array("H", [1, 2, 0xFFFF])) == [1, 2, 0xFFFF]
    assert component.there(array("i", [1, 2])) == component.there(b"\1\2") == [1, 2]
    with pytest.raises(ValueError, match=r"there\(a=…\): \[1\]: expected u32, got -2"):
        component.there(array("i", [1, -2]))
    with pytest.raises(TypeError, match=r"there\(a=…\): \[0\]: expected int, got float"):
        component.there(array("d", [1.0]))
    with pytest.raises(ValueError, match=r"there\(a=…\): \[2\]: expected u32, got 4294967296"):
        component.there([0, 1, 1 << 32])
    with pytest.raises(TypeError, match=r"there\(a=…\): \[1\]: expected int, got bool"):
        component.there([0, True])
    assert component.there([1]) == [1]


@pytest.mark.parametrize("adapters", ["bytes", "off"])
def test_views_with_a_byte_order_or_more_dimensions(adapters: Any) -> None:
    component = echo(abi.List(abi.U32), adapters=adapters)
    for type_ in (ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint32.__ctype_be__, ctypes.c_uint64.__ctype_be__):
        assert component.there(memoryview((type_ * 3)(1, 2, 3))) == [1, 2, 3]
    square, nothing = memoryview(bytes(16)).cast("I", (2, 2)), memoryview(bytes(4)).cast("I", ())
    for view, message in (
        (square, "there(a=…): expected a memoryview of one dimension, got one of 2"),
        (nothing, "there(a=…): expected a memoryview of one dimension, got one of 0"),
        (memoryview((_Pair * 2)()), "there(a=…): expected a memoryview of numbers, got one of format 'T{"),
    ):
        with pytest.raises(TypeError, match=re.escape(message)):
            component.there(view)


class _Pair(ctypes.Structure):
    _fields_ = (("one", ctypes.c_uint16), ("other", ctypes.c_uint16))


def test_characters_that_lie_about_their_length() -> None:
    class Liar(str):
        def __len__(self) -> int:
            return 1

    component = echo(abi.List(abi.CHAR))
    with pytest.raises(ValueError, match=r"there\(a=…\): \[1\]: expected one character, got 3"):
        component.there(["x", Liar("abc")])


@pytest.mark.parametrize("adapters", ["bytes", "off"])
def test_numpy_arrays_of_any_numbers(adapters: Any) -> None:
    numpy = pytest.importorskip("numpy")
    component = echo(abi.List(abi.U32), adapters=adapters)
    for form in ("uint32", ">u4", "int64", "uint8", "object"):
        assert component.there(numpy.arange(5, dtype=form)[::2]) == [0, 2, 4]
    for wrong, message in (
        (numpy.array([1, -1]), "[1]: expected u32, got -1"),
        (numpy.array([0.5]), "[0]: expected int, got float"),
        (numpy.zeros((2, 2), dtype="uint32"), "[0]: expected int, got list"),
        (numpy.array(1), "expected an iterable, got an array of no dimensions"),
        (numpy.array(["2020-01-01"], dtype="datetime64[D]"), "[0]: expected int, got date"),
    ):
        with pytest.raises((TypeError, ValueError), match=re.escape(f"there(a=…): {message}")):
            component.there(wrong)


def test_numpy_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    component = echo(abi.List(abi.U32))
    numbers = numpy.arange(10_000, dtype="uint32")
    assert component.there(numbers) == component.there(numbers[::-1])[::-1] == list(range(10_000))
    assert echo(abi.List(abi.F64)).there(numbers / 2) == [n / 2 for n in range(10_000)]


def test_bits_are_kept() -> None:
    component = echo(abi.List(abi.F64))
    patterns = [0x7FF0000000000001, 0xFFF8DEADBEEF0001, 0x7FF8000000000000, 0x8000000000000000]
    given = array("d", struct.pack("<4Q", *patterns))
    assert struct.unpack("<4Q", array("d", component.there(given)).tobytes()) == tuple(patterns)


def test_records_by_columns() -> None:
    component = echo(abi.List(SAMPLE))
    assert component.there(SAMPLES) == component.back(SAMPLES) == SAMPLES
    assert component.there([]) == []
    for wrong, message in (
        (Sample(256, 0.0, True, "a"), r"\[1\]\.n: expected u8, got 256"),
        (Sample(1, 0.0, 1, "a"), r"\[1\]\.flag: expected bool, got int"),  # type: ignore[arg-type]
        (Sample(1, 0.0, True, "ab"), r"\[1\]\.letter: expected one character, got 2"),
        (Sample(1, 0.0, True, "\ud800"), r"\[1\]\.letter: expected Unicode scalar values"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            component.there([SAMPLES[0], wrong])
    assert component.there(SAMPLES[:1]) == SAMPLES[:1]


@pytest.mark.parametrize("count", [1, 256, 257])
def test_enums(count: int) -> None:
    type_ = enumeration([f"m{n}" for n in range(count)])
    members = list(type_.python)
    some = [members[0], members[-1], members[count // 2]] * 9
    elements = scalars(type_)
    assert elements.size == (1 if count <= 256 else 2)
    assert elements.decode(bytes(elements.encode(some))) == some
    component = echo(abi.List(type_))
    assert component.there(some) == component.back(some) == some


def test_lists_within() -> None:
    point = record((abi.F32, abi.Tuple((abi.U8, abi.S64))))
    type_ = abi.List(abi.Tuple((abi.List(abi.U16), abi.Option(abi.List(point)), abi.STRING, abi.List(abi.BOOL))))
    component = echo(type_)
    points = [point.python(n / 2, (n, -n)) for n in range(9)]
    value = [([1, 2, 3], points, "zażółć", [True, False]), ([], None, "", []), ([65535], [], "x", [False] * 31)]
    assert component.there(value) == component.back(value) == value


def test_both_sides_know_the_same_layouts() -> None:
    random = Random(5)
    direct = 0
    for _ in range(1000):
        type_ = abi.List(Types(random).any(3))
        function = abi.Function("f", "f", (abi.Param("a", "a", type_),))
        shape = Translation().interface(abi.Interface("", (), (function,))).functions[0].params[0][1]
        assert is_direct(type_) == shape_is_direct(shape)
        if is_direct(type_):
            direct += 1
            layout, elements = layout_of(shape.parts[0]), elements_of(type_.element)  # type: ignore[arg-type]
            assert (layout.size, layout.alignment) == (elements.size, elements.alignment)
    assert direct > 100
