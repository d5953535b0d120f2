"""Agents under test on CPython: they run one at a time, on the tests' clock, and share nothing but calls."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from witgen.golem.sdk import (
    U32,
    AgentPrincipal,
    AsyncWebSocket,
    Config,
    DomainError,
    Principal,
    Secret,
    agent,
    atomic,
    call,
    client,
    idempotency_key,
    injected,
    phantom_of,
    raises,
    schedule,
    trigger,
)
from witgen.golem.sdk.rpc import RpcErrorProtocolError, RpcErrorRemoteInternalError
from witgen.golem.sdk.storage import Bucket
from witgen.golem.sdk.testing import Agents, DeadlockError
from witgen.golem.sdk.websocket import ErrorClosed


class Refused(DomainError[str]):
    """An expected error."""


@dataclass
class Limits(Config):
    most: U32
    key: Secret[str]
    note: str = "none"


@agent
class Worker:
    def __init__(self, name: str, maker: Principal = injected(), limits: Limits = injected()) -> None:
        self.name = name
        self.maker = maker
        self.limits = limits
        self.notes: list[str] = []

    def note(self, text: str) -> U32:
        self.notes.append(text)
        return len(self.notes)

    def all(self) -> list[str]:
        return self.notes

    def who(self, principal: Principal = injected()) -> list[str]:
        return [self.maker.kind, principal.kind]

    def configured(self) -> str:
        return f"{self.limits.most} {self.limits.key.get()} {self.limits.note}"

    @raises(Refused)
    def refuse(self, text: str) -> None:
        raise Refused(text)

    def fail(self) -> None:
        raise ZeroDivisionError("on purpose")

    async def fail_half_way(self) -> None:
        with atomic():
            self.notes.append("half")
            raise KeyError("in the middle")

    async def slow(self, seconds: U32) -> float:
        started = time.time()
        await asyncio.sleep(seconds)
        time.sleep(1)
        return time.time() - started

    def keys(self) -> list[str]:
        return [str(idempotency_key()), str(idempotency_key())]


@agent
class Chat:
    async def run(self, url: str) -> list[str | bytes]:
        heard: list[str | bytes] = []
        try:
            async with AsyncWebSocket.connect(url) as socket:
                await socket.send("hello")
                while True:
                    heard.append(await socket.receive())
        except ErrorClosed:
            return heard


@agent
class Shelf:
    def count(self, key: str) -> list[int]:
        with Bucket("shelf") as bucket:
            bucket[key] = b"value"
            bucket["other"] = bucket[key]
            return [len(bucket), int(key in bucket), bucket.increment("n", 3), len(bucket.get_many([key, "missing"]))]


@agent
class Boss:
    def ask(self, name: str) -> list[str]:
        worker = client(Worker)(name)
        worker.note("from the boss")
        trigger(worker.note, "later")
        return worker.who()

    async def both(self) -> list[float]:
        one, two = client(Worker)("one"), client(Worker)("two")
        return list(await asyncio.gather(call(one.slow, 10), call(two.slow, 10)))

    async def give_up(self) -> str:
        try:
            async with asyncio.timeout(5):
                await call(client(Worker)("one").slow, 3600)
        except TimeoutError:
            return "gave up"
        return "done"

    def catch(self, name: str) -> str:
        try:
            client(Worker)(name).refuse("no")
        except Refused as refused:
            return refused.value
        return "nothing"

    def later(self, seconds: U32) -> None:
        schedule(seconds, client(Worker)("one").note, "scheduled")
        schedule(seconds, client(Worker)("one").note, "called off").cancel()

    def itself(self) -> None:
        client(Boss)().itself()


def test_agents_share_nothing_but_values(witgen_agents: Agents) -> None:
    worker = witgen_agents.get(Worker, "ann")
    assert worker.note("a") == 1
    assert (worker.all(), witgen_agents.get(Worker, "bob").all()) == (["a"], [])
    with pytest.raises(AttributeError, match="no method `notes` that other agents can call"):
        _ = worker.notes
    with pytest.raises(ValueError, match="text: expected a str"):
        worker.note(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="filled in by the SDK"):
        worker.who(AgentPrincipal(UUID(int=1), "x"))


def test_agents_call_one_another(witgen_agents: Agents) -> None:
    boss = witgen_agents.get(Boss)
    assert boss.ask("ann") == ["agent", "agent"]
    assert witgen_agents.calls(Worker, "ann") == [("note", "from the boss"), ("note", "later"), ("who",)]
    assert witgen_agents.get(Worker, "bob").who() == ["golem-user", "golem-user"]
    assert boss.catch("ann") == "no"


async def test_calls_run_side_by_side_on_the_clock_of_tests(witgen_agents: Agents) -> None:
    started = time.perf_counter()
    boss, before = witgen_agents.get(Boss), witgen_agents.now
    assert await boss.both() == [pytest.approx(11), pytest.approx(11)]
    assert await boss.give_up() == "gave up"
    await asyncio.sleep(3600)
    assert witgen_agents.now - before >= dt.timedelta(seconds=3616)
    assert time.perf_counter() - started < 30


def test_scheduled_calls(witgen_agents: Agents) -> None:
    witgen_agents.get(Boss).later(60)
    witgen_agents.advance(59)
    assert witgen_agents.calls(Worker, "one") == []
    witgen_agents.advance(dt.timedelta(seconds=1))
    assert witgen_agents.calls("Worker", "one") == [("note", "scheduled")]


def test_configuration(witgen_agents: Agents) -> None:
    witgen_agents.configure(Worker, most=3, key="sk")
    worker = witgen_agents.get(Worker, "ann")
    assert worker.configured() == "3 sk none"
    witgen_agents.configure(Worker, note="new")
    assert worker.configured() == "3 sk new"
    mine = witgen_agents.client(Worker).with_config(most=9)("bob")
    assert mine.configured() == "9 sk new"
    with pytest.raises(TypeError, match="declares no configuration `least`"):
        witgen_agents.configure(Worker, least=1)
    with pytest.raises(TypeError, match="is a secret"):
        witgen_agents.client(Worker).with_config(key="mine")("eve")


def test_what_fails_is_shown_and_fails_for_good(witgen_agents: Agents) -> None:
    worker = witgen_agents.get(Worker, "ann")
    with pytest.raises(RpcErrorRemoteInternalError, match="ZeroDivisionError: on purpose"):
        worker.fail()
    with pytest.raises(RpcErrorRemoteInternalError, match="previous invocation failed"):
        worker.note("a")
    with pytest.raises(Refused, match="never"):
        witgen_agents.get(Worker, "bob").refuse("never")
    assert witgen_agents.get(Worker, "bob").note("fine") == 1


async def test_a_region_that_fails_traps(witgen_agents: Agents) -> None:
    with pytest.raises(RpcErrorRemoteInternalError, match="in the middle"):
        await witgen_agents.get(Worker, "ann").fail_half_way()
    assert len(witgen_agents.fakes.golem_api_host.mark_begin_operation.calls) == 1
    assert witgen_agents.fakes.golem_api_host.mark_end_operation.calls == []


def test_phantoms(witgen_agents: Agents) -> None:
    workers = witgen_agents.client(Worker)
    one, two = workers.new_phantom()("ann"), workers.phantom(UUID(int=7))("ann")
    assert (one.note("a"), two.note("a"), two.note("b")) == (1, 1, 2)
    assert phantom_of(one) not in {None, UUID(int=7)}
    assert phantom_of(two) == UUID(int=7)
    assert workers.phantom(UUID(int=7))("ann").all() == ["a", "b"]
    assert phantom_of(witgen_agents.get(Worker, "ann")) is None


def test_keys_differ(witgen_agents: Agents) -> None:
    worker = witgen_agents.get(Worker, "ann")
    keys = [*worker.keys(), *worker.keys()]
    assert len({*keys}) == 4
    assert all(UUID(each).version == 5 for each in keys)


def test_a_snapshot_keeps_the_state(witgen_agents: Agents) -> None:
    witgen_agents.configure(Worker, most=3, key="sk")
    worker = witgen_agents.get(Worker, "ann")
    worker.note("kept")
    witgen_agents.restart(Worker, "ann")
    assert worker.all() == ["kept"]
    assert worker.who() == ["golem-user", "golem-user"]
    assert worker.configured() == "3 sk none"


def test_waiting_for_ever_is_told(witgen_agents: Agents) -> None:
    with pytest.raises(DeadlockError, match=r"still waiting: Boss\(\)"):
        witgen_agents.get(Boss).itself()


async def test_calling_off(witgen_agents: Agents) -> None:
    under_way = call(witgen_agents.get(Worker, "ann").slow, 5)
    under_way.cancel()
    with pytest.raises(RpcErrorProtocolError, match="cancelled"):
        await under_way


async def test_a_scripted_web_socket(witgen_agents: Agents) -> None:
    connection = witgen_agents.fakes.golem_websocket_client.WebsocketConnection
    connection.receive.returns("one", b"two")
    connection.receive.raises(ErrorClosed(None))
    assert await witgen_agents.get(Chat).run("ws://example") == ["one", b"two"]
    assert connection.connect.calls == [("ws://example", None)]
    assert [message.value for _, message in connection.send.calls] == ["hello"]


def test_a_store_in_memory(witgen_agents: Agents) -> None:
    assert witgen_agents.get(Shelf).count("a") == [2, 1, 3, 1]


def test_scripted_hosts(witgen_agents: Agents) -> None:
    from witgen.golem.sdk._bindings.types.golem_core_types import Uuid

    witgen_agents.fakes.golem_api_host.generate_idempotency_key.returns(Uuid(0, 1), Uuid(0, 2))
    assert witgen_agents.get(Worker, "ann").keys()[1] == str(UUID(int=2))


def test_misspelled_names(witgen_agents: Agents) -> None:
    """Errors about names that do not exist have those that were probably meant."""
    worker: Any = witgen_agents.get(Worker, "ann")
    fakes: Any = witgen_agents.fakes
    cls: Any = Worker
    with pytest.raises(AttributeError, match=r"has no method `note_` .*\. Did you mean `note`\?$"):
        _ = worker.note_
    with pytest.raises(TypeError, match=r"^note\(\): got an unexpected .* `txt`\. Did you mean `text`\?$"):
        worker.note(txt="a")
    with pytest.raises(TypeError, match=r"^note\(\): missing a required argument: 'text'$"):
        worker.note()
    for find in (witgen_agents.get, witgen_agents.calls):
        with pytest.raises(TypeError, match=r"^Worker\(\): got an unexpected .* `nam`\. Did you mean `name`\?$"):
            find(cls, nam="ann")
    with pytest.raises(AttributeError, match=r"has no attribute `golem_api_hst`\. Did you mean `golem_api_host`\?$"):
        _ = fakes.golem_api_hst
    with pytest.raises(AttributeError, match=r"no attribute `get_self_metadat`\. Did you mean `get_self_metadata`\?$"):
        _ = fakes.golem_api_host.get_self_metadat
