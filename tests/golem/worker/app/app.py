"""A worker whose memory, output, stores and conversations can be looked at."""

import random
import time
import uuid

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.guest import golem_durability_durability as durability
from agent.guest import wasi_blobstore_blobstore as blobstore
from agent.guest import wasi_clocks_monotonic_clock as monotonic
from agent.guest import wasi_clocks_wall_clock as wall
from agent.guest import wasi_config_store as config
from agent.guest import wasi_io_poll as poll
from agent.guest import wasi_keyvalue_atomic as atomic
from agent.guest import wasi_keyvalue_eventual as eventual
from agent.guest import wasi_logging_logging as log
from agent.guest import wasi_random_random as wasi_random
from agent.guest.exports import test_worker_purses as exported_purses
from agent.guest.exports.golem_api_load_snapshot import LoadSnapshot
from agent.guest.exports.golem_api_save_snapshot import SaveSnapshot
from agent.guest.golem_rdbms_postgres import DbConnection
from agent.guest.golem_rpc_types import WasmRpc
from agent.guest.golem_websocket_client import WebsocketConnection
from agent.guest.wasi_blobstore_container import Container
from agent.guest.wasi_blobstore_types import OutgoingValue as OutgoingBlob
from agent.guest.wasi_keyvalue_types import Bucket, OutgoingValue
from agent.types.golem_api_host import (
    ForkResult,
    PersistenceLevelPersistNothing,
    PersistenceLevelSmart,
    PromiseId,
)
from agent.types.golem_api_oplog import WrappedFunctionTypeWriteRemote
from agent.types.golem_rpc_types import (
    NamedWitTypeNode,
    RpcError,
    ValueAndType,
    WitNodePrimU64,
    WitType,
    WitTypeNodePrimU64Type,
    WitValue,
    WorkerId,
)
from agent.types.golem_websocket_client import Error, MessageText
from agent.types.test_worker_purses import PursePutError
from agent.types.wasi_logging_logging import Level
from agent.types.worker import Transcript

memory = {"counted": 0}


def converse(url: str, n: int) -> Transcript:
    key = host.generate_idempotency_key()
    text = str(uuid.UUID(int=key.high_bits << 64 | key.low_bits))
    answers = []
    name = f"answers-{text}"
    container = blobstore.create_container(name)
    with Bucket.open_bucket(name) as bucket, WebsocketConnection.connect(url, [("x-key", text)]) as connection:
        for number in range(n):
            answers.append(_ask(connection, str(number)))
            _store(bucket, container, str(number), answers[-1])
            if number % 7 == 0:
                log.log(Level.INFO, "worker", f"answer {number}")
                print(f"answer {number}", flush=True)
        stored = sum(
            eventual.get(bucket, str(number)).incoming_value_consume_sync().decode() == answers[number]
            for number in range(n)
        )
        connection.close()
    return Transcript(text, answers, stored)


def _ask(connection: WebsocketConnection, question: str) -> str:
    while True:
        connection.send(MessageText(question))
        # An answer that came while nobody was connected is lost; ask again then.
        while (answer := connection.receive_with_timeout(2000)) is not None:
            if answer.value == f"re:{question}":
                return answer.value


def _store(bucket: Bucket, container: Container, name: str, value: str) -> None:
    with OutgoingValue.new_outgoing_value() as outgoing:
        outgoing.outgoing_value_write_body_sync(value.encode())
        eventual.set(bucket, name, outgoing)
    with OutgoingBlob.new_outgoing_value() as blob:
        with blob.outgoing_value_write_body() as body:
            body.blocking_write_and_flush(value.encode())
        container.write_data(name, blob)


def count() -> int:
    memory["counted"] += 1
    print(f"counted {memory['counted']}", flush=True)
    return memory["counted"]


def look() -> list[str]:
    seen = [time.time(), time.monotonic_ns(), random.random(), uuid.uuid4(), monotonic.now(), monotonic.resolution()]
    seen += [wall.now(), wall.resolution(), wasi_random.get_random_u64(), wasi_random.get_random_bytes(3)]
    start = time.monotonic()
    time.sleep(0.05)
    return [*map(str, seen), str(time.monotonic() - start)]


def wait(url: str, milliseconds: int) -> list[int]:
    timeout = milliseconds * 1_000_000
    with (
        WebsocketConnection.connect(url, None) as connection,
        connection.subscribe() as message,
        monotonic.subscribe_duration(timeout) as timer,
    ):
        return poll.poll([message, timer])


def hear(url: str, n: int) -> list[str]:
    heard: list[str] = []
    with WebsocketConnection.connect(url, None) as connection, connection.subscribe() as message:
        while len(heard) < n:
            message.block()
            if not message.ready():
                continue
            heard.append(connection.receive().value)
    return heard


def after_close(url: str) -> list[str]:
    with WebsocketConnection.connect(url, None) as connection:
        said = [_said(connection.receive) for _ in range(2)]
        log.log(Level.INFO, "worker", "closed")
        host.generate_idempotency_key()
        said.append(_said(connection.receive))
        said.append(_said(lambda: connection.send(MessageText("more"))))
    return said


def _said(call) -> str:
    try:
        return repr(call())
    except Error as error:
        return repr(error)


def stubborn(name: str, successful: int) -> int:
    with Bucket.open_bucket("stubborn") as bucket:
        policy = host.get_retry_policy()
        policy.max_attempts, policy.min_delay = 5, 1_000_000
        host.set_retry_policy(policy)
        host.mark_begin_operation()
        reached = atomic.increment(bucket, name, 1)
        if reached < successful:
            raise SystemError(f"only {reached}")
        return reached


def region(name: str) -> int:
    with Bucket.open_bucket("regions") as bucket:
        begin = host.mark_begin_operation()
        first = atomic.increment(bucket, name, 1)
        if first == 1:
            raise SystemError("in the middle")
        second = atomic.increment(bucket, name, 1)
        host.mark_end_operation(begin)
        return second


def unrecorded(name: str) -> tuple[int, list[int]]:
    host.set_oplog_persistence_level(PersistenceLevelPersistNothing())
    with Bucket.open_bucket("unrecorded") as bucket:
        reached = atomic.increment(bucket, name, 1)
    keys = [host.generate_idempotency_key().low_bits for _ in range(2)]
    host.set_oplog_persistence_level(PersistenceLevelSmart())
    print(f"reached {reached}", flush=True)
    return reached, keys


def measure(name: str, successful: int) -> tuple[int, int]:
    return _measured(name, successful, _WithBytes), _measured(name, successful, _WithValues)


def _measured(name: str, successful: int, way) -> int:
    kind = WrappedFunctionTypeWriteRemote()
    begin = durability.begin_durable_function(kind)
    if durability.current_durable_execution_state().is_live:
        with Bucket.open_bucket("measured") as bucket:
            reached = atomic.increment(bucket, name, 1)
        if reached < successful:
            raise SystemError("in the middle")
        way.persist(reached, kind)
    else:
        reached = way.read()
    durability.end_durable_function(kind, begin, True)
    return reached


class _WithBytes:
    @staticmethod
    def persist(reached: int, kind) -> None:
        durability.persist_durable_function_invocation("measure", b"", b"%d" % reached, kind)

    @staticmethod
    def read() -> int:
        return int(durability.read_persisted_durable_function_invocation().response)


class _WithValues:
    @staticmethod
    def persist(reached: int, kind) -> None:
        type_ = WitType([NamedWitTypeNode(None, None, WitTypeNodePrimU64Type())])
        value = ValueAndType(WitValue([WitNodePrimU64(reached)]), type_)
        durability.persist_typed_durable_function_invocation("measure", value, value, kind)

    @staticmethod
    def read() -> int:
        return durability.read_persisted_typed_durable_function_invocation().response.value.nodes[0].value


def database() -> None:
    assert config.get_all() == []
    DbConnection.open("postgres://localhost/nothing")


def spin() -> None:
    while True:
        pass


def ask(worker: str, function: str) -> str:
    component = host.get_self_metadata().worker_id.component_id
    with WasmRpc(WorkerId(component, worker)) as other:
        try:
            return repr(other.invoke_and_await(function, []).nodes[1:])
        except RpcError as error:
            return repr(error)


def fail_slowly() -> None:
    policy = host.get_retry_policy()
    policy.min_delay = policy.max_delay = 3600 * 10**9
    host.set_retry_policy(policy)
    raise SystemError("slowly")


def promised() -> bytes:
    promise = host.create_promise()
    print(f"promise {promise.oplog_idx}", flush=True)
    return host.await_promise(promise)


def complete(worker: str, position: int, data: bytes) -> bool:
    owner = WorkerId(host.get_self_metadata().worker_id.component_id, worker)
    return host.complete_promise(PromiseId(owner, position), data)


def part(name: str) -> bytes:
    return b"original" if host.fork(name) is ForkResult.ORIGINAL else promised()


class Purse(exported_purses.Purse):
    made = 0

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._coins = 0
        Purse.made += 1

    def put(self, coins: int) -> int:
        if coins == 0:
            raise PursePutError("nothing to put")
        self._coins += coins
        return self._coins

    def owner(self) -> str:
        return self._owner

    @classmethod
    def pour(cls, from_: "Purse", into: "Purse") -> None:
        into._coins, from_._coins = into._coins + from_._coins, 0

    @classmethod
    def count(cls) -> int:
        return cls.made


class Thief(exported_purses.Thief):
    def steal(self) -> int:
        return 0


class Purses(exported_purses.Purses):
    Purse = Purse
    Thief = Thief

    def meet(self) -> Thief:
        return Thief()


class Save(SaveSnapshot):
    def save(self) -> bytes:
        return str(memory["counted"]).encode()


class Load(LoadSnapshot):
    def load(self, bytes: bytes) -> None:
        memory["counted"] = int(bytes) * 100


exports.serve(
    __name__,
    converse=converse,
    count=count,
    look=look,
    wait=wait,
    hear=hear,
    after_close=after_close,
    stubborn=stubborn,
    region=region,
    unrecorded=unrecorded,
    measure=measure,
    database=database,
    spin=spin,
    ask=ask,
    fail_slowly=fail_slowly,
    promised=promised,
    complete=complete,
    part=part,
    test_worker_purses=Purses(),
    golem_api_save_snapshot=Save(),
    golem_api_load_snapshot=Load(),
)
