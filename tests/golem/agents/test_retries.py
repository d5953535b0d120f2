"""Retry policies: trees in flat lists."""

from __future__ import annotations

import pytest

from witgen.golem.agents._bindings.types import golem_api_retry as api
from witgen.golem.agents.errors import AgentError
from witgen.golem.agents.retries import DEFAULT, Attempt, applying, delay

MS = 1_000_000


def delays(*nodes: api.PolicyNode, count: int = 5, elapsed: int = 0) -> list[int | None]:
    return [delay(api.RetryPolicy(list(nodes)), Attempt(retries, elapsed, {})) for retries in range(count)]


def holds(*nodes: api.PredicateNode, **known: str | int | bool) -> bool:
    policy = api.NamedRetryPolicy("p", 1, api.RetryPredicate(list(nodes)), api.RetryPolicy([api.PolicyNodeNever()]))
    return applying([policy], {name.replace("_", "-"): value for name, value in known.items()}) is policy


def test_the_default() -> None:
    found = [delay(DEFAULT.policy, Attempt(retries, 0, {})) for retries in range(4)]
    assert found[3] is None
    for seen, expected in zip(found, (100, 300, 900), strict=False):
        assert seen is not None
        assert expected * MS <= seen <= expected * 1.15 * MS


def test_delays() -> None:
    assert delays(api.PolicyNodePeriodic(7)) == [7] * 5
    assert delays(api.PolicyNodeFibonacci(api.FibonacciConfig(1, 2))) == [1, 2, 3, 5, 8]
    assert delays(api.PolicyNodeExponential(api.ExponentialConfig(2, 3.0)), count=3) == [2, 6, 18]
    assert delays(api.PolicyNodeNever(), count=1) == [None]
    assert delays(api.PolicyNodeAddDelay(api.AddDelayConfig(5, 1)), api.PolicyNodeImmediate(), count=1) == [5]
    clamped = api.PolicyNodeClampDelay(api.ClampConfig(3, 10, 1))
    assert delays(clamped, api.PolicyNodeExponential(api.ExponentialConfig(2, 3.0)), count=3) == [3, 6, 10]


def test_limits() -> None:
    assert delays(api.PolicyNodeCountBox(api.CountBoxConfig(2, 1)), api.PolicyNodeImmediate(), count=3) == [0, 0, None]
    timed = api.PolicyNodeTimeBox(api.TimeBoxConfig(10, 1))
    assert delays(timed, api.PolicyNodeImmediate(), count=1, elapsed=10) == [None]


def test_combinations() -> None:
    twice = api.PolicyNodeCountBox(api.CountBoxConfig(2, 3))
    nodes = (twice, api.PolicyNodePeriodic(9), api.PolicyNodeImmediate())
    assert delays(api.PolicyNodeAndThen((1, 2)), *nodes) == [0, 0, 9, 9, 9]
    assert delays(api.PolicyNodePolicyUnion((1, 2)), *nodes) == [0, 0, 9, 9, 9]
    assert delays(api.PolicyNodePolicyIntersect((1, 2)), *nodes, count=3) == [9, 9, None]


def test_predicates() -> None:
    text = api.PredicateValueText
    assert holds(api.PredicateNodePropEq(api.PropertyComparison("verb", text("get"))), verb="get")
    assert not holds(api.PredicateNodePropEq(api.PropertyComparison("verb", text("get"))))
    assert not holds(api.PredicateNodePropNeq(api.PropertyComparison("verb", text("get"))))
    number = api.PropertyComparison("status-code", api.PredicateValueInteger(500))
    assert holds(api.PredicateNodePropGte(number), status_code=503)
    assert not holds(api.PredicateNodePropLt(number), status_code=503)
    assert holds(api.PredicateNodePropMatches(api.PropertyPattern("uri-host", "*.example")), uri_host="a.example")
    both = (api.PredicateNodePropExists("verb"), api.PredicateNodePredFalse())
    assert not holds(api.PredicateNodePredAnd((1, 2)), *both, verb="x")
    assert holds(api.PredicateNodePredOr((1, 2)), *both, verb="x")


def test_the_highest_priority_wins() -> None:
    always = api.RetryPredicate([api.PredicateNodePredTrue()])
    policies = [api.NamedRetryPolicy(f"p{at}", at, always, DEFAULT.policy) for at in (1, 3, 2)]
    found = applying(policies, {})
    assert found is not None
    assert found.name == "p3"


def test_damaged_trees() -> None:
    missing, circle = (api.PolicyNodeCountBox(api.CountBoxConfig(9, at)) for at in (7, 0))
    for nodes in ([], [missing], [circle]):
        with pytest.raises(AgentError, match="is not a part of it"):
            delay(api.RetryPolicy(list(nodes)), Attempt(0, 0, {}))
