"""What fakes of Golem's further functions answer, unless a test scripts them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from .._bindings.guest.testing import Fakes
from .._bindings.types import golem_api_host as api
from .._bindings.types import golem_api_retry as retry
from .._bindings.types import golem_durability_durability as durability
from .keyvalue import KeyValueStore

__all__ = ["install_defaults"]


def install_defaults(fakes: Fakes) -> None:
    """Let spans, policies, stores, durable functions and modes do what an agent expects that runs at first."""
    _install_modes(fakes)
    _install_retries(fakes)
    KeyValueStore(fakes).install()
    context = fakes.golem_api_context
    trace = uuid4().hex
    context.InvocationContext.trace_id.answers(lambda _: trace)
    context.InvocationContext.span_id.answers(lambda _: trace[:16])
    context.InvocationContext.parent.answers(lambda _: None)
    context.InvocationContext.trace_context_headers.answers(lambda _: [("traceparent", f"00-{trace}-{trace[:16]}-01")])
    state = {"forward": True}

    def allow(forward: bool) -> bool:  # noqa: FBT001 - as WIT has it
        before, state["forward"] = state["forward"], forward
        return before

    context.allow_forwarding_trace_context_headers.answers(allow)
    lives = fakes.golem_durability_durability
    lives.begin_durable_function.answers(lambda _: 1)
    live = durability.DurableExecutionState(is_live=True, persistence_level=api.PersistenceLevelSmart())
    lives.current_durable_execution_state.answers(lambda: live)


def _install_modes(fakes: Fakes) -> None:
    golem = fakes.golem_api_host
    state: dict[str, Any] = {"level": api.PersistenceLevelSmart(), "repeat": True}
    golem.get_oplog_persistence_level.answers(lambda: state["level"])
    golem.set_oplog_persistence_level.answers(lambda level: state.update(level=level))
    golem.get_idempotence_mode.answers(lambda: bool(state["repeat"]))
    golem.set_idempotence_mode.answers(lambda repeat: state.update(repeat=repeat))


def _install_retries(fakes: Fakes) -> None:
    policies: dict[str, retry.NamedRetryPolicy] = {}
    golem = fakes.golem_api_retry
    golem.get_retry_policies.answers(lambda: list(policies.values()))
    golem.get_retry_policy_by_name.answers(policies.get)
    golem.set_retry_policy.answers(lambda policy: policies.update({policy.name: policy}))
    golem.remove_retry_policy.answers(lambda name: (policies.pop(name, None), None)[1])
