"""The modules that witgen adds to the guest bindings of worlds that import Golem's interfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..bindings.plugins import GuestPlugin, GuestSource

__all__ = ["PLUGINS"]

_SOURCES = Path(__file__).with_name("guest")

_CONNECTION = (
    (
        "websocket-connection.connect: static func(url: string, headers: option<list<tuple<string, string>>>)"
        " -> result<websocket-connection, error>"
    ),
    "websocket-connection.send: func(message: message) -> result<_, error>",
    "websocket-connection.close: func(code: option<u16>, reason: option<string>) -> result<_, error>",
)
_WEBSOCKETS = GuestSource(
    _SOURCES / "websockets.py",
    needs={
        "golem:websocket/client": (
            *_CONNECTION,
            "websocket-connection.receive: func() -> result<message, error>",
            "websocket-connection.receive-with-timeout: func(timeout-ms: u64) -> result<option<message>, error>",
            "websocket-connection.subscribe: func() -> pollable",
        )
    },
)
_ASYNC_WEBSOCKETS = GuestSource(
    _SOURCES / "async_websockets.py",
    needs={
        "golem:websocket/client": (
            *_CONNECTION,
            "websocket-connection.receive: async func() -> result<message, error>",
            "websocket-connection.receive-with-timeout: async func(timeout-ms: u64) -> result<option<message>, error>",
        )
    },
)
_KEYVALUE = GuestSource(
    _SOURCES / "keyvalue.py",
    needs={
        "wasi:keyvalue/types": (
            "bucket.open-bucket: static func(name: string) -> result<bucket, error>",
            "outgoing-value.new-outgoing-value: static func() -> outgoing-value",
            "outgoing-value.outgoing-value-write-body-sync: func(value: outgoing-value-body-sync) -> result<_, error>",
            "incoming-value.incoming-value-consume-sync: func() -> result<incoming-value-sync-body, error>",
        ),
        "wasi:keyvalue/eventual": (
            "get: func(bucket: borrow<bucket>, key: key) -> result<option<incoming-value>, error>",
            "set: func(bucket: borrow<bucket>, key: key, outgoing-value: borrow<outgoing-value>) -> result<_, error>",
            "delete: func(bucket: borrow<bucket>, key: key) -> result<_, error>",
            "exists: func(bucket: borrow<bucket>, key: key) -> result<bool, error>",
        ),
        "wasi:keyvalue/eventual-batch": (
            "get-many: func(bucket: borrow<bucket>, keys: list<key>) -> result<list<option<incoming-value>>, error>",
            "keys: func(bucket: borrow<bucket>) -> result<list<key>, error>",
            (
                "set-many: func(bucket: borrow<bucket>, key-values: list<tuple<key, borrow<outgoing-value>>>)"
                " -> result<_, error>"
            ),
            "delete-many: func(bucket: borrow<bucket>, keys: list<key>) -> result<_, error>",
        ),
        "wasi:keyvalue/wasi-keyvalue-error": ("error.trace: func() -> string",),
    },
    optional={
        "wasi:keyvalue/atomic": (
            "increment: func(bucket: borrow<bucket>, key: key, delta: u64) -> result<u64, error>",
            "compare-and-swap: func(bucket: borrow<bucket>, key: key, old: u64, new: u64) -> result<bool, error>",
        )
    },
)
_KEYVALUE_BYTES = GuestSource(
    _KEYVALUE.path,
    needs={
        **_KEYVALUE.needs,
        "wasi:keyvalue/types": (
            "bucket.open-bucket: static func(name: string) -> result<bucket, error>",
            "outgoing-value.new-outgoing-value: static func() -> outgoing-value",
            "outgoing-value.outgoing-value-write-body-sync: func(value: list<u8>) -> result<_, error>",
            "incoming-value.incoming-value-consume-sync: func() -> result<list<u8>, error>",
        ),
    },
    optional=_KEYVALUE.optional,
)
"""The same on Golem's main branch, which has no names for the types of contents."""

_BLOBS = GuestSource(
    _SOURCES / "blobs.py",
    needs={
        "wasi:blobstore/blobstore": (
            "create-container: func(name: container-name) -> result<container, error>",
            "get-container: func(name: container-name) -> result<container, error>",
            "container-exists: func(name: container-name) -> result<bool, error>",
        ),
        "wasi:blobstore/container": (
            "container.get-data: func(name: object-name, start: u64, end: u64) -> result<incoming-value, error>",
            "container.write-data: func(name: object-name, data: borrow<outgoing-value>) -> result<_, error>",
            "container.list-objects: func() -> result<stream-object-names, error>",
            "container.delete-object: func(name: object-name) -> result<_, error>",
            "container.has-object: func(name: object-name) -> result<bool, error>",
            "container.object-info: func(name: object-name) -> result<object-metadata, error>",
            "container.clear: func() -> result<_, error>",
            (
                "stream-object-names.read-stream-object-names: func(len: u64)"
                " -> result<tuple<list<object-name>, bool>, error>"
            ),
        ),
        "wasi:blobstore/types": (
            "outgoing-value.new-outgoing-value: static func() -> outgoing-value",
            "outgoing-value.outgoing-value-write-body: func() -> result<output-stream>",
            "incoming-value.incoming-value-consume-async: func() -> result<incoming-value-async-body, error>",
        ),
        "wasi:io/streams": (
            "input-stream.blocking-read: func(len: u64) -> result<list<u8>, stream-error>",
            "output-stream.blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>",
        ),
    },
)
_LOGS = GuestSource(
    _SOURCES / "logs.py",
    needs={"wasi:logging/logging": ("log: func(level: level, context: string, message: string)",)},
)
_UUIDS = GuestSource(
    _SOURCES / "uuids.py",
    needs={"golem:api/host": ("generate-idempotency-key: func() -> uuid",)},
)

PLUGINS: Final = (
    GuestPlugin("websockets", (_WEBSOCKETS, _ASYNC_WEBSOCKETS)),
    GuestPlugin("keyvalue", (_KEYVALUE, _KEYVALUE_BYTES)),
    GuestPlugin("blobs", (_BLOBS,)),
    GuestPlugin("logs", (_LOGS,)),
    GuestPlugin("uuids", (_UUIDS,)),
)
