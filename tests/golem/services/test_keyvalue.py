"""`wasi:keyvalue` as a component meets it, and the file behind it."""

from __future__ import annotations

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.golem.services.full_disk import full_disk
from tests.golem.services.probing import Guest, Start
from witgen.golem.local import Services
from witgen.golem.services.errors import ServiceError
from witgen.golem.services.keyvalue.store import KeyValue

HELPERS = """
types, Bucket = wasi_keyvalue_types, wasi_keyvalue_types.Bucket

def value(content):
    made = types.OutgoingValue.new_outgoing_value()
    made.outgoing_value_write_body_sync(content)
    return made

def content(found):
    return None if found is None else found.incoming_value_consume_sync()

def failure(call, *arguments):
    try:
        call(*arguments)
    except Err as error:
        return error.value.trace()

def known(future, get, listen):
    ready = listen(future)
    ready.block()
    ready.__exit__(None, None, None)
    return get(future).value

def put(key, text, ttl=None):
    found = cache.set(key, value(text), ttl)
    return known(found, cache.FutureResult.future_result_get, cache.FutureResult.listen_to_future_result)

def cached(key):
    future = cache.FutureGetResult
    return content(known(cache.get(key), future.future_get_result_get, future.listen_to_future_get_result))

bucket = Bucket.open_bucket("bucket")
"""


def test_values_come_back(guest: Guest) -> None:
    keys = ["", "key", "KEY", "a/b", "grün 🐍", "k" * 10_000]
    assert guest(
        """
        for key in keys:
            out.append((content(eventual.get(bucket, key)), eventual.exists(bucket, key)))
            eventual.set(bucket, key, value(key.encode()))
        out.append(sorted(eventual_batch.keys(bucket)) == sorted(keys))
        out.append(all(content(eventual.get(bucket, key)) == key.encode() for key in keys))
        eventual.set(bucket, "key", value(b"other"))
        out.append(content(eventual.get(bucket, "key")))
        eventual.delete(bucket, "key")
        eventual.delete(bucket, "key")
        out.append(eventual.exists(bucket, "key"))
        out.append(content(eventual.get(Bucket.open_bucket("another"), "KEY")))
        """,
        keys=keys,
    ) == [(None, False)] * len(keys) + [True, True, b"other", False, None]


def test_content_goes_through_streams(guest: Guest) -> None:
    assert guest("""
        made = types.OutgoingValue.new_outgoing_value()
        stream = made.outgoing_value_write_body_async()
        for _ in range(100):
            stream.blocking_write_and_flush(bytes(4096))
        stream.__exit__(None, None, None)
        eventual.set(bucket, "zeros", made)
        eventual.set(bucket, "again", made)
        found = eventual.get(bucket, "again")
        out.append(found.incoming_value_size())
        stream, size = found.incoming_value_consume_async(), 0
        try:
            while True:
                size += len(stream.blocking_read(1 << 16))
        except Err as error:
            out.append((size, type(error.value).__name__))
        out.append(content(eventual.get(bucket, "zeros")) == bytes(409600))
    """) == [409600, (409600, "StreamError_Closed"), True]


def test_handles_may_be_dropped_in_any_order(guest: Guest) -> None:
    assert guest("""
        made = types.OutgoingValue.new_outgoing_value()
        stream = made.outgoing_value_write_body_async()
        made.__exit__(None, None, None)
        stream.blocking_write_and_flush(b"nobody reads this")
        stream.__exit__(None, None, None)
        eventual.set(bucket, "k", value(b"v"))
        found = eventual.get(bucket, "k")
        stream = found.incoming_value_consume_async()
        found.__exit__(None, None, None)
        out.append(stream.blocking_read(10))
        future = cache.get_or_set("k")
        ready = future.listen_to_future_get_or_set_result()
        future.__exit__(None, None, None)
        ready.block()
        ready.__exit__(None, None, None)
        out.append(type(cache.get_or_set("k").future_get_or_set_result_get().value).__name__)
    """) == [b"v", "GetOrSetEntry_Vacant"]


def test_what_can_be_had_once(guest: Guest) -> None:
    assert guest("""
        eventual.set(bucket, "k", value(b"v"))
        found = eventual.get(bucket, "k")
        content(found)
        out.append(failure(found.incoming_value_consume_sync))
        out.append(failure(found.incoming_value_consume_async))
        out.append(found.incoming_value_size())
        made = types.OutgoingValue.new_outgoing_value()
        stream = made.outgoing_value_write_body_async()
        out.append(failure(made.outgoing_value_write_body_async))
        out.append(failure(made.outgoing_value_write_body_sync, b"x"))
    """) == [
        "the content of this value was already taken",
        "the content of this value was already taken",
        1,
        "the stream of this value was already taken",
        "this value has a stream, which takes its content",
    ]


def test_many_at_a_time(guest: Guest) -> None:
    assert guest("""
        eventual_batch.set_many(bucket, [("a", value(b"1")), ("b", value(b"2")), ("a", value(b"3"))])
        out.append([content(found) for found in eventual_batch.get_many(bucket, ["b", "x", "a", "b"])])
        eventual_batch.delete_many(bucket, ["b", "x"])
        out.append(eventual_batch.keys(bucket))
        failed = failure(eventual_batch.set_many, bucket, [("good", value(b"1")), ("b\\0d", value(b"2"))])
        out.append((failed, eventual_batch.keys(bucket)))
    """) == [[b"2", None, b"3", b"2"], ["a"], ("'b\\x00d' has a NUL in it", ["a"])]


def test_numbers(guest: Guest) -> None:
    assert guest("""
        out.append([atomic.increment(bucket, "n", delta) for delta in (5, 0, 2**63)])
        out.append(content(eventual.get(bucket, "n")))
        out.append(failure(atomic.increment, bucket, "n", 2**63))
        out.append([atomic.compare_and_swap(bucket, *call) for call in (("n", 1, 2), ("n", 2**63 + 5, 7), ("x", 0, 1))])
        out.append(atomic.increment(bucket, "n", 1))
        eventual.set(bucket, "text", value(b"seven"))
        out.append(failure(atomic.increment, bucket, "text", 1))
        out.append(failure(atomic.compare_and_swap, bucket, "text", 1, 2))
        for digits in (b"9" * 20, b"9" * 5000):
            eventual.set(bucket, "long", value(digits))
            out.append(failure(atomic.increment, bucket, "long", 1))
            out.append(failure(atomic.compare_and_swap, bucket, "long", 1, 2))
        eventual.set(bucket, "zeros", value(b"0" * 5000 + b"7"))
        out.append(atomic.increment(bucket, "zeros", 1))
    """) == [
        [5, 5, 2**63 + 5],
        b"9223372036854775813",
        "the number under 'n' would be 18446744073709551621, which is more than a u64 can be",
        [False, True, False],
        8,
        "the value under 'text' is not a number",
        "the value under 'text' is not a number",
        *["the number under 'long' is more than a u64 can be"] * 4,
        8,
    ]


def test_counting_together(start: Start) -> None:
    guests = [start() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        count = "[atomic.increment(bucket, 'n', 1) for _ in range(100)]"
        list(pool.map(lambda each: each(count), guests))
    assert guests[0]("out.append(atomic.increment(bucket, 'n', 0))") == [400]


def test_cached_values_expire(guest: Guest) -> None:
    exists = (
        "known(cache.exists(key), cache.FutureExistsResult.future_exists_result_get,"
        " cache.FutureExistsResult.listen_to_future_exists_result)"
    )
    assert guest("put('short', b'1', 300); put('long', b'2', 60_000); put('ever', b'3'); put('gone', b'4', 0)") == []
    look = f"out.extend((cached(key), {exists}) for key in ('short', 'long', 'ever', 'gone', 'never'))"
    assert guest(look) == [(b"1", True), (b"2", True), (b"3", True), (None, False), (None, False)]
    time.sleep(0.3)
    assert guest(look)[:3] == [(None, False), (b"2", True), (b"3", True)]
    assert guest("""
        known(cache.delete("ever"), cache.FutureResult.future_result_get, cache.FutureResult.listen_to_future_result)
        out.append(cached("ever"))
    """) == [None]


FILL = """
def get_or_set(key):
    global future
    future = cache.get_or_set(key)
    return entry()

def entry():
    found = future.future_get_or_set_result_get()
    if found is None:
        return "waiting"
    if isinstance(found, Err):
        return found.value.trace()
    global vacancy
    vacancy = found.value.value
    if isinstance(found.value, cache.GetOrSetEntry_Vacant):
        return "vacant"
    return content(vacancy)
"""


def test_one_provides_and_the_others_wait(start: Start) -> None:
    first, second, third = guests = [start() for _ in range(3)]
    for each in guests:
        each(FILL)
    ask = "out.append(get_or_set('k'))"
    assert [each(ask) for each in guests] == [["vacant"], ["waiting"], ["waiting"]]
    assert first("out.append(entry())") == ["the vacancy was already given away"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second, "future.listen_to_future_get_or_set_result().block(); out.append(entry())")
        time.sleep(0.1)
        assert not waiting.done()
        first("vacancy.vacancy_fill(60_000).outgoing_value_write_body_sync(b'made')")
        assert waiting.result(5) == [b"made"]
    assert third("out.append(entry())") == [b"made"]
    assert first(ask) == [b"made"]


def test_who_gives_up_leaves_it_to_the_next(start: Start) -> None:
    guests = [start() for _ in range(4)]
    for each in guests:
        each(FILL)
        each("get_or_set('k')")
    first, second, third, fourth = guests
    first("vacancy.__exit__(None, None, None)")
    assert second("out.append(entry())") == ["vacant"]
    second("made = vacancy.vacancy_fill(None); made.__exit__(None, None, None)")
    third.close()
    assert fourth("out.append(entry())") == ["vacant"]
    fourth("""
        made = vacancy.vacancy_fill(None)
        stream = made.outgoing_value_write_body_async()
        stream.blocking_write_and_flush(b"by stream")
        stream.__exit__(None, None, None)
        made.__exit__(None, None, None)
    """)
    assert first("out.append(get_or_set('k'))") == [b"by stream"]


def test_names_with_nul_are_refused(guest: Guest) -> None:
    calls = [
        "Bucket.open_bucket, 'a\\0b'", "eventual.get, bucket, 'a\\0b'", "eventual.set, bucket, 'a\\0b', value(b'')",
        "eventual.exists, bucket, '\\0'", "eventual.delete, bucket, '\\0'", "atomic.increment, bucket, '\\0', 1",
    ]  # fmt: skip
    answers = [guest(f"out.append(failure({call}))")[0] for call in calls]
    assert all("NUL" in answer for answer in answers)
    assert guest("out.append(cache.get('a\\0').future_get_result_get().value.trace())") == ["'a\\x00' has a NUL in it"]


def test_values_stay(start: Start, tmp_path: Path) -> None:
    for attempt in range(3):
        with Services(tmp_path / "kept") as services:
            guest = start(services)
            assert guest("out.append(atomic.increment(bucket, 'starts', 1))") == [attempt + 1]
            guest.close()


def test_what_is_no_store_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "keyvalue.sqlite"
    path.write_bytes(b"something else entirely" * 1000)
    with pytest.raises(ServiceError, match=r"keyvalue\.sqlite cannot be used as a key-value store: file is not a data"):
        Services(tmp_path)
    assert path.read_bytes() == b"something else entirely" * 1000
    path.unlink()
    KeyValue(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ServiceError, match="of another version"):
        KeyValue(path)


def test_a_locked_file_is_an_error_and_then_works_again(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "it.sqlite"
    with Services(tmp_path / "s", keyvalue=KeyValue(path, patience=0.1)) as services:
        guest = start(services)
        guest("eventual.set(bucket, 'k', value(b'before'))")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert guest("out.append(failure(eventual.set, bucket, 'k', value(b'no')))") == [
            "it.sqlite: database is locked"
        ]
        assert guest("out.append(content(eventual.get(bucket, 'k')))") == [b"before"]
        other.close()
        assert guest("eventual.set(bucket, 'k', value(b'yes')); out.append(content(eventual.get(bucket, 'k')))") == [
            b"yes"
        ]
        guest.close()


def test_a_damaged_file_is_an_error(start: Start, tmp_path: Path) -> None:
    with Services(tmp_path / "s") as services:
        guest = start(services)
        guest("eventual_batch.set_many(bucket, [(str(n), value(bytes(500))) for n in range(500)])")
        guest.close()
    path = tmp_path / "s" / "keyvalue.sqlite"
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(path.stat().st_size - 8192))
    with Services(tmp_path / "s") as services:
        guest = start(services)
        [text] = guest("out.append(failure(eventual_batch.keys, bucket))")
        assert "malformed" in text
        guest.close()


def test_a_full_disk_is_an_error_and_nothing_is_lost(guest: Guest) -> None:
    guest("eventual.set(bucket, 'k', value(b'before'))")
    with full_disk():
        answers = guest("""
            out.append(failure(eventual.set, bucket, "k", value(bytes(2 << 20))))
            made = types.OutgoingValue.new_outgoing_value()
            stream = made.outgoing_value_write_body_async()
            try:
                for _ in range(500):
                    stream.blocking_write_and_flush(bytes(4096))
            except Err as error:
                out.append(type(error.value).__name__)
            stream.__exit__(None, None, None)
            out.append(content(eventual.get(bucket, "k")))
        """)
    assert answers[0].startswith("keyvalue.sqlite: ")
    assert answers[1:] == ["StreamError_LastOperationFailed", b"before"]
    assert guest("eventual.set(bucket, 'k', value(b'after')); out.append(content(eventual.get(bucket, 'k')))") == [
        b"after"
    ]
