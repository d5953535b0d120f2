"""How much Golem writes down."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum

from ._bindings.guest import golem_api_host as host
from ._bindings.types import golem_api_host as types

__all__ = ["Persistence", "persistence"]


class Persistence(Enum):
    """What is written to an agent's oplog."""

    NOTHING = types.PersistenceLevelPersistNothing
    """Nothing: after a crash the agent does all of it again."""
    REMOTE_SIDE_EFFECTS = types.PersistenceLevelPersistRemoteSideEffects
    """What changes something outside the agent."""
    SMART = types.PersistenceLevelSmart
    """Whatever is needed to get the same results again; the default."""


@contextmanager
def persistence(level: Persistence) -> Generator[None]:
    """Change what is written to the oplog, for a block.

    with persistence(Persistence.NOTHING):
        warm_up_cache()
    """
    before = host.get_oplog_persistence_level()
    host.set_oplog_persistence_level(level.value())
    try:
        yield
    finally:
        host.set_oplog_persistence_level(before)
