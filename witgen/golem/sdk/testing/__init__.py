"""Tests of agents on CPython.

The fixture `witgen_agents`, an `Agents`, lets them run as on Golem, with fakes of the host's functions.
"""

from __future__ import annotations

from .agents import Agents, DeadlockError

__all__ = ["Agents", "DeadlockError"]
