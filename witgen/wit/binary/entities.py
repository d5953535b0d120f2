"""The entities of declarations once indices are followed: types with an identity, functions, instances, components."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ...base.frozen import frozen
from .structure import ComponentShape, DefShape, ExternName, FuncShape, InstanceShape, Nested, Sort

__all__ = [
    "Component", "ComponentType", "Entity", "Exported", "Func", "FuncType", "Instance", "InstanceType", "Named",
    "Opaque", "ResourceType", "Scope", "TypeNode", "ValueType", "peel", "sort_of",
]  # fmt: skip


@dataclass(eq=False, slots=True)
class ValueType:
    """The definition of a value type; the numbers in `shape` count in `scope`."""

    shape: DefShape
    scope: list[TypeNode]
    at: int


@dataclass(eq=False, slots=True)
class ResourceType:
    """A resource: equal only to itself."""

    at: int


@dataclass(eq=False, slots=True)
class Named:
    """A type that an import or export gives another name; `length` counts the names."""

    target: TypeNode
    length: int


@dataclass(eq=False, slots=True)
class FuncType:
    """The type of functions."""

    shape: FuncShape
    scope: list[TypeNode]
    at: int


@dataclass(eq=False, slots=True)
class InstanceType:
    """A type of instances, to be evaluated within `scope`."""

    shape: InstanceShape
    scope: Scope
    at: int


@dataclass(eq=False, slots=True)
class ComponentType:
    """A type of components, to be evaluated within `scope`."""

    shape: ComponentShape
    scope: Scope
    at: int


TypeNode: TypeAlias = ValueType | ResourceType | Named | FuncType | InstanceType | ComponentType


@dataclass(eq=False, slots=True)
class Func:
    """A function."""

    type: FuncType


@dataclass(eq=False, slots=True)
class Instance:
    """An instance: its exports, in order."""

    exports: dict[str, Exported]


@dataclass(eq=False, slots=True)
class Component:
    """A component: sections in the file, or only a type where it is imported."""

    body: Nested | ComponentType
    scope: Scope


@dataclass(eq=False, slots=True)
class Opaque:
    """A core module or a value: never looked into."""

    sort: Sort


Entity: TypeAlias = TypeNode | Func | Instance | Component | Opaque


def peel(node: TypeNode) -> ValueType | ResourceType | FuncType | InstanceType | ComponentType:
    """Return the definition behind the names of a type."""
    while isinstance(node, Named):
        node = node.target
    return node


def sort_of(entity: Entity) -> Sort:
    """Return the index space that an entity belongs to."""
    match entity:
        case Func():
            return Sort.FUNC
        case Instance():
            return Sort.INSTANCE
        case Component():
            return Sort.COMPONENT
        case Opaque(sort):
            return sort
        case _:
            return Sort.TYPE


@frozen
class Exported:
    """An import or export with its full name."""

    name: ExternName
    entity: Entity
    at: int


@dataclass(eq=False, slots=True)
class Scope:
    """The index spaces of a component, a component type or an instance type while it is evaluated."""

    parent: Scope | None
    types: list[TypeNode] = field(default_factory=list[TypeNode])
    instances: list[Instance] = field(default_factory=list[Instance])
    funcs: list[Func] = field(default_factory=list[Func])
    components: list[Component] = field(default_factory=list[Component])
    imports: dict[str, Exported] = field(default_factory=dict[str, Exported])
    exports: dict[str, Exported] = field(default_factory=dict[str, Exported])
