"""`golem:api/oplog` for one worker: oplogs, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn
from uuid import UUID

from ..._bindings.host.golem_api_oplog import GetOplog, SearchOplog
from ..._bindings.types.golem_api_oplog import OplogEntry
from ..._bindings.types.golem_rpc_types import WorkerId
from ...agents._bindings.host import golem_api_oplog as agents
from ...agents._bindings.types.golem_api_host import AgentId, EnvironmentId
from ...agents._bindings.types.golem_api_oplog import OplogEntry as RawEntry
from ...agents._bindings.types.golem_api_oplog import PublicOplogEntry
from ...composition import AGENT_FIELD
from ..errors import RefusedError
from ..oplog.entries import Entry
from ..storage.tables import WorkerRecord
from .agent_history import AgentHistory
from .history import History
from .identity import to_uuid

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]

_PAGE: Final = 50


def _record(session: LoadedWorker, component: UUID, name: str) -> WorkerRecord:
    record = session.executor.records.worker(component, name)
    if record is None:
        raise RefusedError(f"there is no worker `{name}`")
    return record


class _Pages:
    """The entries of a worker from one on, page by page."""

    def __init__(self, session: LoadedWorker, record: WorkerRecord, start: int) -> None:
        self._state = session.executor.state
        self._number = record.number
        self._next = max(start, 1)
        # The reads are themselves recorded, so without an end, reading would never stop.
        self._end = self._state.last_position(record.number)

    def next(self) -> list[Entry]:
        """Return the next page; none at the end."""
        page = self._state.entries(self._number, start=self._next, limit=_PAGE)
        page = [entry for entry in page if entry.position <= self._end]
        if page:
            self._next = page[-1].position + 1
        return page


class _Found:
    """The entries of a worker with all words of a text, page by page."""

    def __init__(self, session: LoadedWorker, record: WorkerRecord, text: str) -> None:
        words = text.casefold().split()
        self._found = [entry for entry in session.executor.state.entries(record.number) if _has(entry, words)]

    def next(self) -> list[Entry]:
        """Return the next page; none at the end."""
        page, self._found = self._found[:_PAGE], self._found[_PAGE:]
        return page


def _has(entry: Entry, words: list[str]) -> bool:
    """Return whether an entry contains all words."""
    response = entry.response
    parts = [entry.kind, entry.name, entry.key, entry.request.text, entry.request.data.decode("utf-8", "replace")]
    if response is not None:
        parts += [response.text, response.data.decode("utf-8", "replace")]
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)


class _GetOplog(GetOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker_id: WorkerId, start: int) -> None:
        record = _record(self.session, to_uuid(worker_id.component_id.uuid), worker_id.worker_name)
        self._history = History(self.session.executor, record)
        self._pages = _Pages(self.session, record, start)

    def get_next(self) -> list[OplogEntry] | None:
        return [self._history.shown(entry) for entry in self._pages.next()] or None


class _SearchOplog(SearchOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker_id: WorkerId, text: str) -> None:
        record = _record(self.session, to_uuid(worker_id.component_id.uuid), worker_id.worker_name)
        self._history = History(self.session.executor, record)
        self._found = _Found(self.session, record, text)

    def get_next(self) -> list[tuple[int, OplogEntry]] | None:
        return [(entry.position, self._history.shown(entry)) for entry in self._found.next()] or None


class _Oplog:
    def __init__(self, session: LoadedWorker) -> None:
        self.GetOplog = type("GetOplog", (_GetOplog,), {"session": session})
        self.SearchOplog = type("SearchOplog", (_SearchOplog,), {"session": session})


class _GetAgentOplog(agents.GetOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, agent_id: AgentId, start: int) -> None:
        record = _record(self.session, to_uuid(agent_id.component_id.uuid), agent_id.agent_id)
        self._history = AgentHistory(self.session.executor, record)
        self._pages = _Pages(self.session, record, start)

    def get_next(self) -> list[PublicOplogEntry] | None:
        return [self._history.shown(entry) for entry in self._pages.next()] or None


class _SearchAgentOplog(agents.SearchOplog):
    session: ClassVar[LoadedWorker]

    def __init__(self, agent_id: AgentId, text: str) -> None:
        record = _record(self.session, to_uuid(agent_id.component_id.uuid), agent_id.agent_id)
        self._history = AgentHistory(self.session.executor, record)
        self._found = _Found(self.session, record, text)

    def get_next(self) -> list[tuple[int, PublicOplogEntry]] | None:
        return [(entry.position, self._history.shown(entry)) for entry in self._found.next()] or None


class _AgentOplog(agents.Oplog):
    def __init__(self, session: LoadedWorker) -> None:
        self.GetOplog: type[agents.GetOplog] = type("GetOplog", (_GetAgentOplog,), {"session": session})
        self.SearchOplog: type[agents.SearchOplog] = type("SearchOplog", (_SearchAgentOplog,), {"session": session})

    def enrich_oplog_entries(
        self,
        environment_id: EnvironmentId,
        agent_id: AgentId,
        entries: list[tuple[int, RawEntry]],
        component_revision: int,
    ) -> NoReturn:
        del environment_id, agent_id, entries, component_revision
        raise RefusedError("enrich-oplog-entries: there are no raw entries here, which plugins of a cluster get")


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field: those of workers, and of agents (see `AGENT_FIELD`)."""
    return {"golem_api_oplog": _Oplog(session), AGENT_FIELD.format("golem_api_oplog"): _AgentOplog(session)}
