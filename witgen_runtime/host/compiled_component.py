"""Files with compiled components, which `witgen compile` writes and servers open at start.

wasmtime maps such a file as it is, so a note about it stands behind its end: wasmtime reads what its head points to.
Compiled code is as trusted as a program: whoever writes it can do in this process whatever they want. So a file counts
only if nobody but its user, or the administrator, can have written it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import wasmtime
from wasmtime.component import Component

from ..version import VERSION
from .adapters.refusal import Refusal
from .adapters.source_digest import source_digest
from .capi import ffi
from .capi.engine import Settings, default_engine
from .direct_lists import ListForm
from .errors import ComponentError
from .origin import Origin

__all__ = ["CompiledNote", "is_compiled", "pack", "read_compiled"]

_ELF: Final = b"\x7fELF"
_END: Final = b"witgen-compiled\n"
_AGAIN: Final = "compile it again with `witgen compile`"


@dataclass(frozen=True, slots=True)
class CompiledNote:
    """What a file says about the code in it.

    Attributes:
        digest: the SHA-256 of the code.
        size: how many bytes it has.
        wasmtime: the version for which it was compiled.
        witgen: the version that compiled it.
        adapters: identifies the code that made the adapters in it.
        settings: those of the engine.
        composed: whether adapters were put around the component.
        text: whether these may pass bytes as text.
        direct: whether these may pass lists directly.
        refusal: why the component has no adapters: the item and the rule.
        types: the signatures that its functions had before it was composed.
    """

    digest: str
    size: int
    wasmtime: str
    witgen: str
    adapters: str
    settings: dict[str, bool]
    composed: bool
    text: bool
    refusal: list[str] | None
    direct: bool = False
    types: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def lists(self) -> ListForm:
        """The form in which adapters may pass lists."""
        return "direct" if self.direct else "text" if self.text else "plain"

    def missing(self, wanted: Settings) -> str:
        """Return what stores need that the code lacks; empty if it lacks nothing."""
        had = Settings(**self.settings)
        for name in ("concurrent", "fuel", "interruptible"):
            if getattr(wanted, name) and not getattr(had, name):
                return name
        return ""


def is_compiled(path: str | os.PathLike[str]) -> bool:
    """Return whether a file has compiled code, whoever wrote it."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return file.read(len(_ELF)) == _ELF
    except (OSError, ValueError):
        return False


def pack(component: Component, settings: Settings, origin: Origin) -> bytes:
    """Return the content of a file with a component that was compiled for one of the runtime's own engines."""
    code = bytes(component.serialize())
    refusal = origin.refusal
    note = CompiledNote(
        digest=hashlib.sha256(code).hexdigest(),
        size=len(code),
        wasmtime=ffi.VERSION,
        witgen=VERSION,
        adapters=source_digest(),
        settings=asdict(settings),
        composed=origin.composed,
        text=origin.lists == "text",
        refusal=[refusal.item, refusal.rule] if refusal is not None else None,
        direct=origin.lists == "direct",
        types={name: list(texts) for name, texts in origin.types.items()},
    )
    written = json.dumps(asdict(note)).encode()
    return b"".join((code, written, len(written).to_bytes(8, "little"), _END))


def read_compiled(path: Path) -> tuple[wasmtime.Engine, Component, CompiledNote, Origin]:
    """Return the component in a file, with the engine for whose stores it was compiled.

    Raises:
        ComponentError: others may have written the file, it is damaged, or was made by other versions.
        OSError: it cannot be read.
    """
    with _trusted(path) as file:
        note = _note(path, file)
        if note.wasmtime != ffi.VERSION:
            raise ComponentError(
                f"{path} was compiled for wasmtime {note.wasmtime}, and this is {ffi.VERSION}: {_AGAIN}"
            )
        if note.adapters != source_digest():
            raise ComponentError(f"{path} was compiled by witgen {note.witgen}, and this is another one: {_AGAIN}")
        file.seek(0)
        if hashlib.sha256(file.read(note.size)).hexdigest() != note.digest:
            raise ComponentError(f"{path} is damaged: {_AGAIN}")
        engine = default_engine(Settings(**note.settings))
        # The file that was looked at, whatever has its name by now.
        same = Path(f"/proc/self/fd/{file.fileno()}")
        try:
            component = Component.deserialize_file(engine, str(same if same.exists() else path))
        except wasmtime.WasmtimeError as error:
            raise ComponentError(f"wasmtime does not take {path}: {error}; {_AGAIN} on this machine") from None
    refusal = Refusal(*note.refusal) if note.refusal is not None else None
    return engine, component, note, Origin(note.composed, note.lists, refusal, types=note.types)


@contextmanager
def _trusted(path: Path) -> Generator[BinaryIO]:
    """Open a file that nobody else can have written."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if sys.platform != "win32":
            why = ""
            if status.st_uid not in {0, os.geteuid()}:
                why = "belongs to another user"
            elif status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                why = "can be written by others (`chmod go-w` ends that)"
            if why:
                raise ComponentError(
                    f"{path} is compiled code, which can do anything in this process, and {why}: it is not loaded"
                )
        yield file


def _note(path: Path, file: BinaryIO) -> CompiledNote:
    """Read what a file says about itself."""
    tail = len(_END) + 8
    note: CompiledNote | None = None
    try:
        file.seek(-tail, os.SEEK_END)
        end = file.read(tail)
        if not end.endswith(_END):
            raise ComponentError(
                f"{path} was not written by `witgen compile`, or is cut off: pass the component itself, or {_AGAIN}"
            )
        size = int.from_bytes(end[:8], "little")
        file.seek(-tail - size, os.SEEK_END)
        found: dict[str, Any] = json.loads(file.read(size))
        note = CompiledNote(**found)
        Settings(**note.settings)
        known = (type(note.size), type(note.types)) == (int, dict)
        is_note = known and (note.refusal is None or len(note.refusal) == 2)
    except (OSError, ValueError, TypeError, RecursionError, OverflowError):
        is_note = False
    if note is None or not is_note:
        raise ComponentError(f"{path} is damaged: {_AGAIN}")
    return note
