"""Follows the indices of a component: evaluates its declarations as a linker would, with types in place of values.

Types get an identity here. An import or export with an `eq` bound is the same type under a new name (that is how `use`
and `type a = b` are written down), an alias is the very same type, and each evaluation of an instance type makes new
resources. Instantiating a component runs its declarations with the arguments in place of its imports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar, assert_never

from .component import read_component
from .entities import (
    Component,
    ComponentType,
    Entity,
    Exported,
    Func,
    FuncType,
    Instance,
    InstanceType,
    Named,
    Opaque,
    ResourceType,
    Scope,
    TypeNode,
    ValueType,
    peel,
    sort_of,
)
from .problem import Code, Input
from .reader import Reader
from .structure import (
    AliasExport,
    AliasOuter,
    ComponentShape,
    Declaration,
    DefShape,
    Export,
    ExportType,
    ExternName,
    ExternType,
    FuncShape,
    Import,
    InlineInstance,
    InstanceShape,
    Instantiate,
    Lift,
    Nested,
    ResourceShape,
    Shape,
    Sort,
    TypeDeclaration,
    form_of,
)

__all__ = ["Evaluator"]

T = TypeVar("T")

# Each level costs several Python frames.
MAX_DEPTH = 64
MAX_NAMES = 200


class Evaluator:
    """Evaluates the declarations of one input."""

    def __init__(self, input: Input) -> None:
        self._input = input
        self._depth = 0
        self._read: dict[int, list[Declaration]] = {}

    def component(self, declarations: Iterable[Declaration]) -> Scope:
        """Evaluate the outermost component; its imports are left open."""
        return self._run(declarations, None, {})

    def component_type(self, type: ComponentType) -> Scope:
        """Evaluate a component type, its imports left open."""
        return self._run(type.shape.declarations, type.scope, {})

    def _run(self, declarations: Iterable[Declaration], parent: Scope | None, arguments: Mapping[str, Entity]) -> Scope:
        if self._depth >= MAX_DEPTH:
            raise self._input.problem(Code.LIMIT, f"components or types nest deeper than {MAX_DEPTH}")
        self._depth += 1
        self._input.limits.step()
        scope = Scope(parent)
        for declaration in declarations:
            self._input.limits.step()
            self._declare(scope, declaration, arguments)
        self._depth -= 1
        return scope

    def _declare(self, scope: Scope, declaration: Declaration, arguments: Mapping[str, Entity]) -> None:
        match declaration:
            case TypeDeclaration(shape, at):
                scope.types.append(self._type(scope, shape, at))
            case AliasExport():
                self._alias_export(scope, declaration)
            case AliasOuter():
                self._alias_outer(scope, declaration)
            case Import(name, type, at):
                given = arguments.get(name.name)
                entity = self._open(scope, type, at) if given is None else given
                if sort_of(entity) is not type.sort:
                    self._invalid(f"the argument for `{name.name}` is of the wrong sort", at)
                self._publish(scope, scope.imports, name, entity, at)
            case ExportType(name, type, at):
                self._publish(scope, scope.exports, name, self._open(scope, type, at), at)
            case Export():
                self._export(scope, declaration)
            case Instantiate():
                scope.instances.append(self._instantiate(scope, declaration))
            case InlineInstance():
                scope.instances.append(self._inline(scope, declaration))
            case Nested():
                scope.components.append(Component(declaration, scope))
            case Lift(type_index, at):
                scope.funcs.append(self._func(scope, type_index, at))
            case _:
                assert_never(declaration)

    def _type(self, scope: Scope, shape: Shape, at: int) -> TypeNode:
        match shape:
            case FuncShape():
                self._check_references(scope, shape, at)
                return FuncType(shape, scope.types, at)
            case ResourceShape():
                return ResourceType(at)
            case InstanceShape():
                return InstanceType(shape, scope, at)
            case ComponentShape():
                return ComponentType(shape, scope, at)
            case _:
                self._check_references(scope, shape, at)
                return ValueType(shape, scope.types, at)

    def _check_references(self, scope: Scope, shape: DefShape | FuncShape, at: int) -> None:
        """A type is made of types that stand before it, so no type contains itself."""
        for ref in form_of(shape)[1]:
            if isinstance(ref, int):
                self._get(scope.types, ref, "type", at)

    def _alias_export(self, scope: Scope, alias: AliasExport) -> None:
        instance = self._get(scope.instances, alias.instance, "instance", alias.at)
        exported = instance.exports.get(alias.name)
        if exported is None or sort_of(exported.entity) is not alias.sort:
            self._invalid(f"an instance does not export `{alias.name}` as a {alias.sort.name.lower()}", alias.at)
        self._add(scope, exported.entity)

    def _alias_outer(self, scope: Scope, alias: AliasOuter) -> None:
        outer = scope
        for _ in range(alias.count):
            if outer.parent is None:
                self._invalid("an alias reaches outside the outermost component", alias.at)
            outer = outer.parent
        self._add(scope, self._lookup(outer, alias.sort, alias.index, alias.at))

    def _export(self, scope: Scope, export: Export) -> None:
        entity = self._lookup(scope, export.sort, export.index, export.at)
        if export.type is not None:
            entity = self._ascribe(scope, entity, export.type, export.at)
        self._publish(scope, scope.exports, export.name, self._named(entity, export.at), export.at)

    def _open(self, scope: Scope, type: ExternType, at: int) -> Entity:
        """The entity of an import, or of an export of a type, of which only the type is known."""
        if type.sort is Sort.TYPE:
            if type.index is None:
                return ResourceType(at)
            return self._named(self._get(scope.types, type.index, "type", at), at)
        if type.index is None:
            return Opaque(type.sort)
        if type.sort is Sort.FUNC:
            return self._func(scope, type.index, at)
        node = peel(self._get(scope.types, type.index, "type", at))
        if type.sort is Sort.INSTANCE and isinstance(node, InstanceType):
            return Instance(self._run(node.shape.declarations, node.scope, {}).exports)
        if type.sort is Sort.COMPONENT and isinstance(node, ComponentType):
            return Component(node, node.scope)
        raise self._input.invalid(f"type {type.index} is not that of a {type.sort.name.lower()}", at)

    def _ascribe(self, scope: Scope, entity: Entity, type: ExternType, at: int) -> Entity:
        """Apply an export's declared supertype: functions use its names of types, instances lose what it lacks."""
        stated = entity if type.sort is Sort.TYPE else self._open(scope, type, at)
        if type.sort is not sort_of(entity):
            self._invalid("an export is not of the sort that it states", at)
        if not (isinstance(stated, Instance) and isinstance(entity, Instance)):
            return stated
        return Instance({name: exported for name, exported in entity.exports.items() if name in stated.exports})

    def _named(self, entity: Entity, at: int) -> Entity:
        if isinstance(entity, (Func, Instance, Component, Opaque)):
            return entity
        length = entity.length + 1 if isinstance(entity, Named) else 1
        if length > MAX_NAMES:
            raise self._input.problem(Code.LIMIT, f"a type has more than {MAX_NAMES} names in a row", at)
        return Named(entity, length)

    def _instantiate(self, scope: Scope, instantiate: Instantiate) -> Instance:
        component = self._get(scope.components, instantiate.component, "component", instantiate.at)
        arguments = {
            name: self._lookup(scope, sort, index, instantiate.at) for name, sort, index in instantiate.arguments
        }
        if isinstance(component.body, ComponentType):
            declarations: Iterable[Declaration] = component.body.shape.declarations
        else:
            declarations = self._nested(component.body)
        return Instance(self._run(declarations, component.scope, arguments).exports)

    def _nested(self, body: Nested) -> list[Declaration]:
        """Read a nested component, once however often it is instantiated."""
        if (known := self._read.get(body.start)) is None:
            known = self._read[body.start] = read_component(Reader(self._input, body.start, body.end)).declarations
        return known

    def _inline(self, scope: Scope, inline: InlineInstance) -> Instance:
        exports: dict[str, Exported] = {}
        for name, sort, index in inline.exports:
            entity = self._named(self._lookup(scope, sort, index, inline.at), inline.at)
            self._once(exports, name.name, inline.at)
            exports[name.name] = Exported(name, entity, inline.at)
        return Instance(exports)

    def _publish(self, scope: Scope, names: dict[str, Exported], name: ExternName, entity: Entity, at: int) -> None:
        self._once(names, name.name, at)
        names[name.name] = Exported(name, entity, at)
        self._add(scope, entity)

    def _once(self, names: Mapping[str, Exported], name: str, at: int) -> None:
        if name in names:
            self._invalid(f"`{name}` is declared twice", at)

    def _add(self, scope: Scope, entity: Entity) -> None:
        match entity:
            case Instance():
                scope.instances.append(entity)
            case Component():
                scope.components.append(entity)
            case Opaque():
                pass
            case Func():
                scope.funcs.append(entity)
            case _:
                scope.types.append(entity)

    def _func(self, scope: Scope, index: int, at: int) -> Func:
        node = peel(self._get(scope.types, index, "type", at))
        if not isinstance(node, FuncType):
            self._invalid(f"type {index} is not that of a function", at)
        return Func(node)

    def _lookup(self, scope: Scope, sort: Sort, index: int, at: int) -> Entity:
        match sort:
            case Sort.TYPE:
                return self._get(scope.types, index, "type", at)
            case Sort.INSTANCE:
                return self._get(scope.instances, index, "instance", at)
            case Sort.FUNC:
                return self._get(scope.funcs, index, "function", at)
            case Sort.COMPONENT:
                return self._get(scope.components, index, "component", at)
            case Sort.CORE | Sort.VALUE:
                return Opaque(sort)
            case _:
                assert_never(sort)

    def _get(self, space: list[T], index: int, what: str, at: int) -> T:
        if index >= len(space):
            self._invalid(f"there is no {what} {index}", at)
        return space[index]

    def _invalid(self, message: str, at: int) -> NoReturn:
        raise self._input.invalid(message, at)
