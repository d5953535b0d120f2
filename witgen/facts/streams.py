"""The kinds of streams and futures that a guest can make, by the names that componentize-py gives to their makers."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import ir
from ..records import record
from .support import Side, obstacle
from .types import parts
from .world import WorldFacts

__all__ = ["StreamFacts", "streams"]


@record
class StreamFacts:
    """A kind of stream or future: the name of what makes one, the type itself."""

    name: str
    kind: ir.Stream | ir.Future


def streams(facts: WorldFacts) -> list[StreamFacts]:
    """Return every kind of stream and future that functions of the world pass, sorted by name."""
    found: dict[str, StreamFacts] = {}
    for function, side in _functions(facts):
        if obstacle(facts.resolve, function, side) is None:
            for kind in _within(facts.resolve, function):
                name = _maker(facts.resolve, kind)
                found[name] = StreamFacts(name, kind)
    return sorted(found.values(), key=lambda each: each.name)


def _functions(facts: WorldFacts) -> Iterator[tuple[ir.Function, Side]]:
    sides = ((facts.imports, facts.imported, Side.GUEST_IMPORT), (facts.exports, facts.exported, Side.GUEST_EXPORT))
    for links, own, side in sides:
        for function in (*(each for link in links for each in link.scope.functions), *own):
            yield function.function, side


def _within(resolve: ir.Resolve, function: ir.Function) -> Iterator[ir.Stream | ir.Future]:
    pending = [param.type for param in function.params] + ([] if function.result is None else [function.result])
    while pending:
        type = pending.pop()
        if isinstance(type, ir.TypeRef):
            kind = resolve.type_def(type).kind
            if isinstance(kind, ir.Stream | ir.Future):
                yield kind
            pending += parts(kind)


def _maker(resolve: ir.Resolve, kind: ir.Stream | ir.Future) -> str:
    if isinstance(kind, ir.Future):
        return f"{_words(resolve, kind.type)}_future"
    words = _words(resolve, kind.type)
    return "byte_stream" if words == "u8" else f"{words}_stream"


def _words(resolve: ir.Resolve, type: ir.Type | None) -> str:
    """Return how a type is spelt inside a name: aliases followed, `list<u8>` as `list_u8`."""
    if type is None:
        return "unit"
    if isinstance(type, ir.Prim):
        return type.value
    kind = resolve.type_def(resolve.dealias(type.id)).kind
    inner = "_".join(_words(resolve, part) for part in parts(kind))
    match kind:
        case ir.Tuple(types):
            return f"tuple{len(types)}_{inner}"
        case ir.Alias():
            return inner
        case _:
            return f"{kind.__class__.__name__.lower()}_{inner}"
