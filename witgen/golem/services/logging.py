"""`wasi:logging` on Python's logging: one logger per context."""

from __future__ import annotations

import logging
from typing import Final

from .._bindings.host import wasi_logging_logging
from .._bindings.types.wasi_logging_logging import Level

__all__ = ["TRACE", "Logging"]

TRACE: Final = 5
"""Python has no level below DEBUG. The name is set only if this number has no other name."""

_LEVELS: Final = {
    Level.TRACE: TRACE,
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARN: logging.WARNING,
    Level.ERROR: logging.ERROR,
    Level.CRITICAL: logging.CRITICAL,
}


class Logging(wasi_logging_logging.Logging):
    """Log of components, written to loggers below one logger: context `db.pool` goes to `<name>.db.pool`.

    Args:
        name: the parent logger.
    """

    def __init__(self, name: str = "golem") -> None:
        self._name = name
        if logging.getLevelName(TRACE) == f"Level {TRACE}":
            logging.addLevelName(TRACE, "TRACE")

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {"wasi_logging_logging": self}

    def close(self) -> None:
        """Do nothing: loggers need no cleanup."""

    def log(self, level: Level, context: str, message: str) -> None:
        """Write one message to the log."""
        logger = logging.getLogger(f"{self._name}.{context}" if context else self._name)
        # As an argument, so that a `%` in it has no meaning.
        logger.log(_LEVELS[level], "%s", message)
