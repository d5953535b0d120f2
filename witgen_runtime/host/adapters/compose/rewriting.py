"""Rewrites the sections that lead to a component's imports: the types of instances that get an adapter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ..names import finish_name
from ..wasm.encoding import signed, text, unsigned, vector
from ..wasm.reader import Entry, Import, Outer
from ..wasm.shapes import Interface, Kind, Resource, Shape
from ..wasm.type_reader import Declaration, InstanceType, Meaning, Signature
from ..wasm.type_writer import Look, define
from .adapter_form import Form

__all__ = ["rewritten", "seen_type"]

_INSTANCE_TYPE, _TYPE, _EXPORT, _FUNC, _ASYNC_FUNC, _FUNC_OF = b"\x42", b"\x01", b"\x04\x00", b"\x40", b"\x43", b"\x01"
_U32_RESULT = b"\x00\x79"
_SUBTASK_PARAM = vector([text("subtask") + b"\x79"])


def rewritten(
    outer: Outer, form: Callable[[Interface], Form], dropped: Collection[str] = (), look: Look | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the sections.

    `form` is an interface's, `dropped` are functions to leave out. `look` is that of the component's own types.
    """
    for leading in outer.leading:
        kept = [entry for entry in leading.entries if not _is_dropped(entry, dropped)]
        yield leading.section, vector([_rewritten(entry, form, look or Look()) for entry in kept])


def _is_dropped(entry: Entry, dropped: Collection[str]) -> bool:
    meaning = entry.meaning
    return isinstance(meaning, Import) and isinstance(meaning.meaning, Signature) and meaning.name in dropped


def _rewritten(entry: Entry, form: Callable[[Interface], Form], look: Look) -> bytes:
    if isinstance(entry.meaning, InstanceType):
        return _instance_type(entry.meaning, form(entry.meaning.interface))
    return seen_type(entry.meaning, look) or entry.content


def seen_type(meaning: Meaning | Import | None, look: Look) -> bytes:
    """Return the definition of what stands for a type, or nothing if that is the type itself."""
    seen = look.seen(meaning) if isinstance(meaning, Shape) else meaning
    if not isinstance(seen, Shape) or seen is meaning:
        return b""
    # What stands for another type is a primitive, or consists of some.
    resources = dict[Resource, int]()
    return _primitive(seen) if seen.kind is Kind.PRIMITIVE else define(seen, _primitive, resources.__getitem__)


def _seen(declaration: Declaration, look: Look) -> bytes:
    """Return a declaration of an instance type as the host's looks."""
    definition = seen_type(declaration.defined, look)
    return _TYPE + definition if definition else declaration.content


def _primitive(shape: Shape) -> bytes:
    return bytes((shape.primitive,))


def _instance_type(type_: InstanceType, form: Form) -> bytes:
    """Write an instance type as the host's looks: an async function as two plain ones, numbers for several handles."""
    interface = type_.interface
    inner = {each.name: form.inner(each) for each in interface.functions}
    polled = {each.name for each in interface.functions if form.polled and each.is_async}
    changed = {each.name for each in interface.functions if inner[each.name].params != each.params}
    kept = [each for each in type_.declarations if each.function not in polled | changed]
    writer = _Writer(type_, form.inside, [_seen(each, form.inside) for each in kept])
    for name in sorted(polled | changed):
        function, signature = inner[name], type_.signatures[name]
        params, result = signature.encoded_params, signature.encoded_result
        if name in changed:
            params = vector([text(label) + writer.value(shape) for label, shape in function.params])
        if name in polled:
            writer.function(name, _FUNC + params + _U32_RESULT)
            writer.function(finish_name(name), _FUNC + _SUBTASK_PARAM + result)
        else:
            writer.function(name, (_ASYNC_FUNC if function.is_async else _FUNC) + params + result)
    return _INSTANCE_TYPE + vector(writer.declarations)


class _Writer:
    """Adds declarations to an instance type."""

    def __init__(self, type_: InstanceType, look: Look, declarations: list[bytes]) -> None:
        self.declarations = declarations
        self._look = look
        self._count = len(type_.types)
        self._known: dict[Meaning, int] = {}
        for index, meaning in enumerate(type_.types):
            self._known.setdefault(meaning, index)

    def _add(self, definition: bytes) -> int:
        self.declarations.append(_TYPE + definition)
        self._count += 1
        return self._count - 1

    def function(self, name: str, type_: bytes) -> None:
        """Export a function of some type."""
        self.declarations.append(_EXPORT + text(name) + _FUNC_OF + unsigned(self._add(type_)))

    def value(self, shape: Shape) -> bytes:
        """Return the encoding of a use of a type."""
        shape = self._look.seen(shape)
        if shape.kind is Kind.PRIMITIVE:
            return bytes((shape.primitive,))
        if shape not in self._known:
            self._known[shape] = self._add(define(shape, self.value, self._known.__getitem__))
        return signed(self._known[shape])
