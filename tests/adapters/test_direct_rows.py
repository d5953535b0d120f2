"""Lists of strings, records, variants and lists, which go through an adapter's memory as one block."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.host.echo import echo
from tests.support.random_types import Types, Values, flags, record, same, variant
from witgen_runtime import abi, host
from witgen_runtime.host.convert import element_rows
from witgen_runtime.host.convert.element_types import elements_of
from witgen_runtime.host.convert.elements import Scalars
from witgen_runtime.host.direct_lists import is_direct
from witgen_runtime.host.linking.borrow_reps import numbered
from witgen_runtime.values import Err, Ok, Some

TEXT = abi.STRING
BYTES = abi.List(abi.U8)
PERSON = record((TEXT, TEXT, abi.U32))
SIGNS = flags(9)
SHAPE = variant((TEXT, None, abi.Tuple((abi.U8, abi.F64)), abi.List(TEXT)))
COUNTS = (0, 1, 2, 19, 33, 2000)


def person(index: int) -> Any:
    return PERSON.python(f"name {index}", "zażółć 漢😀"[: index % 11], index)


def shape(index: int) -> Any:
    text, nothing, numbers, texts = (case.python for case in SHAPE.cases)
    return [lambda: text(f"{index}"), nothing, lambda: numbers((index % 256, index / 3)), lambda: texts(["", "x"])][
        index % 4
    ]()


SAMPLES: dict[str, tuple[abi.Type, Any]] = {
    "strings": (TEXT, lambda n: "é" * (n % 3) + str(n)),
    "bytes": (BYTES, lambda n: b"\0\xff" * (n % 5)),
    "pairs": (abi.Tuple((TEXT, BYTES)), lambda n: (f"name-{n}", bytes(n % 7))),
    "records": (PERSON, person),
    "variants": (SHAPE, shape),
    "options": (abi.Option(abi.S16), lambda n: None if n % 3 else -(n % 1000)),
    "nested options": (abi.Option(abi.Option(TEXT)), lambda n: [None, Some(None), Some(f"{n}")][n % 3]),
    "results": (abi.Result(None, TEXT), lambda n: Err(f"{n}") if n % 2 else Ok(None)),
    "lists": (abi.List(abi.List(PERSON)), lambda n: [[person(k) for k in range(n % 3)]] * (n % 2)),
    "numbers": (abi.Tuple((abi.List(abi.U64), abi.List(abi.BOOL), abi.CHAR)), lambda n: ([n, 1 << 63], [True], "漢")),
    "flags": (abi.Tuple((SIGNS, TEXT)), lambda n: (SIGNS.python(n % 512), "")),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_lists_of_any_length(name: str) -> None:
    element, make = SAMPLES[name]
    component = echo(abi.List(element))
    assert len(host.adapters_of(component.world).direct) == 3
    for count in COUNTS:
        value = [make(n) for n in range(count)]
        assert same(component.there(value), value)
        assert same(component.there(tuple(value)), value)
        assert same(component.back(value), value)
        assert same(component.seen.pop(), value)


def test_values_that_do_not_fit_are_named() -> None:
    component = echo(abi.List(abi.Tuple((PERSON, abi.Option(flags(3)), BYTES))))
    good = (person(1), None, b"1")
    for wrong, message in (
        ((PERSON.python("a", "b", -1), None, b""), r"\[1\]\[0\]\.f2: expected u32, got -1"),
        ((PERSON.python("a", "\ud800", 1), None, b""), r"\[1\]\[0\]\.f1: expected Unicode scalar values"),
        ((PERSON.python(7, "b", 1), None, b""), r"\[1\]\[0\]\.f0: expected str, got int"),
        ((person(1), 3, b""), r"\[1\]\[1\]: expected .*, got int"),
        ((person(1), None, "x"), r"\[1\]\[2\]: expected bytes-like, got str"),
        ((person(1), None), r"\[1\]: expected .*3"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            component.there([good, wrong])
    assert component.there([good]) == [good]


def test_types_of_any_depth() -> None:
    deep: abi.Type = abi.U32
    value: Any = 7
    for level in range(60):
        deep, value = (
            (abi.Tuple((deep, TEXT)), (value, f"{level}"))
            if level % 3 == 0
            else (abi.Option(deep), Some(value) if isinstance(deep, abi.Option) else value)
            if level % 3 == 1
            else (abi.Result(deep, TEXT), Ok(value))
        )
    component = echo(abi.List(deep))
    assert component.there([value] * 3) == component.back([value] * 3) == [value] * 3


def test_long_strings_beside_short_lists() -> None:
    """What elements point to is not copied a second time as a whole for each of the lists of a call."""
    type_ = abi.Tuple((abi.List(TEXT), abi.List(abi.Tuple((TEXT, abi.U8)))))
    component = echo(type_)
    value = (["x" * 3_000_000, "é" * 5], [("y" * 100_000, n) for n in range(20)])
    assert component.there(value) == component.back(value) == value


def test_a_list_that_another_thread_changes() -> None:
    component = echo(abi.List(TEXT))
    stop, changing = threading.Event(), ["a"] * 15

    def change() -> None:
        while not stop.is_set():
            changing.append("b")
            changing.pop()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            found = component.there(changing)
            assert found in (["a"] * 15, [*["a"] * 15, "b"])
    finally:
        stop.set()
        thread.join()


@dataclass
class Memory:
    """An adapter's memory, without the adapter."""

    content: bytearray

    def next_block(self) -> int:
        return len(self.content) + 7 & -8

    def place(self, content: bytes) -> tuple[int, int]:
        address = self.next_block()
        self.content.extend(bytes(address - len(self.content)) + content)
        return address, len(content)

    def all_blocks(self, most: int) -> bytes | None:
        return bytes(self.content) if len(self.content) <= most else None

    def __getitem__(self, where: slice) -> bytes:
        return bytes(self.content[where])


def test_random_types_with_and_without_a_copy_of_all_blocks() -> None:
    random, tried = Random(7), 0
    for _ in range(600):
        type_ = Types(random).any(4)
        if not is_direct(abi.List(type_)):
            continue
        elements = elements_of(type_)
        if isinstance(elements, Scalars):
            value: Any = [Values(random).of(type_) for _ in range(7)]
            assert same(elements.decode(bytes(elements.encode(value))), value)
            continue
        rows, tried = element_rows.Rows(elements), tried + 1
        for count in (0, 1, 40):
            value, memory = [Values(random).of(type_) for _ in range(count)], Memory(bytearray(64))
            placed: Any = rows.put(value, memory)  # type: ignore[arg-type]
            memory.content.extend(bytes(1 << 20))
            assert same(rows.get(*placed, memory), value)  # type: ignore[arg-type]
            del memory.content[-(1 << 20) :]
            assert same(rows.get(*placed, memory), value)  # type: ignore[arg-type]
    assert tried > 200


def test_bytes_between_fields_are_not_those_of_others() -> None:
    memory = Memory(bytearray(b"\xff" * 64))
    type_ = record((abi.U8, abi.F64, abi.BOOL))
    value = [type_.python(n, 0.5, True) for n in range(2)]
    address, length = element_rows.Rows(elements_of(type_)).put(value, memory)  # type: ignore[arg-type]
    content = memory.content[address:]
    assert (length, len(content)) == (2, 48)
    assert content[1:8] == content[17:24] == content[25:32] == bytes(7)


def test_lists_beside_handles_that_pass_as_numbers() -> None:
    """Adapters leave types without handles as they are, so the host has to: it would read memory wrongly."""
    lent = abi.Borrow(abi.Resource("test:lent/a", "thing"))
    types = (abi.List(abi.Option(abi.STRING)), abi.Tuple((abi.Option(BYTES),)), abi.List(abi.Option(lent)))
    params = tuple(abi.Param(f"p{index}", f"p{index}", type_) for index, type_ in enumerate(types))
    found = [param.type for param in numbered(abi.Function("f", "f", params), method=False).params]
    assert found[:2] == list(types[:2])
    assert [is_direct(each) for each in found] == [True, False, False]
