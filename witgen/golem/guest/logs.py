"""Python's logging through `wasi:logging`."""

from __future__ import annotations

import logging

from .._bindings.types import wasi_logging_logging as _types
from .wrappers import wasi_logging_logging as _log

__all__ = [
    "Handler",
]


_LEVELS = (
    (logging.CRITICAL, _types.Level.CRITICAL),
    (logging.ERROR, _types.Level.ERROR),
    (logging.WARNING, _types.Level.WARN),
    (logging.INFO, _types.Level.INFO),
    (logging.DEBUG, _types.Level.DEBUG),
)


class Handler(logging.Handler):
    """Sends what Python logs to the host: `logging.basicConfig(handlers=[Handler()], level=logging.INFO)`.

    The logger's name is the context. Levels below `DEBUG` are `trace`.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        try:
            levels = (level for least, level in _LEVELS if record.levelno >= least)
            _log.log(next(levels, _types.Level.TRACE), record.name, self.format(record))
        except (TypeError, ValueError, LookupError, AttributeError):
            self.handleError(record)
