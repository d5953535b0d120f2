"""UUIDs of WIT and of Python."""

from __future__ import annotations

from uuid import UUID

from ..._bindings.types.golem_rpc_types import Uuid

__all__ = ["to_uuid", "to_wit_uuid"]


def to_uuid(uuid: Uuid) -> UUID:
    """Return a UUID of WIT's as Python's."""
    return UUID(int=uuid.high_bits << 64 | uuid.low_bits)


def to_wit_uuid(uuid: UUID) -> Uuid:
    """Return a UUID of Python's as WIT's."""
    return Uuid(uuid.int >> 64, uuid.int & (1 << 64) - 1)
