"""Control over what Golem repeats after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from ._bindings.guest import golem_api_host as host
from .errors import DomainError
from .trapping import fail
from .uuids import to_uuid

__all__ = ["atomic", "idempotency_key"]


@contextmanager
def atomic() -> Iterator[None]:
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
