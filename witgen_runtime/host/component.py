"""Components: from a path, bytes, text or wasmtime's own object, compiled once and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
import sys
import tempfile
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, overload
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component

from . import forking
from .adapters.compose import waits
from .adapters.refusal import Refusal
from .adapters.request import Request, binary
from .adapters.source_digest import source_digest
from .arguments import check_argument
from .capi import ffi
from .capi.engine import compile_with, fingerprint
from .capi.features import ASYNC, explain, missing_feature
from .errors import CacheWarning, ComponentError
from .origin import Origin, note_origin, origin_of

__all__ = ["ComponentSource", "cache_folder", "load"]

T = TypeVar("T")

_Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview
ComponentSource: TypeAlias = _Source | Component
"""A path, a component's bytes, component text (a str that begins with a parenthesis), or a compiled component."""

_log = logging.getLogger(__name__)

_ANY_HASH = "?" * 40
_KEEP_SECONDS = 90 * 24 * 3600
"""Compiled components that were not loaded for this long are removed."""


_KEPT: Final = 32
"""How many components of an engine stay loaded."""

_loaded: WeakKeyDictionary[wasmtime.Engine, dict[str, Component]] = WeakKeyDictionary()
"""The most recently loaded components, the latest at the end: stores share a component's code, and its file.

These are not weak references: wasmtime-py deletes a component in its finalizer, which lets other threads run, and one
of them could revive it before the finalizer ends.
"""


_refused: WeakKeyDictionary[wasmtime.Engine, dict[str, ComponentError]] = WeakKeyDictionary()
"""Components that need a feature that an engine lacks: worlds of them are opened on another engine each time."""


_COMPILED: Final = Refusal("", "it was compiled before it was opened: pass its path or its bytes")

_loading = forking.held_while_forking()
"""Components are compiled one at a time: waiting threads may want the same one, and compiling uses all cores and much
memory anyway.
"""


def load(
    engine: wasmtime.Engine, source: ComponentSource, adapters: Request | None = None, *, bounded: bool = False
) -> Component:
    """Return a compiled component, with adapters if it can have them; compiled components are cached.

    With `bounded`, adapters bound its waits inside wasmtime, if it can have such adapters.
    """
    if isinstance(source, Component):
        origin = origin_of(source)
        if adapters is not None and not origin.composed:
            adapters.refused(origin.refusal or _COMPILED)
        return source
    content = _read(source)
    made_of = _bounded if bounded else _unbounded
    key = f"{hashlib.sha256(content).hexdigest()[:40]}-{ffi.VERSION}-{fingerprint(engine)}"
    if bounded:
        key = f"{source_digest()[:20]}-{key}"
    component = (
        _load_composed(engine, content, f"{adapters.key}-{key}", adapters, made_of) if adapters is not None else None
    )
    try:
        if component is None:
            component = _known_or_made(engine, key, lambda: _compile_any(engine, made_of(content)))
            refusal = adapters.refusal if adapters is not None else None
            note_origin(component, Origin(refusal=refusal, engine=weakref.ref(engine)))
        elif adapters is not None:
            note_origin(component, Origin(composed=True, text=adapters.text, engine=weakref.ref(engine)))
    except ComponentError as error:
        path = _path(source)
        if path is None:
            raise
        raise ComponentError(f"{path}: {error}", error.feature) from None
    return component


_Forms: TypeAlias = Callable[[bytes], Iterator[bytes]]
"""Yields the forms in which a component can be compiled, the best first."""


def _unbounded(content: bytes) -> Iterator[bytes]:
    yield content


def _bounded(content: bytes) -> Iterator[bytes]:
    """Yield a component with adapters for its waits, if it can have them, and unchanged."""
    try:
        composed = waits.bound_waits(content if content.startswith(b"\0asm") else binary(content))
    except Refusal as refusal:
        _log.info("waits inside wasmtime are not bounded: %s", refusal)
    else:
        if composed is not None:
            yield composed
    yield content


def _compile_any(engine: wasmtime.Engine, forms: Iterator[bytes]) -> Component:
    """Compile the first of several forms of a component that wasmtime takes."""
    failure: ComponentError | None = None
    for content in forms:
        try:
            return _compile(engine, content)
        except ComponentError as error:
            if error.feature:
                raise
            _log.info("not compiled: %s", error)
            failure = error
    raise failure or ComponentError("there is no component")


def _load_composed(
    engine: wasmtime.Engine, content: bytes, key: str, adapters: Request, made_of: _Forms
) -> Component | None:
    """Return a component with its adapters; None where it has none, which is remembered as well."""
    folder = cache_folder()
    note = folder / f"{key}.plain" if folder is not None else None
    if note is not None and _is_plain(note, adapters):
        return None
    component = _known_or_made(engine, key, lambda: _compile_composed(engine, made_of(content), adapters))
    if component is None and note is not None:
        refusal = adapters.refusal
        _write(note, json.dumps([refusal.item, refusal.rule] if refusal is not None else []).encode())
    return component


def _is_plain(note: Path, adapters: Request) -> bool:
    """Return whether a component is known to run without adapters, and pass the reason to the request."""
    try:
        if not _is_own(note):
            return False
        why = json.loads(note.read_bytes())
        refusal = Refusal(*why) if why else None
    except (OSError, TypeError, ValueError, RecursionError):
        return False
    _mark_used(note)
    if refusal is not None:
        adapters.refused(refusal)
    return True


def _compile_composed(engine: wasmtime.Engine, forms: Iterator[bytes], adapters: Request) -> Component | None:
    for content in forms:
        composed = adapters.compose(content)
        if composed is not None:
            try:
                return _compile(engine, composed)
            except ComponentError as error:
                if error.feature == ASYNC.name:
                    raise
                adapters.refused(Refusal("", f"composed with adapters, {error}"))
    return None


@overload
def _known_or_made(engine: wasmtime.Engine, key: str, make: Callable[[], Component]) -> Component: ...
@overload
def _known_or_made(engine: wasmtime.Engine, key: str, make: Callable[[], Component | None]) -> Component | None: ...
def _known_or_made(engine: wasmtime.Engine, key: str, make: Callable[[], Component | None]) -> Component | None:
    with _loading:
        loaded, refused = _loaded.setdefault(engine, {}), _refused.setdefault(engine, {})
        if key in refused:
            raise ComponentError(str(refused[key]), refused[key].feature)
        try:
            component = loaded.pop(key, None) or _from_disk_or_made(engine, key, make)
        except ComponentError as error:
            if error.feature:
                _keep(refused, key, error)
            raise
        if component is not None:
            _keep(loaded, key, component)
        return component


def _keep(latest: dict[str, T], key: str, value: T) -> None:
    latest[key] = value
    if len(latest) > _KEPT:
        del latest[next(iter(latest))]


def _from_disk_or_made(engine: wasmtime.Engine, key: str, make: Callable[[], Component | None]) -> Component | None:
    folder = cache_folder()
    component = _cached(engine, folder, key) if folder is not None else None
    if component is None:
        component = make()
        if component is not None and folder is not None:
            artifact = bytes(component.serialize())
            _write(folder / f"{key}-{hashlib.sha256(artifact).hexdigest()[:40]}.cwasm", artifact)
    return component


def cache_folder() -> Path | None:
    """Return where compiled components are kept; None where the user switched the cache off, or others may write there.

    `WITGEN_CACHE_DIR` names another folder; empty, it switches the cache off.
    """
    folder = _chosen_folder()
    try:
        reason = _distrust(folder) if folder is not None else None
    except OSError:  # it is not there yet
        return folder
    if reason is not None:
        remedy = "delete it, or let WITGEN_CACHE_DIR name a folder that is yours alone"
        warnings.warn(f"compiled components are not kept: {reason}; {remedy}", CacheWarning, stacklevel=2)
    return folder if reason is None else None


def _chosen_folder() -> Path | None:
    chosen = os.environ.get("WITGEN_CACHE_DIR")
    if chosen is not None:
        return Path(chosen) / "components" if chosen else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "witgen" / "components"


def _distrust(folder: Path) -> str | None:
    """Return why a folder may hold other users' code; None if only this user can have written to it.

    Raises:
        OSError: the folder does not exist.
    """
    if sys.platform == "win32":  # there, it is below the user's own folder
        return None
    status, above = folder.stat(), folder.parent.stat()
    if status.st_uid != os.geteuid():
        return f"`{folder}` belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to `{folder}`"
    if above.st_uid not in {0, os.geteuid()} or (above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX):
        return f"others may replace what is in `{folder.parent}`"
    return None


def _is_own(entry: Path) -> bool:
    """Return whether an entry is a regular file that only this user can have written."""
    status = entry.lstat()
    shared = sys.platform != "win32" and (
        status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
    return stat.S_ISREG(status.st_mode) and not shared


def _path(source: _Source) -> Path | None:
    """Return the path that a source is, if it is one."""
    if isinstance(source, str) and source.lstrip().startswith("("):
        return None
    return Path(source) if isinstance(source, (str, os.PathLike)) else None


def _read(source: _Source) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    expected = "a path, bytes, component text or a wasmtime.component.Component"
    check_argument("component", source, (str, os.PathLike), expected, _hint(source))
    path = _path(source)
    if path is None:
        return str(source).encode()
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ComponentError(f"{path} is not a regular file")  # opening a FIFO would wait for a writer
    return path.read_bytes()


def _hint(source: object) -> str:
    """Return the remedy for a source of the wrong type."""
    if isinstance(source, wasmtime.Module):
        return ", which is a core module; `wasm-tools component new` turns it into a component"
    return "; pass its path, or what its `read` returns" if hasattr(source, "read") else ""


def _compile(engine: wasmtime.Engine, content: bytes) -> Component:
    if not content:
        raise ComponentError("neither a component nor component text: it is empty")
    binary = content.startswith(b"\0asm")
    try:
        return compile_with(engine, content if binary else content.decode())
    except UnicodeDecodeError:
        raise ComponentError("neither a component nor component text") from None
    except wasmtime.WasmtimeError as error:
        feature = missing_feature(str(error))
        if feature is not None:
            raise ComponentError(explain(str(error), feature), feature.name) from None
        if "parse a wasm module with a component parser" in str(error):
            raise ComponentError("it is a core module; `wasm-tools component new` turns it into a component") from None
        raise ComponentError(f"wasmtime rejects this component: {error}") from None


def _cached(engine: wasmtime.Engine, folder: Path, key: str) -> Component | None:
    """Return a cached component. Its file's name ends with the hash of the content, so a damaged one is not used."""
    try:
        found = next(folder.glob(f"{key}-{_ANY_HASH}.cwasm"), None)
        if found is None or not _is_own(found):
            return None
        with found.open("rb") as file:
            intact = hashlib.file_digest(file, "sha256").hexdigest()[:40] == found.stem.rpartition("-")[2]
        if intact:
            component = Component.deserialize_file(engine, str(found))
            _mark_used(found)
            return component
    except (OSError, wasmtime.WasmtimeError):
        return None
    with contextlib.suppress(OSError):
        found.unlink()
    return None


def _write(target: Path, content: bytes) -> None:
    """Put a file into the cache, whole or not at all; where that cannot be, the cache goes without it."""
    with contextlib.suppress(OSError):
        for folder in (target.parent.parent, target.parent):  # `parents` would leave the first one to the umask
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".tmp", delete=False) as file:
            file.write(content)
        Path(file.name).replace(target)
        _tidy(target.parent)


def _mark_used(entry: Path) -> None:
    """Let an entry stay; one in a folder that others write stays anyway."""
    with contextlib.suppress(OSError):
        os.utime(entry)


def _tidy(folder: Path) -> None:
    oldest = time.time() - _KEEP_SECONDS
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime < oldest:
                entry.unlink()
