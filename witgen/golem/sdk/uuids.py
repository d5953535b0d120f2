"""Golem's UUIDs as Python's."""

from __future__ import annotations

from uuid import UUID

from ._bindings.types.golem_core_types import Uuid

__all__ = ["from_uuid", "to_uuid"]

_HALF = 64


def to_uuid(uuid: Uuid) -> UUID:
    """Return Golem's UUID as Python's."""
    return UUID(int=uuid.high_bits << _HALF | uuid.low_bits)


def from_uuid(uuid: UUID) -> Uuid:
    """Return Python's UUID as Golem's."""
    return Uuid(uuid.int >> _HALF, uuid.int & (1 << _HALF) - 1)
