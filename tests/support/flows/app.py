"""The guest."""

import asyncio

from componentize_py_async_support import spawn
from flows_bindings.guest import exports, streams
from flows_bindings.guest import test_flows_io as io
from flows_bindings.guest import test_flows_relays as relays
from flows_bindings.types.flows import CountError, Way
from flows_bindings.types.test_flows_io import Entry, StoreError
from flows_bindings.types.test_flows_relays import First, Second


async def collected(reader, size=1 << 16):
    found = []
    with reader:
        while not reader.writer_dropped:
            found.append(await reader.read(size))
    return found


async def write(writer, pieces):
    with writer:
        for piece in pieces:
            await writer.write_all(piece)


async def fetch():
    body, outcome = io.fetch("a")
    with outcome:
        data = b"".join(await collected(body))
        return f"{len(data)} {sum(data)} {await outcome.read()}"


async def send():
    writer, reader = streams.byte_stream()
    outcome = io.send(reader)
    await write(writer, [bytes(range(256)) * 1000, b"", b"end"])
    with outcome:
        return str(await outcome.read())


async def upload():
    writer, reader = streams.byte_stream()
    _, sent = await asyncio.gather(write(writer, [b"x" * 100_000] * 3), io.upload(reader))
    return str(sent)


async def upload_slowly():
    async def give(writer):
        await collected(io.numbers(1))
        await write(writer, [b"x" * 1000])

    writer, reader = streams.byte_stream()
    _, sent = await asyncio.gather(give(writer), io.upload(reader))
    return str(sent)


async def store():
    blob = io.Blob()
    writer, reader = streams.byte_stream()
    blob.write_body(reader)
    await write(writer, [b"abc", bytes(range(256)) * 300])
    return str(io.store(blob))


async def unfinished():
    blob = io.Blob()
    writer, reader = streams.byte_stream()
    blob.write_body(reader)
    await writer.write_all(b"abc")
    try:
        io.store(blob)
    except StoreError as error:
        return str(error)
    finally:
        with writer:
            pass


async def handles():
    one, other = io.Blob(), io.Blob()
    same = [io.two(one, one), io.two(one, other), one.is_same(other), one.is_same(one)]
    return f"{same} {await io.meet([one, other, one], (7, other))} {await io.meet([], None)}"


async def entries():
    writer, reader = streams.test_flows_io_entry_stream()
    given = [Entry(f"né{n}", n - 50) for n in range(100)]
    _, answers = await asyncio.gather(write(writer, [given[:1], given[1:]]), io.entries(reader))
    found = [each for piece in await collected(answers, 7) for each in piece]
    return str(found == [Entry(each.name * 2, -each.n) for each in given])


async def numbers():
    found = [n for piece in await collected(io.numbers(1000)) for n in piece]
    return str(found == list(range(1000)))


async def early():
    reader = io.numbers(1 << 30)
    with reader:
        return str(await reader.read(3))


async def late():
    writer, reader = streams.u32_future(lambda: 0)
    _, answer = await asyncio.gather(writer.write(7), io.late(reader))
    with answer:
        return await answer.read()


async def run(what):
    return await globals()[what]()


async def double(reader, writer):
    with reader, writer:
        while not reader.writer_dropped:
            await writer.write_all([2 * n for n in await reader.read(16)])


async def doubled(numbers):
    writer, reader = streams.u32_stream()
    spawn(double(numbers, writer))
    return reader


async def count(data):
    total = sum(map(len, await collected(data)))
    if not total:
        raise CountError("nothing")
    return total


async def reply(question, answering, telling):
    with question, answering, telling:
        text = await question.read()
        await answering.write(f"{text}!")
        await telling.write_all(text.encode())


async def answer(question):
    answering, answered = streams.string_future(lambda: "")
    telling, told = streams.byte_stream()
    spawn(reply(question, answering, telling))
    return answered, told


async def left():
    """Close a future before the host has written it."""
    with relays.soon():
        pass
    return "left"


async def pass_on(reader, writer, way):
    count = way.most
    with reader, writer:
        while not reader.writer_dropped and not writer.reader_dropped and count != 0:
            elements = await reader.read(way.piece if count is None else min(way.piece, count))
            if count is not None:
                count -= len(elements)
            await writer.write_all(elements)


def passing(make, through):
    async def passed(of, way):
        reader = moved(make, of, way)
        return moved(make, await through(reader), way) if way.through else reader

    return passed


def moved(make, of, way):
    writer, reader = make()
    spawn(pass_on(of, writer, way))
    return reader


passed_bytes = passing(streams.byte_stream, relays.pass_bytes)
passed_numbers = passing(streams.s64_stream, relays.pass_numbers)
passed_texts = passing(streams.string_stream, relays.pass_texts)
passed_entries = passing(streams.test_flows_relays_entry_stream, relays.pass_entries)
passed_lists = passing(streams.list_u16_stream, relays.pass_lists)


async def change(reader, writer, kind, other):
    with reader, writer:
        while not reader.writer_dropped:
            elements = await reader.read(4)
            assert all(type(each) is kind for each in elements), elements
            await writer.write_all([other(each.x + 1) for each in elements])


async def swapped(these, those):
    """Make seconds of firsts and the reverse, both through the host."""
    seconds, to_host = streams.test_flows_relays_second_stream()
    firsts, other_to_host = streams.test_flows_relays_first_stream()
    spawn(change(these, seconds, First, Second))
    spawn(change(those, firsts, Second, First))
    seconds, firsts = await relays.swap(other_to_host, to_host)
    way = Way(4, None, False)
    return (
        moved(streams.test_flows_relays_second_stream, seconds, way),
        moved(streams.test_flows_relays_first_stream, firsts, way),
    )


exports.serve(
    __name__,
    run=run,
    doubled=doubled,
    count=count,
    answer=answer,
    passed_bytes=passed_bytes,
    passed_numbers=passed_numbers,
    passed_texts=passed_texts,
    passed_entries=passed_entries,
    passed_lists=passed_lists,
    swapped=swapped,
)
