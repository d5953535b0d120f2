"""Control over what Golem writes down, and what it repeats after a failure."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ._bindings.guest import golem_api_host as host
from ._bindings.types import golem_api_host as types
from .errors import DomainError
from .persistence import Persistence, persistence
from .trapping import fail
from .uuids import to_uuid

__all__ = [
    "Fork",
    "Persistence",
    "atomic",
    "commit",
    "fork",
    "idempotence",
    "idempotency_key",
    "oplog_index",
    "persistence",
]


@contextmanager
def atomic() -> Generator[None]:
    """Do a block as a whole: if the agent fails in it, Golem does all of it again.

        with atomic():
            charge(card, idempotency_key())
            self.status = Status.PAID

    An exception that leaves the block ends the call with Golem's `trap`, which nothing catches, and Golem tries again.
    A declared error (`DomainError`) is an outcome like any other: the block counts as done, and the error goes on.
    """
    begin = host.mark_begin_operation()
    try:
        yield
    except DomainError:
        host.mark_end_operation(begin)
        raise
    except BaseException as error:  # noqa: BLE001 - also a task that is cancelled leaves the block half done
        fail(error)
    host.mark_end_operation(begin)


def idempotency_key() -> UUID:
    """Return a new key for a call to the outside, by which the other side can tell a repetition from a second order.

    An agent that is resumed gets the same key at the same place.
    """
    return to_uuid(host.generate_idempotency_key())


@contextmanager
def idempotence(*, repeat: bool) -> Generator[None]:
    """Say, for a block, what happens with a call to the outside of which Golem cannot know whether it went through.

    Args:
        repeat: with True, which is the default elsewhere, it is made again, and may happen twice. With False the agent
            fails, and it happens at most once.
    """
    before = host.get_idempotence_mode()
    host.set_idempotence_mode(repeat)
    try:
        yield
    finally:
        host.set_idempotence_mode(before)


def commit(replicas: int = 0xFF) -> None:
    """Wait until the oplog is stored on so many replicas, or on all of them where there are fewer."""
    host.oplog_commit(replicas)


def oplog_index() -> int:
    """Return the place in the oplog where the agent is; `transactions.Checkpoint` comes back to one."""
    return host.get_oplog_index()


@dataclass(frozen=True, slots=True)
class Fork:
    """What an agent knows after `fork`.

    Attributes:
        side: which of the two it is.
        phantom: the phantom id of the copy.
    """

    side: Literal["original", "copy"]
    phantom: UUID


def fork() -> Fork:
    """Go on as two: this agent, and a copy of it with a new phantom id. The result tells them apart."""
    result = host.fork()
    phantom = to_uuid(result.value.forked_phantom_id)
    return Fork("original" if isinstance(result, types.ForkResultOriginal) else "copy", phantom)
