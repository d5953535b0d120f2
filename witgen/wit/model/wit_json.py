"""The IR as the JSON that `wasm-tools component wit --json` prints, so that other tools can read it.

The document has four arenas (`worlds`, `interfaces`, `types`, `packages`); references are indices into them. Empty
documentation, unknown stability and an absent function result are left out; a variant case without a payload and the
missing parts of a `result` are null; so are the name and the owner of an anonymous type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from .ir import (
    Alias,
    Borrow,
    Docs,
    Enum,
    FixedList,
    Flags,
    Function,
    FunctionKind,
    FunctionKindTag,
    Future,
    Interface,
    InterfaceItem,
    List,
    Map,
    Option,
    Own,
    Package,
    Prim,
    Record,
    Resolve,
    Resource,
    Result,
    Stability,
    Stable,
    Stream,
    Tuple,
    Type,
    TypeDef,
    TypeItem,
    TypeKind,
    TypeOwner,
    Unstable,
    Variant,
    World,
    WorldItem,
    WorldKey,
)  # fmt: skip
from .numbering import numbered

__all__ = ["Json", "to_wit_json"]

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


def to_wit_json(resolve: Resolve) -> dict[str, Json]:
    """Return the document for `resolve`, ready for `json.dumps`; numbers are those of wasm-tools."""
    resolve = numbered(resolve)
    return {
        "worlds": [_world(world) for world in resolve.worlds],
        "interfaces": [_interface(interface) for interface in resolve.interfaces],
        "types": [_type_def(definition) for definition in resolve.types],
        "packages": [_package(package) for package in resolve.packages],
    }


def _package(package: Package) -> Json:
    return {
        "name": str(package.name),
        **_docs(package.docs),
        "interfaces": {name: int(id) for name, id in package.interfaces.items()},
        "worlds": {name: int(id) for name, id in package.worlds.items()},
    }


def _world(world: World) -> Json:
    return {
        "name": world.name,
        "imports": _items(world.imports),
        "exports": _items(world.exports),
        "package": int(world.package),
        **_docs(world.docs),
        **_stability(world.stability),
    }


def _items(items: Mapping[WorldKey, WorldItem]) -> Json:
    return {key if isinstance(key, str) else f"interface-{key}": _item(item) for key, item in items.items()}


def _item(item: WorldItem) -> Json:
    match item:
        case Function():
            return {"function": _function(item)}
        case TypeItem():
            return {"type": int(item.id)}
        case InterfaceItem():
            common = {**_stability(item.stability), **_external_id(item.external_id), **_docs(item.docs)}
            return {"interface": {"id": int(item.id), **common}}
        case _:
            assert_never(item)


def _interface(interface: Interface) -> Json:
    return {
        "name": interface.name,
        "types": {name: int(id) for name, id in interface.types.items()},
        "functions": {name: _function(function) for name, function in interface.functions.items()},
        **_docs(interface.docs),
        **_stability(interface.stability),
        "package": int(interface.package),
        **({} if interface.clone_of is None else {"clone_of": int(interface.clone_of)}),
    }


def _function(function: Function) -> dict[str, Json]:
    return {
        "name": function.name,
        "kind": _function_kind(function.kind),
        "params": [{"name": param.name, "type": _type(param.type)} for param in function.params],
        **({} if function.result is None else {"result": _type(function.result)}),
        **_docs(function.docs),
        **_stability(function.stability),
        **_external_id(function.external_id),
    }


def _function_kind(kind: FunctionKind) -> Json:
    # Constructors cannot be async.
    prefix = "async-" if kind.is_async and kind.tag is not FunctionKindTag.CONSTRUCTOR else ""
    name = prefix + kind.tag.value
    return name if kind.resource is None else {name: int(kind.resource)}


def _type_def(definition: TypeDef) -> Json:
    return {
        "name": definition.name,
        "kind": _kind(definition.kind),
        "owner": _owner(definition.owner),
        **_docs(definition.docs),
        **_stability(definition.stability),
        **_external_id(definition.external_id),
    }


def _owner(owner: TypeOwner | None) -> Json:
    if owner is None:
        return None
    if owner.interface is not None:
        return {"interface": int(owner.interface)}
    return {"world": int(owner.world)} if owner.world is not None else None


def _kind(kind: TypeKind) -> Json:
    match kind:
        case Resource():
            return "resource"
        case Alias():
            return {"type": _type(kind.type)}
        case Own():
            return {"handle": {"own": int(kind.resource)}}
        case Borrow():
            return {"handle": {"borrow": int(kind.resource)}}
        case Record() | Variant() | Enum() | Flags():
            return _named_kind(kind)
        case Tuple():
            return {"tuple": {"types": [_type(part) for part in kind.types]}}
        case Option():
            return {"option": _type(kind.type)}
        case Result():
            return {"result": {"ok": _optional(kind.ok), "err": _optional(kind.err)}}
        case List():
            return {"list": _type(kind.element)}
        case FixedList():
            return {"fixed-length-list": [_type(kind.element), kind.size]}
        case Map():
            return {"map": [_type(kind.key), _type(kind.value)]}
        case Stream():
            return {"stream": _optional(kind.type)}
        case Future():
            return {"future": _optional(kind.type)}
        case _:
            assert_never(kind)


def _named_kind(kind: Record | Variant | Enum | Flags) -> Json:
    match kind:
        case Record():
            fields: list[Json] = [{"name": f.name, "type": _type(f.type), **_docs(f.docs)} for f in kind.fields]
            return {"record": {"fields": fields}}
        case Variant():
            cases: list[Json] = [{"name": c.name, "type": _optional(c.type), **_docs(c.docs)} for c in kind.cases]
            return {"variant": {"cases": cases}}
        case Enum():
            return {"enum": {"cases": [{"name": c.name, **_docs(c.docs)} for c in kind.cases]}}
        case Flags():
            return {"flags": {"flags": [{"name": f.name, **_docs(f.docs)} for f in kind.flags]}}
        case _:
            assert_never(kind)


def _type(type: Type) -> Json:
    return type.value if isinstance(type, Prim) else int(type.id)


def _optional(type: Type | None) -> Json:
    return None if type is None else _type(type)


def _docs(docs: Docs | None) -> dict[str, Json]:
    return {} if docs is None else {"docs": {"contents": docs.contents}}


def _external_id(external_id: str | None) -> dict[str, Json]:
    return {} if external_id is None else {"external_id": external_id}


def _stability(stability: Stability) -> dict[str, Json]:
    if stability is None:
        return {}
    deprecated: dict[str, Json] = {} if stability.deprecated is None else {"deprecated": stability.deprecated}
    match stability:
        case Stable():
            return {"stability": {"stable": {"since": stability.since, **deprecated}}}
        case Unstable():
            return {"stability": {"unstable": {"feature": stability.feature, **deprecated}}}
        case _:
            assert_never(stability)
