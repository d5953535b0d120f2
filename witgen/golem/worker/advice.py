"""Commands for messages that help a user to get a worker out of its current state."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

__all__ = ["DEFAULT_STATE", "command"]

DEFAULT_STATE: Final = Path(".witgen/state.db")


def command(verb: str, worker: str, state: Path, *more: str) -> str:
    """Return a command of `witgen workers` that can be copied from a message."""
    place = [] if state == DEFAULT_STATE else ["--state", str(state)]
    return f"`{shlex.join(['witgen', 'workers', verb, worker, *more, *place])}`"
