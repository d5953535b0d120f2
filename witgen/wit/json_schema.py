"""JSON Schema (2020-12) of what a world exports: the JSON forms of arguments and results, with WIT's documentation.

The forms are those of `witgen.wave`: what it writes for a value is valid, and it reads all that is valid, except what
is marked as `readOnly`: handles, streams and the like can only be returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from ..base.frozen import frozen
from .model import ir

__all__ = ["DIALECT", "ExportedFunction", "Schema", "Schemas", "world_schema"]

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_BITS: Final = {
    ir.Prim.U8: (0, 8), ir.Prim.U16: (0, 16), ir.Prim.U32: (0, 32), ir.Prim.U64: (0, 64),
    ir.Prim.S8: (1, 8), ir.Prim.S16: (1, 16), ir.Prim.S32: (1, 32), ir.Prim.S64: (1, 64),
}  # fmt: skip
_FLOATS: Final[Schema] = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}


@frozen
class ExportedFunction:
    """A function that a world exports; `interface` is the component's name of its interface, empty for the world."""

    interface: str
    function: ir.Function

    @property
    def name(self) -> str:
        """The name as WIT paths write it: `ns:package/interface#function`."""
        return f"{self.interface}#{self.function.name}" if self.interface else self.function.name


class Schemas:
    """The schemas of one tree's types; those that have names are collected as definitions."""

    def __init__(self, resolve: ir.Resolve) -> None:
        self._resolve = resolve
        self._needed: dict[str, ir.TypeId] = {}

    def functions(self, world: ir.World) -> Iterator[ExportedFunction]:
        """Yield the functions that a world exports."""
        for key, item in world.exports.items():
            if isinstance(item, ir.Function):
                yield ExportedFunction("", item)
            elif isinstance(item, ir.InterfaceItem):
                interface = self._resolve.interfaces[item.id]
                name = key if isinstance(key, str) else self._instance(interface)
                yield from (ExportedFunction(name, function) for function in interface.functions.values())

    def arguments(self, function: ir.Function) -> Schema:
        """Return the schema of a function's arguments: an object with an entry for each parameter."""
        return self._object([(param.name, param.type, None) for param in function.params])

    def result(self, type_: ir.Type | None) -> Schema:
        """Return the schema of a result; null for a function without one."""
        return {"type": "null"} if type_ is None else self._schema(type_)

    def sides(self, function: ir.Function) -> tuple[ir.Type | None, ir.Type | None, bool]:
        """Return the types of a function's value and of its declared error, and whether it declares one."""
        if isinstance(function.result, ir.TypeRef):
            kind = self._resolve.types[function.result.id].kind
            if isinstance(kind, ir.Result):
                return kind.ok, kind.err, True
        return function.result, None, False

    def passes_handles(self, function: ir.Function) -> bool:
        """Return whether a function takes or returns something that has no JSON form."""
        types = [*(param.type for param in function.params), function.result]
        return any(self._is_opaque(type_, set()) for type_ in types)

    def definitions(self) -> Schema:
        """Return the definitions that the schemas made so far refer to."""
        made: Schema = {}
        while waiting := [name for name in self._needed if name not in made]:
            for name in waiting:
                made[name] = self._definition(self._needed[name])
        return dict(sorted(made.items()))

    def _instance(self, interface: ir.Interface) -> str:
        package = self._resolve.packages[interface.package].name
        version = f"@{package.version}" if package.version else ""
        return f"{package.namespace}:{package.name}/{interface.name}{version}"

    def _definition(self, id: ir.TypeId) -> Schema:
        declared = self._resolve.types[id]
        return _documented(self._kind(declared.kind), declared.docs)

    def _schema(self, type_: ir.Type) -> Schema:
        if isinstance(type_, ir.Prim):
            return _primitive(type_)
        declared = self._resolve.types[type_.id]
        if declared.name is None or declared.owner is None:
            return self._kind(declared.kind)
        name = self._full_name(declared.name, declared.owner)
        self._needed[name] = type_.id
        pointer = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
        return {"$ref": f"#/$defs/{pointer}"}

    def _full_name(self, name: str, owner: ir.TypeOwner) -> str:
        if owner.interface is not None:
            interface = self._resolve.interfaces[owner.interface]
            if interface.name is not None:
                return f"{self._instance(interface)}#{name}"
            return f"interface-{owner.interface}#{name}"
        return name

    def _kind(self, kind: ir.TypeKind) -> Schema:
        match kind:
            case ir.Alias(type_):
                return self._schema(type_)
            case ir.Record(fields):
                return self._object([(field.name, field.type, field.docs) for field in fields])
            case ir.Variant(cases):
                return {"oneOf": [_documented(self._case(case.name, case.type), case.docs) for case in cases]}
            case ir.Enum(cases):
                return {"oneOf": [_documented({"const": case.name}, case.docs) for case in cases]}
            case ir.Flags(flags):
                names = [_documented({"const": flag.name}, flag.docs) for flag in flags]
                return {"type": "array", "items": {"oneOf": names} if names else False, "uniqueItems": True}
            case ir.Tuple(types):
                parts = {"prefixItems": [self._schema(each) for each in types]} if types else {}
                return {"type": "array", **parts, "items": False, "minItems": len(types)}
            case ir.Option(inner):
                some = self._case("some", inner) if self._is_option(inner) else self._schema(inner)
                return {"anyOf": [some, {"type": "null"}]}
            case ir.Result(ok, err):
                return {"oneOf": [self._side("ok", ok), self._side("err", err)]}
            case ir.List(element):
                return {"type": "array", "items": self._schema(element)}
            case ir.FixedList(element, size):
                return {"type": "array", "items": self._schema(element), "minItems": size, "maxItems": size}
            case ir.Map():
                return self._map(kind)
            case ir.Own(resource) | ir.Borrow(resource):
                return _opaque(self._resource(resource))
            case _:
                return _opaque(type(kind).__name__.lower())

    def _resource(self, id: ir.TypeId) -> str:
        declared = self._resolve.types[id]
        while isinstance(declared.kind, ir.Alias) and isinstance(declared.kind.type, ir.TypeRef):
            declared = self._resolve.types[declared.kind.type.id]
        return declared.name or ""

    def _object(self, members: list[tuple[str, ir.Type, ir.Docs | None]]) -> Schema:
        return {
            "type": "object",
            "properties": {name: _documented(self._schema(type_), docs) for name, type_, docs in members},
            "required": [name for name, type_, _ in members if not self._is_option(type_)],
            "additionalProperties": False,
        }

    def _case(self, name: str, payload: ir.Type | None) -> Schema:
        return {"const": name} if payload is None else _single(name, self._schema(payload))

    def _side(self, name: str, payload: ir.Type | None) -> Schema:
        return _single(name, self.result(payload))

    def _map(self, kind: ir.Map) -> Schema:
        key, value = self._schema(kind.key), self._schema(kind.value)
        if kind.key is ir.Prim.STRING:
            return {"type": "object", "additionalProperties": value}
        pair = {"type": "array", "prefixItems": [key, value], "items": False, "minItems": 2}
        return {"type": "array", "items": pair}

    def _is_option(self, type_: ir.Type) -> bool:
        while isinstance(type_, ir.TypeRef):
            kind = self._resolve.types[type_.id].kind
            if not isinstance(kind, ir.Alias):
                return isinstance(kind, ir.Option)
            type_ = kind.type
        return False

    def _is_opaque(self, type_: ir.Type | None, seen: set[ir.TypeId]) -> bool:
        if not isinstance(type_, ir.TypeRef):
            return type_ is ir.Prim.ERROR_CONTEXT
        if type_.id in seen:
            return False
        seen.add(type_.id)
        kind = self._resolve.types[type_.id].kind
        if isinstance(kind, ir.Own | ir.Borrow | ir.Resource | ir.Stream | ir.Future):
            return True
        return any(self._is_opaque(part, seen) for part in _parts(kind))


def _parts(kind: ir.TypeKind) -> Iterator[ir.Type | None]:
    match kind:
        case ir.Record(fields):
            yield from (field.type for field in fields)
        case ir.Variant(cases):
            yield from (case.type for case in cases)
        case ir.Tuple(types):
            yield from types
        case ir.Option(inner) | ir.List(inner) | ir.FixedList(inner, _) | ir.Alias(inner):
            yield inner
        case ir.Result(ok, err):
            yield from (ok, err)
        case ir.Map(key, value):
            yield from (key, value)
        case _:
            return


def _primitive(type_: ir.Prim) -> Schema:
    if type_ in _BITS:
        signed, bits = _BITS[type_]
        low = -(1 << (bits - 1)) if signed else 0
        return {"type": "integer", "minimum": low, "maximum": (1 << (bits - signed)) - 1}
    match type_:
        case ir.Prim.BOOL:
            return {"type": "boolean"}
        case ir.Prim.F32:
            largest = 3.4028234663852886e38
            return {"anyOf": [{"type": "number", "minimum": -largest, "maximum": largest}, _FLOATS["anyOf"][1]]}
        case ir.Prim.F64:
            return _FLOATS
        case ir.Prim.CHAR:
            return {"type": "string", "minLength": 1, "maxLength": 1}
        case ir.Prim.STRING:
            return {"type": "string"}
        case _:
            return _opaque(type_.value)


def _single(name: str, value: Schema) -> Schema:
    return {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}


def _opaque(name: str) -> Schema:
    """Return the schema of a value that can be returned, as a mark, but not given."""
    return {"const": f"<{name}>", "readOnly": True}


def _documented(schema: Schema, docs: ir.Docs | None) -> Schema:
    return schema if docs is None else {**schema, "description": docs.contents}


def world_schema(resolve: ir.Resolve, world: ir.World) -> Schema:
    """Return the schema of a world's exports.

    `functions` lists them with the schemas of `arguments` (an object) and `result`; `$defs` has the named types. Each
    of these schemas is resolved against the whole document.
    """
    schemas = Schemas(resolve)
    functions: list[Mapping[str, Any]] = []
    for each in schemas.functions(world):
        described = {
            "name": each.name,
            "arguments": schemas.arguments(each.function),
            "result": schemas.result(each.function.result),
        }
        functions.append(_documented(described, each.function.docs))
    package = resolve.packages[world.package].name
    version = f"@{package.version}" if package.version else ""
    title = f"{package.namespace}:{package.name}/{world.name}{version}"
    document = {"$schema": DIALECT, "title": title, "functions": functions, "$defs": schemas.definitions()}
    return _documented(document, world.docs)
