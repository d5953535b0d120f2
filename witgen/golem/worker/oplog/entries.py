"""Entries of an oplog."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ..errors import undamaged
from .codec import NOTHING, Encoded

__all__ = [
    "BEGIN_REGION",
    "BY_SNAPSHOT",
    "CALLS",
    "COMPLETED",
    "CREATED",
    "END_REGION",
    "IMPORTED",
    "INVOKED",
    "LOG",
    "REPLAYED",
    "TASK_COMPLETED",
    "TRIED",
    "UPDATED",
    "Entry",
    "open_regions",
    "snapshot_files",
]

CREATED: Final = "create"
IMPORTED: Final = "imported-function-invoked"
INVOKED: Final = "exported-function-invoked"
COMPLETED: Final = "exported-function-completed"
UPDATED: Final = "successful-update"
TASK_COMPLETED: Final = "imported-function-told"
"""Where a guest was told of the end of an async call, whose entry is `request`. Golem's interface has no such entry."""
LOG: Final = "log"

BY_SNAPSHOT: Final = "snapshot-based"
"""How a worker is updated that takes its state along; the name of the entry."""

TRIED: Final = "tried"
"""Stands in the entry of a snapshot that has not been loaded yet."""

BEGIN_REGION: Final = "begin-atomic-region"
END_REGION: Final = "end-atomic-region"

CALLS: Final = frozenset(
    {
        IMPORTED, "no-op", BEGIN_REGION, END_REGION, "change-retry-policy",
        "change-persistence-level",
    }
)  # fmt: skip
"""Kinds of entries that are calls of host functions."""

REPLAYED: Final = CALLS | {INVOKED, COMPLETED, UPDATED}
"""Kinds of entries that replay goes by; it pays no heed to the others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `kind` is a case of `oplog-entry` in `golem:api/oplog`.

    `name` is the function, with its interface, or what else the kind needs to be told apart by. `key` is an
    invocation's idempotency key. A call without response has begun, and nobody knows whether it was carried out.
    """

    kind: str
    name: str = ""
    request: Encoded = NOTHING
    response: Encoded | None = None
    key: str = ""
    at: int = 0
    """When it was written: nanoseconds since the beginning of 1970."""
    position: int = 0
    dead: bool = False
    """Whether it counts no more, because the worker went back."""

    @property
    def about(self) -> Any:
        """What stands in the request of an entry that is not a call, as Python reads JSON."""
        with undamaged(f"entry {self.position} of the oplog"):
            return json.loads(self.request.text)

    @property
    def number(self) -> int:
        """The number that the request begins with: a position, or a version."""
        with undamaged(f"entry {self.position} of the oplog"):
            return int(self.about[0])

    @property
    def is_snapshot(self) -> bool:
        """Tell whether the worker begins anew here, with the state that stands in the entry."""
        return self.kind == UPDATED and self.name == BY_SNAPSHOT

    @property
    def is_tried(self) -> bool:
        """Tell whether it is a snapshot that had not been loaded yet when this was written."""
        return self.is_snapshot and self.about[2:] == [TRIED]


def snapshot_files(entry: Entry) -> str | None:
    """Return what the worker's files are found by that came with a snapshot."""
    with undamaged(f"entry {entry.position} of the oplog"):
        rest: list[str] = entry.about[1:]
        return rest[0] if rest else None


def open_regions(entries: Iterable[Entry]) -> list[int]:
    """Return where the regions begin that have no end among the entries, the outermost first."""
    opened: list[int] = []
    for entry in entries:
        if entry.kind == BEGIN_REGION:
            opened.append(entry.position)
        elif entry.kind == END_REGION:
            opened = [each for each in opened if each < entry.number]
    return opened
