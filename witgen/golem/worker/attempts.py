"""Whether and when a failed call is attempted again."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Final

from witgen_runtime.host import Trap

from .._bindings.types.golem_api_host import RetryPolicy
from ..agents._bindings.types.golem_api_retry import NamedRetryPolicy
from ..agents.retries import Attempt, Properties, applying, delay
from .errors import TrappedError

__all__ = ["DEFAULT_POLICY", "Streak", "agent_pause", "described", "worker_pause"]

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


class Streak:
    """Failures in a row, as this process has seen them."""

    def __init__(self) -> None:
        self._began = 0

    def elapsed(self, tries: int) -> int:
        """Return the nanoseconds between the first failure and this one, which is the last of a number of them."""
        now = time.monotonic_ns()
        if tries == 1 or not self._began:
            self._began = now
        return now - self._began


def agent_pause(
    policies: Mapping[str, NamedRetryPolicy], streak: Streak, known: Properties, error: Exception, tries: int
) -> float | None:
    """Return the same for an agent, which has named policies.

    An instruction that fails does so in every attempt, unless the calls of an atomic region are made again before it.

    Args:
        policies: its policies by name.
        streak: knows since when the agent has failed.
        known: properties of the failure that the caller knows; `in-region` is one of its own.
        error: the failure.
        tries: the number of failures in a row.
    """
    elapsed = streak.elapsed(tries)
    is_final = isinstance(error, (Trap, NotImplementedError))
    if is_final and not known["in-region"]:
        return None
    properties: Properties = {
        "trap-type": "deterministic-trap" if is_final else "unknown",
        "error-type": "trap" if is_final or isinstance(error, TrappedError) else type(error).__name__,
        **{name: value for name, value in known.items() if name != "in-region"},
    }
    named = applying(policies.values(), properties)
    pause = None if named is None else delay(named.policy, Attempt(tries - 1, elapsed, properties))
    return None if pause is None else pause / 1e9


def described(error: Exception) -> str:
    """Return an error as text."""
    return f"{type(error).__name__}: {error}".rstrip(": ")
