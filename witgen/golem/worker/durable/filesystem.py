"""Functions of `wasi:filesystem` that wrap wasmtime's, so that a guest sees the same files in replay.

Files below `/` belong to the worker: their times are derived from the oplog, their inode numbers are counted, and their
size has a limit. Folders that the user has passed are not changed in any way. The order of a folder's entries is the
file system's, and is recorded for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.host import Store
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.store.handles import ResourceHandles
from witgen_runtime.host.wasi.internal_component import InternalComponent
from witgen_runtime.values import Err, Ok

from ..oplog.codec import Reference, decode, encode
from ..oplog.policy import Kind
from ..oplog.recorder import Recorder
from .files import Files
from .filesystem_component import COMPONENT, export_name
from .filesystem_types import FUNCTIONS as METHODS
from .filesystem_types import (
    GET_DIRECTORIES,
    INTERFACE,
    NEXT_ENTRY,
    Datetime,
    DescriptorFlags,
    ErrorCode,
    Hash,
    NewTimestamp,
    NoChange,
    Now,
    OpenFlags,
    Outcome,
    PathFlags,
    Timestamp,
)
from .shadowing import shadow

__all__ = ["FUNCTIONS", "Filesystem"]

_PIECE: Final = 1 << 20
"""The most bytes that one call writes; WIT allows `write` to write less than requested."""

FUNCTIONS: Final = {f"{INTERFACE}#{NEXT_ENTRY.name}": (INTERFACE, replace(NEXT_ENTRY, params=(), resource=None))}
"""The recorded functions: reading the entries of a folder, one by one."""

_HERE: Final = PathFlags(0)
_NOTHING: Final = abi.Tuple(())


class _Native(InternalComponent):
    """wasmtime's own functions, called from Python."""

    def __init__(self, store: Store, handles: ResourceHandles) -> None:
        super().__init__(store, COMPONENT)
        bound = partial(self._bound, handles)
        self.methods: dict[str, Callable[..., Any]] = {name: bound(each) for name, each in METHODS.items()}
        self.next_entry = bound(NEXT_ENTRY)
        self.directories = bound(GET_DIRECTORIES)

    def _bound(self, handles: ResourceHandles, function: abi.Function) -> Callable[..., Any]:
        return self.bound(replace(function, name=export_name(function), resource=None), handles)


class Filesystem:
    """Replacements of functions of `wasi:filesystem` in the guest's linker.

    Args:
        recorder: the worker's oplog.
        files: the worker's files; None if the user has mounted another folder in their place.
    """

    def __init__(self, recorder: Recorder, files: Files | None) -> None:
        self._recorder = recorder
        self._files = files
        self._own: set[Hash] = set()
        """Files of the worker that the guest has opened."""
        self._numbers: dict[Hash, int] = {}
        self._count = 0

    def shadow(self, linkage: Linkage) -> None:
        """Define the functions."""
        native = _Native(linkage.store, linkage.handles)
        made: dict[abi.Function, Callable[..., Any]] = {NEXT_ENTRY: partial(self._next_entry, native.next_entry)}
        if self._files is not None:
            for root, name in native.directories():
                if name == "/":
                    self._own |= _hash(native, root)
            made |= {METHODS[name]: self._method(name, native, self._files) for name in METHODS}
        shadow(linkage, "wasi:filesystem/types", made)

    def _next_entry(self, native: Callable[[Any], Outcome], entries: Any) -> Outcome:
        response = self._recorder.call(
            f"{INTERFACE}#{NEXT_ENTRY.name}",
            Kind.READ_LOCAL,
            encode(_NOTHING, (), _refer),
            lambda: encode(NEXT_ENTRY.result, native(entries), _refer),
        )
        outcome: Outcome = decode(NEXT_ENTRY.result, response, _refer)
        return outcome

    def _method(self, name: str, native: _Native, files: Files) -> Callable[..., Outcome]:
        own: Callable[..., Outcome] = partial(getattr(self, f"_{name}"), native, files)

        def call(descriptor: Any, *arguments: Any) -> Outcome:
            if _hash(native, descriptor) & self._own:
                return own(descriptor, *arguments)
            outcome: Outcome = native.methods[name](descriptor, *arguments)
            if name == "open_at" and isinstance(outcome, Ok):
                # A new file may have the inode number of a removed one.
                self._own -= _hash(native, outcome.value)
            return outcome

        return call if name not in {"link_at", "rename_at"} else partial(self._across, native, call)

    def _across(self, native: _Native, call: Callable[..., Outcome], descriptor: Any, *arguments: Any) -> Outcome:
        """Refuse to move a file between the worker's folder and another one, as between two devices."""
        one, other = (bool(_hash(native, each) & self._own) for each in (descriptor, arguments[-2]))
        if one != other:
            return Err(ErrorCode.CROSS_DEVICE)
        return call(descriptor, *arguments)

    # Functions of descriptors of the worker's own files

    def _stat(self, native: _Native, files: Files, descriptor: Any) -> Outcome:
        set_time = partial(native.methods["set_times"], descriptor, NoChange())
        return _told(files, native.methods["stat"](descriptor), set_time)

    def _stat_at(self, native: _Native, files: Files, descriptor: Any, flags: PathFlags, path: str) -> Outcome:
        set_time = partial(native.methods["set_times_at"], descriptor, flags, path, NoChange())
        return _told(files, native.methods["stat_at"](descriptor, flags, path), set_time)

    def _metadata_hash(self, native: _Native, files: Files, descriptor: Any) -> Outcome:
        del files
        return self._numbered(native.methods["metadata_hash"](descriptor))

    def _metadata_hash_at(self, native: _Native, files: Files, descriptor: Any, flags: PathFlags, path: str) -> Outcome:
        del files
        return self._numbered(native.methods["metadata_hash_at"](descriptor, flags, path))

    def _numbered(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Err):
            return outcome
        if outcome.value not in self._numbers:
            self._count += 1
            self._numbers[outcome.value] = self._count
        number = self._numbers[outcome.value]
        return Ok(Hash(number, number))

    def _set_times(
        self, native: _Native, files: Files, descriptor: Any, accessed: NewTimestamp, modified: NewTimestamp
    ) -> Outcome:
        del accessed
        outcome: Outcome = native.methods["set_times"](descriptor, NoChange(), _given(files, modified))
        return outcome

    def _set_times_at(
        self, native: _Native, files: Files, descriptor: Any, flags: PathFlags, path: str, *times: NewTimestamp
    ) -> Outcome:
        outcome: Outcome = native.methods["set_times_at"](descriptor, flags, path, NoChange(), _given(files, times[1]))
        return outcome

    def _set_size(self, native: _Native, files: Files, descriptor: Any, size: int) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["set_size"](descriptor, size)
        files.grow(size)
        return outcome

    def _write(self, native: _Native, files: Files, descriptor: Any, buffer: bytes, offset: int) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["write"](descriptor, buffer[:_PIECE], offset)
        files.grow(min(len(buffer), _PIECE))
        return outcome

    def _open_at(self, native: _Native, files: Files, descriptor: Any, *arguments: Any) -> Outcome:
        flags, path, how, wanted = arguments
        is_new = bool(how & OpenFlags.CREATE) and isinstance(
            native.methods["metadata_hash_at"](descriptor, flags, path), Err
        )
        if is_new or how & OpenFlags.TRUNCATE or wanted & DescriptorFlags.WRITE:
            files.changed()
        outcome: Outcome = native.methods["open_at"](descriptor, *arguments)
        if isinstance(outcome, Ok):
            opened = _hash(native, outcome.value)
            self._own |= opened
            if is_new:
                self._made(files, opened)
        return outcome

    def _made(self, files: Files, made: set[Hash]) -> None:
        """Record a new file: anything known under its hash belongs to a removed one."""
        for each in made:
            self._numbers.pop(each, None)
        files.grow()

    def _create_directory_at(self, native: _Native, files: Files, descriptor: Any, path: str) -> Outcome:
        files.changed()
        return self._new(native, files, descriptor, path, native.methods["create_directory_at"](descriptor, path))

    def _symlink_at(self, native: _Native, files: Files, descriptor: Any, old: str, new: str) -> Outcome:
        files.changed()
        return self._new(native, files, descriptor, new, native.methods["symlink_at"](descriptor, old, new))

    def _new(self, native: _Native, files: Files, descriptor: Any, path: str, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Ok):
            self._made(files, _hashes(native.methods["metadata_hash_at"](descriptor, _HERE, path)))
        return outcome

    def _link_at(self, native: _Native, files: Files, *arguments: Any) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["link_at"](*arguments)
        files.grow()
        return outcome

    def _unlink_file_at(self, native: _Native, files: Files, *arguments: Any) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["unlink_file_at"](*arguments)
        return outcome

    def _remove_directory_at(self, native: _Native, files: Files, *arguments: Any) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["remove_directory_at"](*arguments)
        return outcome

    def _rename_at(self, native: _Native, files: Files, *arguments: Any) -> Outcome:
        files.changed()
        outcome: Outcome = native.methods["rename_at"](*arguments)
        return outcome


def _hash(native: _Native, descriptor: Any) -> set[Hash]:
    """Return the hash that identifies an open file; empty if the system does not provide it."""
    return _hashes(native.methods["metadata_hash"](descriptor))


def _hashes(outcome: Outcome) -> set[Hash]:
    return {outcome.value} if isinstance(outcome, Ok) else set()


def _told(files: Files, outcome: Outcome, set_time: Callable[[NewTimestamp], Outcome]) -> Outcome:
    """Return the status of a file for the guest, after setting the time of one that was changed."""
    if isinstance(outcome, Err):
        return outcome
    modified = outcome.value.modified
    shown = 0 if modified is None else modified.seconds * 10**9 + modified.nanoseconds
    if not files.is_given(shown):
        shown = files.time()
        set_time(_given(files, Timestamp(_datetime(shown))))
    time = _datetime(shown)
    return Ok(replace(outcome.value, accessed=time, modified=time, changed=time))


def _given(files: Files, wanted: NewTimestamp) -> NewTimestamp:
    """Return a time that the guest sets on a file, recorded as set here and not by the system."""
    if isinstance(wanted, NoChange):
        return wanted
    if isinstance(wanted, Now):
        files.changed()
        nanoseconds = files.time()
    else:
        nanoseconds = wanted.value.seconds * 10**9 + wanted.value.nanoseconds // 1000 * 1000
    files.give(nanoseconds)
    return Timestamp(_datetime(nanoseconds))


def _datetime(nanoseconds: int) -> Datetime:
    return Datetime(*divmod(nanoseconds, 10**9))


def _refer(_: Any, value: Any) -> Reference:
    raise TypeError(f"{value!r} is not recorded")
