"""golem:rpc: calls of another worker of this component, whose name is the argument; values of every type."""

from agent.guest import golem_api_host as host
from agent.guest import golem_rpc_types as rpc
from agent.guest import wasi_clocks_wall_clock as clock
from agent.types.golem_rpc_types import (
    NamedWitTypeNode,
    ParseUuidError,
    RpcErrorProtocolError,
    ValueAndType,
    WitNodePrimString,
    WitType,
    WitTypeNodePrimStringType,
    WitValue,
    WorkerId,
)

from witgen_runtime.values import Ok

from .failing import failure

QUESTION = WitValue([WitNodePrimString("who")])


def cover(other: str) -> None:
    _values()
    component = host.get_self_metadata().worker_id.component_id
    with rpc.WasmRpc(WorkerId(component, other)) as worker:
        assert WitNodePrimString("WHO") in worker.invoke_and_await("answer", [QUESTION]).nodes
        failure(RpcErrorProtocolError, worker.invoke_and_await, "nothing-of-this-name", [])
        worker.invoke("answer", [QUESTION])
        with worker.async_invoke_and_await("answer", [QUESTION]) as future:
            with future.subscribe() as ready:
                ready.block()
            outcome = future.get()
            assert isinstance(outcome, Ok)
            assert WitNodePrimString("WHO") in outcome.value.nodes
        now = clock.now()
        worker.schedule_invocation(now, "answer", [QUESTION])
        now.seconds += 3600
        with worker.schedule_cancelable_invocation(now, "answer", [QUESTION]) as later:
            later.cancel()
    with rpc.WasmRpc.ephemeral(component) as once:
        assert WitNodePrimString("WHO") in once.invoke_and_await("answer", [QUESTION]).nodes


def _values() -> None:
    text = "01234567-89ab-cdef-0123-456789abcdef"
    assert rpc.uuid_to_string(rpc.parse_uuid(text)) == text
    failure(ParseUuidError, rpc.parse_uuid, "nothing")
    string = WitType([NamedWitTypeNode(None, None, WitTypeNodePrimStringType())])
    assert rpc.extract_value(ValueAndType(QUESTION, string)) == QUESTION
    assert rpc.extract_type(ValueAndType(QUESTION, string)) == string
