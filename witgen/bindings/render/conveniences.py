"""`guest/websockets.py` and the like: Python's own forms of interfaces that Golem offers, where a world has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...base.frozen import frozen
from ...wit.model.text import function_text
from ..facts.names import snake
from ..facts.support import Side, obstacle
from ..facts.types import FunctionFacts
from ..facts.world import ScopeFacts, WorldFacts
from .env import render_template
from .imports import Imports
from .module import module_view

__all__ = ["CONVENIENCES", "Convenience", "render_convenience"]


class _Module:
    """The local name of a generated module, and the names of its classes: `_types.Error` for `types.Error`."""

    def __init__(self, name: str, classes: Mapping[str, str]) -> None:
        self._name = name
        self._classes = classes

    def __str__(self) -> str:
        return self._name

    def __getattr__(self, name: str) -> str:
        return f"{self._name}.{self.called(name)}"

    def called(self, name: str) -> str:
        """Return the actual name of the class with this default name."""
        return self._classes.get(name, name)


_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


@frozen
class Convenience:
    """A convenience module that uses generated wrappers.

    Attributes:
        name: of the module in `guest/`, and of its template.
        doc: its documentation.
        exported: its public names.
        needs: the functions it calls, by interface without version: WIT text, the name of the resource before it. A
            world that has them differently does not get the module.
        uses: Python's names that the template uses, by module.
        modules: Python's modules that the template uses.
        types: the interfaces whose module in `types/` the template uses.
        errors: classes of `types/`, by interface.
        extra: further functions, by interface, that the module offers if they exist; the template knows the
            interface's module by the last part of its name.
        flags: further variables of the template.
    """

    name: str
    doc: str
    exported: Sequence[str]
    needs: Mapping[str, Sequence[str]]
    uses: Mapping[str, Sequence[str]]
    modules: Sequence[str] = ()
    types: Sequence[str] = ()
    errors: Mapping[str, Sequence[str]] = _NOTHING
    extra: Mapping[str, Sequence[str]] = _NOTHING
    flags: Mapping[str, bool] = MappingProxyType({})


_CLIENT = "golem:websocket/client"
_CONNECTION = (
    (
        "websocket-connection.connect: static func(url: string, headers: option<list<tuple<string, string>>>)"
        " -> result<websocket-connection, error>"
    ),
    "websocket-connection.send: func(message: message) -> result<_, error>",
    "websocket-connection.close: func(code: option<u16>, reason: option<string>) -> result<_, error>",
)
_WEBSOCKETS = Convenience(
    "websockets",
    "WebSockets, in the manner of the package `websockets`.",
    ("AsyncWebSocket", "WebSocket"),
    {
        _CLIENT: (
            *_CONNECTION,
            "websocket-connection.receive: func() -> result<message, error>",
            "websocket-connection.receive-with-timeout: func(timeout-ms: u64) -> result<option<message>, error>",
            "websocket-connection.subscribe: func() -> pollable",
        )
    },
    {
        "collections.abc": ("AsyncIterator", "Iterator", "Mapping"),
        "contextlib": ("suppress",),
        "math": ("ceil",),
        "typing": ("Self", "overload"),
    },
    modules=("asyncio",),
    types=(_CLIENT,),
    flags={"p3": False},
)
_ASYNC_WEBSOCKETS = Convenience(
    "websockets",
    "WebSockets, in the manner of the package `websockets`.",
    ("AsyncWebSocket",),
    {
        _CLIENT: (
            *_CONNECTION,
            "websocket-connection.receive: async func() -> result<message, error>",
            "websocket-connection.receive-with-timeout: async func(timeout-ms: u64) -> result<option<message>, error>",
        )
    },
    {**_WEBSOCKETS.uses, "collections.abc": ("AsyncIterator", "Mapping")},
    types=(_CLIENT,),
    flags={"p3": True},
)
_KEYVALUE = Convenience(
    "keyvalue",
    "Buckets of `wasi:keyvalue` as mappings.",
    ("Bucket", "KeyValueError"),
    {
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
    {
        "collections.abc": ("Generator", "Iterable", "Iterator", "Mapping", "MutableMapping"),
        "contextlib": ("ExitStack", "contextmanager"),
        "typing": ("Self",),
    },
    errors={"wasi:keyvalue/wasi-keyvalue-error": ("ErrorException",)},
    extra={
        "wasi:keyvalue/atomic": (
            "increment: func(bucket: borrow<bucket>, key: key, delta: u64) -> result<u64, error>",
            "compare-and-swap: func(bucket: borrow<bucket>, key: key, old: u64, new: u64) -> result<bool, error>",
        )
    },
)
_BLOBS = Convenience(
    "blobs",
    "Containers of `wasi:blobstore`, and their blobs as files.",
    ("BlobReader", "BlobWriter", "Container"),
    {
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
    {
        "collections.abc": ("Generator", "Iterator"),
        "contextlib": ("contextmanager", "suppress"),
        "typing": ("TYPE_CHECKING", "Literal", "Self", "overload"),
    },
    modules=("io",),
    errors={
        "wasi:blobstore/types": ("ErrorException", "OutgoingValueOutgoingValueWriteBodyError"),
        "wasi:io/streams": ("StreamError",),
    },
)
_LOGS = Convenience(
    "logs",
    "Python's logging through `wasi:logging`.",
    ("Handler",),
    {"wasi:logging/logging": ("log: func(level: level, context: string, message: string)",)},
    {},
    modules=("logging",),
    types=("wasi:logging/logging",),
)
_UUIDS = Convenience(
    "uuids",
    "Golem's UUIDs as Python's.",
    ("from_uuid", "idempotency_key", "to_uuid"),
    {"golem:api/host": ("generate-idempotency-key: func() -> uuid",)},
    {"uuid": ("UUID",)},
    types=("golem:api/host",),
)

CONVENIENCES: Mapping[str, Sequence[Convenience]] = {
    "websockets": (_WEBSOCKETS, _ASYNC_WEBSOCKETS),
    "keyvalue": (_KEYVALUE,),
    "blobs": (_BLOBS,),
    "logs": (_LOGS,),
    "uuids": (_UUIDS,),
}
"""The variants of each module: the first that fits the world is taken."""


def render_convenience(facts: WorldFacts, name: str) -> str | None:
    """Return the text of a module, None where the world has nothing to make it of."""
    imported = {link.scope.instance.partition("@")[0]: link.scope for link in facts.imports if not link.label}
    fitting = (each for each in CONVENIENCES[name] if _fits(facts, imported, each.needs))
    chosen = next(fitting, None)
    return None if chosen is None else _render(facts, imported, chosen)


def _fits(facts: WorldFacts, imported: Mapping[str, ScopeFacts], needs: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a world imports all required functions."""
    return all(
        interface in imported and set(wanted) <= {_text(facts, each) for each in imported[interface].functions}
        for interface, wanted in needs.items()
    )


def _text(facts: WorldFacts, function: FunctionFacts) -> str:
    """Return a function as `needs` spells it; nothing where componentize-py cannot carry it."""
    if obstacle(facts.resolve, function.function, Side.GUEST_IMPORT) is not None:
        return ""
    resource, dot, _ = function.function.name.rpartition("]")[2].rpartition(".")
    return f"{resource}{dot}{function_text(facts.resolve, function.function)}"


def _render(facts: WorldFacts, imported: Mapping[str, ScopeFacts], chosen: Convenience) -> str:
    imports = Imports(chosen.exported)
    for origin, names in chosen.uses.items():
        for name in names:
            imports.name(origin, name)
    for interface, names in chosen.errors.items():
        for name in names:
            called = facts.chosen_names(imported[interface]).get(name, name)
            imports.name(f"..types.{imported[interface].module}", called, name)
    view: dict[str, object] = {name: imports.module("", name) for name in chosen.modules}
    for interface, functions in chosen.extra.items():
        found = _fits(facts, imported, {interface: functions})
        view[interface.rpartition("/")[2]] = _wrappers(imports, imported, interface) if found else ""
    classes = {interface: facts.chosen_names(imported[interface]) for interface in (*chosen.types, *chosen.needs)}
    types = {each: imports.module("..types", imported[each].module, "_types") for each in chosen.types}
    modules = {each: _wrappers(imports, imported, each) for each in chosen.needs}
    module = module_view(facts, facts.own, doc=chosen.doc, imports=imports, exported=chosen.exported)
    template = f"guest_{chosen.name}.py.jinja"
    guest, types_ = ({each: _Module(name, classes[each]) for each, name in names.items()} for names in (modules, types))
    return render_template(template, module=module, guest=guest, types=types_, **view, **chosen.flags)


def _wrappers(imports: Imports, imported: Mapping[str, ScopeFacts], interface: str) -> str:
    """Import an interface's wrappers under a short name, and return that."""
    return imports.module(".", imported[interface].module, f"_{snake(interface.rpartition('/')[2])}")
