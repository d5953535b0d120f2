"""Transactions of databases during whose commit a worker was stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ..errors import RefusedError
from ..storage.state import State
from .codec import Encoded
from .entries import COMMIT_TRANSACTION, IMPORTED, Entry, open_transactions

__all__ = ["IsCommitted", "unknown", "with_commits"]

IsCommitted: TypeAlias = Callable[[str, str, str], bool | None]
"""Asks a database, by its kind and address, whether it has committed a transaction; None where it does not know."""

_COMMITTED: Final = Encoded('{"ok":null}')
"""The response of a commit."""

_MODE: Final = "#set-idempotence-mode"


def unknown(kind: str, address: str, token: str) -> None:
    """Answer for a database that cannot be asked."""
    del kind, address, token


def with_commits(state: State, worker: int, entries: list[Entry], is_committed: IsCommitted) -> list[Entry]:
    """Find out what became of a commit during which a worker was stopped, and write it down if it has happened.

    `entries` are the brackets of the worker's oplog, which are returned as they are then.

    Raises:
        RefusedError: that cannot be known, and the transaction may not be repeated.
    """
    for begin, before in open_transactions(entries).items():
        index = max((place for place, each in enumerate(entries) if each.kind == COMMIT_TRANSACTION), default=None)
        if before is None or index is None or entries[index].response is not None:
            continue
        commit = entries[index]
        _, kind, address, token = before.about
        known = is_committed(kind, address, token) if token else None
        if known:
            state.answer(worker, commit.position, _COMMITTED)
            return [*entries[:index], commit._replace(response=_COMMITTED), *entries[index + 1 :]]
        if known is None and (token or not _repeats(state, worker)):
            named = f"transaction {token}" if token else "it"
            raise RefusedError(
                f"entry {commit.position}: the worker was stopped while a transaction was committed (entry {begin}), "
                f"and the database does not know what became of it: look for {named} yourself, then revert the worker "
                "or delete it"
            )
    return entries


def _repeats(state: State, worker: int) -> bool:
    """Return whether a worker lets writes be repeated whose outcome is unknown."""
    entries = state.entries(worker, alive=True, kinds={IMPORTED})
    modes = [each.request.text for each in entries if each.name.endswith(_MODE)]
    return not modes or modes[-1] != "[false]"
