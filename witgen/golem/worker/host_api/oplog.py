"""`golem:api/oplog` for one worker: oplogs, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from ..._bindings.host.golem_api_oplog import GetOplog, SearchOplog
from ..._bindings.types.golem_api_oplog import OplogEntry
from ..._bindings.types.golem_rpc_types import WorkerId
from ..errors import RefusedError
from ..oplog.entries import Entry
from ..storage.tables import WorkerRecord
from .history import History
from .identity import to_uuid

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]

_PAGE: Final = 50


def _record(session: LoadedWorker, worker_id: WorkerId) -> WorkerRecord:
    record = session.executor.records.worker(to_uuid(worker_id.component_id.uuid), worker_id.worker_name)
    if record is None:
        raise RefusedError(f"there is no worker `{worker_id.worker_name}`")
    return record


class _GetOplog(GetOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker_id: WorkerId, start: int) -> None:
        record = _record(self.session, worker_id)
        self._number = record.number
        self._history = History(self.session.executor, record)
        self._next = max(start, 1)
        # The reads are themselves recorded, so without an end, reading would never stop.
        self._end = self.session.executor.state.last_position(record.number)

    def get_next(self) -> list[OplogEntry] | None:
        page = self.session.executor.state.entries(self._number, start=self._next, limit=_PAGE)
        page = [entry for entry in page if entry.position <= self._end]
        if not page:
            return None
        self._next = page[-1].position + 1
        return [self._history.shown(entry) for entry in page]


class _SearchOplog(SearchOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker_id: WorkerId, text: str) -> None:
        record = _record(self.session, worker_id)
        self._history = History(self.session.executor, record)
        words = text.casefold().split()
        entries = self.session.executor.state.entries(record.number)
        self._found = [entry for entry in entries if _has(entry, words)]

    def get_next(self) -> list[tuple[int, OplogEntry]] | None:
        page, self._found = self._found[:_PAGE], self._found[_PAGE:]
        return [(entry.position, self._history.shown(entry)) for entry in page] or None


def _has(entry: Entry, words: list[str]) -> bool:
    """Return whether an entry contains all words."""
    response = entry.response
    parts = [entry.kind, entry.name, entry.key, entry.request.text, entry.request.data.decode("utf-8", "replace")]
    if response is not None:
        parts += [response.text, response.data.decode("utf-8", "replace")]
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)


class _Oplog:
    def __init__(self, session: LoadedWorker) -> None:
        self.GetOplog = type("GetOplog", (_GetOplog,), {"session": session})
        self.SearchOplog = type("SearchOplog", (_SearchOplog,), {"session": session})


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {"golem_api_oplog": _Oplog(session)}
