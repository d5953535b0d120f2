"""Policy per host function: recorded or repeated in replay, as a read or as a write.

The sources are Golem's: reads and writes of `wrapped-function-type` in `golem:api/oplog`, and how its executor treats
WebSockets. A function that is not named here counts as one that changes something outside.
"""

from __future__ import annotations

import enum
from typing import Any

from witgen_runtime import abi

from ..._bindings.types import golem_websocket_client as websocket
from .entries import (
    BEGIN_FUNCTION,
    BEGIN_REGION,
    BEGIN_TRANSACTION,
    COMMIT_TRANSACTION,
    END_FUNCTION,
    END_REGION,
    IMPORTED,
    PERSISTED,
    ROLL_BACK_TRANSACTION,
)

__all__ = [
    "CHECKED",
    "HISTORY",
    "ONCE",
    "REOPEN",
    "TIMERS",
    "WAITS",
    "Kind",
    "entry_kind",
    "interface_path",
    "is_local",
    "kind_of",
    "terminal",
]


class Kind(enum.Enum):
    """Effect of a function; the values are those of `wrapped-function-type`."""

    READ_LOCAL = "read-local"
    WRITE_LOCAL = "write-local"
    READ_REMOTE = "read-remote"
    WRITE_REMOTE = "write-remote"

    @property
    def is_remote(self) -> bool:
        """Return whether the function reads or changes something outside the worker."""
        return self in {Kind.READ_REMOTE, Kind.WRITE_REMOTE}


_LOCAL_PACKAGES = {
    "wasi:clocks": Kind.READ_LOCAL,
    "wasi:io": Kind.READ_LOCAL,
    "wasi:logging": Kind.WRITE_LOCAL,
    "wasi:random": Kind.READ_LOCAL,
}

_READS = frozenset(
    f"{interface}#{name}"
    for interface, names in {
        "golem:api/context": "start-span allow-forwarding-trace-context-headers",
        "golem:api/host": "get-next get-workers poll-promise get-retry-policy get-oplog-persistence-level "
        "get-idempotence-mode get-self-metadata get-worker-metadata resolve-component-id resolve-worker-id "
        "resolve-worker-id-strict oplog-commit await-promise get-promise get get-agents get-agent-metadata "
        "resolve-agent-id resolve-agent-id-strict",
        "golem:agent/host": "wasm-rpc get get-all-agent-types get-agent-type make-agent-id parse-agent-id",
        "golem:api/retry": "get-retry-policies get-retry-policy-by-name resolve-retry-policy",
        "golem:api/oplog": "get-oplog search-oplog get-next",
        # Beginning and rolling back change nothing, whether done once or twice.
        "golem:rdbms/mysql": "open begin-transaction rollback get-columns get-next",
        "golem:rdbms/postgres": "open begin-transaction rollback get-columns get-next",
        "golem:rpc/types": "wasm-rpc get",
        "golem:websocket/client": "receive receive-with-timeout",
        "wasi:config/store": "get get-all",
        "wasi:blobstore/blobstore": "get-container container-exists",
        "wasi:blobstore/container": "name info get-data list-objects has-object object-info "
        "read-stream-object-names skip-stream-object-names",
        "wasi:keyvalue/cache": "get exists future-get-result-get future-exists-result-get future-result-get "
        "future-get-or-set-result-get",
        "wasi:keyvalue/eventual": "get exists",
        "wasi:keyvalue/eventual-batch": "get-many keys",
        "wasi:http/types": "get",
        "wasi:keyvalue/types": "open-bucket",
    }.items()
    for name in names.split()
)  # fmt: skip

_LOCAL = frozenset(
    {
        "golem:api/context#current-context",
        *(f"golem:rpc/types#{name}" for name in ("parse-uuid", "uuid-to-string", "extract-value", "extract-type")),
        "wasi:http/types#http-error-code",
        *(f"golem:core/types#{name}" for name in ("parse-uuid", "uuid-to-string")),
        # Golem reads the configuration whenever it is asked, and records secrets only.
        "golem:agent/host#get-config-value",
        "golem:api/host#trap",
        *(f"golem:quota/types#{name}" for name in ("new-token", "reserve", "split", "merge")),
        *(
            f"golem:durability/durability#{name}"
            for name in (
                "observe-function-call",
                "begin-custom-durable-invocation",
                "current-durable-execution-state",
                "read-persisted-durable-function-invocation",
                "read-persisted-typed-durable-function-invocation",
            )
        ),
    }
)
"""Functions whose result depends only on the arguments, or that cannot and need not be recorded."""

_LOCAL_RESOURCES = frozenset(
    {
        *("outgoing-value", "invocation-context"),
        *("fields", "outgoing-request", "request-options", "outgoing-response", "outgoing-body"),
        *("incoming-body", "future-trailers"),
        *("quota-token", "reservation", "live-custom-durable-invocation"),
    }
)
"""Resources that exist only in the worker: replay repeats all operations on them."""

_RECORDED_RESOURCES = frozenset({"vacancy"})
"""Resources that can be restored but represent something outside, so their functions are recorded."""

CHECKED = frozenset({"wasi:http/types#[static]outgoing-body.finish"})
"""Functions of local resources that have an entry nevertheless, where a divergent replay is detected."""

_ENTRY_KINDS = {
    "golem:api/host#get-oplog-index": "no-op",
    "golem:api/host#mark-begin-operation": BEGIN_REGION,
    "golem:api/host#mark-end-operation": END_REGION,
    "golem:api/host#set-retry-policy": "change-retry-policy",
    "golem:api/host#set-oplog-persistence-level": "change-persistence-level",
    "golem:durability/durability#begin-durable-function": BEGIN_FUNCTION,
    "golem:durability/durability#persist-durable-function-invocation": PERSISTED,
    "golem:durability/durability#persist-typed-durable-function-invocation": PERSISTED,
    "golem:durability/durability#end-durable-function": END_FUNCTION,
    **{
        f"golem:rdbms/{database}#[method]{function}": kind
        for database in ("mysql", "postgres")
        for function, kind in {
            "db-connection.begin-transaction": BEGIN_TRANSACTION,
            "db-transaction.commit": COMMIT_TRANSACTION,
            "db-transaction.rollback": ROLL_BACK_TRANSACTION,
        }.items()
    },
}

TIMERS = frozenset(f"wasi:clocks/monotonic-clock#subscribe-{what}" for what in ("instant", "duration"))
"""Functions that wait for a time, which is recorded so that a reloaded worker waits for the same time."""

WAITS = frozenset({"wasi:clocks/monotonic-clock#wait-for"})
"""Async functions that wait for a time, counted from their entry also where a reloaded worker goes on with them."""

REOPEN = {"wasi:blobstore/blobstore#create-container": "get-container"}
"""Functions that return an existing object, by the function that created it."""

ONCE = frozenset(
    {
        "wasi:http/outgoing-handler#handle",
        *(
            f"golem:rdbms/{database}#[method]{resource}.query-stream"
            for database in ("mysql", "postgres")
            for resource in ("db-connection", "db-transaction")
        ),
    }
)
"""Functions that write and return an object: not repeated to recreate it while writes must not be repeated."""

HISTORY = frozenset(
    {"get-workers", "get-agents", "get-oplog", "search-oplog", "stream-object-names", "db-result-stream"}
)
"""Resources that are read page by page: recreating one reads its pages again."""


def interface_path(interface: str) -> str:
    """Return the name of an interface without its version."""
    return interface.partition("@")[0]


def _plain(interface: str, function: abi.Function) -> str:
    """Return a function's name with its interface, without version and resource."""
    return f"{interface_path(interface)}#{function.name.rpartition(']')[2].rpartition('.')[2]}"


def is_local(interface: str, function: abi.Function, implementation: Any) -> bool:
    """Return whether a function is not recorded but repeated in replay.

    `implementation` is the class of the function's resource; one that can be restored usually exists only in the
    worker.
    """
    if function.resource is not None:
        name = function.resource.name
        if name in _LOCAL_RESOURCES or (hasattr(implementation, "_restore") and name not in _RECORDED_RESOURCES):
            return True
    return _plain(interface, function) in _LOCAL


def kind_of(interface: str, function: abi.Function) -> Kind:
    """Return the effect of a function."""
    if f"{interface_path(interface)}#{function.name}" in CHECKED:
        return Kind.WRITE_LOCAL
    package = interface.partition("/")[0]
    if package in _LOCAL_PACKAGES:
        return _LOCAL_PACKAGES[package]
    return Kind.READ_REMOTE if _plain(interface, function) in _READS else Kind.WRITE_REMOTE


def entry_kind(interface: str, function: abi.Function) -> str:
    """Return the kind of a call's oplog entry."""
    return _ENTRY_KINDS.get(f"{interface_path(interface)}#{function.name}", IMPORTED)


def terminal(interface: str, function: abi.Function, arguments: list[Any], error: object) -> Exception | None:
    """Return the error of all later calls of an object, if this outcome was its last; None otherwise.

    A WebSocket ends with `closed`, with a failure to connect, and with a `close` that succeeded.
    """
    if interface_path(interface) != "golem:websocket/client":
        return None
    if isinstance(error, (websocket.ErrorClosed, websocket.ErrorConnectionFailure)):
        return error
    if error is None and function.python == "close":
        _, code, reason = arguments
        return websocket.ErrorClosed(websocket.CloseInfo(1000 if code is None else code, reason or ""))
    return None
