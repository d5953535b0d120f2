"""Errors in agent types, ids and calls."""

from __future__ import annotations

__all__ = ["AgentError", "AgentIdError", "AgentTypeError"]


class AgentError(ValueError):
    """A request that no agent can answer; the message says what there is instead."""


class AgentIdError(AgentError):
    """Text that is not an agent id, or values that have no place in one."""


class AgentTypeError(AgentError):
    """An agent type, as a component describes it, that makes no sense."""
