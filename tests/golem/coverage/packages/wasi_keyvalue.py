"""wasi:keyvalue: buckets and the cache, with every way to write and to read."""

from agent.guest import wasi_keyvalue_atomic as atomic
from agent.guest import wasi_keyvalue_cache as cache
from agent.guest import wasi_keyvalue_eventual as eventual
from agent.guest import wasi_keyvalue_eventual_batch as batch
from agent.guest.wasi_keyvalue_types import Bucket, IncomingValue, OutgoingValue
from agent.guest.wasi_keyvalue_wasi_keyvalue_error import Error
from agent.types.wasi_keyvalue_cache import GetOrSetEntryOccupied, GetOrSetEntryVacant
from agent.types.wasi_keyvalue_wasi_keyvalue_error import ErrorException

from witgen_runtime.values import Ok

from .failing import failure


def value(content: bytes) -> OutgoingValue:
    made = OutgoingValue.new_outgoing_value()
    made.outgoing_value_write_body_sync(content)
    return made


def cover(_: str) -> None:
    with Bucket.open_bucket("coverage") as bucket:
        _eventual(bucket)
        _batch(bucket)
        assert atomic.increment(bucket, "n", 2) == 2
        assert atomic.compare_and_swap(bucket, "n", 2, 5)
        error = failure(ErrorException, Bucket.open_bucket, "nul\0").value
        assert isinstance(error, Error)
        assert error.trace()
    _cache()


def _eventual(bucket: Bucket) -> None:
    with OutgoingValue.new_outgoing_value() as streamed:
        with streamed.outgoing_value_write_body_async() as body:
            body.blocking_write_and_flush(b"streamed")
        eventual.set(bucket, "a", streamed)
    assert eventual.exists(bucket, "a")
    with _found(eventual.get(bucket, "a")) as found:
        assert found.incoming_value_size() == 8
        assert found.incoming_value_consume_sync() == b"streamed"
    with _found(eventual.get(bucket, "a")) as found, found.incoming_value_consume_async() as body:
        assert body.blocking_read(100) == b"streamed"
    eventual.delete(bucket, "a")
    assert eventual.get(bucket, "a") is None


def _found(value: IncomingValue | None) -> IncomingValue:
    assert value is not None
    return value


def _batch(bucket: Bucket) -> None:
    with value(b"1") as one, value(b"2") as two:
        batch.set_many(bucket, [("x", one), ("y", two)])
    assert set(batch.keys(bucket)) == {"x", "y"}
    first, second = batch.get_many(bucket, ["x", "z"])
    assert _found(first).incoming_value_consume_sync() == b"1"
    assert second is None
    batch.delete_many(bucket, ["x", "y", "z"])


def _cache() -> None:
    with value(b"cached") as cached, cache.set("k", cached, 60_000) as done:
        with done.listen_to_future_result() as ready:
            ready.block()
        assert done.future_result_get() == Ok(None)
    with cache.exists("k") as there:
        with there.listen_to_future_exists_result() as ready:
            ready.block()
        assert there.future_exists_result_get() == Ok(True)
    with cache.get("k") as got:
        with got.listen_to_future_get_result() as ready:
            ready.block()
        outcome = got.future_get_result_get()
        assert isinstance(outcome, Ok)
        assert _found(outcome.value).incoming_value_consume_sync() == b"cached"
    with cache.delete("k") as done, done.listen_to_future_result() as ready:
        ready.block()
    for kind in (GetOrSetEntryVacant, GetOrSetEntryOccupied):
        with cache.get_or_set("k") as both:
            with both.listen_to_future_get_or_set_result() as ready:
                ready.block()
            entry = both.future_get_or_set_result_get()
            assert isinstance(entry, Ok)
            assert isinstance(entry.value, kind)
            if isinstance(entry.value, GetOrSetEntryVacant):
                assert isinstance(entry.value.value, cache.Vacancy)
                with entry.value.value.vacancy_fill(60_000) as filled:
                    filled.outgoing_value_write_body_sync(b"filled")
