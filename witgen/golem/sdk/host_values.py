"""What an agent asks Golem 1.5 about itself: its configuration and its id."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

from ._bindings.guest import golem_agent_host
from ._bindings.types import golem_core_types as core
from .config import ConfigLeaf
from .core_values import from_wit_value, to_wit_type

__all__ = ["Data", "configured", "own_identity"]

Data: TypeAlias = core.DataValue
"""The arguments of a call."""


def configured(leaf: ConfigLeaf) -> Any:
    """Return a value of the configuration, or a secret, as it is now."""
    value = golem_agent_host.get_config_value(leaf.path, to_wit_type(leaf.schema))
    return from_wit_value(leaf.schema, value)


def own_identity() -> tuple[str, Data]:
    """Return the type of this agent, and the arguments of its constructor."""
    name, data, _ = golem_agent_host.parse_agent_id(os.environ.get("GOLEM_AGENT_ID", ""))
    return name, data
