"""golem:durability: calls that a library records itself. They are read in a replay, which another test shows."""

from agent.guest import golem_durability_durability as durability
from agent.types.golem_api_oplog import WrappedFunctionTypeReadLocal
from agent.types.golem_rpc_types import (
    NamedWitTypeNode,
    ValueAndType,
    WitNodePrimString,
    WitType,
    WitTypeNodePrimStringType,
    WitValue,
)

TEXT = ValueAndType(
    WitValue([WitNodePrimString("who")]), WitType([NamedWitTypeNode(None, None, WitTypeNodePrimStringType())])
)


def cover(_: str) -> None:
    kind = WrappedFunctionTypeReadLocal()
    durability.observe_function_call("library", "ask")
    begin = durability.begin_durable_function(kind)
    assert durability.current_durable_execution_state().is_live
    durability.persist_durable_function_invocation("ask", b"question", b"answer", kind)
    durability.end_durable_function(kind, begin, False)
    begin = durability.begin_durable_function(kind)
    durability.persist_typed_durable_function_invocation("ask", TEXT, TEXT, kind)
    durability.end_durable_function(kind, begin, True)
