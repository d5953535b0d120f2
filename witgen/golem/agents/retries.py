"""Retry policies of Golem 1.5: trees of policies and predicates in flat lists, whose root is the first node."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

from ._bindings.types import golem_api_retry as api
from .errors import AgentError

__all__ = ["DEFAULT", "Attempt", "Properties", "applying", "delay"]

Properties: TypeAlias = Mapping[str, str | int | bool]
"""What is known about a failure, by name."""

_MS: Final = 1_000_000
_MAX_DEPTH: Final = 100

_ALWAYS: Final = api.RetryPredicate([api.PredicateNodePredTrue()])

DEFAULT: Final = api.NamedRetryPolicy(
    "default",
    0,
    _ALWAYS,
    api.RetryPolicy(
        [
            api.PolicyNodeCountBox(api.CountBoxConfig(3, 1)),
            api.PolicyNodeJitter(api.JitterConfig(0.15, 2)),
            api.PolicyNodeClampDelay(api.ClampConfig(100 * _MS, 1000 * _MS, 3)),
            api.PolicyNodeExponential(api.ExponentialConfig(100 * _MS, 3.0)),
        ]
    ),
)
"""The policy of agents that have set none: three further attempts, 0.1 to 1 second apart."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt: how many there were before, and the nanoseconds since the first."""

    retries: int
    elapsed: int
    properties: Properties


def applying(policies: Iterable[api.NamedRetryPolicy], properties: Properties) -> api.NamedRetryPolicy | None:
    """Return the policy of the highest priority whose predicate holds."""
    ordered = sorted(policies, key=lambda each: -each.priority)
    return next((each for each in ordered if _holds(each.predicate, properties)), None)


def delay(policy: api.RetryPolicy, attempt: Attempt) -> int | None:
    """Return the nanoseconds until the next attempt, None to give up."""
    return _Policy(policy.nodes).delay(0, attempt, 0)


def _holds(predicate: api.RetryPredicate, properties: Properties) -> bool:
    return _predicate(predicate.nodes, 0, properties, 0)


def _node(nodes: list[Any], index: int, depth: int) -> Any:
    if not 0 <= index < len(nodes) or depth > _MAX_DEPTH:
        raise AgentError(f"a retry policy refers to node {index} of {len(nodes)}, which is not a part of it")
    return nodes[index]


def _predicate(nodes: list[api.PredicateNode], index: int, known: Properties, depth: int) -> bool:
    def holds(child: int) -> bool:
        return _predicate(nodes, child, known, depth + 1)

    match _node(nodes, index, depth):
        case api.PredicateNodePredTrue():
            return True
        case api.PredicateNodePredFalse():
            return False
        case api.PredicateNodePredAnd((first, second)):
            return holds(first) and holds(second)
        case api.PredicateNodePredOr((first, second)):
            return holds(first) or holds(second)
        case api.PredicateNodePredNot(child):
            return not holds(child)
        case api.PredicateNodePropExists(name):
            return name in known
        case api.PredicateNodePropIn(checked):
            return any(_equal(known.get(checked.property_name), each.value) for each in checked.values)
        case api.PredicateNodePropMatches(checked):
            return fnmatchcase(_text(known, checked), checked.pattern) if checked.property_name in known else False
        case api.PredicateNodePropStartsWith(checked):
            return checked.property_name in known and _text(known, checked).startswith(checked.pattern)
        case api.PredicateNodePropContains(checked):
            return checked.property_name in known and checked.pattern in _text(known, checked)
        case compared:
            return _compared(compared, known)


def _text(known: Properties, checked: api.PropertyPattern) -> str:
    return str(known[checked.property_name])


def _equal(known: object, wanted: object) -> bool:
    return known is not None and isinstance(known, bool) is isinstance(wanted, bool) and known == wanted


def _compared(node: Any, known: Properties) -> bool:
    wanted: Any = node.value.value.value
    found: Any = known.get(node.value.property_name)
    if found is None:
        return False
    match node:
        case api.PredicateNodePropEq():
            return _equal(found, wanted)
        case api.PredicateNodePropNeq():
            return not _equal(found, wanted)
        case _ if type(found) is not type(wanted):
            return False
        case api.PredicateNodePropGt():
            return bool(found > wanted)
        case api.PredicateNodePropGte():
            return bool(found >= wanted)
        case api.PredicateNodePropLt():
            return bool(found < wanted)
        case _:
            return bool(found <= wanted)


class _Policy:
    def __init__(self, nodes: list[api.PolicyNode]) -> None:
        self._nodes = nodes

    def delay(self, index: int, attempt: Attempt, depth: int) -> int | None:
        def inner(child: int) -> int | None:
            return self.delay(child, attempt, depth + 1)

        match _node(self._nodes, index, depth):
            case api.PolicyNodeImmediate():
                return 0
            case api.PolicyNodeNever():
                return None
            case api.PolicyNodePeriodic(pause):
                return int(pause)
            case api.PolicyNodeExponential(config):
                return int(min(config.base_delay * config.factor ** min(attempt.retries, 1000), 2.0**62))
            case api.PolicyNodeFibonacci(config):
                return _fibonacci(config.first, config.second, attempt.retries)
            case api.PolicyNodeCountBox(config):
                return inner(config.inner) if attempt.retries < config.max_retries else None
            case api.PolicyNodeTimeBox(config):
                return inner(config.inner) if attempt.elapsed < config.limit else None
            case api.PolicyNodeFilteredOn(config):
                return inner(config.inner) if _holds(config.predicate, attempt.properties) else None
            case api.PolicyNodeAndThen((first, second)):
                return self._and_then(first, second, attempt, depth)
            case api.PolicyNodePolicyUnion((first, second)):
                found = [each for each in (inner(first), inner(second)) if each is not None]
                return min(found) if found else None
            case api.PolicyNodePolicyIntersect((first, second)):
                both = (inner(first), inner(second))
                return None if None in both else max(each for each in both if each is not None)
            case changed:
                found_delay = inner(changed.value.inner)
                return None if found_delay is None else _changed(changed, found_delay)

    def _and_then(self, first: int, second: int, attempt: Attempt, depth: int) -> int | None:
        """Return the delay of the first policy, and of the second for attempts after it has given up."""
        for used in range(attempt.retries + 1):
            earlier = Attempt(used, attempt.elapsed, attempt.properties)
            if self.delay(first, earlier, depth + 1) is None:
                rest = Attempt(attempt.retries - used, attempt.elapsed, attempt.properties)
                return self.delay(second, rest, depth + 1)
        return self.delay(first, attempt, depth + 1)


def _changed(node: Any, found: int) -> int:
    match node:
        case api.PolicyNodeClampDelay(config):
            return int(min(max(found, config.min_delay), config.max_delay))
        case api.PolicyNodeAddDelay(config):
            return int(found + config.delay)
        case _:
            return int(found * (1 + max(0.0, node.value.factor) * random.random()))  # noqa: S311 - no secret


def _fibonacci(first: int, second: int, index: int) -> int:
    for _ in range(min(index, 90)):
        first, second = second, first + second
    return min(first, 1 << 62)
