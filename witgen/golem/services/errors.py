"""Errors for the person who starts a service; components receive the errors that WIT declares."""

from __future__ import annotations

from witgen_runtime.host import HostError

__all__ = ["ServiceError"]


class ServiceError(HostError):
    """Service that cannot start: its file is damaged, locked, or in a place that is not writable."""
