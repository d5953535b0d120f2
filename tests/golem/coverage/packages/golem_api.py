"""golem:api: a worker asks about itself and others, and tells how it wants to be run.

The argument is the name of another worker of this component that has answered two calls.
"""

import counting
from agent.guest import golem_api_context as context
from agent.guest import golem_api_host as host
from agent.guest import golem_api_oplog as oplog
from agent.guest import wasi_keyvalue_atomic as atomic
from agent.guest.wasi_keyvalue_types import Bucket
from agent.types.golem_api_context import Attribute, AttributeValueString
from agent.types.golem_api_host import (
    ForkResult,
    PersistenceLevelPersistRemoteSideEffects,
    RevertWorkerTargetRevertLastInvocations,
    UpdateMode,
)
from agent.types.golem_rpc_types import WorkerId


def cover(other: str) -> None:
    me = host.get_self_metadata()
    neighbour = WorkerId(me.worker_id.component_id, other)
    _jump()
    _promises()
    _settings()
    _others(me.worker_id, neighbour)
    _oplog(me.worker_id)
    _context()
    _changes(neighbour)


def _jump() -> None:
    """Go back in time, once: what the store counts is not taken back, and what was called in that time is."""
    start = host.get_oplog_index()
    with Bucket.open_bucket("jumps") as bucket:
        if atomic.increment(bucket, "times", 1) == 1:
            host.set_oplog_index(start)
    counting.called.add("golem:api/host@1.1.7#set-oplog-index")


def _promises() -> None:
    promise = host.create_promise()
    assert host.poll_promise(promise) is None
    assert host.complete_promise(promise, b"done")
    assert not host.complete_promise(promise, b"again")
    assert host.await_promise(promise) == b"done"
    host.delete_promise(promise)


def _settings() -> None:
    begin = host.mark_begin_operation()
    host.mark_end_operation(begin)
    host.oplog_commit(1)
    policy = host.get_retry_policy()
    policy.max_attempts = 7
    host.set_retry_policy(policy)
    assert host.get_retry_policy().max_attempts == 7
    level = host.get_oplog_persistence_level()
    host.set_oplog_persistence_level(PersistenceLevelPersistRemoteSideEffects())
    assert host.get_oplog_persistence_level() == PersistenceLevelPersistRemoteSideEffects()
    host.set_oplog_persistence_level(level)
    host.set_idempotence_mode(False)
    assert not host.get_idempotence_mode()
    host.set_idempotence_mode(True)
    assert host.generate_idempotency_key() != host.generate_idempotency_key()


def _others(me: WorkerId, neighbour: WorkerId) -> None:
    found = host.get_worker_metadata(neighbour)
    assert found is not None
    assert found.worker_id == neighbour
    names: set[str] = set()
    with host.GetWorkers(me.component_id, None, True) as pages:
        while (page := pages.get_next()) is not None:
            names.update(each.worker_id.worker_name for each in page)
    assert {me.worker_name, neighbour.worker_name} <= names
    assert host.resolve_component_id("coverage") == me.component_id
    assert host.resolve_worker_id("coverage", "anybody") == WorkerId(me.component_id, "anybody")
    assert host.resolve_worker_id_strict("coverage", neighbour.worker_name) == neighbour
    assert host.resolve_worker_id_strict("coverage", "nobody") is None


def _oplog(me: WorkerId) -> None:
    with oplog.GetOplog(me, 1) as entries:
        assert entries.get_next()
    with oplog.SearchOplog(me, "poll") as hits:
        hits.get_next()


def _context() -> None:
    with context.start_span("coverage") as span:
        assert span.started_at().seconds > 1_700_000_000
        span.set_attribute("colour", "blue")
        span.set_attributes([Attribute("size", AttributeValueString("7"))])
        with context.current_context() as now:
            assert now.trace_id()
            assert now.span_id()
            above = now.parent()
            if above is not None:
                above.drop()
            assert now.get_attribute("colour", False) == AttributeValueString("blue")
            assert len(now.get_attributes(False)) == 3  # the name of the span is one
            assert now.get_attribute_chain("size") == [AttributeValueString("7")]
            assert now.get_attribute_chains()
            assert isinstance(now.trace_context_headers(), list)
        span.finish()
    context.allow_forwarding_trace_context_headers(context.allow_forwarding_trace_context_headers(False))


def _changes(neighbour: WorkerId) -> None:
    copy = WorkerId(neighbour.component_id, "copy")
    host.fork_worker(neighbour, copy, 1)
    host.revert_worker(neighbour, RevertWorkerTargetRevertLastInvocations(1))
    host.update_worker(neighbour, 0, UpdateMode.AUTOMATIC)
    assert host.fork("twin") in ForkResult
