"""Uses every convenience, and tells what happened, line by line."""

import asyncio
import io
import logging

from agent.guest import aio, exports
from agent.guest.blobs import Container
from agent.guest.keyvalue import Bucket, KeyValueError
from agent.guest.logs import Handler
from agent.guest.websockets import AsyncWebSocket, WebSocket
from agent.types.golem_websocket_client import Error, ErrorClosed


def fail() -> None:
    raise KeyError("mine")


def talk(url: str) -> list[str]:
    lines: list[str] = []
    with WebSocket.connect(f"{url}/echo", headers={"X-Name": "ada"}) as ws:
        ws.send("name")
        lines.append(f"header {ws.receive()!r}")
        ws.send(b"\x01\x02")
        lines.append(f"bytes {ws.receive(timeout=5)!r}")
        lines.append(f"nothing {ws.receive(timeout=0.01)!r}")
        ws.close(1000, "enough")
        ws.close()
        try:
            ws.receive()
        except ErrorClosed as closed:
            lines.append(f"closed {closed.value.code if closed.value else None}")
    with WebSocket.connect(f"{url}/count", headers=[("X-Name", "bob")]) as ws:
        lines.append(f"iterated {list(ws)}")
    try:
        with WebSocket.connect(f"{url}/fail") as ws:
            lines.extend(f"before {message!r}" for message in ws)
    except ErrorClosed as closed:
        lines.append(f"failed {closed.value.code if closed.value else None}")
    try:
        with WebSocket.connect(f"{url}/echo") as ws:
            fail()
    except KeyError as error:
        lines.append(f"raised {error}")
    try:
        WebSocket.connect("ws://127.0.0.1:1/")
    except Error as refused:
        lines.append(type(refused).__name__)
    return lines


async def converse(url: str) -> list[str]:
    async with AsyncWebSocket.connect(url) as ws:
        nothing = await ws.receive(timeout=0.01)
        none = await ws.receive(timeout=0)
        await ws.send("go")
        return [f"{nothing!r} {none!r}", *[str(message) async for message in ws]]


def talk_async(urls: list[str]) -> list[str]:
    async def main() -> list[str]:
        return [", ".join(lines) for lines in await asyncio.gather(*map(converse, urls))]

    return aio.run(main())


def buckets() -> list[str]:
    lines: list[str] = []
    with Bucket("fruit") as fruit, Bucket("numbers") as numbers:
        fruit["apple"] = b"red"
        fruit["pear"] = bytearray(b"green")
        fruit["apple"] = memoryview(b"yellow")
        fruit.update(plum=b"blue", fig=b"")
        lines.append(f"{sorted(fruit.items())} {len(fruit)} {'pear' in fruit} {'kiwi' in fruit}")
        lines.append(f"{fruit.get('kiwi')!r} {fruit.pop('pear')!r} {fruit.setdefault('lime', b'sour')!r}")
        for missing in (fruit.__getitem__, fruit.__delitem__):
            try:
                missing("kiwi")
            except KeyError as error:
                lines.append(f"missing {error}")
        fruit.set_many({"a": b"1", "b": b"2"})
        lines.append(f"{fruit.get_many(['a', 'kiwi', 'b'])}")
        fruit.delete_many(["a", "kiwi"])
        lines.append(f"{sorted(fruit)}")
        fruit.clear()
        lines.append(f"{dict(fruit)}")
        lines.append(f"{numbers.increment('n')} {numbers.increment('n', 5)}")
        lines.append(f"{numbers.compare_and_swap('n', 6, 7)} {numbers.compare_and_swap('n', 6, 8)}")
        try:
            fruit["nul\0key"] = b"x"
            lines.append("accepted")
        except KeyValueError as error:
            lines.append(f"refused {bool(str(error))}")
    return lines


def blobs() -> list[str]:
    lines: list[str] = []
    content = bytes(range(256)) * 1000
    with Container("box", create=True) as box:
        box.write("small", b"hello")
        with box.open("large", "wb") as blob:
            for start in range(0, len(content), 100_000):
                blob.write(content[start : start + 100_000])
        lines.append(f"{sorted(box)} {len(box)} {'small' in box} {'none' in box} {box.read('small')!r}")
        with box.open("large") as blob:
            lines.append(f"{blob.read() == content} {blob.read()!r} {blob.seek(-3, io.SEEK_END)} {blob.read()!r}")
            lines.append(f"{blob.seek(257)} {blob.read(2)!r} {blob.tell()} {blob.seekable()} {blob.writable()}")
        with io.TextIOWrapper(box.open("small", "wb")) as text:
            text.write("erste\nzweite ☃\n")
        with io.TextIOWrapper(box.open("small")) as text:
            lines.append(f"{list(text)}")
        try:
            with box.open("half", "wb") as blob:
                blob.write(b"half of it")
                fail()
        except KeyError:
            lines.append(f"half {'half' in box}")
        try:
            box.open("none")
        except FileNotFoundError as error:
            lines.append(f"{error}")
        box.remove("large")
        box.write("empty", b"")
        lines.append(f"{sorted(box)} {box.read('empty')!r}")
        box.clear()
        lines.append(f"{list(box)}")
    try:
        Container("nowhere")
    except OSError as error:
        lines.append(f"refused {bool(str(error))}")
    return lines


def logs() -> None:
    log = logging.getLogger("shop.till")
    log.setLevel(1)
    log.handlers = [Handler()]
    log.propagate = False
    for level in (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "level %d", level)


exports.serve(__name__, talk=talk, talk_async=talk_async, buckets=buckets, blobs=blobs, logs=logs)
