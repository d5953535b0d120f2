"""Conversion between the UUIDs of WIT and Python."""

from __future__ import annotations

from uuid import UUID

from ..._bindings.types.golem_rpc_types import Uuid
from ...agents._bindings.types.golem_core_types import Uuid as CoreUuid
from ...agents.main._bindings.types.golem_core_types import Uuid as MainUuid

__all__ = ["to_uuid", "to_wit_uuid"]


def to_uuid(uuid: Uuid | CoreUuid | MainUuid) -> UUID:
    """Return a UUID of WIT as a Python UUID."""
    return UUID(int=uuid.high_bits << 64 | uuid.low_bits)


def to_wit_uuid(uuid: UUID) -> Uuid:
    """Return a Python UUID as a UUID of WIT."""
    return Uuid(uuid.int >> 64, uuid.int & (1 << 64) - 1)
