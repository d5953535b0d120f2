"""Rewrites the types of a component inside another: wit-component emits one for each exported interface."""

from __future__ import annotations

from ..refusal import Refusal
from ..wasm.cursor import Cursor, sections
from ..wasm.encoding import Section, Sort, unsigned, vector
from ..wasm.shapes import Interface, Resource, Shape
from ..wasm.type_reader import InstanceType, Scope, Signature, read_bound, read_name, read_type
from ..wasm.type_writer import Look
from .rewriting import seen_type

__all__ = ["rewrite_nested"]

_RULE = "a component inside the component does more than to pass functions on"


def rewrite_nested(content: bytes) -> tuple[bytes, Interface]:
    """Return the component with addresses and counts for lists, and the types and functions that it exports."""
    reader, written = _Nested(), [content[:8]]
    for section, cursor in sections(content):
        start = cursor.position
        if section == Section.TYPE:
            found = vector([reader.type(cursor) for _ in range(cursor.number())])
        elif section in (Section.IMPORT, Section.EXPORT):
            read = reader.import_ if section == Section.IMPORT else reader.export
            for _ in range(cursor.number()):
                read(cursor)
            found = content[start : cursor.position]
        elif section == Section.CUSTOM:
            continue
        else:
            raise Refusal("", _RULE)
        if cursor.position != cursor.end:
            raise Refusal("", "a section of the component's binary is longer than its content")
        written += [bytes((section,)), unsigned(len(found)), found]
    return b"".join(written), reader.exported


class _Nested:
    """`exported` are the types and functions that the component exports."""

    def __init__(self) -> None:
        self._scope = Scope()
        self._functions: list[Signature] = []
        self.exported = Interface("")

    def type(self, cursor: Cursor) -> bytes:
        """Read a type; return what it is to be."""
        start = cursor.position
        meaning = read_type(cursor, self._scope)
        if isinstance(meaning, InstanceType):
            raise Refusal("", _RULE)
        self._scope.types.append(meaning)
        return seen_type(meaning, Look("direct")) or cursor.data[start : cursor.position]

    def import_(self, cursor: Cursor) -> None:
        """Read an import of a function or a type."""
        name = read_name(cursor)
        match cursor.byte():
            case Sort.FUNC:
                self._functions.append(self._scope.signature(cursor.number()))
            case Sort.TYPE:
                read_bound(cursor, self._scope, name)
            case _:
                raise Refusal("", _RULE)

    def export(self, cursor: Cursor) -> None:
        """Read an export of a function or a type."""
        name, sort = read_name(cursor), cursor.byte()
        index = cursor.number()
        if sort not in (Sort.FUNC, Sort.TYPE):
            raise Refusal("", _RULE)
        if sort == Sort.TYPE:
            meaning = self._scope.meaning(index)
            self._scope.types.append(meaning)
            if isinstance(meaning, (Shape, Resource)):
                self.exported.types[name] = meaning
        elif index < len(self._functions):
            self._functions.append(self._functions[index])
            self.exported.functions.append(self._functions[index].function(name))
        else:
            raise Refusal("", _RULE)
        if cursor.byte() and (cursor.byte() != Sort.TYPE or cursor.byte() == 0):
            cursor.number()
