"""Composes a component with an adapter that bounds its waits in wasmtime's WASI.

The composed component has the guest's imports and exports. Adapters in front of wasmtime's `wasi:io/poll` and
`wasi:io/streams` replace the functions that block; the other functions and all types are passed on unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

import wasmtime

from ..names import WAIT
from ..refusal import Refusal
from ..wasm.encoding import ComponentBuilder, Sort, signed, text, unsigned, vector
from ..wasm.reader import Import, Outer, read
from ..wasm.shapes import OPCODES
from ..wasm.type_reader import InstanceType
from .waits_component import BLOCKING, PLAIN, TYPES, component

__all__ = ["OWN_IMPORT", "bound_waits"]

_PATCH: Final = 900
OWN_IMPORT: Final = re.compile(r"wasi:(io/poll|io/streams|clocks/monotonic-clock)@0\.2\.9\d\d")
"""Imports of a composed component for its adapters: releases that will never exist, so that they do not collide.

Wasmtime considers them compatible with its own.
"""

_WAITS: Final = re.compile(r"wasi:io/(?:poll|streams)@0\.2\.\d+")
_U32, _U64, _BOOL = (bytes((OPCODES[name],)) for name in ("u32", "u64", "bool"))
_BYTES: Final = bytes((0x70, OPCODES["u8"]))
_NOTHING: Final = b"\x40\x00\x01\x00"
"""The type of a function without parameters and result."""

_Params = Sequence[tuple[str, bytes]]


def bound_waits(guest: bytes) -> bytes | None:
    """Return a component whose waits are bounded; None where it has none. Raise `Refusal` where that cannot be done."""
    outer = read(guest)
    waiting = [item for item in outer.imports if _waits(item)]
    return _Composer(guest, outer, waiting).compose() if waiting else None


def _waits(item: Import) -> bool:
    """Return whether an import has functions that block; raise `Refusal` if some function of it is unknown."""
    if not isinstance(item.meaning, InstanceType) or not _WAITS.fullmatch(item.name):
        return False
    interface, streams = item.meaning.interface, _is_streams(item)
    functions = {function.name for function in interface.functions}
    if functions.isdisjoint(BLOCKING[streams]):
        return False
    unknown = (functions | interface.types.keys()).difference(TYPES[streams], PLAIN[streams], BLOCKING[streams])
    if unknown:
        raise Refusal(f"{item.name}#{min(unknown)}", "a function that adapters do not know")
    return True


def _is_streams(item: Import) -> bool:
    return item.name.startswith("wasi:io/streams")


@cache
def _binary(*, streams: bool) -> bytes:
    return bytes(wasmtime.wat2wasm(component(streams=streams)))


class _InstanceTypeWriter:
    """Writes the type of an instance; every method that defines a type returns its index."""

    def __init__(self) -> None:
        self._declarations: list[bytes] = []
        self._types = 0

    def encoded(self) -> bytes:
        return b"\x42" + vector(self._declarations)

    def _add(self, declaration: bytes) -> int:
        self._declarations.append(declaration)
        self._types += 1
        return self._types - 1

    def define(self, definition: bytes) -> bytes:
        """Define a type; return the encoding of its uses."""
        return signed(self._add(b"\x01" + definition))

    def resource(self, name: str, outside: int | None) -> int:
        """Export a resource: that of the enclosing component, or a new one."""
        if outside is None:
            return self._add(b"\x04\x00" + text(name) + b"\x03\x01")
        alias = self._add(b"\x02\x03\x02\x01" + unsigned(outside))
        return self._add(b"\x04\x00" + text(name) + b"\x03\x00" + unsigned(alias))

    def named(self, name: str, definition: bytes) -> bytes:
        """Export a type of values under a name."""
        made = self._add(b"\x01" + definition)
        return signed(self._add(b"\x04\x00" + text(name) + b"\x03\x00" + unsigned(made)))

    def function(self, name: str, params: _Params, result: bytes) -> None:
        """Export a function."""
        encoded = vector([text(label) + type_ for label, type_ in params])
        made = self._add(b"\x01\x40" + encoded + b"\x00" + result)
        self._declarations.append(b"\x04\x00" + text(name) + b"\x01" + unsigned(made))


def _own(resource: int) -> bytes:
    return b"\x69" + unsigned(resource)


def _borrow(resource: int) -> bytes:
    return b"\x68" + unsigned(resource)


def _poll_type(pollable: int | None) -> bytes:
    writer = _InstanceTypeWriter()
    borrowed = writer.define(_borrow(writer.resource("pollable", pollable)))
    several, numbers = writer.define(b"\x70" + borrowed), writer.define(b"\x70" + _U32)
    writer.function("[method]pollable.ready", [("self", borrowed)], _BOOL)
    writer.function("poll", [("in", several)], numbers)
    return writer.encoded()


def _clock_type(pollable: int) -> bytes:
    writer = _InstanceTypeWriter()
    made = writer.define(_own(writer.resource("pollable", pollable)))
    writer.function("subscribe-duration", [("when", _U64)], made)
    return writer.encoded()


def _streams_type(pollable: int, resources: dict[str, int]) -> bytes:
    writer = _InstanceTypeWriter()
    known = {name: writer.resource(name, resources.get(name)) for name in _STREAM_RESOURCES}
    ready = writer.define(_own(writer.resource("pollable", pollable)))
    failed = writer.define(_own(known["error"]))
    cases = [text("last-operation-failed") + b"\x01" + failed + b"\x00", text("closed") + b"\x00\x00"]
    error = b"\x01" + writer.named("stream-error", b"\x71" + vector(cases))
    data = writer.define(_BYTES)
    bytes_ = writer.define(b"\x6a\x01" + data + error)
    number, nothing = writer.define(b"\x6a\x01" + _U64 + error), writer.define(b"\x6a\x00" + error)
    source, target = (("self", writer.define(_borrow(known[name]))) for name in ("input-stream", "output-stream"))
    functions: list[tuple[str, _Params, bytes]] = [
        ("[method]input-stream.subscribe", [source], ready),
        ("[method]input-stream.read", [source, ("len", _U64)], bytes_),
        ("[method]input-stream.skip", [source, ("len", _U64)], number),
        ("[method]output-stream.subscribe", [target], ready),
        ("[method]output-stream.check-write", [target], number),
        ("[method]output-stream.write", [target, ("contents", data)], nothing),
        ("[method]output-stream.write-zeroes", [target, ("len", _U64)], nothing),
        ("[method]output-stream.flush", [target], nothing),
        ("[method]output-stream.splice", [target, ("src", source[1]), ("len", _U64)], number),
    ]
    for name, params, result in functions:
        writer.function(name, params, result)
    return writer.encoded()


_STREAM_RESOURCES: Final = ("input-stream", "output-stream", "error")
_FROM_STREAMS: Final = {
    "input-subscribe": "[method]input-stream.subscribe",
    "output-subscribe": "[method]output-stream.subscribe",
    **{name: f"[method]input-stream.{name}" for name in ("read", "skip")},
    **{
        f"{name}": f"[method]output-stream.{name}"
        for name in ("check-write", "write", "write-zeroes", "flush", "splice")
    },
}
"""The adapter's imports, by what they are of `wasi:io/streams`."""


class _Natives:
    """The instances of wasmtime that an adapter uses and the composed component imports for it."""

    def __init__(self, builder: ComponentBuilder, item: Import, patch: int) -> None:
        self._builder = builder
        self._version = f"0.2.{patch}"
        types = item.meaning.interface.types if isinstance(item.meaning, InstanceType) else {}
        self.has_streams = _is_streams(item)
        ours = ("pollable", *_STREAM_RESOURCES)
        resources = {name: builder.alias(Sort.TYPE, item.index, name) for name in ours if name in types}
        self.poll = self._import("wasi:io/poll", _poll_type(resources.get("pollable")))
        self.pollable = builder.alias(Sort.TYPE, self.poll, "pollable")
        self.clock = self._import("wasi:clocks/monotonic-clock", _clock_type(self.pollable))
        if self.has_streams:
            self.streams = self._import("wasi:io/streams", _streams_type(self.pollable, resources))

    def _import(self, name: str, type_: bytes) -> int:
        return self._builder.import_(f"{name}@{self._version}", Sort.INSTANCE, self._builder.type(type_))

    def arguments(self, wait: int) -> list[tuple[str, Sort, int]]:
        """Return the adapter's arguments. No import may follow."""
        alias = self._builder.alias
        given = [
            ("pollable", Sort.TYPE, self.pollable),
            ("ready", Sort.FUNC, alias(Sort.FUNC, self.poll, "[method]pollable.ready")),
            ("poll", Sort.FUNC, alias(Sort.FUNC, self.poll, "poll")),
            ("after", Sort.FUNC, alias(Sort.FUNC, self.clock, "subscribe-duration")),
            ("wait", Sort.FUNC, wait),
        ]
        if self.has_streams:
            types = (*_STREAM_RESOURCES, "stream-error")
            given += [(name, Sort.TYPE, alias(Sort.TYPE, self.streams, name)) for name in types]
            given += [(own, Sort.FUNC, alias(Sort.FUNC, self.streams, name)) for own, name in _FROM_STREAMS.items()]
        return given


class _Composer:
    def __init__(self, guest: bytes, outer: Outer, waiting: list[Import]) -> None:
        self._guest = guest
        self._outer = outer
        self._waiting = waiting
        self._builder = ComponentBuilder()

    def compose(self) -> bytes:
        builder = self._builder
        for leading in self._outer.leading:
            builder.copy(leading.section, vector([entry.content for entry in leading.entries]))
        builder.count(Sort.TYPE, len(self._outer.types))
        for sort in (Sort.INSTANCE, Sort.FUNC):
            builder.count(sort, sum(item.sort is sort for item in self._outer.imports))
        # All imports come first, as further adapters around this component require.
        natives = [_Natives(builder, item, _PATCH + number) for number, item in enumerate(self._waiting)]
        wait = builder.import_(WAIT, Sort.FUNC, builder.type(_NOTHING))
        adapters = {
            streams: builder.component(_binary(streams=streams)) for streams in {n.has_streams for n in natives}
        }
        replaced: dict[str, int] = {}
        for item, native in zip(self._waiting, natives, strict=True):
            adapter = builder.instantiate(adapters[native.has_streams], native.arguments(wait))
            replaced[item.name] = adapter
        arguments = [(item.name, item.sort, replaced.get(item.name, item.index)) for item in self._outer.imports]
        guest = builder.instantiate(builder.component(self._guest), arguments)
        for export in self._outer.exports:
            builder.export(export.name, export.sort, builder.alias(export.sort, guest, export.name))
        return builder.encoded()
