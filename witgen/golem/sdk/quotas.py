"""Shared limits, like requests per minute to some service."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from . import quota_tokens as tokens
from ._bindings.guest.golem_quota_types import QuotaToken
from ._bindings.guest.golem_quota_types import Reservation as _Reservation
from ._bindings.types.golem_quota_types import FailedReservationError

__all__ = ["FailedReservationError", "Quota", "Reservation"]


class Reservation:
    """A part of a resource that is set aside; set `used` to how much of it was used, the rest goes back."""

    def __init__(self, amount: int) -> None:
        self.used = amount


class Quota:
    """The right to use a resource.

        requests = Quota("requests", expected_use=10)
        with requests.reserve(3) as reserved:
            reserved.used = fetch()

    Args:
        resource: the name of the resource, as the manifest declares it.
        expected_use: how much is used at a time.
    """

    def __init__(self, resource: str, expected_use: int, *, _token: QuotaToken | None = None) -> None:
        self._resource = resource
        self._token = _token or tokens.new(resource, expected_use)

    @contextmanager
    def reserve(self, amount: int) -> Generator[Reservation]:
        """Set an amount aside for a block; where the limit's rule is to wait, this waits.

        Raises:
            FailedReservationError: there is not enough left, and the limit's rule is to refuse.
        """
        held = tokens.reserve(self._token, amount)
        reservation = Reservation(amount)
        try:
            yield reservation
        finally:
            _Reservation.commit(held, reservation.used)

    def split(self, expected_use: int) -> Quota:
        """Return a second token with a share of this one, for another agent."""
        return Quota(self._resource, expected_use, _token=tokens.split(self._token, expected_use))

    def merge(self, other: Quota) -> None:
        """Take another token's share into this one; the other one is of no more use."""
        tokens.merge(self._token, other._token)
