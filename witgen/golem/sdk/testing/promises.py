"""Promises of agents in tests, and places in their oplogs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from witgen_runtime.testing import Pollable

from .._bindings.guest.testing import Fakes
from .._bindings.types import golem_core_types as core
from ..uuids import from_uuid
from .ids import COMPONENT

__all__ = ["Promises", "following"]


def following(fakes: Fakes, other: Pollable) -> Any:
    """Return a pollable that is ready with another one: handles of both are dropped apart."""
    made = fakes.wasi_io_poll.Pollable()
    other.follow(made)
    return made


class Promises:
    """Answers what agents ask about promises; `name` returns the id of the agent that asks."""

    def __init__(self, fakes: Fakes, name: Callable[[], str]) -> None:
        self._fakes = fakes
        self._name = name
        self._promises: dict[tuple[str, int], tuple[Pollable, list[bytes]]] = {}
        self._oplog = 0

    def install(self) -> None:
        """Let the fakes answer."""
        golem = self._fakes.golem_api_host
        golem.get_oplog_index.answers(self._oplog_index)
        golem.mark_begin_operation.answers(self._oplog_index)
        golem.create_promise.answers(self._create_promise)
        golem.complete_promise.answers(self._complete_promise)
        golem.get_promise.answers(self._get_promise)
        golem.GetPromiseResult.get.answers(self._promise_result)
        golem.GetPromiseResult.subscribe.answers(self._promise_pollable)

    def _oplog_index(self) -> int:
        self._oplog += 1
        return self._oplog

    def _create_promise(self) -> core.PromiseId:
        agent = core.AgentId(core.ComponentId(from_uuid(COMPONENT)), self._name())
        made = core.PromiseId(agent, self._oplog_index())
        self._promise(made)
        return made

    def _promise(self, promise: core.PromiseId) -> tuple[Pollable, list[bytes]]:
        key = promise.agent_id.agent_id, promise.oplog_idx
        if key not in self._promises:
            self._promises[key] = self._fakes.wasi_io_poll.Pollable(), []
        return self._promises[key]

    def _complete_promise(self, promise: core.PromiseId, data: bytes) -> bool:
        pollable, found = self._promise(promise)
        if found:
            return False
        found.append(data)
        pollable.set()
        return True

    def _get_promise(self, promise: core.PromiseId) -> Any:
        made = self._fakes.golem_api_host.GetPromiseResult()
        made.promise = promise
        return made

    def _promise_result(self, result: Any) -> bytes | None:
        return next(iter(self._promise(result.promise)[1]), None)

    def _promise_pollable(self, result: Any) -> Any:
        return following(self._fakes, self._promise(result.promise)[0])
