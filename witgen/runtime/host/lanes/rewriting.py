"""Rewrites the sections that lead to a component's imports: the types of instances that get a lane."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .encoding import text, unsigned, vector
from .names import finish_name
from .plan import Plan
from .reader import Entry, Import, Outer
from .shapes import Interface
from .type_reader import InstanceType, Signature
from .type_writer import Look

__all__ = ["rewritten"]

_BYTES, _STRING, _NUMBER = b"\x01\x70\x7d", b"\x01\x73", b"\x01\x79"
"""The declarations of the types `list<u8>`, `string` and `u32`."""
_ENDS = (b"\x01\x66", b"\x01\x65")
"""How the declarations of streams and of futures begin."""
_INSTANCE_TYPE, _TYPE, _EXPORT, _FUNC, _FUNC_OF = b"\x42", b"\x01", b"\x04\x00", b"\x40", b"\x01"
_U32_RESULT = b"\x00\x79"
_TICKET_PARAM = vector([text("ticket") + b"\x79"])


def rewritten(outer: Outer, plan: Plan, dropped: Collection[str]) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the sections; `dropped` are imported functions to leave out."""
    for leading in outer.leading:
        kept = [entry for entry in leading.entries if not _is_dropped(entry, dropped)]
        yield leading.section, vector([_rewritten(entry, plan) for entry in kept])


def _is_dropped(entry: Entry, dropped: Collection[str]) -> bool:
    meaning = entry.meaning
    return isinstance(meaning, Import) and isinstance(meaning.meaning, Signature) and meaning.name in dropped


def _rewritten(entry: Entry, plan: Plan) -> bytes:
    if not isinstance(entry.meaning, InstanceType):
        return entry.content
    interface = entry.meaning.interface
    look = Look(text=interface in plan.text, numbers=interface in plan.ends)
    return _instance_type(entry.meaning, look, _polled(interface, plan))


def _polled(interface: Interface, plan: Plan) -> set[str]:
    return {function.name for function in interface.functions if function.is_async and interface in plan.polled}


def _seen(declaration: bytes, look: Look) -> bytes:
    """Return a declaration of an instance type as the host's looks."""
    if look.text and declaration == _BYTES:
        return _STRING
    return _NUMBER if look.numbers and declaration.startswith(_ENDS) else declaration


def _instance_type(type_: InstanceType, look: Look, polled: Collection[str]) -> bytes:
    """Write an instance type as the host's looks, and an async function as two plain ones."""
    declarations: list[bytes] = []
    for declaration in type_.declarations:
        if declaration.function not in polled:
            declarations.append(_seen(declaration.content, look))
    index = type_.types
    for name in sorted(polled):
        signature = type_.signatures[name]
        params, result = signature.encoded_params, signature.encoded_result
        for part, shape in ((name, params + _U32_RESULT), (finish_name(name), _TICKET_PARAM + result)):
            declarations.append(_TYPE + _FUNC + shape)
            declarations.append(_EXPORT + text(part) + _FUNC_OF + unsigned(index))
            index += 1
    return _INSTANCE_TYPE + vector(declarations)
