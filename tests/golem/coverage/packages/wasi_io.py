"""wasi:io: streams of files, and waiting for them."""

from agent.guest import wasi_clocks_monotonic_clock as clock
from agent.guest import wasi_filesystem_preopens as preopens
from agent.guest import wasi_io_poll as poll
from agent.guest.wasi_filesystem_types import Descriptor
from agent.guest.wasi_io_error import Error
from agent.types.wasi_filesystem_types import DescriptorFlags, OpenFlags, PathFlags
from agent.types.wasi_io_streams import StreamErrorLastOperationFailed

from .failing import failure

BOTH = DescriptorFlags.READ | DescriptorFlags.WRITE


def cover(_: str) -> None:
    folder = next(folder for folder, path in preopens.get_directories() if path == "/data")
    with folder, folder.open_at(PathFlags(0), "stream", OpenFlags.CREATE, BOTH) as file:
        _written(file)
        _read(file)
        _failed(file)
        folder.unlink_file_at("stream")
    _waited()


def _written(file: Descriptor) -> None:
    with file.write_via_stream(0) as out:
        with out.subscribe() as ready:
            ready.block()
        assert out.check_write() >= 12
        out.write(b"hello ")
        out.flush()
        out.blocking_flush()
        out.blocking_write_and_flush(b"there")
        out.check_write()
        out.write_zeroes(3)
        out.blocking_flush()
        out.blocking_write_zeroes_and_flush(2)
        with file.read_via_stream(0) as again:
            again.subscribe().drop()
            assert out.blocking_splice(again, 5) <= 5
            out.blocking_flush()
            out.check_write()
            out.splice(again, 6)
            out.blocking_flush()


def _read(file: Descriptor) -> None:
    with file.read_via_stream(0) as given:
        assert given.blocking_read(5) == b"hello"
        assert given.blocking_skip(1) == 1
        given.read(1)
        given.skip(1)
        with given.subscribe() as ready:
            ready.block()
            assert ready.ready()


def _failed(file: Descriptor) -> None:
    with file.read_via_stream(1 << 63) as given:
        failed = failure(StreamErrorLastOperationFailed, given.blocking_read, 1)
        assert isinstance(failed.value, Error)
        assert failed.value.to_debug_string()


def _waited() -> None:
    with clock.subscribe_duration(60_000_000_000) as late, clock.subscribe_duration(1_000_000) as soon:
        assert poll.poll([late, soon]) == [1]
