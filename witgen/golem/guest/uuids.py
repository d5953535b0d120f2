"""Golem's UUIDs as Python's."""

from __future__ import annotations

from uuid import UUID

from .._bindings.types import golem_api_host as _types
from .wrappers import golem_api_host as _host

__all__ = [
    "from_uuid",
    "idempotency_key",
    "to_uuid",
]


_HALF = 64


def idempotency_key() -> UUID:
    """Return a new key for a call to the outside, by which the other side can tell a repetition.

    A worker that is started again gets the same key at the same place.
    """
    return to_uuid(_host.generate_idempotency_key())


def to_uuid(uuid: _types.Uuid) -> UUID:
    """Return Golem's UUID as Python's."""
    return UUID(int=uuid.high_bits << _HALF | uuid.low_bits)


def from_uuid(uuid: UUID) -> _types.Uuid:
    """Return Python's UUID as Golem's."""
    return _types.Uuid(uuid.int >> _HALF, uuid.int & (1 << _HALF) - 1)
