"""Fakes on plain CPython: what they answer and record, and that a test fails where a component would end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.guests import importable
from witgen import Config, generate

WIT = """\
package test:%fakes;
interface store {
  variant error { full(u32), denied }
  record item { key: string, size: u8 }
  resource box { constructor(name: string); put: func(item: item) -> result<u32, error>; peek: func() -> option<item>; }
  record parcel { label: string, content: box }
  wrap: func(label: string, content: box) -> parcel;
  unwrap: func(parcel: parcel) -> box;
  weigh: func(of: borrow<box>) -> u32;
  count: func() -> u32;
  note: func(text: string);
}
interface later { fetch: async func(n: u32) -> result<u32, string>; }
world %fakes {
  import later;
  export gather: async func(n: u32) -> u32;
  import store;
  import wasi:io/poll@0.2.3;
  import wasi:clocks/monotonic-clock@0.2.3;
  export run: func(what: string) -> result<u32, string>;
}
package wasi:io@0.2.3 {
  interface poll { resource pollable { ready: func() -> bool; block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>; }
}
package wasi:clocks@0.2.3 {
  interface monotonic-clock { use wasi:io/poll@0.2.3.{pollable};
    now: func() -> u64; subscribe-duration: func(when: u64) -> pollable; }
}
"""
APP = """\
import asyncio
from fakes_bindings.guest import exports, test_fakes_later
JOBS = {}

async def gather(n):
    return sum(await asyncio.gather(*map(test_fakes_later.fetch, range(n))))

exports.serve(__name__, run=lambda what: JOBS[what](), gather=gather)
"""


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = importable(tmp_path_factory.mktemp("fakes"))
    (folder / "fakes.wit").write_text(WIT)
    (folder / "fakes_app.py").write_text(APP)
    generate(Config(folder / "fakes.wit", world="fakes", out=folder / "fakes_bindings", host=False))
    import fakes_app
    from fakes_bindings.guest import test_fakes_store as store
    from fakes_bindings.guest import testing, wasi_clocks_monotonic_clock, wasi_io_poll
    from fakes_bindings.types import fakes as own
    from fakes_bindings.types import test_fakes_later as later
    from fakes_bindings.types import test_fakes_store as types

    from witgen_runtime import guest as runtime

    return SimpleNamespace(
        app=fakes_app, store=store, testing=testing, types=types, own=own, later=later, runtime=runtime,
        poll=wasi_io_poll, clock=wasi_clocks_monotonic_clock,
    )  # fmt: skip


@pytest.fixture
def fakes(bindings: SimpleNamespace) -> Iterator[Any]:
    yield from bindings.testing.installed()


@pytest.fixture
def run(bindings: SimpleNamespace, fakes: Any) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Return what runs code as the guest's export."""
    with bindings.testing.opened("fakes_app", fakes) as guest:

        def as_export(job: Callable[[], Any]) -> Any:
            bindings.app.JOBS["job"] = job
            return guest.run("job")

        yield as_export


def test_calls_in_order_and_in_canonical_form(bindings: SimpleNamespace, fakes: Any) -> None:
    box = bindings.store.Box("one")
    fakes.test_fakes_store.Box.put.returns(1)
    item = bindings.types.Item("k", 2)
    assert box.put(item) == 1
    bindings.store.note(text="said")
    [made] = fakes.test_fakes_store.Box
    assert fakes.test_fakes_store.Box.constructor.calls == [("one",)]
    assert fakes.test_fakes_store.Box.put.calls == [(made, item)]
    assert [tuple(call) for call in bindings.testing.calls(fakes)] == [
        ("Box", ("one",)),
        ("Box.put", (made, item)),
        ("note", ("said",)),
    ]


def test_what_does_not_fit_is_refused_where_it_is_scripted(bindings: SimpleNamespace, fakes: Any) -> None:
    store = fakes.test_fakes_store
    with pytest.raises(ValueError, match=r"put\(\) result: expected u32, got -1"):
        store.Box.put.returns(-1)
    with pytest.raises(TypeError, match=r"peek\(\) result: expected Item, got str"):
        store.Box.peek.returns("no item")
    with pytest.raises(TypeError, match=r"Box\.put cannot raise KeyError.*: WIT declares Error"):
        store.Box.put.raises(KeyError())
    with pytest.raises(TypeError, match=r"count cannot raise .*: WIT declares no error"):
        store.count.raises(bindings.types.ErrorDenied())
    with pytest.raises(ValueError, match=r"ErrorFull\.value: expected u32"):
        store.Box.put.raises(bindings.types.ErrorFull(-1))
    with pytest.raises(TypeError, match="expected Box of the fakes, got Pollable"):
        store.unwrap.returns(fakes.wasi_io_poll.Pollable())


def test_a_call_that_nothing_answers(bindings: SimpleNamespace, fakes: Any) -> None:
    bindings.store.note("nothing to answer")
    with pytest.raises(bindings.testing.Trap, match="count: nothing answers this call"):
        bindings.store.count()
    with pytest.raises(bindings.testing.Trap):
        bindings.store.note("the component has ended")


def test_scripts_come_before_answers(bindings: SimpleNamespace, fakes: Any) -> None:
    fakes.test_fakes_store.count.answers(lambda: 9)
    fakes.test_fakes_store.count.returns(1, 2)
    assert [bindings.store.count() for _ in range(4)] == [1, 2, 9, 9]


def test_declared_errors_arrive_and_leave(bindings: SimpleNamespace, fakes: Any, run: Any) -> None:
    fakes.test_fakes_store.Box.put.raises(bindings.types.ErrorFull(7))

    def job() -> int:
        try:
            bindings.store.Box("b").put(bindings.types.Item("k", 1))
        except bindings.types.ErrorFull as error:
            raise bindings.own.RunError(f"full: {error.value}") from error
        return 0

    with pytest.raises(bindings.own.RunError, match="full: 7"):
        run(job)


@pytest.mark.parametrize("result", ["text", -1, None, 2**32])
def test_results_that_do_not_fit_end_the_component(bindings: SimpleNamespace, run: Any, result: Any) -> None:
    assert run(lambda: 5) == 5
    with pytest.raises(bindings.testing.Trap):
        run(lambda: result)
    with pytest.raises(RuntimeError, match="the component has ended"):
        run(lambda: 5)


def test_an_error_that_does_not_fit_ends_the_component(bindings: SimpleNamespace, run: Any) -> None:
    def job() -> int:
        raise bindings.own.RunError(7)

    with pytest.raises(bindings.testing.Trap, match="expected str, got int"):
        run(job)


def test_an_exception_ends_the_component(
    bindings: SimpleNamespace, run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(bindings.testing.Trap, match="ZeroDivisionError"):
        run(lambda: 1 // 0)
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("caught", [Exception, BaseException])
def test_no_guest_catches_a_trap(bindings: SimpleNamespace, fakes: Any, run: Any, caught: type[BaseException]) -> None:
    def job() -> int:
        try:
            return int(bindings.store.count())
        except caught:
            return 0

    with pytest.raises(bindings.testing.Trap, match="count"):
        run(job)


def test_a_failure_of_the_test_itself_comes_out_as_it_is(fakes: Any, bindings: SimpleNamespace, run: Any) -> None:
    failure = AssertionError("not that text")

    def answer(_: str) -> None:
        raise failure

    fakes.test_fakes_store.note.answers(answer)

    def job() -> int:
        with suppress(Exception):
            bindings.store.note("x")
        return 1

    with pytest.raises(AssertionError) as caught:
        run(job)
    assert caught.value is failure


def test_handles_that_move_and_end(bindings: SimpleNamespace, fakes: Any) -> None:
    store, fake = bindings.store, fakes.test_fakes_store
    fake.wrap.answers(bindings.types.Parcel)
    fake.unwrap.answers(lambda parcel: parcel.content)
    fake.weigh.answers(lambda of: 3)
    box = store.Box("b")
    parcel = store.wrap("label", box)
    with pytest.raises(bindings.runtime.DroppedError, match="Box was given away"):
        store.weigh(box)
    back = store.unwrap(parcel)
    assert store.weigh(back) == 3
    [made] = fake.Box
    assert fake.wrap.calls == [("label", made)]
    assert not made.dropped
    back.drop()
    back.drop()
    assert made.dropped
    with pytest.raises(bindings.runtime.DroppedError, match="Box was dropped"):
        store.weigh(back)
    with pytest.raises(TypeError, match=r"weigh\(of=…\): expected Box, got str"):
        store.weigh("no box")


def test_pollables_and_timers(bindings: SimpleNamespace, fakes: Any) -> None:
    flag = fakes.wasi_io_poll.Pollable()
    fakes.wasi_clocks_monotonic_clock.subscribe_duration.returns(flag)
    pollable = bindings.clock.subscribe_duration(0)
    timer = bindings.clock.subscribe_duration(50_000_000)
    assert not pollable.ready()
    start = time.monotonic()
    assert bindings.poll.poll([pollable, timer]) == [1]
    assert time.monotonic() - start >= 0.045
    flag.set()
    assert pollable.ready()
    flag.clear()
    threading.Timer(0.02, flag.set).start()
    pollable.block()
    assert bindings.poll.poll([timer, pollable]) == [0, 1]


def test_async_functions(bindings: SimpleNamespace, fakes: Any) -> None:
    fakes.test_fakes_later.fetch.answers(lambda n: n * n)
    with bindings.testing.opened("fakes_app", fakes) as guest:
        assert guest.gather(4) == 0 + 1 + 4 + 9
        assert sorted(fakes.test_fakes_later.fetch.calls) == [(0,), (1,), (2,), (3,)]
        fakes.test_fakes_later.fetch.raises(bindings.later.FetchError("no"))
        with pytest.raises(bindings.testing.Trap, match="FetchError"):
            guest.gather(1)


def test_only_while_they_are_installed(bindings: SimpleNamespace) -> None:
    with pytest.raises(bindings.runtime.OutsideComponentError, match="guest/testing"):
        bindings.store.note("x")
    with bindings.testing.Fakes(), pytest.raises(RuntimeError, match="installed already"):
        bindings.testing.Fakes().__enter__()


def test_what_cannot_be_opened(bindings: SimpleNamespace, fakes: Any) -> None:
    with pytest.raises(LookupError, match="needs host bindings"), bindings.testing.opened("app.wasm", fakes):
        pass
    with pytest.raises(LookupError, match="json does not call"), bindings.testing.opened("json", fakes):
        pass
