"""Definitions of agents as Golem 1.5 takes them: `agent-type` of `golem:agent/common`."""

from __future__ import annotations

from ._bindings.types import golem_agent_common as common
from .agent_parts import http_endpoint, http_mount, snapshotting
from .core_values import to_wit_type
from .data_values import input_schema, output_schema
from .definitions import AgentDefinition, MethodDefinition

__all__ = ["agent_type"]


def agent_type(definition: AgentDefinition) -> common.AgentType:
    """Return a definition in Golem's form."""
    return common.AgentType(
        type_name=definition.name,
        description=definition.description,
        source_language="python",
        constructor=common.AgentConstructor(
            None,
            definition.constructor_description,
            definition.constructor_prompt,
            input_schema(definition.constructor),
        ),
        methods=[_method(each) for each in definition.methods],
        dependencies=[],
        mode=common.AgentMode[definition.mode.upper()],
        http_mount=None if definition.mount is None else http_mount(definition.mount),
        snapshotting=snapshotting(definition.snapshots),
        config=[
            common.AgentConfigDeclaration(
                common.AgentConfigSource[each.source.upper()], list(each.path), to_wit_type(each.schema)
            )
            for each in definition.config
        ],
    )


def _method(method: MethodDefinition) -> common.AgentMethod:
    return common.AgentMethod(
        name=method.name,
        description=method.description,
        http_endpoint=[http_endpoint(each) for each in method.endpoints],
        prompt_hint=method.prompt,
        input_schema=input_schema(method.parameters),
        output_schema=output_schema(method),
    )
