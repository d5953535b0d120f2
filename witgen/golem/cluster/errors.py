"""Why a cluster does not do what it was asked for."""

from __future__ import annotations

__all__ = ["ClusterError"]


class ClusterError(Exception):
    """A request has failed, or would fail; the message says why and what to do.

    Attributes:
        status: the status of the cluster's answer; None if there was none.
        is_uncertain: whether the cluster may carry the request out nevertheless.
    """

    def __init__(self, message: str, status: int | None = None, *, is_uncertain: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_uncertain = is_uncertain
