"""What a service tells the person who starts it; components get the errors that WIT declares."""

from __future__ import annotations

from witgen_runtime.host import HostError

__all__ = ["ServiceError"]


class ServiceError(HostError):
    """A service cannot start: its file is damaged, locked, or somewhere that cannot be written."""
