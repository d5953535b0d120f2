"""Tokens of quotas: on Golem 1.5, they have methods."""

from __future__ import annotations

from ._bindings.guest.golem_quota_types import QuotaToken, Reservation

__all__ = ["merge", "new", "reserve", "split"]


def new(resource: str, expected_use: int) -> QuotaToken:
    """Return a token for a resource."""
    return QuotaToken(resource, expected_use)


def reserve(token: QuotaToken, amount: int) -> Reservation:
    """Set an amount aside."""
    return token.reserve(amount)


def split(token: QuotaToken, expected_use: int) -> QuotaToken:
    """Return a second token with a share of the first."""
    return token.split(expected_use)


def merge(token: QuotaToken, other: QuotaToken) -> None:
    """Take the share of another token."""
    token.merge(other)
