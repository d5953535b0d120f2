"""Python's logging through Golem's: `logging.basicConfig(handlers=[Handler()])`."""

from __future__ import annotations

from ._bindings.guest.logs import Handler

__all__ = ["Handler"]
