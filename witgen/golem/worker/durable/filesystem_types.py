"""Types of `wasi:filesystem`, and its functions that are replaced for workers.

Functions return `Ok` or `Err` instead of raising, because they only pass on wasmtime's results.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from witgen_runtime import abi
from witgen_runtime.values import Err, Ok

__all__ = [
    "FUNCTIONS",
    "GET_DIRECTORIES",
    "INTERFACE",
    "NEXT_ENTRY",
    "Datetime",
    "DescriptorFlags",
    "ErrorCode",
    "Hash",
    "NewTimestamp",
    "NoChange",
    "Now",
    "OpenFlags",
    "Outcome",
    "PathFlags",
    "Stat",
    "Timestamp",
]

INTERFACE: Final = "wasi:filesystem/types@0.2.3"

Outcome: TypeAlias = "Ok[Any] | Err[ErrorCode]"


class ErrorCode(enum.Enum):
    """Failure of an operation on a file."""

    ACCESS = "access"
    WOULD_BLOCK = "would-block"
    ALREADY = "already"
    BAD_DESCRIPTOR = "bad-descriptor"
    BUSY = "busy"
    DEADLOCK = "deadlock"
    QUOTA = "quota"
    EXIST = "exist"
    FILE_TOO_LARGE = "file-too-large"
    ILLEGAL_BYTE_SEQUENCE = "illegal-byte-sequence"
    IN_PROGRESS = "in-progress"
    INTERRUPTED = "interrupted"
    INVALID = "invalid"
    IO = "io"
    IS_DIRECTORY = "is-directory"
    LOOP = "loop"
    TOO_MANY_LINKS = "too-many-links"
    MESSAGE_SIZE = "message-size"
    NAME_TOO_LONG = "name-too-long"
    NO_DEVICE = "no-device"
    NO_ENTRY = "no-entry"
    NO_LOCK = "no-lock"
    INSUFFICIENT_MEMORY = "insufficient-memory"
    INSUFFICIENT_SPACE = "insufficient-space"
    NOT_DIRECTORY = "not-directory"
    NOT_EMPTY = "not-empty"
    NOT_RECOVERABLE = "not-recoverable"
    UNSUPPORTED = "unsupported"
    NO_TTY = "no-tty"
    NO_SUCH_DEVICE = "no-such-device"
    OVERFLOW = "overflow"
    NOT_PERMITTED = "not-permitted"
    PIPE = "pipe"
    READ_ONLY = "read-only"
    INVALID_SEEK = "invalid-seek"
    TEXT_FILE_BUSY = "text-file-busy"
    CROSS_DEVICE = "cross-device"


class _DescriptorType(enum.Enum):
    UNKNOWN = "unknown"
    BLOCK_DEVICE = "block-device"
    CHARACTER_DEVICE = "character-device"
    DIRECTORY = "directory"
    FIFO = "fifo"
    SYMBOLIC_LINK = "symbolic-link"
    REGULAR_FILE = "regular-file"
    SOCKET = "socket"


class DescriptorFlags(enum.Flag):
    """Access mode of a descriptor."""

    READ = enum.auto()
    WRITE = enum.auto()
    FILE_INTEGRITY_SYNC = enum.auto()
    DATA_INTEGRITY_SYNC = enum.auto()
    REQUESTED_WRITE_SYNC = enum.auto()
    MUTATE_DIRECTORY = enum.auto()


class PathFlags(enum.Flag):
    """Options of path lookup."""

    SYMLINK_FOLLOW = enum.auto()


class OpenFlags(enum.Flag):
    """Options of opening a file."""

    CREATE = enum.auto()
    DIRECTORY = enum.auto()
    EXCLUSIVE = enum.auto()
    TRUNCATE = enum.auto()


@dataclass(frozen=True, slots=True)
class Datetime:
    """Time since 1970."""

    seconds: int
    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Stat:
    """Status of a file."""

    type: Any
    link_count: int
    size: int
    accessed: Datetime | None
    modified: Datetime | None
    changed: Datetime | None


@dataclass(frozen=True, slots=True)
class Hash:
    """Identity of a file, which C libraries use as its inode number."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class _Entry:
    type: Any
    name: str


@dataclass(frozen=True, slots=True)
class NoChange:
    """Leave a time unchanged."""


@dataclass(frozen=True, slots=True)
class Now:
    """Set the current time."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Set a given time."""

    value: Datetime


NewTimestamp: TypeAlias = NoChange | Now | Timestamp

_DESCRIPTOR = abi.Resource(INTERFACE, "descriptor")
_ENTRIES = abi.Resource(INTERFACE, "directory-entry-stream")


def _enum(name: str, python: type[enum.Enum]) -> abi.Enum:
    return abi.Enum(name, python, tuple(each.value for each in python), interface=INTERFACE)


def _flags(name: str, python: type[enum.Flag]) -> abi.Flags:
    flags = tuple(str(each.name).lower().replace("_", "-") for each in python)
    return abi.Flags(name, python, flags, interface=INTERFACE)


_ERROR = _enum("error-code", ErrorCode)
_TYPE = _enum("descriptor-type", _DescriptorType)
_PATH = _flags("path-flags", PathFlags)
_OPEN = _flags("open-flags", OpenFlags)
_OPENED = _flags("descriptor-flags", DescriptorFlags)
_TIME = abi.Record(
    "datetime",
    Datetime,
    (abi.Field("seconds", "seconds", abi.U64), abi.Field("nanoseconds", "nanoseconds", abi.U32)),
    interface="wasi:clocks/wall-clock@0.2.3",
)
_STAT = abi.Record(
    "descriptor-stat",
    Stat,
    (
        abi.Field("type", "type", _TYPE),
        abi.Field("link-count", "link_count", abi.U64),
        abi.Field("size", "size", abi.U64),
        abi.Field("data-access-timestamp", "accessed", abi.Option(_TIME)),
        abi.Field("data-modification-timestamp", "modified", abi.Option(_TIME)),
        abi.Field("status-change-timestamp", "changed", abi.Option(_TIME)),
    ),
    interface=INTERFACE,
)
_HASH = abi.Record(
    "metadata-hash-value",
    Hash,
    (abi.Field("lower", "lower", abi.U64), abi.Field("upper", "upper", abi.U64)),
    interface=INTERFACE,
)
_ENTRY = abi.Record(
    "directory-entry",
    _Entry,
    (abi.Field("type", "type", _TYPE), abi.Field("name", "name", abi.STRING)),
    interface=INTERFACE,
)
_NEW_TIME = abi.Variant(
    "new-timestamp",
    (abi.Case("no-change", NoChange), abi.Case("now", Now), abi.Case("timestamp", Timestamp, _TIME)),
    interface=INTERFACE,
)


def _function(name: str, result: abi.Type | None, *params: tuple[str, abi.Type]) -> abi.Function:
    given = (("self", abi.Borrow(_DESCRIPTOR)), *params)
    made = tuple(abi.Param(each, each.replace("-", "_"), type_) for each, type_ in given)
    return abi.Function(f"[method]descriptor.{name}", name.replace("-", "_"), made, abi.Result(result, _ERROR))


_WHERE = (("path-flags", _PATH), ("path", abi.STRING))
_TIMES = (("accessed", _NEW_TIME), ("modified", _NEW_TIME))
_OTHER = ("new-descriptor", abi.Borrow(_DESCRIPTOR))

FUNCTIONS: Final = {
    each.python: each
    for each in (
        _function("stat", _STAT),
        _function("stat-at", _STAT, *_WHERE),
        _function("metadata-hash", _HASH),
        _function("metadata-hash-at", _HASH, *_WHERE),
        _function("set-times", None, *_TIMES),
        _function("set-times-at", None, *_WHERE, *_TIMES),
        _function("set-size", None, ("size", abi.U64)),
        _function("write", abi.U64, ("buffer", abi.List(abi.U8)), ("offset", abi.U64)),
        _function("open-at", abi.Own(_DESCRIPTOR), *_WHERE, ("open-flags", _OPEN), ("flags", _OPENED)),
        _function("create-directory-at", None, ("path", abi.STRING)),
        _function("symlink-at", None, ("old-path", abi.STRING), ("new-path", abi.STRING)),
        _function("link-at", None, *_WHERE, _OTHER, ("new-path", abi.STRING)),
        _function("unlink-file-at", None, ("path", abi.STRING)),
        _function("remove-directory-at", None, ("path", abi.STRING)),
        _function("rename-at", None, ("old-path", abi.STRING), _OTHER, ("new-path", abi.STRING)),
    )
}
"""Methods of descriptors, by their Python names."""

NEXT_ENTRY: Final = abi.Function(
    "[method]directory-entry-stream.read-directory-entry",
    "read_directory_entry",
    (abi.Param("self", "self", abi.Borrow(_ENTRIES)),),
    abi.Result(abi.Option(_ENTRY), _ERROR),
)

GET_DIRECTORIES: Final = abi.Function(
    "get-directories", "get_directories", (), abi.List(abi.Tuple((abi.Own(_DESCRIPTOR), abi.STRING)))
)
"""The function of `wasi:filesystem/preopens`."""
