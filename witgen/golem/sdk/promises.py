"""Things to wait for that somebody else brings about: promises, and webhooks that complete them."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ._bindings.guest import golem_agent_host, golem_api_host
from ._bindings.types import golem_core_types as core
from .uuids import from_uuid, to_uuid
from .waiting import completed, wait_for

__all__ = ["Promise", "Webhook", "webhook"]


@dataclass(frozen=True)
class Promise:
    """Something that is completed once, with some bytes; `Promise.new()` makes one.

    An agent that waits for nothing but promises is unloaded meanwhile, for days if need be. The fields identify the
    promise, so that they can be sent to whoever completes it.

    Attributes:
        component_id: the component of the agent that made it.
        agent_id: that agent.
        oplog_index: the place in its oplog.
    """

    component_id: UUID
    agent_id: str
    oplog_index: int

    @classmethod
    def new(cls) -> Promise:
        """Make a promise of this agent."""
        made = golem_api_host.create_promise()
        return cls(to_uuid(made.agent_id.component_id.uuid), made.agent_id.agent_id, made.oplog_idx)

    @property
    def _id(self) -> core.PromiseId:
        agent = core.AgentId(core.ComponentId(from_uuid(self.component_id)), self.agent_id)
        return core.PromiseId(agent, self.oplog_index)

    def complete(self, data: bytes = b"") -> bool:
        """Complete it; False if it was completed before, and then nothing changes."""
        return golem_api_host.complete_promise(self._id, data)

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._wait().__await__()

    def wait(self) -> bytes:
        """Wait until this agent's promise is completed, where nothing can be awaited; return the bytes."""
        with golem_api_host.get_promise(self._id) as result:
            return wait_for(result)

    async def _wait(self) -> bytes:
        with golem_api_host.get_promise(self._id) as result:
            return await completed(result)


@dataclass(frozen=True)
class Webhook:
    """An address; a POST request to it completes a promise. Await it for the request's body.

    Attributes:
        url: the address.
        promise: the promise.
    """

    url: str
    promise: Promise

    def __await__(self) -> Generator[Any, None, bytes]:
        return self.promise.__await__()

    async def json(self) -> Any:
        """Wait for the request, and return its body, which is JSON."""
        return json.loads(await self)


def webhook() -> Webhook:
    """Make an address that can be called once. The agent's type has to be served over HTTP, or the call traps."""
    promise = Promise.new()
    return Webhook(golem_agent_host.create_webhook(promise._id), promise)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
