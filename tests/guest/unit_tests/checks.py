"""Tests of the guest in `app.py`, which pass on CPython and against the component."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trying_bindings.guest import testing
from trying_bindings.guest.testing import Fakes, Guest
from trying_bindings.types.test_trying_sink import ProblemFull, ProblemMissing
from trying_bindings.types.wasi_io_streams import StreamError, StreamErrorClosed, StreamErrorLastOperationFailed

from witgen_runtime.values import Ok

Capture = pytest.CaptureFixture[str]


def script(*items: bytes | StreamError) -> Callable[..., bytes]:
    rest = list(items)

    def answer(*_: object) -> bytes:
        item = rest.pop(0)
        if isinstance(item, StreamError):
            raise item
        return item

    return answer


def test_streams_are_read_and_written(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    streams = witgen_fakes.wasi_io_streams
    source, to = streams.InputStream(), streams.OutputStream()
    witgen_fakes.test_trying_sink.source.returns(source)
    witgen_fakes.test_trying_sink.open.returns(to)
    streams.InputStream.blocking_read.answers(script(b"Hello, ", b"Ann", StreamErrorClosed()))
    assert witgen_guest.copy("x") == 10
    assert streams.InputStream.blocking_read.calls == [(source, 1000)] * 3
    assert streams.OutputStream.write.calls == [(to, b"Hello, "), (to, b"Ann")]
    assert streams.OutputStream.blocking_flush.calls == [(to,), (to,)]
    assert source.dropped
    assert to.dropped


def test_a_stream_that_fails(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    error = witgen_fakes.wasi_io_error.Error()
    witgen_fakes.wasi_io_error.Error.to_debug_string.returns("the disk is full")
    witgen_fakes.wasi_io_streams.InputStream.blocking_read.raises(StreamErrorLastOperationFailed(error))
    with pytest.raises(ProblemFull):
        witgen_guest.copy("x")
    assert witgen_fakes.wasi_io_error.Error.to_debug_string.calls == [(error,)]


def test_print_is_no_call_of_a_fake(witgen_guest: Guest, witgen_fakes: Fakes, capfd: Capture) -> None:
    error = witgen_fakes.wasi_io_error.Error()
    witgen_fakes.wasi_io_error.Error.to_debug_string.returns("no")
    witgen_fakes.wasi_io_streams.InputStream.blocking_read.raises(StreamErrorLastOperationFailed(error))
    with pytest.raises(ProblemFull):
        witgen_guest.copy("x")
    assert "copying failed: no" in capfd.readouterr().out
    names = [name for name, _ in testing.calls(witgen_fakes)]
    assert names == ["source", "open", "InputStream.blocking_read", "Error.to_debug_string"]


def test_pollables_and_timeouts(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    signal = witgen_fakes.wasi_io_poll.Pollable()
    witgen_fakes.test_trying_sink.signal.returns(signal)
    threading.Timer(0.02, signal.set).start()
    assert witgen_guest.wait(5000) == "signal"
    witgen_fakes.test_trying_sink.signal.returns(witgen_fakes.wasi_io_poll.Pollable())
    assert witgen_guest.wait(20) == "timeout"
    assert [each.dropped for each in witgen_fakes.wasi_io_poll.Pollable][:1] == [True]


def test_objects_come_back(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    to = witgen_fakes.wasi_io_streams.OutputStream()
    assert witgen_guest.pass_(to) is to
    assert not to.dropped


@pytest.mark.parametrize("time", [1, 2])
def test_state_is_fresh_for_each_test(witgen_guest: Guest, time: int) -> None:
    assert [witgen_guest.count(), witgen_guest.count()] == [2, 4]


@settings(max_examples=20)
@given(st.lists(st.text()))
def test_properties(witgen_guest: Guest, witgen_fakes: Fakes, titles: list[str]) -> None:
    assert witgen_guest.count() == 2
    assert len(testing.calls(witgen_fakes)) == 0
    witgen_fakes.test_trying_sink.signal.returns(witgen_fakes.wasi_io_poll.Pollable())
    assert witgen_guest.wait(1) == "timeout"
    if not any("trap" in title for title in titles):
        for slug in witgen_guest.slugs(titles):
            assert slug.strip("-") == slug


def test_errors_that_wit_declares(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    with pytest.raises(ProblemMissing) as caught:
        witgen_guest.fail("missing")
    assert (type(caught.value), caught.value.value) == (ProblemMissing, "a")
    witgen_fakes.test_trying_sink.open.raises(ProblemFull())
    with pytest.raises(ProblemFull):
        witgen_guest.copy("x")


@pytest.mark.parametrize(
    ("how", "told"), [("undeclared", "LookupError"), ("dropped", "DroppedError"), ("argument", "TypeError")]
)
def test_traps(witgen_guest: Guest, how: str, told: str, capfd: Capture) -> None:
    with pytest.raises(testing.Trap):
        witgen_guest.fail(how)
    assert told in capfd.readouterr().err
    with pytest.raises(RuntimeError):
        witgen_guest.fail("missing")


def test_exits_and_failures_of_the_test(witgen_guest: Guest) -> None:
    with pytest.raises(testing.GuestExit) as caught:
        witgen_guest.fail("exit")
    assert caught.value.code == 1


def test_failures_of_fakes(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    failure = ZeroDivisionError("in the test")

    def answer() -> None:
        raise failure

    witgen_fakes.test_trying_sink.signal.answers(answer)
    with pytest.raises(ZeroDivisionError) as caught:
        witgen_guest.fail("host")
    assert caught.value is failure


def test_there_is_nothing_on_stdin(witgen_guest: Guest) -> None:
    witgen_guest.fail("stdin")


def test_wrong_arguments(witgen_guest: Guest) -> None:
    with pytest.raises(ValueError, match=r"wait\(milliseconds=…\): expected u32, got -1"):
        witgen_guest.wait(-1)
    with pytest.raises(TypeError, match=r"expected str, got int"):
        witgen_guest.fail(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"has no parameter|unexpected keyword"):
        witgen_guest.fail(who="x")  # type: ignore[call-arg]


def test_resources_of_the_guest(witgen_guest: Guest) -> None:
    with witgen_guest.test_trying_things.Thing("box") as thing:
        assert thing.name() == "box"
    with pytest.raises(ValueError, match="dropped"):
        thing.name()
    with pytest.raises(testing.Trap):
        witgen_guest.test_trying_things.Thing("")


def test_http_requests(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    http = witgen_fakes.wasi_http_types
    http.FutureIncomingResponse.get.returns(Ok(Ok(http.IncomingResponse())))
    http.IncomingResponse.status.returns(200)
    http.IncomingResponse.consume.returns(http.IncomingBody())
    http.IncomingBody.stream.returns(witgen_fakes.wasi_io_streams.InputStream())
    witgen_fakes.wasi_io_streams.InputStream.blocking_read.answers(script(b"hi", StreamErrorClosed()))
    assert witgen_guest.fetch("/") == (200, "hi")


def test_http_responses(witgen_guest: Guest, witgen_fakes: Fakes) -> None:
    http = witgen_fakes.wasi_http_types
    http.IncomingRequest.path_with_query.returns("/hi")
    witgen_guest.wasi_http_incoming_handler.handle(http.IncomingRequest(), http.ResponseOutparam())
    written = witgen_fakes.wasi_io_streams.OutputStream.blocking_write_and_flush.calls
    assert b"".join(data for _, data in written) == b"path: /hi"
    assert [call[1] for call in http.OutgoingResponse.set_status_code.calls] == [200]
