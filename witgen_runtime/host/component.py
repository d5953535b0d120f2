"""Components: from a path, bytes, text or wasmtime's own object, compiled once and kept on disk."""

from __future__ import annotations

import json
import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, overload
from weakref import WeakKeyDictionary, WeakValueDictionary

import wasmtime
from wasmtime.component import Component

from . import forking
from .adapters.compose import waits
from .adapters.refusal import Refusal
from .adapters.request import Request, binary
from .adapters.source_digest import source_digest
from .capi import ffi
from .capi.engine import bounds, compile_with, fingerprint
from .capi.features import ASYNC, explain, missing_feature
from .compiled_component import CompiledNote, read_compiled
from .compiled_files import cache_folder, find, is_own, keep, mark_used, write
from .content import Content, Source
from .errors import ComponentError
from .images.files import note_images, packed, temporary
from .images.splitting import split
from .origin import Origin, note_origin, origin_of

__all__ = ["ComponentSource", "cache_folder", "load", "load_compiled"]

T = TypeVar("T")

ComponentSource: TypeAlias = Source | Component
"""A path, a component's bytes, component text (a str that begins with a parenthesis), or a compiled component."""

_log = logging.getLogger(__name__)
_compilations = logging.getLogger(f"{__name__}.compilations")

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

# In this order: a fork takes them the other way round.
_table = forking.held_while_forking()
"""Held for a moment, to look something up."""

_reading = forking.held_while_forking()
"""Held while a compiled component is read: wasmtime locks its list of all code then, and a child of a fork would wait
for that for ever.
"""

_compiling = forking.held_while_forking()
"""Components are compiled one at a time, because compiling uses all cores and much memory. What is compiled already
waits for none of it.
"""

_LARGE: Final = 1_000_000
"""From how many bytes on compiling takes so long that a user may wonder."""

_making: WeakValueDictionary[tuple[int, str], Any] = WeakValueDictionary()
"""Locks by engine and key, while a component is loaded: other threads may want the same one."""

forking.on_child(_making.clear)


def load(
    engine: wasmtime.Engine, source: ComponentSource, adapters: Request | None = None, *, bounded: bool = False
) -> Component:
    """Return a compiled component, with adapters if it can have them; compiled components are cached.

    With `bounded`, adapters bound its waits inside wasmtime, if it can have such adapters.

    Raises:
        ComponentError: it is no component, or wasmtime cannot compile it.
        OSError: the file of a path cannot be read: `FileNotFoundError` if there is none.
    """
    if isinstance(source, Component):
        origin = origin_of(source)
        if adapters is not None and not origin.composed:
            adapters.refused(origin.refusal or _COMPILED)
        return source
    content = Content(source)
    made_of = _bounded if bounded else _unbounded
    key = f"{content.digest}-{ffi.VERSION}-{fingerprint(engine)}"
    if bounded or bounds(engine):  # adapters for its waits, or images of its memories
        key = f"{source_digest()[:20]}-{key}"
    try:
        component = (
            _load_composed(engine, content, f"{adapters.key}-{key}", adapters, made_of)
            if adapters is not None
            else None
        )
        if component is None:
            component = _known_or_made(engine, key, lambda: _compile_any(engine, made_of(content.data)))
            refusal = adapters.refusal if adapters is not None else None
            note_origin(component, Origin(refusal=refusal, engine=weakref.ref(engine)))
        elif adapters is not None:
            origin = Origin(composed=True, lists=adapters.lists, engine=weakref.ref(engine), types=adapters.types)
            note_origin(component, origin)
    except ComponentError as error:
        if content.path is None:
            raise
        raise ComponentError(f"{content.path}: {error}", error.feature) from None
    return component


def load_compiled(path: str | os.PathLike[str]) -> tuple[wasmtime.Engine, Component, CompiledNote]:
    """Return the component in a file that `witgen compile` wrote, its engine, and what the file says about it.

    Raises:
        ComponentError: others may have written the file, it is damaged, or was made by other versions.
        OSError: it cannot be read.
    """
    with _reading:
        engine, component, note, origin = read_compiled(Path(path))
        key = f"compiled-{note.digest}"
        known = _known(engine, key)
        if known is None:
            note_origin(component, replace(origin, engine=weakref.ref(engine)))
            with _table:
                _keep(_loaded.setdefault(engine, {}), key, component)
        return engine, known or component, note


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
    engine: wasmtime.Engine, content: Content, key: str, adapters: Request, made_of: _Forms
) -> Component | None:
    """Return a component with its adapters; None where it has none, which is remembered as well."""
    folder = cache_folder()
    note = folder / f"{key}.plain" if folder is not None else None
    if note is not None and _is_plain(note, adapters):
        return None
    component = _known_or_made(engine, key, lambda: _compile_composed(engine, content.data, adapters, made_of))
    if component is None and note is not None:
        refusal = adapters.refusal
        write(note, json.dumps([refusal.item, refusal.rule] if refusal is not None else []).encode())
    return component


def _is_plain(note: Path, adapters: Request) -> bool:
    """Return whether a component is known to run without adapters, and pass the reason to the request."""
    try:
        if not is_own(note):
            return False
        why = json.loads(note.read_bytes())
        refusal = Refusal(*why) if why else None
    except (OSError, TypeError, ValueError, RecursionError):
        return False
    mark_used(note)
    if refusal is not None:
        adapters.refused(refusal)
    return True


def _compile_composed(engine: wasmtime.Engine, content: bytes, adapters: Request, made_of: _Forms) -> Component | None:
    for composed in adapters.forms(content, made_of):
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
    known = _known(engine, key)
    if known is not None:
        return known
    with _table:
        lock = _making.setdefault((id(engine), key), threading.RLock())
    with lock:
        known = _known(engine, key)
        if known is not None:
            return known
        try:
            component = _from_disk_or_made(engine, key, make)
        except ComponentError as error:
            if error.feature:
                with _table:
                    _keep(_refused.setdefault(engine, {}), key, error)
            raise
        if component is not None:
            with _table:
                _keep(_loaded.setdefault(engine, {}), key, component)
        return component


def _known(engine: wasmtime.Engine, key: str) -> Component | None:
    """Return a component that is loaded; raise if it is known that this engine cannot run it."""
    with _table:
        refused = _refused.get(engine, {}).get(key)
        if refused is not None:
            raise ComponentError(str(refused), refused.feature)
        loaded = _loaded.get(engine, {})
        component = loaded.pop(key, None)
        if component is not None:
            _keep(loaded, key, component)
        return component


def _keep(latest: dict[str, T], key: str, value: T) -> None:
    latest[key] = value
    if len(latest) > _KEPT:
        del latest[next(iter(latest))]


def _from_disk_or_made(engine: wasmtime.Engine, key: str, make: Callable[[], Component | None]) -> Component | None:
    folder = cache_folder()
    if folder is not None:
        with _reading:
            component = find(engine, folder, key)
        if component is not None:
            return component
    with _compiling:
        component = make()
        if component is not None and folder is not None:
            keep(folder, key, component)
    return component


def _compile(engine: wasmtime.Engine, content: bytes) -> Component:
    if len(content) > _LARGE:
        _compilations.info("compiling a component of %d MB, which is done once and kept", len(content) // 1_000_000)
    if not content:
        raise ComponentError("neither a component nor component text: it is empty")
    if content.startswith(b"\x7fELF"):
        raise ComponentError("it is compiled code, which is only taken from a file: pass the path of one")
    split_one = _compile_split(engine, content) if bounds(engine) else None
    if split_one is not None:
        return split_one
    try:
        return compile_with(engine, _binary_or_text(content))
    except wasmtime.WasmtimeError as error:
        feature = missing_feature(str(error))
        if feature is not None:
            raise ComponentError(explain(str(error), feature), feature.name) from None
        if "parse a wasm module with a component parser" in str(error):
            raise ComponentError("it is a core module; `wasm-tools component new` turns it into a component") from None
        raise ComponentError(f"wasmtime rejects this component: {error}") from None


def _binary_or_text(content: bytes) -> bytes | str:
    if content.startswith(b"\0asm"):
        return content
    if content.lstrip().startswith((b"(", b";")):
        with suppress(UnicodeDecodeError):
            return content.decode()
    raise ComponentError("neither a component nor component text")


def _compile_split(engine: wasmtime.Engine, content: bytes) -> Component | None:
    """Compile a component without the first content of its memories, which is mapped when these are made.

    Returns:
        None where that brings nothing, or cannot be.
    """
    parts = split(content)
    if parts is None:
        return None
    try:
        images = temporary(packed(parts.memories))
        component = compile_with(engine, parts.content)
    except (OSError, wasmtime.WasmtimeError) as error:  # code that uses its segments itself, for one
        _log.info("the first content of memories is copied: %s", error)
        return None
    note_images(component, images)
    return component
