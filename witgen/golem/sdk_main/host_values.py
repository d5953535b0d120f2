"""What an agent asks Golem's main branch about itself: its configuration and its id."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

from witgen.golem.sdk.config import ConfigLeaf

from ._bindings.guest import golem_agent_host
from ._bindings.types import golem_core_types as core
from .core_values import from_tree
from .schema_graphs import to_graph

__all__ = ["Data", "configured", "own_identity"]

Data: TypeAlias = core.SchemaValueTree
"""The arguments of a call."""


def configured(leaf: ConfigLeaf) -> Any:
    """Return a value of the configuration, or a secret, as it is now."""
    return from_tree(leaf.schema, golem_agent_host.get_config_value(leaf.path, to_graph(leaf.schema)))


def own_identity() -> tuple[str, Data]:
    """Return the type of this agent, and the arguments of its constructor."""
    name, data, _ = golem_agent_host.parse_agent_id(os.environ.get("GOLEM_AGENT_ID", ""))
    return name, data.value
