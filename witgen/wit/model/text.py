"""The IR as WIT text, for people: types and signatures as their author would write them."""

from __future__ import annotations

from . import ir

__all__ = ["function_text", "kind_text", "type_text"]


def type_text(resolve: ir.Resolve, type: ir.Type) -> str:
    """Return the WIT spelling of a type; a named one is its name."""
    if isinstance(type, ir.Prim):
        return type.value
    definition = resolve.type_def(type)
    return definition.name if definition.name is not None else kind_text(resolve, definition.kind)


def kind_text(resolve: ir.Resolve, kind: ir.TypeKind) -> str:
    """Return the WIT spelling of an anonymous type."""
    match kind:
        case ir.Tuple(types):
            return f"tuple<{', '.join(type_text(resolve, type) for type in types)}>"
        case ir.FixedList(element, size):
            return f"list<{type_text(resolve, element)}, {size}>"
        case ir.Map(key, value):
            return f"map<{type_text(resolve, key)}, {type_text(resolve, value)}>"
        case ir.Result(ok, err):
            return _result_text(resolve, ok, err)
        case ir.Own(resource):
            return resolve.type_def(resource).name or ""
        case ir.Borrow(resource):
            return f"borrow<{resolve.type_def(resource).name}>"
        case ir.Option(type) | ir.List(type):
            return f"{kind.__class__.__name__.lower()}<{type_text(resolve, type)}>"
        case ir.Stream(payload) | ir.Future(payload):
            inner = f"<{type_text(resolve, payload)}>" if payload is not None else ""
            return kind.__class__.__name__.lower() + inner
        case ir.Alias(type):
            return type_text(resolve, type)
        case ir.Record() | ir.Variant() | ir.Enum() | ir.Flags() | ir.Resource():
            msg = f"{kind} has a name"
            raise LookupError(msg)


def _result_text(resolve: ir.Resolve, ok: ir.Type | None, err: ir.Type | None) -> str:
    if err is None:
        return f"result<{type_text(resolve, ok)}>" if ok is not None else "result"
    return f"result<{type_text(resolve, ok) if ok is not None else '_'}, {type_text(resolve, err)}>"


def function_text(resolve: ir.Resolve, function: ir.Function) -> str:
    """Return a function's declaration without its semicolon: `get: static func(key: string) -> option<u8>`."""
    kind = function.kind.tag
    params = function.params[1:] if kind is ir.FunctionKindTag.METHOD else function.params
    listed = ", ".join(f"{param.name}: {type_text(resolve, param.type)}" for param in params)
    if kind is ir.FunctionKindTag.CONSTRUCTOR:
        return f"constructor({listed})"
    words = ["static"] * (kind is ir.FunctionKindTag.STATIC) + ["async"] * function.kind.is_async + ["func"]
    result = f" -> {type_text(resolve, function.result)}" if function.result is not None else ""
    return f"{function.item_name}: {' '.join(words)}({listed}){result}"
