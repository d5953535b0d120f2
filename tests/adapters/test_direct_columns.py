"""Long lists of records and tuples of numbers, which are converted field by field."""

from __future__ import annotations

import threading
from dataclasses import dataclass, make_dataclass
from random import Random
from typing import Any

import pytest

from tests.adapters.test_direct_rows import Memory
from tests.host.echo import echo
from tests.support.random_types import Values, enumeration, flags, record, same
from witgen_runtime import abi
from witgen_runtime.host.convert import element_rows
from witgen_runtime.host.convert.element_columns import Columns, has_columns
from witgen_runtime.host.convert.element_types import elements_of
from witgen_runtime.host.convert.elements import FORMS

PAIR = record((abi.U32, abi.F64))
NESTED = abi.Tuple((abi.U8, PAIR, abi.Tuple((abi.BOOL, abi.CHAR, flags(9))), enumeration(["a", "b", "c"]), abi.F32))


def any_type(random: Random, depth: int) -> abi.Type:
    """Return a record or a tuple of numbers."""
    numbers = list(FORMS)
    parts: list[abi.Type] = []
    for _ in range(random.randint(1, 4)):
        kind = random.random()
        if depth and kind < 0.3:
            parts.append(any_type(random, depth - 1))
        elif kind < 0.4:
            parts.append(flags(random.randint(1, 32)))
        elif kind < 0.5:
            parts.append(enumeration([f"m{n}" for n in range(random.choice([1, 3, 300]))]))
        else:
            parts.append(random.choice(numbers))
    return record(parts) if random.random() < 0.5 else abi.Tuple(tuple(parts))


def test_the_bytes_are_those_of_short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, and none of the bytes between fields is anything but zero."""
    random = Random(11)
    for number in range(150):
        type_ = any_type(random, 3)
        elements = elements_of(type_)
        assert has_columns(elements)
        value = [Values(random).of(type_) for _ in range(random.choice([100, 101, 150]))]
        found: list[bytes] = []
        for many in (100, 1 << 40):
            monkeypatch.setattr(element_rows, "_MANY", many)
            rows, memory = element_rows.Rows(elements), Memory(bytearray())
            held: Any = memory
            address, length = rows.put(tuple(value) if number % 2 else value, held)
            found.append(bytes(memory.content))
            assert same(rows.get(address, length, held), value)
        assert found[0] == found[1]


@pytest.mark.parametrize("adapters", ["auto", "off"])
def test_lists_of_any_length(adapters: Any) -> None:
    component = echo(abi.List(NESTED), adapters=adapters)
    random = Random(3)
    for count in (0, 1, 99, 100, 101, 5000):
        value = [Values(random).of(NESTED) for _ in range(count)]
        assert same(component.there(value), value)
        assert same(component.back(value), value)
        assert same(component.seen.pop(), value)


def test_values_that_do_not_fit_are_named() -> None:
    component = echo(abi.List(NESTED))
    good = Values(Random(5)).of(NESTED)
    pair, parts = good[1], good[2]
    for wrong, message in (
        ((256, *good[1:]), r"\[100\]\[0\]: expected u8, got 256"),
        ((True, *good[1:]), r"\[100\]\[0\]: expected int, got bool"),
        ((1, PAIR.python(-1, 0.5), *good[2:]), r"\[100\]\[1\]\.f0: expected u32, got -1"),
        ((1, PAIR.python(1, "x"), *good[2:]), r"\[100\]\[1\]\.f1: expected .*, got str"),
        ((1, (1, 0.5), *good[2:]), r"\[100\]\[1\]: expected .*, got tuple"),
        ((1, pair, (1, *parts[1:]), *good[3:]), r"\[100\]\[2\]\[0\]: expected bool, got int"),
        ((1, pair, (True, "ab", parts[2]), *good[3:]), r"\[100\]\[2\]\[1\]: expected one character, got 2"),
        ((1, pair, parts, 2, good[4]), r"\[100\]\[3\]: expected .*, got int"),
        ((*good[:4], 1e300), r"\[100\]\[4\]: .*f32"),
        (good[:4], r"\[100\]: expected .*5"),
        (None, r"\[100\]: expected .*, got None"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            component.there([*[good] * 100, wrong])
    assert same(component.there([good] * 100), [good] * 100)


def test_records_of_classes_that_do_more() -> None:
    """Where making a record does more than to set attributes, it is called."""

    @dataclass
    class Checked:
        n: int
        at: float

        def __post_init__(self) -> None:
            self.sum = self.n + self.at

    frozen = make_dataclass("Frozen", ["n", "at"], frozen=True)

    class Other:
        def __init__(self, n: int, at: float) -> None:
            self.n, self.at = n + 1, at

    fields = abi.Field("n", "n", abi.U32), abi.Field("at", "at", abi.F64)
    for class_, made in ((Checked, Checked(1, 0.5)), (frozen, frozen(1, 0.5)), (Other, Other(0, 0.5))):
        columns = Columns(elements_of(abi.Record("point", class_, fields)))
        first = columns.decode(bytes(columns.encode([made] * 100)), 100)[0]
        assert type(first) is class_
        assert vars(first) == {**vars(made), "n": 2} if class_ is Other else vars(first) == vars(made)


def test_types_of_too_many_numbers_have_none() -> None:
    assert has_columns(elements_of(abi.Tuple((abi.U8,) * 64)))
    assert not has_columns(elements_of(abi.Tuple((abi.U8,) * 65)))
    assert not has_columns(elements_of(abi.Tuple((abi.U8, abi.STRING))))
    component = echo(abi.List(abi.Tuple((abi.U8,) * 65)))
    assert component.there([(7,) * 65] * 200) == [(7,) * 65] * 200


def test_a_list_that_another_thread_changes() -> None:
    component = echo(abi.List(PAIR))
    one = PAIR.python(1, 0.5)
    stop, changing = threading.Event(), [one] * 200

    def change() -> None:
        while not stop.is_set():
            changing.append(one)
            changing.pop()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            assert component.there(changing) in ([one] * 200, [one] * 201)
    finally:
        stop.set()
        thread.join()
