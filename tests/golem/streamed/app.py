"""Calls every function of the stores and of WebSockets, as Golem has had them since it went over to WASI 0.3."""

import counting  # isort: skip - before the wrappers

import asyncio
import hashlib

from agent.guest import exports, streams
from agent.guest import wasi_blobstore_blobstore as blobstore
from agent.guest import wasi_keyvalue_atomic as atomic
from agent.guest import wasi_keyvalue_cache as cache
from agent.guest import wasi_keyvalue_eventual as eventual
from agent.guest import wasi_keyvalue_eventual_batch as batch
from agent.guest import wasi_keyvalue_types as keyvalue
from agent.guest.golem_websocket_client import WebsocketConnection
from agent.guest.wasi_blobstore_types import OutgoingValue
from agent.types.golem_websocket_client import ErrorClosed, MessageText
from agent.types.wasi_blobstore_types import ObjectId
from agent.types.wasi_keyvalue_cache import GetOrSetEntryOccupied, GetOrSetEntryVacant

from witgen_runtime.values import WitError

MIB = 1 << 20

KEPT = []
"""What a later call may need."""


def failure(call, *arguments):
    """Return what a call says that fails."""
    try:
        return f"no error: {call(*arguments)!r}"
    except WitError as error:
        value = getattr(error, "value", None)
        return value.trace() if hasattr(value, "trace") else str(value)


async def written(take, pieces):
    """Give a stream, write to it and close it."""
    writer, reader = streams.byte_stream()
    take(reader)
    with writer:
        for piece in pieces:
            await writer.write_all(piece)


async def read(reader, size=1 << 16):
    pieces = []
    with reader:
        while not reader.writer_dropped:
            pieces.append(await reader.read(size))
    return pieces


def value(content):
    made = keyvalue.OutgoingValue.new_outgoing_value()
    made.outgoing_value_write_body_sync(content)
    return made


async def keys_and_values(_):
    bucket = keyvalue.Bucket.open_bucket("bucket")
    made = keyvalue.OutgoingValue.new_outgoing_value()
    await written(made.outgoing_value_write_body_async, [b"a" * 70_000, b"", b"b"])
    eventual.set(bucket, "long", made)
    found = eventual.get(bucket, "long")
    said = [str(found.incoming_value_size())]
    content = b"".join(await read(found.incoming_value_consume_async()))
    said.append(str(content == b"a" * 70_000 + b"b"))
    batch.set_many(bucket, [("x", value(b"1")), ("y", value(b"2"))])
    said.append(str([each and each.incoming_value_consume_sync() for each in batch.get_many(bucket, ["y", "no", "x"])]))
    said.append(str([atomic.increment(bucket, "n", 5), atomic.compare_and_swap(bucket, "n", 5, 7)]))
    eventual.delete(bucket, "x")
    batch.delete_many(bucket, ["n"])
    said.append(str((eventual.exists(bucket, "x"), sorted(batch.keys(bucket)))))
    return said


async def blobs(_):
    box = blobstore.create_container("box")
    made = OutgoingValue.new_outgoing_value()
    await written(made.outgoing_value_write_body, [b"hello, ", b"blob"])
    box.write_data("a", made)
    box.write_data("b", made)
    info = box.object_info("a")
    said = [f"{info.name} {info.container} {info.size} {box.info().name} {box.name()}"]
    part = box.get_data("a", 0, 4)
    said.append(f"{part.size()} {b''.join(await read(part.incoming_value_consume_async()))}")
    said.append(str(box.get_data("b", 7, 99).incoming_value_consume_sync()))
    blobstore.copy_object(ObjectId("box", "a"), ObjectId("box", "c"))
    blobstore.move_object(ObjectId("box", "c"), ObjectId("box", "d"))
    said.append(str(sorted(name for piece in await read(box.list_objects(), 2) for name in piece)))
    box.delete_object("a")
    box.delete_objects(["b"])
    said.append(str((box.has_object("a"), box.has_object("d"))))
    box.clear()
    said.append(str([name for piece in await read(blobstore.get_container("box").list_objects()) for name in piece]))
    blobstore.delete_container("box")
    said.append(str(blobstore.container_exists("box")))
    return said


async def hand_over(_):
    """End a stream, and return at once."""
    made = OutgoingValue.new_outgoing_value()
    KEPT.append(made)
    await written(made.outgoing_value_write_body, [b"handed ", b"over"])
    return []


async def large(_):
    """Five MiB through streams, both ways."""
    box = blobstore.create_container("large")
    pieces = [bytes([number]) * 65536 for number in range(80)]
    made = OutgoingValue.new_outgoing_value()
    await written(made.outgoing_value_write_body, pieces)
    box.write_data("blob", made)
    back = await read(box.get_data("blob", 0, 2**64 - 1).incoming_value_consume_async())
    same = hashlib.sha256(b"".join(back)).digest() == hashlib.sha256(b"".join(pieces)).digest()
    return [str(sum(map(len, back))), str(same), str(len(back) > 1)]


async def cached(_):
    await cache.set("k", value(b"kept"), 60_000).get()
    said = [str((await cache.get("k").get()).incoming_value_consume_sync())]
    said.append(str([await cache.exists("k").get(), await cache.exists("no").get(), await cache.get("no").get()]))
    await cache.delete("k").get()
    first = await cache.get_or_set("k").get()
    assert isinstance(first, GetOrSetEntryVacant)
    second = cache.get_or_set("k")
    waiting = asyncio.create_task(second.get())
    await asyncio.sleep(0)
    made = first.value.vacancy_fill(None)
    await written(made.outgoing_value_write_body_async, [b"pro", b"vided"])
    made.drop()
    entry = await waiting
    assert isinstance(entry, GetOrSetEntryOccupied)
    said.append(str(entry.value.incoming_value_consume_sync()))
    return said


async def together(_):
    """Two that wait for the same value, while it is provided."""
    vacancy = (await cache.get_or_set("both").get()).value
    futures = [cache.get_or_set("both") for _ in range(2)]
    waiting = [asyncio.create_task(future.get()) for future in futures]
    others = asyncio.gather(cache.get("a").get(), cache.get("b").get())
    said = [str(await others), str([each.done() for each in waiting])]
    vacancy.vacancy_fill(None).outgoing_value_write_body_sync(b"done")
    entries = await asyncio.gather(*waiting)
    return [*said, str([entry.value.incoming_value_consume_sync() for entry in entries])]


async def given_up(_):
    """Who gives up a vacancy leaves it to the next."""
    vacancy = (await cache.get_or_set("left").get()).value
    future = cache.get_or_set("left")
    waiting = asyncio.create_task(future.get())
    await asyncio.sleep(0)
    vacancy.drop()
    return [type(await waiting).__name__]


async def mistakes(_):
    bucket = keyvalue.Bucket.open_bucket("bucket")
    said = [failure(keyvalue.Bucket.open_bucket, "a\0b"), failure(eventual.get, bucket, "\0")]
    made = keyvalue.OutgoingValue.new_outgoing_value()
    writer, reader = streams.byte_stream()
    made.outgoing_value_write_body_async(reader)
    said.append(failure(made.outgoing_value_write_body_sync, b"x"))
    said.append(failure(made.outgoing_value_write_body_async, streams.byte_stream()[1]))
    with writer:
        await writer.write_all(b"half")
        said.append(failure(eventual.set, bucket, "k", made))
    said.append(failure(eventual.set, bucket, "k", made))
    box = blobstore.create_container("mistakes")
    blob = OutgoingValue.new_outgoing_value()
    await written(blob.outgoing_value_write_body, [b"abc"])
    said.append(failure(blob.outgoing_value_write_body, streams.byte_stream()[1]))
    box.write_data("abc", blob)
    said.append(failure(box.get_data, "abc", 9, 10))
    said.append(failure(blobstore.get_container, "nowhere"))
    blobstore.delete_container("mistakes")
    said.append(failure(box.list_objects))
    return said


async def sockets(url):
    connection = WebsocketConnection.connect(url, [("X-Name", "ada")])
    receiving = asyncio.create_task(connection.receive())
    await asyncio.sleep(0)
    connection.send("text")
    said = [str(await receiving == MessageText("text"))]
    said.append(str(await connection.receive_with_timeout(20)))
    connection.close(4000, "done")
    try:
        await connection.receive()
    except ErrorClosed as closed:
        said.append(str(closed.value.code))
    connection.drop()
    return said


async def called(_):
    return sorted(counting.called)


async def run(what, argument):
    return await globals()[what](argument)


exports.serve(__name__, run=run)
