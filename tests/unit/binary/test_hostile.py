"""No bytes make a traceback, a hang or unbounded memory."""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.binary.wasm_bytes import (
    U8,
    component,
    exported_func,
    exported_instance,
    exported_type,
    exports,
    func,
    imported_func,
    imported_instance,
    imports,
    index,
    instance,
    name,
    outer_alias,
    section,
    type_declaration,
    types,
    u32,
    vector,
)
from witgen.diagnostics.errors import WitgenError
from witgen.wit.binary import decode
from witgen.wit.binary.problem import Input
from witgen.wit.binary.text import to_binary

COMPONENTS = Path(__file__).parent / "components"
SECONDS = 10
MEGABYTES = 100


def outcome(data: bytes) -> str:
    """The code of the refusal, or `ok`; anything but a `WitgenError` fails the test."""
    try:
        decode(data, "x.wasm")
    except WitgenError as error:
        return error.code
    return "ok"


def doubling_instances(levels: int) -> bytes:
    """Each instance type exports two instances of the one before."""
    bodies = [instance()]
    bodies += [
        instance(outer_alias(1, level), exported_instance("a", 0), exported_instance("b", 0)) for level in range(levels)
    ]
    return component(types(*bodies), imports(imported_instance("a:b/c", levels)))


def doubling_types(levels: int) -> bytes:
    """Each tuple holds the one before twice, and a function takes the last."""
    tuples = [b"\x6f" + vector([U8, U8])]
    tuples += [b"\x6f" + vector([index(level), index(level)]) for level in range(levels)]
    return component(types(*tuples, func(("x", index(levels)))), imports(imported_func("f", levels + 1)))


def doubling_components(levels: int) -> bytes:
    """Each component instantiates the one before twice."""
    inner = component()
    for _ in range(levels):
        twice = section(5, vector([b"\0\0\0"] * 2))
        inner = component(section(4, inner), twice)
    return inner


def deep_types(levels: int) -> bytes:
    """Lists of lists."""
    lists = [b"\x70" + U8, *(b"\x70" + index(level) for level in range(levels))]
    return component(types(*lists, func(("x", index(levels)))), imports(imported_func("f", levels + 1)))


def nested_declarations(levels: int) -> bytes:
    """Instance types within instance types."""
    type = instance()
    for _ in range(levels):
        type = instance(type_declaration(type))
    return component(types(type))


def nested_components(levels: int) -> bytes:
    """Components within components, each instantiated."""
    inner = component()
    for _ in range(levels):
        inner = component(section(4, inner), section(5, vector([b"\0\0\0"])))
    return inner


def instances_in_a_row(levels: int) -> bytes:
    """Each component instantiates its older sibling."""
    sections = [section(4, component())]
    for level in range(levels):
        alias = section(6, vector([b"\x04\x02\x01" + u32(level)]))
        sections.append(section(4, component(alias, section(5, vector([b"\0\0\0"])))))
    return component(*sections, section(5, vector([b"\0" + u32(levels) + b"\0"])))


def names_in_a_row(levels: int) -> bytes:
    """A type that is exported again and again."""
    again = [b"\0" + name(f"t{level}") + b"\x03" + u32(level) + b"\0" for level in range(levels)]
    return component(types(U8), exports(*again))


def aliases_in_a_row(levels: int) -> bytes:
    """An interface in which every type is an alias of the one before."""
    chain = [exported_type(f"t{level}", level) for level in range(levels)]
    return component(types(instance(type_declaration(U8), *chain)), imports(imported_instance("a:b/c", 0)))


def many(count: int) -> bytes:
    """Nothing but types, as cheap in bytes as can be."""
    return component(types(*[U8] * count))


def documentation(json: bytes) -> bytes:
    """A component with documentation."""
    return component(section(0, name("package-docs") + b"\x01" + json))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (doubling_instances(10), "W0806"),
        (doubling_instances(64), "W0807"),
        (doubling_types(6), "ok"),
        (doubling_types(64), "W0807"),
        (doubling_components(64), "W0807"),
        (deep_types(98), "ok"),
        (deep_types(5_000), "W0806"),
        (nested_declarations(30), "ok"),
        (nested_declarations(5_000), "W0806"),
        (nested_components(60), "ok"),
        (nested_components(1_000), "W0807"),
        (instances_in_a_row(60), "ok"),
        (instances_in_a_row(2_000), "W0807"),
        (names_in_a_row(150), "ok"),
        (names_in_a_row(20_000), "W0807"),
        (aliases_in_a_row(150), "ok"),
        (aliases_in_a_row(20_000), "W0807"),
        (many(900_000), "ok"),
        (many(5_000_000), "W0807"),
        (documentation(b"[" * 1_000_000), "W0811"),
        (documentation(b'{"docs":"' + b"a" * 70_000_000 + b'"}'), "W0811"),
        (component(section(0, name("other") + bytes(200_000_000))), "ok"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_bombs(data: bytes, code: str) -> None:
    start = time.process_time()
    assert outcome(data) == code
    assert time.process_time() - start < SECONDS


@pytest.mark.long
@pytest.mark.slow
def test_memory_is_bounded() -> None:
    tracemalloc.start()
    try:
        outcome(many(200_000))
        outcome(doubling_instances(64))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 1024 * 1024


def seeds() -> list[bytes]:
    return [to_binary(Input(path.read_bytes(), path.name)) for path in sorted(COMPONENTS.glob("*.wat"))]


def mutate(random: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(random.choice(seeds))
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(data))
        match random.randrange(5):
            case 0:
                data[at] = random.randrange(256)
            case 1:
                data[at] ^= 1 << random.randrange(8)
            case 2:
                data[at] = (data[at] + random.choice((-1, 1))) & 0xFF
            case 3:
                other = random.choice(seeds)
                start = random.randrange(len(other))
                data[at : at + random.randrange(32)] = other[start : start + random.randrange(64)]
            case _ if random.randrange(8) == 0:
                del data[max(at, 1) :]
    return bytes(data)


def run_mutations(count: int, seed: int) -> None:
    generator, inputs = random.Random(seed), seeds()
    slowest = 0.0
    for _ in range(count):
        data = mutate(generator, inputs)
        start = time.process_time()
        outcome(data)
        slowest = max(slowest, time.process_time() - start)
    assert slowest < 1


@pytest.mark.slow
def test_mutations() -> None:
    run_mutations(5_000, seed=1)


@pytest.mark.long
def test_a_hundred_thousand_mutations() -> None:
    run_mutations(100_000, seed=2)


# Declarations of every kind whose numbers mostly fit, so that what is behind the reader is reached.
numbers = st.integers(0, 12)
labels = st.sampled_from(
    ["a", "b", "r", "A", "a:b/c", "a:b/c@1.0.0", "[method]r.m", "[constructor]r", "[static]r.s", "", "x y"]
)
refs = st.one_of(st.sampled_from([U8, b"\x73", b"\x64"]), numbers.map(index))
optional_refs = st.one_of(st.just(b"\0"), refs.map(lambda ref: b"\x01" + ref))
labelled = st.lists(st.tuples(labels.map(name), refs).map(b"".join), max_size=3).map(vector)
cases = st.lists(st.tuples(labels.map(name), optional_refs).map(lambda c: b"".join(c) + b"\0"), max_size=3).map(vector)
defined = st.one_of(
    refs,
    labelled.map(lambda fields: b"\x72" + fields),
    cases.map(lambda cases: b"\x71" + cases),
    refs.map(lambda ref: b"\x70" + ref),
    st.lists(refs, max_size=3).map(lambda parts: b"\x6f" + vector(parts)),
    st.lists(labels.map(name), max_size=3).map(lambda cases: b"\x6d" + vector(cases)),
    refs.map(lambda ref: b"\x6b" + ref),
    st.tuples(optional_refs, optional_refs).map(lambda parts: b"\x6a" + b"".join(parts)),
    numbers.map(lambda number: b"\x69" + u32(number)),
    numbers.map(lambda number: b"\x68" + u32(number)),
    labelled.map(lambda params: b"\x40" + params + b"\x01\0"),
    st.tuples(labelled, refs).map(lambda parts: b"\x43" + parts[0] + b"\0" + parts[1]),
    st.just(b"\x3f\x7f\0"),
)
extern_types = st.one_of(
    numbers.map(lambda number: b"\x01" + u32(number)),
    numbers.map(lambda number: b"\x03\0" + u32(number)),
    st.just(b"\x03\x01"),
    numbers.map(lambda number: b"\x05" + u32(number)),
    numbers.map(lambda number: b"\x04" + u32(number)),
)
externs = st.tuples(labels.map(lambda label: b"\0" + name(label)), extern_types).map(b"".join)
in_types = st.recursive(
    st.one_of(
        defined.map(type_declaration),
        st.builds(outer_alias, st.integers(0, 2), numbers),
        externs.map(lambda extern: b"\x04" + extern),
        st.builds(exported_func, labels, numbers),
    ),
    lambda inner: st.lists(inner, max_size=4).map(lambda declarations: type_declaration(instance(*declarations))),
    max_leaves=8,
)
component_types = st.lists(st.one_of(in_types, externs.map(lambda e: b"\x03" + e)), max_size=6).map(
    lambda declarations: b"\x41" + vector(declarations)
)
top_types = st.one_of(defined, st.lists(in_types, max_size=6).map(lambda d: instance(*d)), component_types)
sorts = st.sampled_from([b"\x01", b"\x03", b"\x04", b"\x05"])
sections = st.one_of(
    st.lists(top_types, min_size=1, max_size=4).map(lambda t: types(*t)),
    externs.map(imports),
    st.tuples(labels.map(lambda label: b"\0" + name(label)), sorts, numbers.map(u32))
    .map(lambda parts: exports(b"".join(parts) + b"\0")),
    st.tuples(sorts, numbers.map(u32), labels.map(name))
    .map(lambda parts: section(6, vector([parts[0] + b"\0" + parts[1] + parts[2]]))),
    numbers.map(lambda number: section(5, vector([b"\0" + u32(number) + b"\0"]))),
    numbers.map(lambda number: section(8, vector([b"\0\0\0\0" + u32(number)]))),
)  # fmt: skip
components = st.recursive(
    st.lists(sections, max_size=8).map(lambda parts: component(*parts)),
    lambda inner: st.tuples(inner, inner).map(lambda pair: pair[0] + section(4, pair[1])),
    max_leaves=3,
)


@pytest.mark.long
@pytest.mark.slow
@settings(max_examples=1_000, deadline=2_000)
@given(components)
def test_declarations_of_every_kind(data: bytes) -> None:
    outcome(data)


@settings(max_examples=300, deadline=2_000)
@given(st.binary(max_size=200))
def test_anything_after_the_preamble(data: bytes) -> None:
    outcome(component(data))
