"""The build says whether wasmtime can map the memory of a component."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from wasmtime import wat2wasm

from witgen.build.memory_image import MemoryImage, image_warnings, memory_image

MIB = 1 << 20
Segments: TypeAlias = "list[tuple[int | None, int]]"
SHAPES: dict[str, tuple[Segments, MemoryImage, bool]] = {
    "one segment": ([(0, 10)], MemoryImage(10, 10), True),
    "high": ([(20 * MIB, 10)], MemoryImage(10, 10), True),
    "below 16 MiB": ([(0, 1), (16 * MIB - 2, 1)], MemoryImage(16 * MIB - 1, 2), True),
    "16 MiB": ([(0, 1), (16 * MIB - 1, 1)], MemoryImage(16 * MIB, 2), False),
    "more than half": ([(64, 11 * MIB), (20 * MIB, 64)], MemoryImage(20 * MIB, 11 * MIB + 64), True),
    "less than half": ([(64, 9 * MIB), (20 * MIB, 64)], MemoryImage(20 * MIB, 9 * MIB + 64), False),
    "passive": ([(None, 100), (0, 10)], MemoryImage(10, 10), True),
}


def component(segments: Segments) -> bytes:
    datas = (f'(data {"" if at is None else f"(i32.const {at})"} "{"x" * size}")' for at, size in segments)
    return bytes(wat2wasm(f"(component (core module (memory 512) {' '.join(datas)}) (core module))"))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_memory_of_a_component(shape: str) -> None:
    segments, image, is_mapped = SHAPES[shape]
    made = component(segments)
    found = memory_image(made)
    assert found is not None
    assert (found, found.is_mapped) == (image, is_mapped)
    assert [each.code for each in image_warnings(made)] == ([] if is_mapped else ["W0717"])


@pytest.mark.parametrize("text", ["(component)", "(component (core module (memory 1)))"])
def test_nothing_is_said_without_a_memory(text: str) -> None:
    made = bytes(wat2wasm(text))
    assert memory_image(made) is None
    assert image_warnings(made) == ()
