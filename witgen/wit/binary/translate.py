"""Translates evaluated types and functions to the IR, giving back the names that `use` and `type a = b` gave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar, assert_never

from ..model import ir
from .draft import Draft
from .entities import Func, Named, ResourceType, TypeNode, ValueType, peel
from .names import is_label, parse_function
from .problem import Input
from .structure import (
    BorrowShape,
    DefShape,
    EnumShape,
    ExternName,
    FixedListShape,
    FlagsShape,
    FutureShape,
    ListShape,
    MapShape,
    OptionShape,
    OwnShape,
    PrimShape,
    RecordShape,
    Ref,
    ResultShape,
    StreamShape,
    TupleShape,
    VariantShape,
    form_of,
)

__all__ = ["Translator"]

T = TypeVar("T")
Scope: TypeAlias = list[TypeNode]

# WIT's own limit on how deep types without a name nest.
MAX_NESTING = 99
NEEDS_NAME = (RecordShape, VariantShape, EnumShape, FlagsShape)
NAMED_OR_PRIMITIVE = (*NEEDS_NAME, PrimShape)


class Translator:
    """Fills the types of a draft; remembers which type of the IR each evaluated type has become."""

    def __init__(self, draft: Draft, input: Input) -> None:
        self._draft = draft
        self._input = input
        self._named: dict[TypeNode, ir.TypeId] = {}
        self._definitions: dict[TypeNode, ir.TypeId] = {}
        self._anonymous: dict[TypeNode, ir.TypeId] = {}
        self._sizes: dict[ir.TypeId, int] = {}
        self._depths: dict[ValueType, int] = {}

    def define(self, name: ExternName, node: TypeNode, owner: ir.TypeOwner, at: int) -> ir.TypeId:
        """Add the type that an import or export names: an alias of a type that has a name already, or a definition."""
        self._check_label(name.name, "type", at)
        base = peel(node)
        if (known := self.known(node)) is not None:
            kind: ir.TypeKind = ir.Alias(ir.TypeRef(known))
        elif isinstance(base, ResourceType):
            kind = ir.Resource()
        elif isinstance(base, ValueType):
            kind, size = self._kind(base)
            self._input.limits.expand(size)
        else:
            raise self._input.unsupported(f"`{name.name}` is a type that WIT cannot name", at)
        id = self._add(ir.TypeDef(name.name, kind, owner, external_id=name.external_id))
        self.recognise(node, id)
        return id

    def recognise(self, node: TypeNode, id: ir.TypeId) -> None:
        """Remember that `node` is the type `id`, so that later uses refer to it."""
        self._named[node] = id
        base = peel(node)
        if isinstance(base, ResourceType):
            self._named.setdefault(base, id)
        elif isinstance(base, ValueType) and isinstance(base.shape, NEEDS_NAME):
            self._definitions[base] = id

    def function(self, name: ExternName, func: Func, find: Callable[[str], ir.TypeId | None], at: int) -> ir.Function:
        """Translate a function; `find` finds types of its scope by name, among them the resource that it belongs to."""
        parsed = parse_function(name.name)
        if parsed is None:
            raise self._input.unsupported(f"`{name.name}` is not a function name that WIT can express", at)
        tag, owner = parsed
        resource = None if owner is None else find(owner)
        if owner is not None and (resource is None or not isinstance(self._draft.types[resource].kind, ir.Resource)):
            raise self._input.invalid(f"`{name.name}` belongs to no resource of its scope", at)
        shape, scope = func.type.shape, func.type.scope
        self._check_labels([label for label, _ in shape.params], "parameter", func.type.at)
        params = tuple(ir.Param(label, self._outer(ref, scope)) for label, ref in shape.params)
        result = None if shape.result is None else self._outer(shape.result, scope)
        kind = ir.FunctionKind(tag, resource, shape.is_async)
        return ir.Function(name.name, kind, params, result, external_id=name.external_id)

    def known(self, node: TypeNode) -> ir.TypeId | None:
        """Return the named type that `node` has become, or that one of its names has."""
        while True:
            if (id := self._named.get(node)) is not None:
                return id
            if not isinstance(node, Named):
                return None
            node = node.target

    def _add(self, definition: ir.TypeDef) -> ir.TypeId:
        self._draft.types.append(definition)
        return ir.TypeId(len(self._draft.types) - 1)

    def _outer(self, ref: Ref, scope: Scope) -> ir.Type:
        type, size = self._type(ref, scope)
        self._input.limits.expand(size)
        return type

    def _type(self, ref: Ref, scope: Scope) -> tuple[ir.Type, int]:
        """Return a type and how many types it reads as when it is written out."""
        if isinstance(ref, ir.Prim):
            return ref, 1
        node = scope[ref]
        if (known := self.known(node)) is not None:
            return ir.TypeRef(known), 1
        base = peel(node)
        if (known := self._definitions.get(base)) is not None:
            return ir.TypeRef(known), 1
        if not isinstance(base, ValueType) or isinstance(base.shape, NEEDS_NAME):
            raise self._input.unsupported("a function or type uses a type that has no name in its scope", base.at)
        if isinstance(base.shape, PrimShape):
            return base.shape.prim, 1
        return self._anonymous_type(base)

    def _anonymous_type(self, type: ValueType) -> tuple[ir.Type, int]:
        """Translate a type without a name after those that it is made of; a stack of our own bears any nesting."""
        todo = [type]
        while todo:
            waiting = [] if todo[-1] in self._anonymous else [*self._untranslated_parts(todo[-1])]
            if waiting:
                todo.extend(waiting)
            elif (done := todo.pop()) not in self._anonymous:
                kind, size = self._kind(done)
                self._anonymous[done] = self._add(ir.TypeDef(None, kind, None))
                self._sizes[self._anonymous[done]] = size
        known = self._anonymous[type]
        return ir.TypeRef(known), self._sizes[known]

    def _untranslated_parts(self, type: ValueType) -> Iterator[ValueType]:
        depth = 1
        for ref in form_of(type.shape)[1]:
            part = peel(type.scope[ref]) if isinstance(ref, int) and self.known(type.scope[ref]) is None else None
            if isinstance(part, ValueType) and not isinstance(part.shape, NAMED_OR_PRIMITIVE):
                depth = max(depth, self._depths.get(part, 0) + 1)
                if part not in self._anonymous:
                    yield part
        if depth > MAX_NESTING:
            raise self._input.unsupported(f"types nest deeper than {MAX_NESTING}", type.at)
        self._depths[type] = depth

    def _kind(self, node: ValueType) -> tuple[ir.TypeKind, int]:
        parts = _Parts(self, node)
        kind = parts.kind(node.shape)
        return kind, parts.size

    def part(self, ref: Ref, node: ValueType) -> tuple[ir.Type, int]:
        """Return a type that the definition `node` is made of."""
        return self._type(ref, node.scope)

    def resource(self, index: int, node: ValueType) -> ir.TypeId:
        """Return the resource of a handle type."""
        target = node.scope[index]
        known = self.known(target)
        if known is None or not isinstance(peel(target), ResourceType):
            raise self._input.unsupported("a handle is not of a resource that has a name in its scope", node.at)
        return known

    def labels(self, names: Sequence[str], what: str, node: ValueType) -> None:
        """Check the labels of a definition."""
        self._check_labels(names, what, node.at)

    def check_count(self, flags: Sequence[str], node: ValueType) -> None:
        """Check that a type has no more flags than there are bits for."""
        if len(flags) > ir.MAX_FLAGS:
            raise self._input.invalid(f"a type has {len(flags)} flags, more than {ir.MAX_FLAGS}", node.at)

    def _check_labels(self, names: Sequence[str], what: str, at: int) -> None:
        seen: set[str] = set()
        for name in names:
            self._check_label(name, what, at)
            if name.lower() in seen:
                raise self._input.invalid(f"the {what} `{name}` is declared twice", at)
            seen.add(name.lower())

    def _check_label(self, name: str, what: str, at: int) -> None:
        if not is_label(name):
            raise self._input.invalid(f"{name!r} is not a name for a {what}", at)


class _Parts:
    """Translates one definition, adding up the sizes of its parts."""

    def __init__(self, translator: Translator, node: ValueType) -> None:
        self._translator = translator
        self._node = node
        self.size = 1

    def kind(self, shape: DefShape) -> ir.TypeKind:
        match shape:
            case PrimShape(prim):
                return ir.Alias(prim)
            case RecordShape(fields):
                self._labels([name for name, _ in fields], "field")
                return ir.Record(tuple(ir.Field(name, self._part(ref)) for name, ref in fields))
            case VariantShape(cases):
                self._labels([name for name, _ in cases], "case")
                return ir.Variant(tuple(ir.Case(name, self._maybe(ref)) for name, ref in cases))
            case FlagsShape(names):
                self._labels(names, "flag")
                self._translator.check_count(names, self._node)
                return ir.Flags(tuple(ir.Flag(name) for name in names))
            case EnumShape(names):
                self._labels(names, "case")
                return ir.Enum(tuple(ir.EnumCase(name) for name in names))
            case OwnShape(resource):
                return ir.Own(self._translator.resource(resource, self._node))
            case BorrowShape(resource):
                return ir.Borrow(self._translator.resource(resource, self._node))
            case _:
                return self._container(shape)

    def _container(
        self,
        shape: ListShape
        | FixedListShape
        | MapShape
        | TupleShape
        | OptionShape
        | ResultShape
        | StreamShape
        | FutureShape,
    ) -> ir.TypeKind:
        match shape:
            case ListShape(element):
                return ir.List(self._part(element))
            case FixedListShape(element, size):
                return ir.FixedList(self._part(element), size)
            case MapShape(key, value):
                return ir.Map(self._part(key), self._part(value))
            case TupleShape(types):
                return ir.Tuple(tuple(self._part(ref) for ref in types))
            case OptionShape(type):
                return ir.Option(self._part(type))
            case ResultShape(ok, err):
                return ir.Result(self._maybe(ok), self._maybe(err))
            case StreamShape(type):
                return ir.Stream(self._maybe(type))
            case FutureShape(type):
                return ir.Future(self._maybe(type))
            case _:
                assert_never(shape)

    def _part(self, ref: Ref) -> ir.Type:
        type, size = self._translator.part(ref, self._node)
        self.size += size
        return type

    def _maybe(self, ref: Ref | None) -> ir.Type | None:
        return None if ref is None else self._part(ref)

    def _labels(self, names: Sequence[str], what: str) -> None:
        self._translator.labels(names, what, self._node)
