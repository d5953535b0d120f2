"""`golem:api` and `golem:rpc` beyond what one component's run through all of them shows."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from wasmtime import wat2wasm

from witgen.golem import Executor, WorkerError
from witgen.golem._bindings.types import golem_api_host as api
from witgen.golem._bindings.types import golem_rpc_types as rpc
from witgen.golem.services.clocks import from_nanoseconds
from witgen.golem.worker.host_api.identity import to_wit_uuid
from witgen.golem.worker.session import Session
from witgen_runtime.values import Err, Ok

_COUNTER = """
(component
  (core module $m
    (global $count (mut i32) (i32.const 0))
    (func (export "add") (param i32) (result i32)
      (global.set $count (i32.add (global.get $count) (local.get 0))) (global.get $count))
    (func (export "fail") unreachable))
  (core instance $i (instantiate $m))
  (func (export "add") (param "number" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "fail") (canon lift (core func $i "fail"))))
"""

ONE = rpc.WitValue([rpc.WitNodePrimU32(1)])


class Workers:
    """A state file with workers, and what one of them, `caller`, gets from its host."""

    def __init__(self, executor: Executor, component: UUID) -> None:
        self.executor = executor
        self.component = component
        self.id = rpc.ComponentId(to_wit_uuid(component))
        record = executor.create(component, "caller").record
        self.session = Session(executor, record, 0)
        implementations = self.session.implementations()
        self.host: Any = implementations["golem_api_host"]
        self.rpc: Any = implementations["golem_rpc_types"]

    def named(self, name: str) -> rpc.WorkerId:
        return rpc.WorkerId(self.id, name)

    def add(self, name: str, number: int, key: str) -> int:
        worker = self.executor.find_or_create(self.component, name)
        export = self.executor.program(self.component, 0).find("add")
        sum_: int = export.result(self.executor.invoke(worker, "add", export.request([number]), key))
        return sum_

    def at(self, position: int) -> None:
        """Pretend that the caller is at a place of its oplog: calls get their keys from there."""
        self.session.recorder.current = position

    def found(self, *filters: api.WorkerPropertyFilter) -> list[str]:
        wanted = api.WorkerAnyFilter([api.WorkerAllFilter(list(filters))])
        return [name for page in self.pages(wanted) for name in page]

    def pages(self, wanted: api.WorkerAnyFilter | None = None) -> list[list[str]]:
        search = self.host.GetWorkers(self.id, wanted, True)
        pages = iter(search.get_next, None)
        return [[each.worker_id.worker_name for each in page] for page in pages]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    path = tmp_path / "counter.wasm"
    path.write_bytes(wat2wasm(_COUNTER))
    with Executor(tmp_path / "state.db", say=lambda line: None) as executor:
        yield Workers(executor, executor.add_component(path).id)


_COMPARED: dict[api.FilterComparator, Callable[[int, int], bool]] = {
    api.FilterComparator.EQUAL: operator.eq, api.FilterComparator.NOT_EQUAL: operator.ne,
    api.FilterComparator.GREATER_EQUAL: operator.ge, api.FilterComparator.GREATER: operator.gt,
    api.FilterComparator.LESS_EQUAL: operator.le, api.FilterComparator.LESS: operator.lt,
}  # fmt: skip


@pytest.mark.parametrize("comparator", list(api.FilterComparator))
def test_filters_that_compare(workers: Workers, comparator: api.FilterComparator) -> None:
    statuses = list(api.WorkerStatus)
    for status in statuses:
        record = workers.executor.create(workers.component, status.name).record
        workers.executor.records.set_status(record.number, status.name.lower())
    workers.executor.records.set_status(workers.session.record.number, "idle")
    compare = _COMPARED[comparator]
    for status in statuses:
        expected = [each.name for each in statuses if compare(statuses.index(each), statuses.index(status))]
        found = workers.found(api.WorkerPropertyFilterStatus(api.WorkerStatusFilter(comparator, status)))
        assert [name for name in found if name != "caller"] == expected
    for version in (0, 1):
        wanted = api.WorkerPropertyFilterVersion(api.WorkerVersionFilter(comparator, version))
        assert bool(workers.found(wanted)) == compare(0, version)
    [created] = {record.created for record in workers.executor.records.workers() if record.name == "caller"}
    moment = api.WorkerPropertyFilterCreatedAt(api.WorkerCreatedAtFilter(comparator, created))
    assert ("caller" in workers.found(moment)) == compare(0, 0)


@pytest.mark.parametrize(
    ("comparator", "value", "found"),
    [
        (api.StringFilterComparator.EQUAL, "blue", ["a"]),
        (api.StringFilterComparator.NOT_EQUAL, "blue", ["b"]),
        (api.StringFilterComparator.LIKE, "lu", ["a"]),
        (api.StringFilterComparator.NOT_LIKE, "lu", ["b"]),
    ],
)
def test_filters_of_texts(
    workers: Workers, comparator: api.StringFilterComparator, value: str, found: list[str]
) -> None:
    workers.executor.create(workers.component, "a", env=(("COLOUR", "blue"),))
    workers.executor.create(workers.component, "b", env=(("COLOUR", "red"),))
    assert workers.found(api.WorkerPropertyFilterEnv(api.WorkerEnvFilter("COLOUR", comparator, value))) == found
    config = api.WorkerWasiConfigVarsFilter("COLOUR", comparator, value)
    assert workers.found(api.WorkerPropertyFilterWasiConfigVars(config)) == []
    named = api.WorkerPropertyFilterName(api.WorkerNameFilter(comparator, found[0]))
    assert (found[0] in workers.found(named)) == (
        comparator in {api.StringFilterComparator.EQUAL, api.StringFilterComparator.LIKE}
    )


def test_groups_of_filters(workers: Workers) -> None:
    def named(name: str) -> api.WorkerPropertyFilter:
        return api.WorkerPropertyFilterName(api.WorkerNameFilter(api.StringFilterComparator.EQUAL, name))

    workers.executor.create(workers.component, "a")
    workers.executor.create(workers.component, "b")
    either = api.WorkerAnyFilter([api.WorkerAllFilter([named("a")]), api.WorkerAllFilter([named("b")])])
    assert workers.pages(either) == [["a", "b"]]
    assert workers.found(named("a"), named("b")) == []
    assert workers.pages(api.WorkerAnyFilter([api.WorkerAllFilter([])])) == [["caller", "a", "b"]]


def test_pages(workers: Workers) -> None:
    names = [f"w{number}" for number in range(119)]
    for name in names:
        workers.executor.create(workers.component, name)
    pages = workers.pages()
    assert [name for page in pages for name in page] == ["caller", *names]
    assert len(pages) == 3


def test_a_call_with_the_same_key_is_made_once(workers: Workers) -> None:
    """The caller was killed after the call, and makes it again from the same place of its oplog."""
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    workers.at(7)
    first = [proxy.invoke_and_await("add", [ONE]) for _ in range(2)]
    assert first == [rpc.WitValue([rpc.WitNodeTupleValue([1]), rpc.WitNodePrimU32(1)])] * 2
    workers.at(8)
    assert proxy.invoke_and_await("add", [ONE]).nodes[1] == rpc.WitNodePrimU32(2)


def test_calls_that_are_not_recorded_are_made_each_time(workers: Workers) -> None:
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    workers.at(0)
    sums = [proxy.invoke_and_await("add", [ONE]).nodes[1] for _ in range(2)]
    assert sums == [rpc.WitNodePrimU32(1), rpc.WitNodePrimU32(2)]


def test_what_callers_are_told(workers: Workers) -> None:
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    with pytest.raises(rpc.RpcErrorProtocolError, match="did you mean `add`"):
        proxy.invoke_and_await("ad", [ONE])
    with pytest.raises(rpc.RpcErrorProtocolError, match="takes 1 argument, not 2"):
        proxy.invoke_and_await("add", [ONE, ONE])
    with pytest.raises(rpc.RpcErrorProtocolError, match="does not fit `u32`"):
        proxy.invoke_and_await("add", [rpc.WitValue([rpc.WitNodePrimString("1")])])
    nobody = rpc.WorkerId(rpc.ComponentId(rpc.Uuid(1, 2)), "x")
    with pytest.raises(rpc.RpcErrorNotFound):
        workers.rpc.WasmRpc(nobody).invoke_and_await("add", [ONE])
    with pytest.raises(rpc.RpcErrorRemoteInternalError, match="unreachable"):
        proxy.invoke_and_await("fail", [])


def test_scheduled_calls_come_in_time_or_are_called_off(workers: Workers) -> None:
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    soon = from_nanoseconds(time.time_ns() + 300_000_000)
    workers.at(1)
    proxy.schedule_invocation(soon, "add", [ONE])
    workers.at(2)
    token = proxy.schedule_cancelable_invocation(soon, "add", [ONE])
    token.cancel()
    workers.at(3)
    proxy.invoke("add", [ONE])
    workers.executor.settle()
    assert workers.add("callee", 0, "then") == 1
    time.sleep(0.4)
    workers.executor.settle()
    assert workers.add("callee", 0, "later") == 2


def test_calls_that_an_ended_process_left_behind_are_made(workers: Workers, tmp_path: Path) -> None:
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    proxy.schedule_invocation(from_nanoseconds(time.time_ns() + 200_000_000), "add", [ONE])
    workers.executor.close()
    time.sleep(0.3)
    with Executor(tmp_path / "state.db") as executor:
        executor.settle()
        [callee] = [record for record in executor.records.workers() if record.name == "callee"]
        kinds = [entry.kind for entry in executor.state.entries(callee.number)]
    assert kinds.count("exported-function-completed") == 1


def test_futures(workers: Workers) -> None:
    proxy = workers.rpc.WasmRpc(workers.named("callee"))
    future = proxy.async_invoke_and_await("add", [ONE])
    workers.executor.settle()
    assert isinstance(future.get(), Ok)
    wrong = proxy.async_invoke_and_await("ad", [ONE]).get()
    assert isinstance(wrong, Err)
    assert isinstance(wrong.value, rpc.RpcErrorProtocolError)


def test_reverting_and_forking(workers: Workers) -> None:
    for number in (1, 2, 3):
        workers.add("callee", number, f"key {number}")
    workers.host.revert_worker(workers.named("callee"), api.RevertWorkerTargetRevertLastInvocations(2))
    assert workers.add("callee", 10, "again") == 11
    workers.host.fork_worker(workers.named("callee"), workers.named("copy"), 3)
    workers.executor.settle()
    assert workers.add("copy", 100, "copy") == 101
    assert workers.add("callee", 0, "end") == 11
    with pytest.raises(WorkerError, match="no worker `nobody`"):
        workers.host.fork_worker(workers.named("nobody"), workers.named("x"), 1)


def test_promises_are_completed_once(workers: Workers) -> None:
    workers.at(5)
    promise = workers.host.create_promise()
    assert workers.host.poll_promise(promise) is None
    assert workers.host.complete_promise(promise, b"one")
    assert not workers.host.complete_promise(promise, b"two")
    assert workers.host.await_promise(promise) == b"one"
    workers.host.delete_promise(promise)
    with pytest.raises(WorkerError, match="no promise 5"):
        workers.host.poll_promise(promise)


_COUNTERS = """
(component
  (core module $drops (func (export "drop") (param i32)))
  (core instance $drops (instantiate $drops))
  (type $counter (resource (rep i32) (dtor (core func $drops "drop"))))
  (core func $new (canon resource.new $counter))
  (core module $code
    (import "" "new" (func $new (param i32) (result i32)))
    (memory 1)
    (global $made (mut i32) (i32.const 0))
    (func (export "make") (param $start i32) (result i32)
      (global.set $made (i32.add (global.get $made) (i32.const 4)))
      (i32.store (global.get $made) (local.get $start))
      (call $new (global.get $made)))
    (func (export "add") (param $at i32) (param $number i32) (result i32)
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $number)))
      (i32.load (local.get $at))))
  (core instance $code (instantiate $code (with "" (instance (export "new" (func $new))))))
  (func $make (param "start" u32) (result (own $counter)) (canon lift (core func $code "make")))
  (func $add (param "self" (borrow $counter)) (param "number" u32) (result u32) (canon lift (core func $code "add")))
  (component $shaped
    (import "counter" (type $counter (sub resource)))
    (import "make" (func $make (param "start" u32) (result (own $counter))))
    (import "add" (func $add (param "self" (borrow $counter)) (param "number" u32) (result u32)))
    (export $named "counter" (type $counter))
    (export "[constructor]counter" (func $make) (func (param "start" u32) (result (own $named))))
    (export "[method]counter.add" (func $add)
      (func (param "self" (borrow $named)) (param "number" u32) (result u32))))
  (instance $api (instantiate $shaped
    (with "counter" (type $counter)) (with "make" (func $make)) (with "add" (func $add))))
  (export "test:counters/api" (instance $api)))
"""


def _number(value: int) -> rpc.WitValue:
    return rpc.WitValue([rpc.WitNodePrimU32(value)])


def test_objects_of_another_worker(tmp_path: Path) -> None:
    path = tmp_path / "counters.wasm"
    path.write_bytes(wat2wasm(_COUNTERS))

    def handle(made: rpc.WitValue) -> Any:
        return rpc.WitNodeHandle(made.nodes[1].value)

    def add(proxy: Any, made: rpc.WitValue) -> int:
        nodes = rpc.WitValue([handle(made)])
        return int(proxy.invoke_and_await("test:counters/api.{counter.add}", [nodes, _number(1)]).nodes[1].value)

    with Executor(tmp_path / "state.db", say=lambda line: None) as executor:
        workers = Workers(executor, executor.add_component(path).id)
        proxy = workers.rpc.WasmRpc(workers.named("callee"))
        one, two = (proxy.invoke_and_await("test:counters/api.{counter.new}", [_number(n)]) for n in (10, 20))
        assert [add(proxy, each) for each in (one, two, one)] == [11, 21, 12]
    with Executor(tmp_path / "state.db", say=lambda line: None) as executor:
        workers.session.executor = executor
        assert add(proxy, two) == 22
        proxy.invoke_and_await("test:counters/api.{counter.drop}", [rpc.WitValue([handle(two)])])
        with pytest.raises(rpc.RpcErrorRemoteInternalError, match="no counter 2"):
            add(proxy, two)
        assert add(proxy, one) == 13


def test_one_worker_for_an_ephemeral_client_with_the_callers_environment(workers: Workers) -> None:
    caller = workers.executor.create(workers.component, "rich", args=("a",), env=(("K", "v"),)).record
    session = Session(workers.executor, caller, 0)
    implementation: Any = session.implementations()["golem_rpc_types"]
    for position in (1, 2):
        session.recorder.current = position
        client = implementation.WasmRpc.ephemeral(workers.id)
        for count in (1, 2):
            session.recorder.current = 10 * position + count
            assert client.invoke_and_await("add", [ONE]).nodes[1] == rpc.WitNodePrimU32(count)
    made = [each for each in workers.executor.records.workers() if each.name.startswith("ephemeral-")]
    assert [(each.args, each.env, each.once) for each in made] == [(("a",), (("K", "v"),), True)] * 2
