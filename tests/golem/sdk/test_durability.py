"""What agents have to control what Golem repeats: regions, transactions, promises, policies, quotas, spans."""

from __future__ import annotations

import datetime as dt
import json
from uuid import UUID

import pytest

from witgen.golem.sdk import DomainError, agent, client, trigger
from witgen.golem.sdk._bindings.types import golem_api_host as api
from witgen.golem.sdk._bindings.types import golem_api_retry as types
from witgen.golem.sdk._bindings.types import golem_core_types as core
from witgen.golem.sdk._bindings.types import golem_durability_durability as durability
from witgen.golem.sdk._bindings.types.golem_api_context import Attribute, AttributeValueString
from witgen.golem.sdk._bindings.types.golem_quota_types import FailedReservation, FailedReservationError
from witgen.golem.sdk._bindings.types.wasi_clocks_wall_clock import Datetime
from witgen.golem.sdk.durability import Persistence, atomic, commit, fork, idempotence, persistence
from witgen.golem.sdk.promises import Promise, webhook
from witgen.golem.sdk.quotas import Quota
from witgen.golem.sdk.recording import RecordedError, recorded
from witgen.golem.sdk.retries import Policy, Predicate, retry_policy
from witgen.golem.sdk.spans import span, trace_headers, trace_id
from witgen.golem.sdk.testing import Agents
from witgen.golem.sdk.transactions import (
    Checkpoint,
    Operation,
    RolledBackError,
    fallible_transaction,
    infallible_transaction,
    operation,
)


class NoStockError(DomainError[str]):
    pass


def test_an_expected_error_is_an_outcome_of_a_region(witgen_agents: Agents) -> None:
    with pytest.raises(NoStockError), atomic():
        raise NoStockError("pen")
    [(begin,)] = witgen_agents.fakes.golem_api_host.mark_end_operation.calls
    assert begin == 1


def test_levels_and_modes_come_back(witgen_agents: Agents) -> None:
    golem = witgen_agents.fakes.golem_api_host
    with pytest.raises(KeyError), persistence(Persistence.NOTHING), idempotence(repeat=False):
        raise KeyError
    commit(2)
    levels = [type(level) for (level,) in golem.set_oplog_persistence_level.calls]
    assert levels == [api.PersistenceLevelPersistNothing, api.PersistenceLevelSmart]
    assert golem.set_idempotence_mode.calls == [(False,), (True,)]
    assert golem.oplog_commit.calls == [(2,)]


def test_fork(witgen_agents: Agents) -> None:
    details = api.ForkDetails(core.Uuid(0, 9))
    witgen_agents.fakes.golem_api_host.fork.returns(api.ForkResultOriginal(details), api.ForkResultForked(details))
    assert [(each.side, each.phantom) for each in (fork(), fork())] == [
        ("original", UUID(int=9)),
        ("copy", UUID(int=9)),
    ]


# ---- Transactions


def steps() -> tuple[list[str], Operation[str, int], Operation[str, int], Operation[str, int]]:
    done: list[str] = []

    def undo(item: str, number: int) -> None:
        done.append(f"undo {item} {number}")

    @operation(undo)
    def take(item: str) -> int:
        done.append(f"take {item}")
        return len(item)

    @operation(undo)
    def refuse(item: str) -> int:
        raise NoStockError(item)

    def stuck(item: str, number: int) -> None:
        raise NoStockError(f"cannot undo {item} {number}")

    return done, take, refuse, Operation(take.execute, stuck)


def test_a_transaction_is_undone(witgen_agents: Agents) -> None:
    done, take, refuse, _ = steps()

    def run() -> None:
        with fallible_transaction() as transaction:
            assert transaction.execute(take, "pen") == 3
            transaction.execute(take, "paper")
            transaction.execute(refuse, "ink")

    with pytest.raises(RolledBackError) as caught:
        run()
    assert done == ["take pen", "take paper", "undo paper 5", "undo pen 3"]
    assert (caught.value.error.value, caught.value.compensation) == ("ink", None)


def test_a_transaction_that_cannot_be_undone(witgen_agents: Agents) -> None:
    _, _, refuse, sticky = steps()

    def run() -> None:
        with fallible_transaction() as transaction:
            transaction.execute(sticky, "pen")
            transaction.execute(refuse, "ink")

    with pytest.raises(RolledBackError, match="undoing failed") as caught:
        run()
    assert isinstance(caught.value.compensation, NoStockError)


def test_an_infallible_transaction_begins_again(witgen_agents: Agents) -> None:
    done, take, refuse, _ = steps()
    golem = witgen_agents.fakes.golem_api_host

    class GoneBackError(BaseException):
        pass

    def back(index: int) -> None:
        raise GoneBackError(index)

    golem.set_oplog_index.answers(back)
    golem.trap.answers(lambda reason: None)

    def run() -> None:
        with infallible_transaction() as transaction:
            transaction.execute(take, "pen")
            transaction.execute(refuse, "ink")

    with pytest.raises(GoneBackError) as caught:
        run()
    assert caught.value.args == (2,)  # the place after the region's beginning
    assert done == ["take pen", "undo pen 3"]
    with infallible_transaction() as transaction:
        transaction.execute(take, "pen")
    assert len(golem.mark_end_operation.calls) == 1


def test_checkpoints(witgen_agents: Agents) -> None:
    golem = witgen_agents.fakes.golem_api_host
    checkpoint = Checkpoint()
    checkpoint.check(condition=True)
    with pytest.raises(RuntimeError, match="has not gone back"), checkpoint.reverting():
        raise KeyError
    with pytest.raises(RuntimeError):
        checkpoint.check(condition=False)
    assert golem.set_oplog_index.calls == [(1,), (1,)]


# ---- Promises


@agent
class Waiter:
    def __init__(self, name: str) -> None:
        self.name = name

    async def wait(self) -> str:
        promise = Promise.new()
        trigger(client(Completer)().complete, promise.agent_id, promise.oplog_index)
        return (await promise).decode()

    def block(self) -> str:
        promise = Promise.new()
        trigger(client(Completer)().complete, promise.agent_id, promise.oplog_index)
        return promise.wait().decode()

    async def hook(self) -> int:
        made = webhook()
        assert made.url.startswith("http://")
        made.promise.complete(json.dumps({"n": 3}).encode())
        assert not made.promise.complete(b"again")
        number: int = (await made.json())["n"]
        return number


@agent
class Completer:
    def complete(self, agent_id: str, index: int) -> bool:
        return Promise(UUID(int=0xC0), agent_id, index).complete(b"done")


async def test_promises(witgen_agents: Agents) -> None:
    waiter = witgen_agents.get(Waiter, "ann")
    assert (await waiter.wait(), waiter.block(), await waiter.hook()) == ("done", "done", 3)


# ---- Policies


def test_policies_are_trees_of_nodes(witgen_agents: Agents) -> None:
    condition = Predicate.eq("uri-host", "pay.example") & ~Predicate.one_of("status-code", 400, 404)
    policy = Policy.exponential(0.1, factor=3).clamp(0.1, 1).with_jitter(0.15).max_retries(3)
    named = policy.named("pay").priority(10).applies_when(condition)
    assert named.to_golem() == types.NamedRetryPolicy(
        name="pay",
        priority=10,
        predicate=types.RetryPredicate(
            [
                types.PredicateNodePredAnd((1, 2)),
                types.PredicateNodePropEq(
                    types.PropertyComparison("uri-host", types.PredicateValueText("pay.example"))
                ),
                types.PredicateNodePredNot(3),
                types.PredicateNodePropIn(
                    types.PropertySetCheck(
                        "status-code", [types.PredicateValueInteger(400), types.PredicateValueInteger(404)]
                    )
                ),
            ]
        ),
        policy=types.RetryPolicy(
            [
                types.PolicyNodeCountBox(types.CountBoxConfig(3, 1)),
                types.PolicyNodeJitter(types.JitterConfig(0.15, 2)),
                types.PolicyNodeClampDelay(types.ClampConfig(100_000_000, 1_000_000_000, 3)),
                types.PolicyNodeExponential(types.ExponentialConfig(100_000_000, 3.0)),
            ]
        ),
    )
    with retry_policy(named):
        assert list(witgen_agents.fakes.golem_api_retry.set_retry_policy.calls) == [(named.to_golem(),)]
    assert witgen_agents.fakes.golem_api_retry.remove_retry_policy.calls == [("pay",)]


def test_policies_of_two() -> None:
    policy = Policy.immediate().max_retries(1).and_then(Policy.periodic(dt.timedelta(minutes=1)).within(3600))
    assert policy.to_golem().nodes == [
        types.PolicyNodeAndThen((1, 3)),
        types.PolicyNodeCountBox(types.CountBoxConfig(1, 2)),
        types.PolicyNodeImmediate(),
        types.PolicyNodeTimeBox(types.TimeBoxConfig(3_600_000_000_000, 4)),
        types.PolicyNodePeriodic(60_000_000_000),
    ]
    with pytest.raises(ValueError, match="not negative"):
        Policy.periodic(-1)


# ---- Quotas, spans, recorded functions


def test_quotas(witgen_agents: Agents) -> None:
    fakes = witgen_agents.fakes.golem_quota_types
    requests = Quota("requests", 10)
    with requests.reserve(5) as reserved:
        reserved.used = 2
    requests.merge(requests.split(3))
    assert [used for _, used in fakes.Reservation.commit.calls] == [2]
    fakes.QuotaToken.reserve.raises(FailedReservationError(FailedReservation(7)))
    with pytest.raises(FailedReservationError), requests.reserve(5):
        pass


def test_spans(witgen_agents: Agents) -> None:
    with span("charge", card="visa") as charging:
        charging.set_attribute("amount", "10")
    fakes = witgen_agents.fakes.golem_api_context
    assert [name for (name,) in fakes.start_span.calls] == ["charge"]
    assert fakes.Span.set_attributes.calls[0][1] == [Attribute("card", AttributeValueString("visa"))]
    assert len(fakes.Span.finish.calls) == 1
    assert trace_id() in trace_headers()["traceparent"]


def test_recorded_functions(witgen_agents: Agents) -> None:
    called: list[str] = []

    @recorded("read-remote")
    def temperature(city: str, days: int = 0) -> float:
        called.append(city)
        return 20.5 + days

    fakes = witgen_agents.fakes.golem_durability_durability
    assert temperature("Bonn") == 20.5
    [(name, request, response, kind)] = fakes.persist_durable_function_invocation.calls
    assert name.endswith("temperature")
    assert request.value.nodes[1:] == [core.WitNodePrimString("Bonn"), core.WitNodePrimS64(0)]
    fakes.current_durable_execution_state.returns(durability.DurableExecutionState(False, api.PersistenceLevelSmart()))
    fakes.read_persisted_durable_function_invocation.returns(
        durability.PersistedDurableFunctionInvocation(
            Datetime(0, 0), name, response, kind, durability.OplogEntryVersion.V2
        )
    )
    assert temperature("Rome") == 20.5
    assert called == ["Bonn"]
    assert len(fakes.end_durable_function.calls) == 2
    levels = [type(level) for (level,) in witgen_agents.fakes.golem_api_host.set_oplog_persistence_level.calls]
    assert levels == [api.PersistenceLevelPersistNothing, api.PersistenceLevelSmart]


class OddError(Exception):
    def __init__(self, what: object) -> None:
        super().__init__(what)


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (TimeoutError("slow"), TimeoutError, "^slow$"),
        (NoStockError("pen"), NoStockError, "^pen$"),
        (KeyError("a", 1), KeyError, "^\\('a', 1\\)$"),
        (OddError(b"x"), RecordedError, "^OddError: b'x'$"),
    ],
)
def test_exceptions_are_recorded(
    witgen_agents: Agents, error: Exception, raised: type[Exception], message: str
) -> None:
    """What a caller catches at the first call, it catches when the agent is resumed."""

    @recorded("read-remote")
    def ask() -> None:
        raise error

    fakes = witgen_agents.fakes.golem_durability_durability
    with pytest.raises(raised, match=message):
        ask()
    [(name, _, response, kind)] = fakes.persist_durable_function_invocation.calls
    fakes.current_durable_execution_state.returns(durability.DurableExecutionState(False, api.PersistenceLevelSmart()))
    fakes.read_persisted_durable_function_invocation.returns(
        durability.PersistedDurableFunctionInvocation(
            Datetime(0, 0), name, response, kind, durability.OplogEntryVersion.V2
        )
    )
    with pytest.raises(raised, match=message):
        ask()
