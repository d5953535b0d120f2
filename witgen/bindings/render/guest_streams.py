"""`guest/streams.py`: functions that make the streams and futures of a world."""

from __future__ import annotations

from ...base.frozen import frozen
from ...wit.model import ir
from ...wit.model.text import type_text
from ..facts.streams import streams
from ..facts.world import WorldFacts
from .abi_module import abi_expression
from .annotations import IMPORT_SIDE, Annotations
from .env import render_template
from .imports import Imports
from .module import module_view

__all__ = ["render_guest_streams"]


@frozen
class _Maker:
    """A function that makes both ends: its name, its element type, annotations of both ends, descriptor, default."""

    name: str
    title: str
    writer: str
    reader: str
    descriptor: str
    default: str = ""


def render_guest_streams(facts: WorldFacts) -> str | None:
    """Return the makers of streams and futures, None where no function passes any."""
    found = streams(facts)
    if not found:
        return None
    names = [each.name for each in found]
    imports = Imports([*names, *(f"_{name}" for name in names)])
    annotations = Annotations(facts, imports, IMPORT_SIDE, "", shadowed=names)
    makers: list[_Maker] = []
    for each in found:
        reader = annotations.structure(each.kind)
        writer = annotations.structure(each.kind, end="Writer")
        carried = "None" if each.kind.type is None else annotations.exact(each.kind.type)
        title = "" if each.kind.type is None else f"<{type_text(facts.resolve, each.kind.type)}>"
        is_future = isinstance(each.kind, ir.Future)
        word = "future" if is_future else "stream"
        descriptor = abi_expression(facts, imports, each.kind)
        makers.append(_Maker(each.name, f"{word}{title}", writer, reader, descriptor, carried if is_future else ""))
    doc = f"Make the streams and futures that world `{facts.title}` passes: a writable end and a readable one."
    return render_template(
        "guest_streams.py.jinja",
        module=module_view(facts, facts.own, doc=doc, imports=imports, exported=names),
        world=imports.name("._raw", "WORLD", "_world"),
        callable=imports.name("collections.abc", "Callable"),
        makers=makers,
    )
