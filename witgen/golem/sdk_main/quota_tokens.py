"""Tokens of quotas: on Golem's main branch, they are passed to functions."""

from __future__ import annotations

from ._bindings.guest.golem_quota_types import merge, reserve, split
from ._bindings.guest.golem_quota_types import new_token as new

__all__ = ["merge", "new", "reserve", "split"]
