"""First contents of memories: stores with a memory limit map them, and guests find the same as without a limit."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import witgen
from tests.support.memory import resident
from witgen_runtime import host
from witgen_runtime.host.adapters.request import binary
from witgen_runtime.host.adapters.source_digest import source_digest
from witgen_runtime.host.component import load
from witgen_runtime.host.images.files import images_of
from witgen_runtime.host.images.splitting import split

LIMIT = 1 << 26
PAGE = 1 << 16
KIB = 1 << 10


def literal(data: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in data)


def module(name: str, limits: str, *segments: tuple[int, bytes], more: str = "") -> str:
    """Return a core module that reads its memory, writes into it, and lets it grow."""
    data = "\n".join(f'(data (i32.const {start}) "{literal(content)}")' for start, content in segments)
    return f"""
  (core module ${name} (memory (export "memory") {limits}) {data} {more}
    (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "write") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "sum") (param i32 i32) (result i64) (local $sum i64)
      (block $end (loop $next
        (br_if $end (i32.ge_u (local.get 0) (local.get 1)))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
          (i64.load8_u (local.get 0))))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br $next)))
      (local.get $sum)))
  (core instance ${name}-made (instantiate ${name}))"""


def lifted(name: str, prefix: str = "") -> str:
    return f"""
  (func (export "{prefix}read") (param "at" u32) (result u8) (canon lift (core func ${name}-made "read")))
  (func (export "{prefix}write") (param "at" u32) (param "value" u8) (canon lift (core func ${name}-made "write")))
  (func (export "{prefix}grow") (param "pages" u32) (result s32) (canon lift (core func ${name}-made "grow")))
  (func (export "{prefix}sum") (param "start" u32) (param "end" u32) (result u64)
    (canon lift (core func ${name}-made "sum")))"""


def assembled(text: str) -> bytes:
    return binary(text.encode())


def component(limits: str, *segments: tuple[int, bytes], more: str = "") -> bytes:
    return assembled(f"(component {module('m', limits, *segments, more=more)} {lifted('m')})")


def folded(data: bytes) -> int:
    total = 0
    for byte in data:
        total = (total * 31 + byte) % (1 << 64)
    return total


def noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def opened(content: bytes, memory: int | None = LIMIT) -> Any:
    return witgen.load(content).open(memory=memory)


def test_the_first_content_is_mapped_and_each_store_has_its_own() -> None:
    data = noise(1, 300 * KIB + 123)
    guest = component("8", (1000, data))
    assert split(guest) is not None
    expected = bytes(1000) + data + bytes(8 * PAGE - 1000 - len(data))
    for _ in range(2):
        with opened(guest) as first, opened(guest) as second:
            assert first.sum(0, 8 * PAGE) == folded(bytes(expected))
            first.write(5000, first.read(5000) ^ 1)
            assert second.sum(0, 8 * PAGE) == folded(bytes(expected))


def test_a_memory_grows_to_the_limit_of_its_store() -> None:
    with opened(component("8", (0, noise(2, 300 * KIB)))) as world:
        assert world.grow(4) == 8
        assert world.read(12 * PAGE - 1) == 0
        world.write(12 * PAGE - 1, 7)
        assert world.read(12 * PAGE - 1) == 7
        assert world.grow(LIMIT // PAGE - 12) == 12
        assert world.grow(1) == -1


@pytest.mark.parametrize("limits", ["8 8", "8 9", "8 12"])
def test_a_memory_grows_to_its_own_maximum(limits: str) -> None:
    guest, most = component(limits, (0, noise(2, 300 * KIB))), int(limits.split()[1])
    assert split(guest) is not None
    with opened(guest) as world:
        assert [world.grow(1) for _ in range(5)] == [*range(8, most), -1, -1, -1, -1, -1][:5]


def test_several_memories_with_the_same_maximum_grow_to_it() -> None:
    first, second = noise(2, 300 * KIB), noise(3, 300 * KIB)
    modules = module("a", "8 9", (0, first)) + module("b", "8 9", (0, second))
    with opened(assembled(f"(component {modules} {lifted('a', 'a-')} {lifted('b', 'b-')})")) as world:
        assert [world.a_grow(1), world.a_grow(1), world.b_grow(1), world.b_grow(1)] == [8, -1, 8, -1]
        assert (world.a_sum(0, len(first)), world.b_sum(0, len(second))) == (folded(first), folded(second))


def test_later_segments_win() -> None:
    data, over = noise(3, 300 * KIB), noise(4, 5000)
    with opened(component("8", (0, data), (200, over), (100, b"abc"))) as world:
        expected = bytearray(data)
        expected[200:5200] = over
        expected[100:103] = b"abc"
        assert world.sum(0, len(data)) == folded(bytes(expected))


def test_every_memory_gets_its_own_content() -> None:
    first, second, small = noise(5, 300 * KIB), noise(6, 400 * KIB), noise(7, 1000)
    modules = (
        module("a", "8", (0, first)) + module("b", "8", (0, second)) + module("c", "8 65535", (0, small))
        + module("d", "8 65535", (7, first))
    )  # fmt: skip
    exported = "".join(lifted(name, f"{name}-") for name in "abcd")
    with opened(assembled(f"(component {modules} {exported})")) as world:
        assert world.a_sum(0, len(first)) == folded(first)
        assert world.b_sum(0, len(second)) == folded(second)
        assert world.c_sum(0, 8 * PAGE) == folded(small + bytes(8 * PAGE - len(small)))
        assert world.d_sum(7, 7 + len(first)) == folded(first)


@pytest.mark.parametrize("on_thread", [False, True])
def test_start_code_that_has_another_component_instantiated(on_thread: bool) -> None:
    """In the same store; a second thread may not, and its attempt changes nothing."""
    data, others = noise(5, 300 * KIB), noise(6, 300 * KIB)
    other = component("8", (0, others))
    text = f"""(component (import "hook" (func $f)) (core func $lowered (canon lower (func $f)))
      (core module $starts (import "host" "hook" (func $hook)) (start $hook))
      (core instance (instantiate $starts (with "host" (instance (export "hook" (func $lowered))))))
      {module("m", "8", (0, data))} {lifted("m")})"""
    found = list[object]()

    def another() -> None:
        try:
            found.append(witgen.load(other).instantiate(store, other).sum(0, len(others)))
        except host.ThreadError as error:
            found.append(type(error))

    def hook() -> None:
        with ThreadPoolExecutor(1) as thread:
            (thread.submit(another).result if on_thread else another)()

    with host.Store(limits=host.Limits(memory=LIMIT)) as store:
        world = witgen.load(assembled(text)).instantiate(store, assembled(text), SimpleNamespace(hook=hook))
        assert world.sum(0, len(data)) == folded(data)
    assert found == [host.ThreadError if on_thread else folded(others)]


def test_components_inside_a_component_have_theirs() -> None:
    data = noise(8, 300 * KIB)
    inner = f"(component $inner {module('m', '8', (3, data))} {lifted('m')})"
    outer = f'(component {inner} (instance $made (instantiate $inner)) (export "sum" (func $made "sum")))'
    with opened(assembled(outer)) as world:
        assert world.sum(3, 3 + len(data)) == folded(data)


@pytest.mark.parametrize(
    ("limits", "segments", "more"),
    [
        ("8", [], '(data $own "abc") (func (memory.init $own (i32.const 0) (i32.const 0) (i32.const 3)))'),
        ("8", [(0, b"small")], ""),
    ],
    ids=["code that uses segments itself", "small segments beside a large one"],
)  # fmt: skip
def test_what_cannot_be_taken_out_is_copied(limits: str, segments: list[tuple[int, bytes]], more: str) -> None:
    data = noise(9, 300 * KIB)
    with opened(component(limits, (10, data), *segments, more=more)) as world:
        assert world.sum(10, 10 + len(data)) == folded(data)


def test_a_start_of_a_segment_that_is_imported_is_left_alone() -> None:
    data = noise(10, 300 * KIB)
    text = f"""(component
      (core module $g (global (export "at") i32 (i32.const 64)))
      (core instance $given (instantiate $g))
      (core module $m (import "g" "at" (global $at i32)) (memory 8) (data (global.get $at) "{literal(data)}")
        (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0))))
      (core instance $made (instantiate $m (with "g" (instance $given))))
      (func (export "read") (param "at" u32) (result u8) (canon lift (core func $made "read"))))"""
    assert split(assembled(text)) is None
    with opened(assembled(text)) as world:
        assert bytes(world.read(64 + at) for at in range(100)) == data[:100]


def test_a_segment_behind_the_end_of_its_memory_fails_as_ever() -> None:
    guest = component("4", (PAGE, noise(11, 300 * KIB)))
    assert split(guest) is None
    with pytest.raises(host.Trap, match="out of bounds"):
        opened(guest)


def test_the_cache_keeps_images_and_does_not_use_damaged_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path))
    data = noise(12, 300 * KIB)
    guest = component("8", (0, data))

    def first_content() -> bytes:
        loaded = load(host.make_engine(settings=host.Settings(bounded=True)), guest)
        (image,) = images_of(loaded)
        return os.pread(image.file.number, len(data), image.start)

    assert first_content() == data
    (code,), (images,) = ((tmp_path / "components").glob(f"*.{end}") for end in ("cwasm", "image"))
    written = code.stat().st_ino
    assert first_content() == data
    assert code.stat().st_ino == written
    images.write_bytes(images.read_bytes().replace(data[:10], b"0123456789"))
    assert first_content() == data
    images.unlink()
    assert first_content() == data
    assert images.stat().st_size > len(data)


def test_the_cache_knows_which_code_took_the_content_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WITGEN_CACHE_DIR", str(tmp_path))
    load(host.make_engine(settings=host.Settings(bounded=True)), component("8", (0, noise(12, 300 * KIB))))
    (code,) = (tmp_path / "components").glob("*.cwasm")
    assert code.name.startswith(f"{source_digest()[:20]}-")


def test_idle_stores_have_no_copy_of_their_own() -> None:
    guest = component("40", (0, noise(1, 30 * PAGE)))
    loaded = witgen.load(guest)
    loaded.open(memory=LIMIT).close()
    before = resident()
    kept = [loaded.open(memory=LIMIT) for _ in range(10)]
    grown = resident() - before
    for each in kept:
        each.close()
    assert grown < 10 * 300 * KIB, f"{grown / 10:.0f} bytes for each store of a guest with 1.9 MiB"


@given(
    st.lists(st.tuples(st.integers(0, 7 * PAGE), st.integers(0, PAGE), st.integers(0, 99)), min_size=1, max_size=8),
    st.integers(0, 5 * PAGE),
)
@settings(max_examples=15, deadline=None)
def test_random_segments_read_the_same_with_and_without_a_limit(
    segments: list[tuple[int, int, int]], start: int
) -> None:
    made = [(start, noise(0, 260 * KIB)), *((at, noise(seed, length)) for at, length, seed in segments)]
    guest = component("12", *made)
    with opened(guest) as limited, opened(guest, None) as plain:
        assert limited.sum(0, 12 * PAGE) == plain.sum(0, 12 * PAGE)
