"""`InputStream` and `OutputStream` as a guest sees them: wasmtime's own streams, with Python at the other end."""

from __future__ import annotations

import gc
import io
import os
import resource
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import witgen
from tests.golem.services.probing import Guest, Sources, Start
from witgen.golem.composition import compose
from witgen.golem.local import Services
from witgen_runtime.host import InputStream, OutputStream, Store, StreamError, Wasi
from witgen_runtime.host.wasi import stream_files

pytestmark = [pytest.mark.slow, pytest.mark.long]

# Read to the end, and tell how much it was, its checksum, and how it ended.
HELPERS = """
def read(stream, size=65536, count=0, sum=0):
    try:
        while True:
            piece = stream.blocking_read(size)
            count, sum = count + len(piece), zlib.crc32(piece, sum)
    except Err as error:
        end = type(error.value).__name__
    stream.__exit__(None, None, None)
    return count, sum, end

def write(stream, content, start=0):
    ready = stream.subscribe()
    while start < len(content):
        room = stream.check_write()
        stream.write(content[start:start + room]) if room else ready.block()
        start += room
    stream.blocking_flush()
    ready.__exit__(None, None, None)
    stream.__exit__(None, None, None)

import zlib
"""
CLOSED = "StreamError_Closed"


def unfinished_files() -> list[str]:
    return os.listdir(stream_files._private_folder())


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("size", [0, 1, 65536, 16 << 20])
def test_bytes_come_out_as_they_went_in(guest: Guest, size: int) -> None:
    content = os.urandom(size)
    guest.sources.inputs["it"] = InputStream(content)
    started = time.process_time()
    assert guest("out.append(read(sources.input('it')))") == [(size, zlib.crc32(content), CLOSED)]
    assert time.process_time() - started < 5


def test_everything_that_can_be_read_is_a_source(guest: Guest, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(10)
        sources = {
            "path": path, "name": str(path), "file": file, "memory": memoryview(content),
            "buffer": io.BytesIO(content), "iterator": iter([content[:7], b"", content[7:]]), "list": [content],
        }  # fmt: skip
        guest.sources.inputs = {name: InputStream(source) for name, source in sources.items()}
    path.unlink()
    found = guest("out.extend((name, read(sources.input(name))) for name in names_)", names_=list(sources))
    whole = (100_000, zlib.crc32(content), CLOSED)
    assert found == [
        (name, whole if name != "file" else (99_990, zlib.crc32(content[10:]), CLOSED)) for name in sources
    ]


def test_one_object_can_be_many_streams(guest: Guest) -> None:
    guest.sources.inputs["it"] = InputStream(b"abcdef")
    assert guest("""
        a, b = sources.input("it"), sources.input("it")
        out.append((a.blocking_read(2), b.blocking_read(4), a.blocking_read(9), b.blocking_read(9)))
    """) == [(b"ab", b"abcd", b"cdef", b"ef")]
    del guest.sources.inputs["it"]
    gc.collect()
    assert guest("out.append(a.subscribe().ready())")
    assert unfinished_files() == []


def test_what_an_iterator_has_comes_when_it_has_it(guest: Guest) -> None:
    gates = [threading.Event() for _ in range(3)]

    def slowly() -> Iterator[bytes]:
        for number, gate in enumerate(gates):
            gate.wait(5)
            yield b"%d" % number

    guest.sources.inputs["it"] = InputStream(slowly())
    assert guest("s = sources.input('it'); p = s.subscribe(); out.append((p.ready(), s.read(9)))") == [(False, b"")]
    for number, gate in enumerate(gates):
        threading.Timer(0.05, gate.set).start()
        assert guest("p.block(); out.append(s.read(9))") == [b"%d" % number]
    assert guest("p.__exit__(None, None, None); out.append(read(s))") == [(0, 0, CLOSED)]


def test_an_iterator_waits_for_the_guest(guest: Guest) -> None:
    made = 0

    def fast() -> Iterator[bytes]:
        nonlocal made
        while made < 1000:
            made += 1
            yield bytes(65536)

    guest.sources.inputs["it"] = InputStream(fast())
    guest("s = sources.input('it')")
    while True:
        before = made
        time.sleep(0.2)
        if before == made:
            break
    assert made < 300, "what sockets hold, and no more"
    assert guest("out.append(read(s)[0])") == [1000 * 65536]


def test_an_iterator_that_raises_is_no_end(guest: Guest) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        time.sleep(0.05)
        raise ValueError("no more")

    stream = guest.sources.inputs["it"] = InputStream(broken())
    assert guest("out.append(read(sources.input('it')))") == [
        (5, zlib.crc32(b"first"), "StreamError_LastOperationFailed")
    ]
    assert isinstance(stream.failure, ValueError)


def test_what_came_before_a_failure_is_all_there_for_a_slow_reader(guest: Guest) -> None:
    pieces = [bytes([number]) * 65536 for number in range(40)]

    def broken() -> Iterator[bytes]:
        yield from pieces
        raise ValueError("no more")

    stream = guest.sources.inputs["it"] = InputStream(broken())
    guest("s = sources.input('it'); s.blocking_read(1)")
    time.sleep(0.3)
    content = b"".join(pieces)[1:]
    assert guest("out.append(read(s))") == [(len(content), zlib.crc32(content), "StreamError_LastOperationFailed")]
    assert isinstance(stream.failure, ValueError)


def test_an_iterator_is_left_when_the_store_closes(start: Start) -> None:
    left = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(65536)
        finally:
            left.set()

    guest = start()
    guest.sources.inputs["it"] = InputStream(endless())
    guest("s = sources.input('it'); s.blocking_read(10); s.__exit__(None, None, None)")
    guest.close()
    assert left.wait(5)


def test_an_iterator_can_be_read_once(guest: Guest) -> None:
    guest.sources.inputs["it"] = InputStream(iter([b"x"]))
    guest("a = sources.input('it')")
    with pytest.raises(StreamError, match="already given to a guest"):
        guest("b = sources.input('it')")


def test_what_a_guest_writes_is_in_the_file(guest: Guest) -> None:
    content = bytes(range(256)) * (1 << 16)
    for name in ("small", "large"):
        guest.sources.outputs[name] = OutputStream()
    guest("""
        write(sources.output("small"), b"hello")
        write(sources.output("large"), bytes(range(256)) * (1 << 16))
    """)
    assert guest.sources.outputs["small"].read() == b"hello"
    assert guest.sources.outputs["large"].read() == content
    assert guest.sources.outputs["large"].size() == len(content)
    assert unfinished_files() == []


def test_flushed_is_readable_while_the_guest_goes_on(guest: Guest) -> None:
    stream = guest.sources.outputs["it"] = OutputStream()
    guest("o = sources.output('it'); o.blocking_write_and_flush(b'one ')")
    assert stream.read() == b"one "
    guest("o.blocking_write_and_flush(b'two'); o.__exit__(None, None, None)")
    assert stream.read() == b"one two"


def test_the_host_may_let_go_before_the_guest(guest: Guest) -> None:
    guest.sources.outputs["it"] = OutputStream()
    guest("o = sources.output('it'); p = o.subscribe()")
    guest.sources.outputs.pop("it").close()
    assert guest("""
        o.blocking_write_and_flush(b"nobody reads this")
        p.__exit__(None, None, None)
        o.__exit__(None, None, None)
        out.append("fine")
    """) == ["fine"]


def test_an_output_stream_is_for_one_guest(guest: Guest) -> None:
    guest.sources.outputs["it"] = OutputStream()
    guest("o = sources.output('it')")
    with pytest.raises(StreamError, match="already given to a guest"):
        guest("o = sources.output('it')")


def test_streams_can_be_spliced(guest: Guest) -> None:
    content = os.urandom(100_000)
    guest.sources.inputs["it"] = InputStream(content)
    guest.sources.outputs["it"] = OutputStream()
    guest("""
        i, o = sources.input("it"), sources.output("it")
        try:
            while True:
                o.blocking_splice(i, 65536)
        except Err:
            pass
        o.blocking_flush()
        i.__exit__(None, None, None)
        o.__exit__(None, None, None)
    """)
    assert guest.sources.outputs["it"].read() == content


def test_guests_do_not_see_the_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "note").write_text("for you")
    guest = start(wasi=Wasi(folders={"/shared": tmp_path / "shared"}))
    assert guest("""
        import os
        out.append([name for _, name in preopens.get_directories()])
        out.append(os.listdir("/shared"))
        out.append(open("/shared/note").read())
        try:
            os.listdir("/")
        except OSError as error:
            out.append(type(error).__name__)
    """) == [["/shared"], ["note"], "for you", "FileNotFoundError"]


@pytest.mark.slow
def test_nothing_is_left_behind(start: Start) -> None:
    guest = start()

    def once() -> None:
        guest.sources.inputs["it"] = InputStream(bytes(100_000))
        guest.sources.outputs["it"] = OutputStream()
        guest("""
            i = sources.input("it")
            i.blocking_read(10)
            i.__exit__(None, None, None)
            write(sources.output("it"), bytes(100_000))
        """)
        guest.sources.outputs["it"].close()

    for _ in range(20):
        once()
    before, size = descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(300):
        once()
    assert descriptors() <= before + 2, "one stream and one file may be on their way"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 20_000, "kilobytes"
    assert len(unfinished_files()) <= 1, "the last InputStream could be returned again"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    def run(then: str) -> subprocess.CompletedProcess[str]:
        program = f"from witgen_runtime.host import InputStream; kept = InputStream(b'x' * 100); {then}"
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)

    assert run("pass").returncode == 0
    assert list(tmp_path.iterdir()) == [], "who ends, tidies up"
    for _ in range(2):
        assert run("import os; os.kill(os.getpid(), 9)").returncode == -9
    assert len(list(tmp_path.iterdir())) == 2
    for folder in tmp_path.iterdir():
        os.utime(folder, (0, 0))
    # While one lives, the next leaves its folder alone, however old that is.
    found = run(
        "import os, subprocess, sys; os.utime(kept._path.parent, (0, 0));"
        "subprocess.run([sys.executable, '-c', 'from witgen_runtime.host import InputStream; InputStream(bytes())']);"
        "print(kept._path.exists(), len(os.listdir(kept._path.parent.parent)))"
    )
    assert found.stdout.split() == ["True", "1"], found.stderr
    assert list(tmp_path.iterdir()) == []


# Asks for a stream and drops it.
TAKER = """
(component
  (import "wasi:io/streams@0.2.3" (instance $streams (export "output-stream" (type (sub resource)))))
  (alias export $streams "output-stream" (type $stream))
  (alias outer 0 $stream (type $outer))
  (import "test:streams/sink" (instance $sink (export "output" (func (result (own $outer))))))
  (core func $output (canon lower (func $sink "output")))
  (core func $drop (canon resource.drop $stream))
  (core module $m
    (import "" "output" (func $output (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "take") (call $drop (call $output))))
  (core instance $i (instantiate $m (with "" (instance
    (export "output" (func $output)) (export "drop" (func $drop))))))
  (func (export "take") (canon lift (core func $i "take"))))
"""


def test_worlds_with_streams_have_stores_with_streams() -> None:
    """The `open` of bindings looks at what the world's functions pass."""
    with witgen.load(TAKER.encode()).open({"test:streams/sink": {"output": OutputStream}}) as taker:
        taker.take()


def test_without_streams_of_the_store_a_thread_passes_on(probe: Path, services: Services) -> None:
    sources = Sources()
    made = compose(probe, services.implementations(), {"test:services/sources": sources})
    with Store(http=True) as store:
        world = made.world._instantiate(store, made.content, made.imports)
        sources.inputs["it"] = InputStream(b"twice")
        sources.outputs["it"] = OutputStream()
        for _ in range(2):
            code = HELPERS + "out.append(read(sources.input('it')))"
            assert world.run(code) == repr([(5, zlib.crc32(b"twice"), CLOSED)])
        with pytest.raises(StreamError, match="streams=True"):
            world.run("sources.output('it')")
