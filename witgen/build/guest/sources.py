"""Compiles the sources of modules for a component: measures their code, and leaves out docstrings if wanted."""

from __future__ import annotations

import marshal
import opcode
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

__all__ = ["Sources", "without_docstrings"]

# Flags of `inspect`, which is not imported because it would be in every component.
_CO_OPTIMIZED, _CO_HAS_DOCSTRING = 0x1, 0x4000000
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
_LOAD_CONST = opcode.opmap["LOAD_CONST"]
_STORE_NAME = opcode.opmap["STORE_NAME"]
_DOC = "__doc__"


class Sources:
    """Takes part in the compilation of each source file while the component is built.

    Args:
        docstrings: whether code keeps its docstrings.
    """

    def __init__(self, *, docstrings: bool) -> None:
        self._docstrings = docstrings
        self.sizes: dict[str, int] = {}
        """The size of the code of each file, as `marshal` writes it, in bytes."""

    def prepare(self) -> None:
        """Begin to take part."""
        original: Any = SourceFileLoader.source_to_code

        def source_to_code(loader: Any, data: Any, path: str, **options: Any) -> CodeType:
            code: CodeType = original(loader, data, path, **options)
            if not self._docstrings:
                code = without_docstrings(code)
            self.sizes[path] = len(marshal.dumps(code))
            return code

        SourceFileLoader.source_to_code = source_to_code  # type: ignore[assignment,method-assign,unused-ignore]

    def finish(self) -> None:
        """Take no part any more; the method is inherited again."""
        del SourceFileLoader.source_to_code


def without_docstrings(code: CodeType) -> CodeType:
    """Return code without the docstrings of its modules, classes and functions, where nothing else uses them.

    `optimize=2` of `compile` would leave out `assert` statements, too; to go without the docstrings of a syntax tree
    would leave the garbage of the tree in the snapshot.
    """
    constants, flags = [*code.co_consts], code.co_flags
    place = _docstring(code)
    if place is not None:
        constants[place] = None
        flags &= ~_CO_HAS_DOCSTRING
    inner = [without_docstrings(each) if isinstance(each, CodeType) else each for each in constants]
    return code.replace(co_consts=tuple(inner), co_flags=flags)


def _docstring(code: CodeType) -> int | None:
    """Return the place of the docstring among the constants, if that is all it is there for."""
    if code.co_flags & _CO_OPTIMIZED:  # a function: its docstring is not loaded by code
        is_alone = code.co_flags & _CO_HAS_DOCSTRING and not _positions(code.co_code, _LOAD_CONST, 0)
        return 0 if is_alone else None
    if _DOC not in code.co_names:
        return None
    stores = _positions(code.co_code, _STORE_NAME, code.co_names.index(_DOC))
    before = code.co_code[stores[0] - 4 : stores[0]] if stores and stores[0] >= 4 else b""
    if not before or before[0] == _EXTENDED_ARG or before[2] != _LOAD_CONST:
        return None
    place = before[3]
    is_alone = isinstance(code.co_consts[place], str) and len(_positions(code.co_code, _LOAD_CONST, place)) == 1
    return place if is_alone else None


def _positions(content: bytes, operation: int, argument: int) -> list[int]:
    """Return where an instruction stands; one whose argument is extended counts if it ends in the same byte."""
    wanted, found = bytes((operation, argument & 0xFF)), list[int]()
    position = content.find(wanted)
    while position >= 0:
        if position % 2 == 0:
            found.append(position)
        position = content.find(wanted, position + 1)
    return found
