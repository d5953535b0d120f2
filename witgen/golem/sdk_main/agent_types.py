"""Definitions of agents as Golem's main branch takes them: `agent-type` of `golem:agent/common`."""

from __future__ import annotations

from typing import Any

from witgen.golem.sdk import agent_parts
from witgen.golem.sdk.definitions import AgentDefinition, MethodDefinition

from ._bindings.types import golem_agent_common as common
from .data_values import input_schema, output_schema
from .schema_graphs import GraphWriter

__all__ = ["agent_type"]

# In a component, what both releases share uses these bindings, too; type checkers know it with those of Golem 1.5.
_parts: Any = agent_parts


def agent_type(definition: AgentDefinition) -> common.AgentType:
    """Return a definition in Golem's form."""
    graph = GraphWriter()
    constructor = common.AgentConstructor(
        None,
        definition.constructor_description,
        definition.constructor_prompt,
        input_schema(definition.constructor, graph),
    )
    methods = [_method(each, graph) for each in definition.methods]
    config = [
        common.AgentConfigDeclaration(
            common.AgentConfigSource[each.source.upper()], list(each.path), graph.write(each.schema)
        )
        for each in definition.config
    ]
    return common.AgentType(
        type_name=definition.name,
        description=definition.description,
        source_language="python",
        schema=graph.graph(),
        constructor=constructor,
        methods=methods,
        dependencies=[],
        mode=common.AgentMode[definition.mode.upper()],
        http_mount=None if definition.mount is None else _parts.http_mount(definition.mount),
        snapshotting=_parts.snapshotting(definition.snapshots),
        config=config,
    )


def _method(method: MethodDefinition, graph: GraphWriter) -> common.AgentMethod:
    return common.AgentMethod(
        name=method.name,
        description=method.description,
        http_endpoint=[_parts.http_endpoint(each) for each in method.endpoints],
        prompt_hint=method.prompt,
        input_schema=input_schema(method.parameters, graph),
        output_schema=output_schema(method, graph),
        read_only=None,
    )
