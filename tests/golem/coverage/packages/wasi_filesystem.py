"""wasi:filesystem: a folder that the host opens, and everything that can be done in it."""

from agent.guest import wasi_filesystem_preopens as preopens
from agent.guest import wasi_filesystem_types as types
from agent.guest.wasi_filesystem_types import Descriptor
from agent.guest.wasi_io_error import Error
from agent.types.wasi_filesystem_types import (
    Advice,
    DescriptorFlags,
    DescriptorType,
    ErrorCode,
    ErrorCodeError,
    NewTimestampNow,
    OpenFlags,
    PathFlags,
)
from agent.types.wasi_io_streams import StreamErrorLastOperationFailed

from .failing import failure

FOLLOW = PathFlags.SYMLINK_FOLLOW
BOTH = DescriptorFlags.READ | DescriptorFlags.WRITE


def cover(_: str) -> None:
    folders = {path: folder for folder, path in preopens.get_directories()}
    with folders.pop("/data") as folder:
        _files(folder)
        _folders(folder)
        _failure(folder)


def _files(folder: Descriptor) -> None:
    with folder.open_at(FOLLOW, "a.txt", OpenFlags.CREATE, BOTH) as file:
        assert file.write(b"hello", 0) == 5
        assert file.read(100, 1)[0] == b"ello"
        with file.write_via_stream(5) as stream:
            stream.blocking_write_and_flush(b" there")
        with file.append_via_stream() as stream:
            stream.blocking_write_and_flush(b"!")
        with file.read_via_stream(0) as stream:
            assert stream.blocking_read(100) == b"hello there!"
        file.advise(0, 5, Advice.SEQUENTIAL)
        file.sync_data()
        file.sync()
        assert file.get_flags() & DescriptorFlags.READ
        assert file.get_type() is DescriptorType.REGULAR_FILE
        file.set_size(5)
        file.set_times(NewTimestampNow(), NewTimestampNow())
        assert file.stat().size == 5
        assert file.is_same_object(file)
        assert file.metadata_hash() == folder.metadata_hash_at(FOLLOW, "a.txt")
    folder.set_times_at(FOLLOW, "a.txt", NewTimestampNow(), NewTimestampNow())
    folder.link_at(PathFlags(0), "a.txt", folder, "b.txt")
    folder.symlink_at("a.txt", "c.txt")
    assert folder.readlink_at("c.txt") == "a.txt"
    folder.rename_at("b.txt", folder, "d.txt")
    assert folder.stat_at(FOLLOW, "d.txt").size == 5


def _folders(folder: Descriptor) -> None:
    folder.create_directory_at("sub")
    found: set[str] = set()
    with folder.read_directory() as entries:
        while (entry := entries.read_directory_entry()) is not None:
            found.add(entry.name)
    assert found == {"a.txt", "c.txt", "d.txt", "sub"}
    folder.remove_directory_at("sub")
    for name in ("a.txt", "c.txt", "d.txt"):
        folder.unlink_file_at(name)
    outside = failure(ErrorCodeError, folder.open_at, FOLLOW, "../outside", OpenFlags(0), DescriptorFlags.READ)
    assert outside.value is ErrorCode.NOT_PERMITTED


def _failure(folder: Descriptor) -> None:
    """Nothing can be read at such a position: that gives an error whose code can be asked for."""
    with (
        folder.open_at(FOLLOW, "w", OpenFlags.CREATE, DescriptorFlags.READ) as file,
        file.read_via_stream(1 << 63) as stream,
    ):
        failed = failure(StreamErrorLastOperationFailed, stream.blocking_read, 1)
        assert isinstance(failed.value, Error)
        types.filesystem_error_code(failed.value)
    folder.unlink_file_at("w")
