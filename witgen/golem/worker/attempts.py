"""Whether and when a failed call is attempted again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from witgen_runtime.host import Trap

from .._bindings.types.golem_api_host import RetryPolicy
from ..agents._bindings.types.golem_api_retry import NamedRetryPolicy
from ..agents.retries import Attempt, Properties, applying, delay
from .errors import TrappedError

__all__ = ["DEFAULT_POLICY", "agent_pause", "worker_pause"]

DEFAULT_POLICY: Final = RetryPolicy(3, 100_000_000, 1_000_000_000, 3.0, 0.15)
"""Three attempts, 0.1 to 1 second apart."""


def worker_pause(policy: RetryPolicy, tries: int) -> float | None:
    """Return the seconds until the next attempt after a number of them, None to give up."""
    if tries >= policy.max_attempts:
        return None
    seconds = min(policy.max_delay, policy.min_delay * policy.multiplier ** (tries - 1)) / 1e9
    if policy.max_jitter_factor:
        seconds *= 1 + policy.max_jitter_factor * random.random()  # noqa: S311 - no secret
    return float(seconds)


def agent_pause(
    policies: Mapping[str, NamedRetryPolicy], error: Exception, tries: int, *, agent_type: str, in_region: bool
) -> float | None:
    """Return the same for an agent, which has named policies.

    An instruction that fails does so in every attempt, unless the calls of an atomic region are made again before it.
    """
    is_final = isinstance(error, (Trap, NotImplementedError))
    if is_final and not in_region:
        return None
    known: Properties = {
        "trap-type": "deterministic-trap" if is_final else "unknown",
        "error-type": "trap" if is_final or isinstance(error, TrappedError) else type(error).__name__,
        "agent-type": agent_type,
    }
    named = applying(policies.values(), known)
    pause = None if named is None else delay(named.policy, Attempt(tries - 1, 0, known))
    return None if pause is None else pause / 1e9
