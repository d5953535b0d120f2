"""Golem's UUIDs as Python's."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from ._bindings.types.golem_core_types import Uuid

__all__ = ["from_uuid", "halves", "to_uuid"]

_HALF = 64


class _Halves(Protocol):
    """Golem's UUID, of any release."""

    high_bits: int
    low_bits: int


def to_uuid(uuid: _Halves) -> UUID:
    """Return Golem's UUID as Python's."""
    return UUID(int=uuid.high_bits << _HALF | uuid.low_bits)


def from_uuid(uuid: UUID) -> Uuid:
    """Return Python's UUID as Golem's."""
    return Uuid(*halves(uuid))


def halves(uuid: UUID) -> tuple[int, int]:
    """Return both halves of Python's UUID."""
    return uuid.int >> _HALF, uuid.int & (1 << _HALF) - 1
