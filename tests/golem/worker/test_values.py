"""Values in an oplog and in calls of other workers come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golem.wave_types import SHOP, TYPES, values
from witgen.golem._bindings.types import golem_rpc_types as rpc
from witgen.golem.witvalue import WitValueError, from_wit_value, to_wit_value
from witgen.golem.worker.oplog.codec import Reference, decode, encode
from witgen_runtime import abi

CASES = TYPES.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))


def _none(*_: object) -> Reference:
    raise AssertionError("there are no handles")


@settings(deadline=None)
@given(CASES)
def test_recorded_values(case: tuple[abi.Type, object]) -> None:
    type_, value = case
    recorded = encode(type_, value, _none)
    again = decode(type_, recorded, _none)
    # As text, because no NaN is equal to another.
    assert encode(type_, again, _none) == recorded
    assert repr(again) == repr(value)


@settings(deadline=None)
@given(CASES)
def test_values_for_other_workers(case: tuple[abi.Type, object]) -> None:
    type_, value = case
    nodes = to_wit_value(rpc, type_, value)
    assert repr(from_wit_value(rpc, type_, nodes)) == repr(value)


@settings(deadline=None, max_examples=300)
@given(TYPES, CASES)
def test_values_of_another_type_are_refused_or_fit(type_: abi.Type, case: tuple[abi.Type, object]) -> None:
    """Whatever another worker sends is a value of the type, or one clear error."""
    try:
        value = from_wit_value(rpc, type_, to_wit_value(rpc, *case))
    except WitValueError:
        return
    to_wit_value(rpc, type_, value)


def test_handles_stand_for_their_numbers() -> None:
    type_ = abi.List(abi.Own(abi.Resource("a:b/c", "thing")))
    encoded = encode(type_, ["one", "two"], lambda _, value: Reference(len(value), value.encode()))
    assert encoded.text == '[[3,{"at":0,"size":3}],[3,{"at":3,"size":3}]]'
    assert decode(type_, encoded, lambda _, reference: reference.state) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "there is no node 0"),
        ([rpc.WitNodePrimU8(1)], "node 0: WitNodePrimU8 does not fit `order`"),
        ([rpc.WitNodeRecordValue([0, 0, 0, 0, 0])], "node 0 contains itself"),
        ([rpc.WitNodeRecordValue([1])], "node 0: WitNodeRecordValue does not fit `order`"),
        ([rpc.WitNodeRecordValue([9, 9, 9, 9, 9])], "there is no node 9"),
        ([rpc.WitNodeRecordValue([-1, 0, 0, 0, 0])], "there is no node -1"),
    ],
)
def test_nodes_that_are_no_value(nodes: list[rpc.WitNode], message: str) -> None:
    with pytest.raises(WitValueError, match=message):
        from_wit_value(rpc, SHOP.order, rpc.WitValue(nodes))
