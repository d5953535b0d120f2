"""Compares two sights of one interface: what a component imports and exports under one name must be the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias, assert_never

from ..model.ir import Prim
from .entities import FuncType, ResourceType, TypeNode, ValueType, peel
from .structure import (
    BorrowShape,
    DefShape,
    EnumShape,
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
)
from .translate import Translator

__all__ = ["Comparison"]


# A type as it is written where it is used.
Use: TypeAlias = tuple[Ref | None, list[TypeNode]]


class Comparison:
    """Compares types by structure; types that have become one type of the IR are the same without a look."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._seen: set[tuple[TypeNode, TypeNode]] = set()

    def types(self, one: TypeNode, other: TypeNode) -> bool:
        """Tell whether two definitions are the same; resources are, whoever implements them."""
        return self._definitions(peel(one), peel(other), todo := []) and self._all(todo)

    def functions(self, one: FuncType, other: FuncType) -> bool:
        """Tell whether two functions take and return the same."""
        a, b = one.shape, other.shape
        if a.is_async != b.is_async or [name for name, _ in a.params] != [name for name, _ in b.params]:
            return False
        refs_a, refs_b = [*(ref for _, ref in a.params), a.result], [*(ref for _, ref in b.params), b.result]
        return self._all([((x, one.scope), (y, other.scope)) for x, y in zip(refs_a, refs_b, strict=True)])

    def _all(self, todo: list[tuple[Use, Use]]) -> bool:
        while todo:
            if not self._uses(*todo.pop(), todo):
                return False
        return True

    def _uses(self, one: Use, other: Use, todo: list[tuple[Use, Use]]) -> bool:
        a, b = _resolve(one), _resolve(other)
        if a is None or b is None or isinstance(a, Prim) or isinstance(b, Prim):
            return a is b
        known = self._translator.known(a)
        if known is not None and known == self._translator.known(b):
            return True
        return self._definitions(peel(a), peel(b), todo)

    def _definitions(self, a: TypeNode, b: TypeNode, todo: list[tuple[Use, Use]]) -> bool:
        if not (isinstance(a, ValueType) and isinstance(b, ValueType)):
            return isinstance(a, ResourceType) and isinstance(b, ResourceType)
        if (a, b) not in self._seen:
            self._seen.add((a, b))
            head_a, refs_a = _form(a.shape)
            head_b, refs_b = _form(b.shape)
            if type(a.shape) is not type(b.shape) or head_a != head_b or len(refs_a) != len(refs_b):
                return False
            todo.extend(((x, a.scope), (y, b.scope)) for x, y in zip(refs_a, refs_b, strict=True))
        return True


def _resolve(use: Use) -> TypeNode | Prim | None:
    ref, scope = use
    if ref is None or isinstance(ref, Prim):
        return ref
    node = scope[ref]
    base = peel(node)
    return base.shape.prim if isinstance(base, ValueType) and isinstance(base.shape, PrimShape) else node


def _form(shape: DefShape) -> tuple[Hashable, tuple[Ref | None, ...]]:
    """Split a definition into what must be equal and the types it is made of."""
    match shape:
        case PrimShape(prim):
            return prim, ()
        case RecordShape(parts) | VariantShape(parts):
            return tuple(name for name, _ in parts), tuple(ref for _, ref in parts)
        case FlagsShape(names) | EnumShape(names):
            return names, ()
        case OwnShape(index) | BorrowShape(index):
            return None, (index,)
        case FixedListShape(element, size):
            return size, (element,)
        case MapShape(one, other) | ResultShape(one, other):
            return None, (one, other)
        case TupleShape(types):
            return None, types
        case ListShape(part) | OptionShape(part) | StreamShape(part) | FutureShape(part):
            return None, (part,)
        case _:
            assert_never(shape)
