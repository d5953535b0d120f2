"""Rules about what Golem tries again after a failure, and when.

    policy = Policy.exponential(0.1, factor=2).within(30).max_retries(5)
    with retry_policy(policy.named("payments").priority(10).applies_when(Predicate.eq("uri-host", "pay.example"))):
        pay()

Times are seconds or timedeltas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

from ._bindings.guest import golem_api_retry as host
from ._bindings.types import golem_api_retry as types

__all__ = ["NamedPolicy", "Policy", "Predicate", "remove_policy", "retry_policy", "set_policy"]

Time: TypeAlias = "float | dt.timedelta"
Property: TypeAlias = "str | int | bool"

_Write: TypeAlias = "Callable[[list[types.PolicyNode]], int]"
_WritePredicate: TypeAlias = "Callable[[list[types.PredicateNode]], int]"


class Predicate:
    """A condition on the properties of a failed operation; it does not hold where a property is missing.

    Properties are `verb`, `noun-uri`, `uri-scheme`, `uri-host`, `uri-port`, `uri-path`, `status-code`, `error-type`,
    `function`, `target-component-id`, `target-agent-type`, `db-type`, `trap-type`, `agent-type` and `is-idempotent`.
    `&`, `|` and `~` combine conditions.
    """

    def __init__(self, write: _WritePredicate) -> None:
        self._write = write

    @classmethod
    def always(cls) -> Predicate:
        """Hold for everything."""
        return _leaf(types.PredicateNodePredTrue())

    @classmethod
    def never(cls) -> Predicate:
        """Hold for nothing."""
        return _leaf(types.PredicateNodePredFalse())

    @classmethod
    def eq(cls, name: str, value: Property) -> Predicate:
        """Hold where a property equals a value."""
        return _leaf(types.PredicateNodePropEq(_comparison(name, value)))

    @classmethod
    def neq(cls, name: str, value: Property) -> Predicate:
        """Hold where a property differs from a value."""
        return _leaf(types.PredicateNodePropNeq(_comparison(name, value)))

    @classmethod
    def gt(cls, name: str, value: Property) -> Predicate:
        """Hold where a property exceeds a value."""
        return _leaf(types.PredicateNodePropGt(_comparison(name, value)))

    @classmethod
    def gte(cls, name: str, value: Property) -> Predicate:
        """Hold where a property is at least a value."""
        return _leaf(types.PredicateNodePropGte(_comparison(name, value)))

    @classmethod
    def lt(cls, name: str, value: Property) -> Predicate:
        """Hold where a property is below a value."""
        return _leaf(types.PredicateNodePropLt(_comparison(name, value)))

    @classmethod
    def lte(cls, name: str, value: Property) -> Predicate:
        """Hold where a property is at most a value."""
        return _leaf(types.PredicateNodePropLte(_comparison(name, value)))

    @classmethod
    def exists(cls, name: str) -> Predicate:
        """Hold where there is such a property."""
        return _leaf(types.PredicateNodePropExists(name))

    @classmethod
    def one_of(cls, name: str, *values: Property) -> Predicate:
        """Hold where a property is one of some values."""
        return _leaf(types.PredicateNodePropIn(types.PropertySetCheck(name, [_property(each) for each in values])))

    @classmethod
    def matches_glob(cls, name: str, pattern: str) -> Predicate:
        """Hold where a property fits a pattern with `*` and `?`."""
        return _leaf(types.PredicateNodePropMatches(types.PropertyPattern(name, pattern)))

    @classmethod
    def starts_with(cls, name: str, text: str) -> Predicate:
        """Hold where a property begins with a text."""
        return _leaf(types.PredicateNodePropStartsWith(types.PropertyPattern(name, text)))

    @classmethod
    def contains(cls, name: str, text: str) -> Predicate:
        """Hold where a property has a text somewhere."""
        return _leaf(types.PredicateNodePropContains(types.PropertyPattern(name, text)))

    def __and__(self, other: Predicate) -> Predicate:
        return _predicate(lambda write: types.PredicateNodePredAnd((write(self), write(other))))

    def __or__(self, other: Predicate) -> Predicate:
        return _predicate(lambda write: types.PredicateNodePredOr((write(self), write(other))))

    def __invert__(self) -> Predicate:
        return _predicate(lambda write: types.PredicateNodePredNot(write(self)))

    def to_golem(self) -> types.RetryPredicate:
        """Return it in Golem's form: a list of nodes, whose first is the root."""
        nodes: list[types.PredicateNode] = []
        self._write(nodes)
        return types.RetryPredicate(nodes)


def _leaf(node: types.PredicateNode) -> Predicate:
    return _predicate(lambda _: node)


def _predicate(make: Callable[[Callable[[Predicate], int]], types.PredicateNode]) -> Predicate:
    def write(nodes: list[types.PredicateNode]) -> int:
        at = len(nodes)
        nodes.append(types.PredicateNodePredTrue())  # in its place until the nodes that it refers to are known
        nodes[at] = make(lambda inner: inner._write(nodes))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return at

    return Predicate(write)


class Policy:
    """When to try again; methods return changed policies."""

    def __init__(self, write: _Write) -> None:
        self._write = write

    @classmethod
    def immediate(cls) -> Policy:
        """Try again at once."""
        return _policy(lambda _: types.PolicyNodeImmediate())

    @classmethod
    def never(cls) -> Policy:
        """Do not try again."""
        return _policy(lambda _: types.PolicyNodeNever())

    @classmethod
    def periodic(cls, delay: Time) -> Policy:
        """Try again always after the same time."""
        node = types.PolicyNodePeriodic(_nanoseconds(delay))
        return _policy(lambda _: node)

    @classmethod
    def exponential(cls, base: Time, *, factor: float = 2.0) -> Policy:
        """Try again after a time that is multiplied with each attempt."""
        config = types.ExponentialConfig(_nanoseconds(base), factor)
        return _policy(lambda _: types.PolicyNodeExponential(config))

    @classmethod
    def fibonacci(cls, first: Time, second: Time) -> Policy:
        """Try again after the sum of the two times before."""
        config = types.FibonacciConfig(_nanoseconds(first), _nanoseconds(second))
        return _policy(lambda _: types.PolicyNodeFibonacci(config))

    def max_retries(self, number: int) -> Policy:
        """Give up after so many attempts, the first one not counted."""
        return _policy(lambda write: types.PolicyNodeCountBox(types.CountBoxConfig(number, write(self))))

    def within(self, limit: Time) -> Policy:
        """Give up after some time."""
        longest = _nanoseconds(limit)
        return _policy(lambda write: types.PolicyNodeTimeBox(types.TimeBoxConfig(longest, write(self))))

    def clamp(self, least: Time, most: Time) -> Policy:
        """Keep the time between attempts within limits."""
        limits = _nanoseconds(least), _nanoseconds(most)
        return _policy(lambda write: types.PolicyNodeClampDelay(types.ClampConfig(*limits, write(self))))

    def add_delay(self, delay: Time) -> Policy:
        """Wait longer by some time."""
        more = _nanoseconds(delay)
        return _policy(lambda write: types.PolicyNodeAddDelay(types.AddDelayConfig(more, write(self))))

    def with_jitter(self, factor: float) -> Policy:
        """Vary the time at random, by at most this part of it."""
        return _policy(lambda write: types.PolicyNodeJitter(types.JitterConfig(factor, write(self))))

    def only_when(self, predicate: Predicate) -> Policy:
        """Try again only where a condition holds."""
        condition = predicate.to_golem()
        return _policy(lambda write: types.PolicyNodeFilteredOn(types.FilteredConfig(condition, write(self))))

    def and_then(self, other: Policy) -> Policy:
        """Go on by another policy when this one gives up."""
        return _policy(lambda write: types.PolicyNodeAndThen((write(self), write(other))))

    def union(self, other: Policy) -> Policy:
        """Try again as long as one of two policies wants to, after the shorter time."""
        return _policy(lambda write: types.PolicyNodePolicyUnion((write(self), write(other))))

    def intersect(self, other: Policy) -> Policy:
        """Try again as long as both policies want to, after the longer time."""
        return _policy(lambda write: types.PolicyNodePolicyIntersect((write(self), write(other))))

    def named(self, name: str) -> NamedPolicy:
        """Give it a name, under which an agent has it."""
        return NamedPolicy(name, self)

    def to_golem(self) -> types.RetryPolicy:
        """Return it in Golem's form: a list of nodes, whose first is the root."""
        nodes: list[types.PolicyNode] = []
        self._write(nodes)
        return types.RetryPolicy(nodes)


def _policy(make: Callable[[Callable[[Policy], int]], types.PolicyNode]) -> Policy:
    def write(nodes: list[types.PolicyNode]) -> int:
        at = len(nodes)
        nodes.append(types.PolicyNodeNever())  # in its place until the nodes that it refers to are known
        nodes[at] = make(lambda inner: inner._write(nodes))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return at

    return Policy(write)


@dataclass(frozen=True)
class NamedPolicy:
    """A policy with its name, and the operations that it is for: of all that apply the highest priority wins."""

    name: str
    policy: Policy
    rank: int = 0
    condition: Predicate = Predicate.always()  # noqa: RUF009 - it does not change

    def priority(self, rank: int) -> NamedPolicy:
        """Return it with a priority; that of Golem's own policy is 0."""
        return replace(self, rank=rank)

    def applies_when(self, condition: Predicate) -> NamedPolicy:
        """Return it for operations for which a condition holds."""
        return replace(self, condition=condition)

    def to_golem(self) -> types.NamedRetryPolicy:
        """Return it in Golem's form."""
        return types.NamedRetryPolicy(self.name, self.rank, self.condition.to_golem(), self.policy.to_golem())


def set_policy(policy: NamedPolicy) -> None:
    """Give this agent a policy, in place of the one of that name."""
    host.set_retry_policy(policy.to_golem())


def remove_policy(name: str) -> None:
    """Take this agent's policy of that name away."""
    host.remove_retry_policy(name)


@contextmanager
def retry_policy(policy: NamedPolicy) -> Generator[None]:
    """Give this agent a policy for a block; what had its name before comes back at the end."""
    before = host.get_retry_policy_by_name(policy.name)
    set_policy(policy)
    try:
        yield
    finally:
        if before is None:
            remove_policy(policy.name)
        else:
            host.set_retry_policy(before)


def _nanoseconds(time: Time) -> int:
    seconds = time.total_seconds() if isinstance(time, dt.timedelta) else time
    if seconds < 0:
        raise ValueError(f"expected a time that is not negative, got {time!r}")
    return round(seconds * 1_000_000_000)


def _property(value: Property) -> types.PredicateValue:
    if isinstance(value, bool):
        return types.PredicateValueBoolean(value)
    return types.PredicateValueInteger(value) if isinstance(value, int) else types.PredicateValueText(value)


def _comparison(name: str, value: Property) -> types.PropertyComparison:
    return types.PropertyComparison(name, _property(value))
