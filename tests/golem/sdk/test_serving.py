"""What Golem calls of a component with agents, on CPython."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.golem.sdk.test_schemas import VALUES
from witgen.golem.sdk import U32, agent
from witgen.golem.sdk._bindings.types import golem_agent_common as common
from witgen.golem.sdk._bindings.types import golem_core_types as core
from witgen.golem.sdk.core_values import from_wit_value, to_wit_type, to_wit_value
from witgen.golem.sdk.hints import schema_of
from witgen.golem.sdk.serving import AgentGuest


@dataclass
class Sum:
    name: str
    total: U32


@agent
class Till:
    """Adds up."""

    def __init__(self, name: str, start: U32 = 7) -> None:
        self.name, self.total = name, start

    def add(self, n: U32) -> Sum:
        self.total += n
        return Sum(self.name, self.total)

    async def name_of(self) -> str:
        return self.name

    def nothing(self) -> None:
        """Do nothing."""


NOBODY = common.PrincipalAnonymous()


def data(*values: core.WitNode) -> core.DataValue:
    return core.DataValueTuple([core.ElementValueComponentModel(core.WitValue([value])) for value in values])


@pytest.fixture
def till() -> AgentGuest:
    guest = AgentGuest()
    guest.initialize("Till", data(core.WitNodePrimString("ann"), core.WitNodeOptionValue(None)), NOBODY)
    return guest


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=[str(hint) for hint, _ in VALUES])
def test_values_come_back(hint: Any, value: Any) -> None:
    schema = schema_of(hint)
    assert schema is not None
    found = from_wit_value(schema, to_wit_value(schema, value))
    assert (found, type(found)) == (value, type(value))


def test_types_are_flat() -> None:
    schema = schema_of(list[Sum])
    assert schema is not None
    nodes = to_wit_type(schema).nodes
    assert [(node.name, type(node.type).__name__) for node in nodes] == [
        (None, "WitTypeNodeListType"),
        ("Sum", "WitTypeNodeRecordType"),
        (None, "WitTypeNodePrimStringType"),
        (None, "WitTypeNodePrimU32Type"),
    ]
    assert nodes[1].type == core.WitTypeNodeRecordType([("name", 2), ("total", 3)])


def test_the_type_that_golem_asks_for(till: AgentGuest) -> None:
    found = till.get_definition()
    assert (found.type_name, found.description, found.source_language) == ("Till", "Adds up.", "python")
    assert found.constructor.prompt_hint == "Enter the following parameters: name, start"
    assert isinstance(found.constructor.input_schema, core.DataSchemaTuple)
    assert [name for name, _ in found.constructor.input_schema.value] == ["name", "start"]
    assert [each.name for each in found.methods] == ["add", "name_of", "nothing"]
    assert found.methods[2].output_schema == core.DataSchemaTuple([])
    assert found in till.discover_agent_types()


def test_calls(till: AgentGuest) -> None:
    """The default of the constructor is used where the caller gives none."""
    assert till.invoke("add", data(core.WitNodePrimU32(3)), NOBODY) == core.DataValueTuple(
        [
            core.ElementValueComponentModel(
                core.WitValue([core.WitNodeRecordValue([1, 2]), core.WitNodePrimString("ann"), core.WitNodePrimU32(10)])
            )
        ]
    )
    assert till.invoke("nothing", data(), NOBODY) == core.DataValueTuple([])


def test_calls_that_do_not_fit(till: AgentGuest) -> None:
    with pytest.raises(common.AgentErrorInvalidMethod, match="nope"):
        till.invoke("nope", data(), NOBODY)
    with pytest.raises(common.AgentErrorInvalidInput, match="expected 1 argument"):
        till.invoke("add", data(), NOBODY)
    with pytest.raises(common.AgentErrorInvalidInput, match="n: expected u32, got PrimString"):
        till.invoke("add", data(core.WitNodePrimString("3")), NOBODY)
    with pytest.raises(common.AgentErrorInvalidInput, match="already has an agent, a Till"):
        till.initialize("Till", data(), NOBODY)
    with pytest.raises(common.AgentErrorInvalidType, match="Nobody"):
        AgentGuest().initialize("Nobody", data(), NOBODY)
    with pytest.raises(common.AgentErrorInvalidInput, match="no agent yet"):
        AgentGuest().invoke("add", data(), NOBODY)


def test_damaged_values_are_refused() -> None:
    """A node that contains itself, and one that is not there."""
    schema = schema_of(list[int])
    assert schema is not None
    for nodes in ([core.WitNodeListValue([0])], [core.WitNodeListValue([1])], [core.WitNodeListValue([-1])], []):
        with pytest.raises(ValueError, match="which is not a part of it"):
            from_wit_value(schema, core.WitValue(list(nodes)))
