"""The kinds of streams and futures that a guest can make."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from ...base.frozen import frozen
from ...wit.model import ir
from ...wit.model.children import children
from .names import Namespace, snake
from .support import Side, obstacle
from .types import ends, identity, spelt_size
from .world import WorldFacts

__all__ = ["StreamFacts", "streams"]


_SPELT_OUT = 100
"""How large a type may be whose aliases are spelt out in a name."""


@frozen
class StreamFacts:
    """A kind of stream or future: the name of its constructor (componentize-py's, if elements have no named type)."""

    name: str
    kind: ir.Stream | ir.Future


def streams(facts: WorldFacts) -> list[StreamFacts]:
    """Return every kind of stream and future that functions of the world pass, sorted by name."""
    found: dict[Hashable, ir.Stream | ir.Future] = {}
    for function, side in _functions(facts):
        if obstacle(facts.resolve, function, side) is None:
            for id, kind in _within(facts.resolve, function):
                found.setdefault(identity(facts.resolve, id), kind)
    names = Namespace()
    named = sorted(((_maker(facts, kind), kind) for kind in found.values()), key=lambda each: each[0])
    return [StreamFacts(names.take(name), kind) for name, kind in named]


def _functions(facts: WorldFacts) -> Iterator[tuple[ir.Function, Side]]:
    sides = ((facts.imports, facts.imported, Side.GUEST_IMPORT), (facts.exports, facts.exported, Side.GUEST_EXPORT))
    for links, own, side in sides:
        for function in (*(each for link in links for each in link.scope.functions), *own):
            yield function.function, side


def _within(resolve: ir.Resolve, function: ir.Function) -> Iterator[tuple[ir.TypeId, ir.Stream | ir.Future]]:
    types = [*(param.type for param in function.params), *([] if function.result is None else [function.result])]
    for id in sorted({id for type in types for id in ends(resolve, type)}):
        kind = resolve.type_def(id).kind
        if isinstance(kind, ir.Stream | ir.Future):
            yield id, kind


def _maker(facts: WorldFacts, kind: ir.Stream | ir.Future) -> str:
    words = _words(facts, kind.type)
    if isinstance(kind, ir.Future):
        return f"{words}_future"
    return "byte_stream" if words == "u8" else f"{words}_stream"


def _words(facts: WorldFacts, type: ir.Type | None) -> str:
    """Return how a type is spelt inside a name: aliases followed, `list<u8>` as `list_u8`."""
    if type is None:
        return "unit"
    if isinstance(type, ir.Prim):
        return type.value
    id = facts.resolve.dealias(type.id)
    definition = facts.resolve.type_def(id)
    match definition.kind:
        case kind if definition.name is not None and spelt_size(facts.resolve, ir.TypeRef(id)) > _SPELT_OUT:
            words = [facts.scope_of(id).module, snake(definition.name)]
        case ir.Tuple(types):
            words = [f"tuple{len(types)}", *(_words(facts, each) for each in types)]
        case ir.Alias(target):
            words = [_words(facts, target)]
        case ir.Result(ok, err):
            words = ["result", _words(facts, ok), _words(facts, err)]
        case kind if definition.name is not None:
            words = [facts.scope_of(id).module, snake(definition.name)]
        case kind:
            words = [kind.__class__.__name__.lower(), *(_words(facts, each) for each in children(kind))]
    return "_".join(words)
