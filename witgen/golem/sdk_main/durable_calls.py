"""Calls that a library records by itself, as Golem's main branch has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from witgen.golem.sdk.schema import Schema, check

from ._bindings.guest import golem_durability_durability as host
from ._bindings.types import golem_api_oplog as oplog
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_durability_durability import CustomDurableInvocationReplayed
from .core_values import from_tree, to_tree
from .schema_graphs import to_graph

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
        ask: calls it.
    """
    begun = host.begin_custom_durable_invocation(name, _typed(request), kind)
    if isinstance(begun, CustomDurableInvocationReplayed):
        return from_tree(result, begun.value.response.value)
    found = ask()
    live = cast("host.LiveCustomDurableInvocation", begun.value)
    made = _typed(Typed(result, check(result, found)))
    host.LiveCustomDurableInvocation.finish(live, made, forced_commit=False)
    return found


def _typed(given: Typed) -> core.TypedSchemaValue:
    return core.TypedSchemaValue(to_graph(given.schema), to_tree(given.schema, given.value))
