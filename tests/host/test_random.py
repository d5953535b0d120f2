"""Random types, as component text, with random values: what goes in comes back, through an export and an import."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host.echo import echo
from tests.support.random_types import same, types, values
from witgen_runtime import abi

TYPES = types()
CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), st.lists(values(type_), min_size=1, max_size=4)))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def _round_trip(case: tuple[abi.Type, list[Any]]) -> None:
    type_, listed = case
    component = echo(type_)
    with component.world:
        for value in listed:
            assert same(component.there(value), value)
            assert same(component.back(value), value)
            assert same(component.seen.pop(), value)


@pytest.fixture(scope="module", autouse=True)
def _uncached() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", "")
        yield


@settings(max_examples=60, derandomize=True, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_random_values_of_random_types_come_back(case: tuple[abi.Type, list[Any]]) -> None:
    _round_trip(case)


@pytest.mark.long
@settings(max_examples=10_000, **QUIET)  # type: ignore[arg-type]
@given(CASES)
def test_ten_thousand_random_types(case: tuple[abi.Type, list[Any]]) -> None:
    _round_trip(case)


@settings(max_examples=60, derandomize=True, **QUIET)  # type: ignore[arg-type]
@given(st.data())
def test_random_nonsense_never_reaches_wasm(data: st.DataObject) -> None:
    type_ = data.draw(TYPES)
    good = data.draw(values(type_))
    bad = data.draw(
        st.sampled_from([object(), ..., 2**70, -(2**70), "\ud800", [object()], (object(),) * 2, {"a": object()}])
    )
    component = echo(type_)
    with component.world:
        for way in (component.there, component.back):
            with pytest.raises((TypeError, ValueError)):
                way(bad)
            assert same(way(good), good)
        assert component.world._store.dead is None
