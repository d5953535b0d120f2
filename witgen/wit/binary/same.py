"""Compares two views of one interface: a component must import and export the same one under one name."""

from __future__ import annotations

from typing import TypeAlias

from ..model.ir import Prim
from .entities import FuncType, ResourceType, TypeNode, ValueType, peel
from .structure import PrimShape, Ref, form_of
from .translate import Translator

__all__ = ["Comparison"]


# A type as written in its uses.
Use: TypeAlias = tuple[Ref | None, list[TypeNode]]


class Comparison:
    """Compares types by structure; types that have become one type of the IR are the same without a look."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._seen: set[tuple[TypeNode, TypeNode]] = set()

    def types(self, one: TypeNode, other: TypeNode) -> bool:
        """Return whether two definitions are equal; all resources are."""
        todo: list[tuple[Use, Use]] = []
        return self._definitions(peel(one), peel(other), todo) and self._all(todo)

    def functions(self, one: FuncType, other: FuncType) -> bool:
        """Return whether two functions have the same parameters and result."""
        (head_a, refs_a), (head_b, refs_b) = form_of(one.shape), form_of(other.shape)
        return head_a == head_b and self._all(_pairs(refs_a, one.scope, refs_b, other.scope))

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
            (head_a, refs_a), (head_b, refs_b) = form_of(a.shape), form_of(b.shape)
            if type(a.shape) is not type(b.shape) or head_a != head_b or len(refs_a) != len(refs_b):
                return False
            todo.extend(_pairs(refs_a, a.scope, refs_b, b.scope))
        return True


def _pairs(
    one: tuple[Ref | None, ...], one_scope: list[TypeNode], other: tuple[Ref | None, ...], other_scope: list[TypeNode]
) -> list[tuple[Use, Use]]:
    return [((a, one_scope), (b, other_scope)) for a, b in zip(one, other, strict=True)]


def _resolve(use: Use) -> TypeNode | Prim | None:
    ref, scope = use
    if ref is None or isinstance(ref, Prim):
        return ref
    node = scope[ref]
    base = peel(node)
    return base.shape.prim if isinstance(base, ValueType) and isinstance(base.shape, PrimShape) else node
