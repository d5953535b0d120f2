"""The guest."""

import asyncio

from componentize_py_async_support import spawn
from flows_bindings.guest import exports, streams
from flows_bindings.guest import test_flows_io as io
from flows_bindings.types.flows import CountError
from flows_bindings.types.test_flows_io import Entry, StoreError


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


exports.serve(__name__, run=run, doubled=doubled, count=count, answer=answer)
