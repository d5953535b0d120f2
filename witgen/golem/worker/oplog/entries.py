"""Entries of an oplog."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from ..errors import undamaged
from .codec import NOTHING, Encoded

__all__ = [
    "BEGIN_FUNCTION",
    "BEGIN_REGION",
    "BEGIN_TRANSACTION",
    "BRACKETS",
    "BY_SNAPSHOT",
    "CALLS",
    "COMMIT_TRANSACTION",
    "COMPLETED",
    "CREATED",
    "DROP_TRANSACTION",
    "END_FUNCTION",
    "END_REGION",
    "IMPORTED",
    "INVOKED",
    "LOG",
    "PERSISTED",
    "PRE_COMMIT",
    "REPLAYED",
    "ROLL_BACK_TRANSACTION",
    "TASK_COMPLETED",
    "TRIED",
    "UPDATED",
    "Entry",
    "earliest_open",
    "open_functions",
    "open_regions",
    "open_transactions",
    "snapshot_files",
]

CREATED: Final = "create"
IMPORTED: Final = "imported-function-invoked"
INVOKED: Final = "exported-function-invoked"
COMPLETED: Final = "exported-function-completed"
UPDATED: Final = "successful-update"
TASK_COMPLETED: Final = "imported-function-told"
"""Delivery of the completion of an async call, whose entry is `request`. Golem's interface has no such entry."""
LOG: Final = "log"

BY_SNAPSHOT: Final = "snapshot-based"
"""Update mode that transfers the worker's state in a snapshot; the name of the entry."""

TRIED: Final = "tried"
"""Marks the entry of a snapshot that has not been loaded yet."""

BEGIN_REGION: Final = "begin-atomic-region"
END_REGION: Final = "end-atomic-region"

BEGIN_FUNCTION: Final = "begin-durable-function"
PERSISTED: Final = "persisted-durable-function"
END_FUNCTION: Final = "end-durable-function"
"""A function that a library of the component records by itself. Golem has no entries of these names."""

BEGIN_TRANSACTION: Final = "begin-remote-transaction"
COMMIT_TRANSACTION: Final = "committed-remote-transaction"
ROLL_BACK_TRANSACTION: Final = "rolled-back-remote-transaction"
"""Calls of a database's transaction. The object of the first one's response is the first argument of the others."""

PRE_COMMIT: Final = "pre-commit-remote-transaction"
"""What tells later whether a transaction was committed: where it began, the kind of database, address, its number."""

DROP_TRANSACTION: Final = "dropped-remote-transaction"
"""The component has dropped a transaction without an end, which rolls it back; the request is where it began."""

CALLS: Final = frozenset(
    {
        BEGIN_TRANSACTION, COMMIT_TRANSACTION, ROLL_BACK_TRANSACTION,
        IMPORTED, "no-op", BEGIN_REGION, END_REGION, "change-retry-policy",
        "change-persistence-level", BEGIN_FUNCTION, PERSISTED, END_FUNCTION,
    }
)  # fmt: skip
"""Kinds of entries that are calls of host functions."""

REPLAYED: Final = CALLS | {INVOKED, COMPLETED, UPDATED}
"""Kinds of entries that replay follows; it ignores all others."""

_AGENT_METHOD: Final = re.compile(r"golem:agent/guest@[^{]*\.\{invoke\}")
"""The function that calls the methods of agents; the method is its first argument."""

_TRANSACTIONS: Final = frozenset(
    {BEGIN_TRANSACTION, COMMIT_TRANSACTION, ROLL_BACK_TRANSACTION, PRE_COMMIT, DROP_TRANSACTION}
)

BRACKETS: Final = _TRANSACTIONS | {BEGIN_REGION, END_REGION, BEGIN_FUNCTION, PERSISTED, END_FUNCTION, COMPLETED}
"""Kinds of entries that say what is done again as a whole."""


class Entry(NamedTuple):
    """One entry. `kind` is a case of `oplog-entry` in `golem:api/oplog`.

    `name` is the function with its interface, or another name that the kind needs. `key` is the idempotency key of an
    invocation. A call without response has begun, but it is unknown whether it was carried out.
    """

    kind: str
    name: str = ""
    request: Encoded = NOTHING
    response: Encoded | None = None
    key: str = ""
    at: int = 0
    """The time when it was written, in nanoseconds since 1970."""
    position: int = 0
    dead: bool = False
    """Whether a revert or jump of the worker has discarded it."""

    @property
    def about(self) -> Any:
        """The request of an entry that is not a call, parsed as JSON."""
        with undamaged(f"entry {self.position} of the oplog"):
            return json.loads(self.request.text)

    @property
    def called(self) -> str:
        """The function that a call is for, as users name it: the method of an agent."""
        return str(self.about[0]) if _AGENT_METHOD.fullmatch(self.name) else self.name

    @property
    def number(self) -> int:
        """The number at the beginning of the request: a position or a version."""
        with undamaged(f"entry {self.position} of the oplog"):
            return int(self.about[0])

    @property
    def is_snapshot(self) -> bool:
        """Return whether the worker starts anew here from a snapshot in the entry."""
        return self.kind == UPDATED and self.name == BY_SNAPSHOT

    @property
    def is_tried(self) -> bool:
        """Return whether this is a snapshot that has not been loaded yet."""
        return self.is_snapshot and self.about[2:] == [TRIED]


def snapshot_files(entry: Entry) -> str | None:
    """Return the name of the archive with the worker's files of a snapshot."""
    with undamaged(f"entry {entry.position} of the oplog"):
        rest: list[str] = entry.about[1:]
        return rest[0] if rest else None


def open_regions(entries: Iterable[Entry]) -> list[int]:
    """Return the starts of the regions that have no end among the entries, the outermost first."""
    opened: list[int] = []
    for entry in entries:
        if entry.kind == BEGIN_REGION:
            opened.append(entry.position)
        elif entry.kind == END_REGION:
            opened = [each for each in opened if each < entry.number]
    return opened


def open_functions(entries: Iterable[Entry]) -> list[int]:
    """Return the beginnings of functions of libraries that have neither a result nor an end, the outermost first."""
    opened: list[int] = []
    for entry in entries:
        if entry.kind == BEGIN_FUNCTION:
            opened.append(entry.position)
        elif entry.kind == PERSISTED:
            opened = opened[:-1]
        elif entry.kind == END_FUNCTION:
            _, begin, _ = entry.about
            opened = [each for each in opened if each < begin]
        elif entry.kind == COMPLETED:
            opened = []
    return opened


def open_transactions(entries: Iterable[Entry]) -> dict[int, Entry | None]:
    """Return where the transactions of databases began that have no end, the earliest first.

    With each comes the entry that was written before a commit whose outcome is unknown. A transaction that is open
    after the call in which it began is not one of them: it is lost with the connection, and nothing is done again.
    """
    opened: dict[int, Entry | None] = {}
    objects: dict[str, int] = {}
    for entry in entries:
        if entry.kind == BEGIN_TRANSACTION and entry.response is not None and '"ok"' in entry.response.text:
            with undamaged(f"entry {entry.position} of the oplog"):
                objects[json.dumps(json.loads(entry.response.text)["ok"][0])] = entry.position
            opened[entry.position] = None
        elif entry.kind in {COMMIT_TRANSACTION, ROLL_BACK_TRANSACTION} and entry.response is not None:
            opened.pop(objects.get(json.dumps(entry.about[0][0]), 0), None)
        elif entry.kind == PRE_COMMIT and entry.number in opened:
            opened[entry.number] = entry
        elif entry.kind == DROP_TRANSACTION:
            opened.pop(entry.number, None)
        elif entry.kind == COMPLETED:
            opened = {}
    return opened


def earliest_open(entries: Sequence[Entry]) -> int | None:
    """Return the earliest beginning of what is done again; None if there is none. Only brackets count."""
    opened = (open_regions(entries), open_functions(entries), open_transactions(entries))
    return min([each for every in opened for each in every], default=None)
