"""How much Golem writes down: on its main branch, always whatever is needed to get the same results again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum

__all__ = ["Persistence", "persistence"]


class Persistence(Enum):
    """What is written to an agent's oplog; Golem's main branch has no other levels than the default."""

    NOTHING = "persist-nothing"
    REMOTE_SIDE_EFFECTS = "persist-remote-side-effects"
    SMART = "smart"


@contextmanager
def persistence(level: Persistence) -> Generator[None]:
    """Leave the level as it is, for a block.

    Raises:
        NotImplementedError: another level than `SMART` is asked for, which Golem's main branch does not have.
    """
    if level is not Persistence.SMART:
        raise NotImplementedError(
            f"Golem's main branch has no persistence levels such as {level.name}: build for Golem 1.5, or let "
            "@recorded keep what a function does out of the oplog"
        )
    yield
