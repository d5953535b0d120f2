"""What today's runtimes cannot carry, so that generation says it and no call crashes."""

from __future__ import annotations

import enum

from ..model import ir
from .memo import Memo
from .types import parts

__all__ = ["Side", "obstacle"]


class Side(enum.Enum):
    """Who calls and who implements a function."""

    HOST_IMPORT = "host import"
    HOST_EXPORT = "host export"
    GUEST_IMPORT = "guest import"
    GUEST_EXPORT = "guest export"


_HOST_TYPES: dict[type[object], str] = {
    ir.Stream: "a stream: the C API of wasmtime has no value kind for it",
    ir.Future: "a future: the C API of wasmtime has no value kind for it",
    ir.FixedList: "a fixed-length list: the C API of wasmtime has no setting that allows it",
}
_GUEST_TYPES: dict[type[object], str] = {
    ir.Map: "a map: componentize-py cannot build a component that has one",
    ir.FixedList: "a fixed-length list: componentize-py cannot build a component that has one",
    ir.Stream: "a stream: the guest wrappers do not carry it",
    ir.Future: "a future: the guest wrappers do not carry it",
}
_ERROR_CONTEXT = {
    True: "an error-context: the C API of wasmtime has no setting that allows it",
    False: "an error-context: componentize-py cannot build a component that has one",
}

_KNOWN: Memo[tuple[ir.TypeId, bool], str | None] = Memo()


def obstacle(resolve: ir.Resolve, function: ir.Function, side: Side) -> str | None:
    """Return why `function` cannot be generated for `side`, or None where it can."""
    host = side in {Side.HOST_IMPORT, Side.HOST_EXPORT}
    if function.kind.is_async and side is Side.HOST_IMPORT:
        return (
            "it is async: the C API of wasmtime cannot define an async import"
            " (a function of wasmtime_component_linker_instance_add_func_async does not match one)"
        )
    if function.kind.is_async and not host:
        return "it is async: the guest wrappers do not carry it"
    for type in (*(param.type for param in function.params), function.result):
        if type is not None and (reason := _type_obstacle(resolve, type, host=host)):
            return f"it uses {reason}"
    return None


def _type_obstacle(resolve: ir.Resolve, type: ir.Type, *, host: bool) -> str | None:
    if isinstance(type, ir.Prim):
        return _ERROR_CONTEXT[host] if type is ir.Prim.ERROR_CONTEXT else None
    known = _KNOWN.of(resolve)
    key = (type.id, host)
    if key not in known:
        kind = resolve.type_def(type).kind
        inside = (_type_obstacle(resolve, part, host=host) for part in parts(kind))
        own = (_HOST_TYPES if host else _GUEST_TYPES).get(kind.__class__)
        known[key] = own or next((reason for reason in inside if reason), None)
    return known[key]
