"""Makes a component of componentize-py free the objects of exported resources when their handles are dropped.

With each handle of an exported resource, componentize-py gives away one reference to the Python object; the object's
address represents the resource. The host's drop reaches `wit_dylib_resource_dtor` in the runtime's core module, which
does nothing in 0.25, so the objects stay for ever. Here, that function gets a body that releases the reference.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ..diagnostics.errors import WitgenError
from ..wit.binary.reader import Reader
from .sections import CODE, CORE_MODULE, EXPORTS, HEADER, functions_exported, section, sections, unsigned

__all__ = ["free_dropped"]

_DESTRUCTOR = "wit_dylib_resource_dtor"
_ENSURE, _RELEASE, _DECREF = "PyGILState_Ensure", "PyGILState_Release", "_Py_DecRef"

# Numbers of the WebAssembly core specification, Modules and Instructions.
_TYPES, _IMPORTS, _FUNCTIONS = 1, 2, 3
_FUNCTION_TYPE, _I32 = 0x60, 0x7F
_CALL, _LOCAL_GET, _LOCAL_SET, _END = 0x10, 0x20, 0x21, 0x0B

_Signature: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


class _Import(NamedTuple):
    """An imported function."""

    name: str
    type: int


def free_dropped(component: bytes) -> bytes | None:
    """Return the component with a destructor that releases objects.

    None if this is not a component as componentize-py 0.25 makes it: then nothing is known about its destructor.
    """
    parts, found = [component[:HEADER]], 0
    try:
        for each in sections(component):
            raw = component[each.start : each.end]
            if each.number == CORE_MODULE:
                module = _with_destructor(component[each.content : each.end])
                if module is not None:
                    raw, found = section(CORE_MODULE, module), found + 1
            parts.append(raw)
    except WitgenError:
        return None
    return b"".join(parts) if found == 1 else None


def _with_destructor(module: bytes) -> bytes | None:
    """Return a core module with the destructor's new body; None if it has no destructor that can get it."""
    found = {each.number: each for each in sections(module)}
    if not {_TYPES, _IMPORTS, _FUNCTIONS, EXPORTS, CODE} <= found.keys():
        return None

    def reader(number: int) -> Reader:
        return found[number].reader(module)

    destructor = functions_exported(reader(EXPORTS)).get(_DESTRUCTOR)
    if destructor is None:
        return None
    imported = _imported_functions(reader(_IMPORTS))
    index = {each.name: number for number, each in enumerate(imported)}
    own = destructor - len(imported)
    functions = reader(_FUNCTIONS)
    declared = functions.vector(functions.u32)
    if own < 0 or own >= len(declared) or not {_ENSURE, _RELEASE, _DECREF} <= index.keys():
        return None
    signatures = _signatures(reader(_TYPES))
    expected: dict[int, _Signature] = {
        declared[own]: ((_I32, _I32), ()),
        imported[index[_ENSURE]].type: ((), (_I32,)),
        imported[index[_RELEASE]].type: ((_I32,), ()),
        imported[index[_DECREF]].type: ((_I32,), ()),
    }
    if any(signatures.get(type_) != signature for type_, signature in expected.items()):
        return None
    code = _replaced(module, reader(CODE), own, _body(index[_ENSURE], index[_DECREF], index[_RELEASE]))
    return module[: found[CODE].start] + section(CODE, code) + module[found[CODE].end :]


def _imported_functions(reader: Reader) -> list[_Import]:
    found: list[_Import] = []
    for _ in range(reader.u32()):
        reader.name()
        name, kind = reader.name(), reader.byte()
        if kind == 0:
            found.append(_Import(name, reader.u32()))
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


def _signatures(reader: Reader) -> dict[int, _Signature]:
    """Return parameters and results of function types, up to the first type of another kind."""
    found: dict[int, _Signature] = {}
    for index in range(reader.u32()):
        if reader.byte() != _FUNCTION_TYPE:
            break
        found[index] = (reader.vector(reader.byte), reader.vector(reader.byte))
    return found


def _replaced(module: bytes, reader: Reader, own: int, body: bytes) -> bytes:
    """Return the content of the code section with another body of one function."""
    start = reader.pos
    count = reader.u32()
    if own >= count:
        raise reader.input.damaged("a function has no body", start)
    for _ in range(own):
        reader.sized()
    before = reader.pos
    reader.sized()
    return module[start:before] + unsigned(len(body)) + body + module[reader.pos : reader.end]


def _body(ensure: int, decref: int, release: int) -> bytes:
    """Return `state = ensure(); decref(object); release(state)`; the parameters are the type and the object."""
    one_local = bytes((1, 1, _I32))
    return b"".join(
        (
            one_local,
            *(bytes((_CALL,)), unsigned(ensure), bytes((_LOCAL_SET, 2))),
            *(bytes((_LOCAL_GET, 1, _CALL)), unsigned(decref)),
            *(bytes((_LOCAL_GET, 2, _CALL)), unsigned(release)),
            bytes((_END,)),
        )
    )
