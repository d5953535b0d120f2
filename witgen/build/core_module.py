"""Replaces functions in the core modules of a component."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

from ..diagnostics.errors import WitgenError
from ..wit.binary.reader import Reader
from .sections import CODE, CORE_MODULE, EXPORTS, HEADER, functions_exported, section, sections, unsigned

__all__ = ["I32", "CoreModule", "Signature", "with_module"]

# Numbers of the WebAssembly core specification, Modules.
_TYPES, _IMPORTS, _FUNCTIONS = 1, 2, 3
_FUNCTION_TYPE, I32 = 0x60, 0x7F
_FUNCTION = 0

Signature: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""The numbers of the types of parameters and results."""


def with_module(component: bytes, replace: Callable[[CoreModule], bytes | None]) -> bytes | None:
    """Return a component in which one core module is replaced.

    Args:
        component: the component.
        replace: returns what takes the place of a module, or None.

    Returns:
        The component, or None if not exactly one module was replaced.
    """
    parts, found = [component[:HEADER]], 0
    try:
        for each in sections(component):
            raw = component[each.start : each.end]
            if each.number == CORE_MODULE:
                made = replace(CoreModule(component[each.content : each.end]))
                if made is not None:
                    raw, found = section(CORE_MODULE, made), found + 1
            parts.append(raw)
    except WitgenError:
        return None
    return b"".join(parts) if found == 1 else None


class CoreModule:
    """A core module, which imports some of its functions and defines the others.

    Attributes:
        exported: the indices of exported functions, by name; empty if the module has no code or no imports.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sections = {each.number: each for each in sections(data)}
        has_code = {_TYPES, _IMPORTS, _FUNCTIONS, EXPORTS, CODE} <= self._sections.keys()
        self.exported = functions_exported(self._reader(EXPORTS)) if has_code else {}

    def _reader(self, number: int) -> Reader:
        return self._sections[number].reader(self._data)

    @property
    def imported(self) -> dict[str, int]:
        """The indices of imported functions, by the last part of their names."""
        return {name: index for index, (name, _) in enumerate(self._imports)}

    def has(self, expected: dict[int, Signature]) -> bool:
        """Return whether functions, by their indices, have the signatures that are expected."""
        signatures = _signatures(self._reader(_TYPES))
        return all(
            index < len(self._types) and signatures.get(self._types[index]) == signature
            for index, signature in expected.items()
        )

    @cached_property
    def _imports(self) -> list[tuple[str, int]]:
        return _imported_functions(self._reader(_IMPORTS))

    @cached_property
    def _types(self) -> list[int]:
        """The number of the type of each function; imported functions come first."""
        functions = self._reader(_FUNCTIONS)
        return [*(type_ for _, type_ in self._imports), *functions.vector(functions.u32)]

    def with_body(self, function: int, body: bytes) -> bytes | None:
        """Return the module with another body of a function; None if that is imported."""
        own = function - len(self._imports)
        if own < 0:
            return None
        reader = self._reader(CODE)
        start = reader.pos
        if own >= reader.u32():
            raise reader.input.damaged("a function has no body", start)
        for _ in range(own):
            reader.sized()
        before = reader.pos
        reader.sized()
        code = self._data[start:before] + unsigned(len(body)) + body + self._data[reader.pos : reader.end]
        return self._with({CODE: code})

    def with_export(self, name: str, body: bytes) -> bytes:
        """Return the module with a new function that is exported in place of another, of the same type."""
        functions, code = self._reader(_FUNCTIONS), self._reader(CODE)
        added = unsigned(self._types[self.exported[name]])
        return self._with(
            {
                _FUNCTIONS: unsigned(functions.u32() + 1) + self._data[functions.pos : functions.end] + added,
                EXPORTS: _exporting(self._reader(EXPORTS), name, len(self._types)),
                CODE: unsigned(code.u32() + 1) + self._data[code.pos : code.end] + unsigned(len(body)) + body,
            }
        )

    def _with(self, contents: dict[int, bytes]) -> bytes:
        """Return the module with other contents of sections."""
        data, at = list[bytes](), 0
        for number, content in sorted(contents.items(), key=lambda item: self._sections[item[0]].start):
            replaced = self._sections[number]
            data += (self._data[at : replaced.start], section(number, content))
            at = replaced.end
        return b"".join((*data, self._data[at:]))


def _exporting(reader: Reader, wanted: str, function: int) -> bytes:
    """Return the content of the section of exports with another function of a name."""
    count = reader.u32()
    made = [unsigned(count)]
    for _ in range(count):
        name, kind, index = reader.name(), reader.byte(), reader.u32()
        encoded = name.encode()
        index = function if (name, kind) == (wanted, _FUNCTION) else index
        made += (unsigned(len(encoded)), encoded, bytes((kind,)), unsigned(index))
    return b"".join(made)


def _imported_functions(reader: Reader) -> list[tuple[str, int]]:
    """Return the names and the types of imported functions."""
    found: list[tuple[str, int]] = []
    for _ in range(reader.u32()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind == _FUNCTION:
            found.append((name, reader.u32()))
        else:
            _skip_import(reader, kind)
    return found


def _skip_import(reader: Reader, kind: int) -> None:
    """Skip the type of an imported table, memory, global or tag."""
    if kind in {1, 4}:
        reader.byte()
    if kind in {1, 2}:
        has_maximum = reader.byte() & 1
        for _ in range(1 + has_maximum):
            reader.u32()
    elif kind == 3:
        reader.byte()
        reader.byte()
    else:
        reader.u32()


def _signatures(reader: Reader) -> dict[int, Signature]:
    """Return parameters and results of function types, up to the first type of another kind."""
    found: dict[int, Signature] = {}
    for index in range(reader.u32()):
        if reader.byte() != _FUNCTION_TYPE:
            break
        found[index] = (reader.vector(reader.byte), reader.vector(reader.byte))
    return found
