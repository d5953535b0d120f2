"""Calls that a library records by itself, as Golem 1.5 has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ._bindings.guest import golem_durability_durability as host
from ._bindings.types import golem_api_oplog as oplog
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_api_host import PersistenceLevelPersistNothing
from .core_values import from_wit_value, to_wit_type, to_wit_value
from .persistence import Persistence, persistence
from .schema import Schema, check

__all__ = ["Typed", "durable_call"]


class Typed(NamedTuple):
    """A value that belongs to a schema."""

    schema: Schema
    value: Any


def durable_call(
    name: str, kind: oplog.WrappedFunctionType, request: Typed, result: Schema, ask: Callable[[], Any]
) -> Any:
    """Return the recorded result of a call, or make the call and record its result.

    Args:
        name: the function's name.
        kind: what it does to the world.
        request: its arguments.
        result: the schema of its result.
        ask: calls it; what that asks of the host is not recorded.
    """
    begin = host.begin_durable_function(kind)
    state = host.current_durable_execution_state()
    if state.is_live or isinstance(state.persistence_level, PersistenceLevelPersistNothing):
        with persistence(Persistence.NOTHING):
            found = ask()
        made = _typed(Typed(result, check(result, found)))
        host.persist_durable_function_invocation(name, _typed(request), made, kind)
    else:
        found = from_wit_value(result, host.read_persisted_durable_function_invocation().response.value)
    host.end_durable_function(kind, begin, forced_commit=False)
    return found


def _typed(given: Typed) -> core.ValueAndType:
    return core.ValueAndType(to_wit_value(given.schema, given.value), to_wit_type(given.schema))
