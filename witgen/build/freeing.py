"""Makes a component of componentize-py free what it keeps for ever: objects of exported resources, and lists of bytes.

With each handle of an exported resource, componentize-py gives away one reference to the Python object; the object's
address represents the resource. The host's drop reaches `wit_dylib_resource_dtor` in the runtime's core module, which
does nothing in 0.25, so the objects stay. Here, that function gets a body that releases the reference.

For a `list<u8>` or `list<s8>` that the guest passes or returns, `wit_dylib_pop_list` in 0.25 copies the bytes into
memory that nothing frees; memory for all else is registered with `wit_dylib_dealloc_bytes`, to be freed at the end of
the call. Here, a function is exported in its place that does that with the copy, too.
"""

from __future__ import annotations

from typing import Final

from .core_module import I32, CoreModule, Signature, with_module
from .sections import unsigned

__all__ = ["KEEPING_BYTES", "free_bytes", "free_dropped"]

KEEPING_BYTES: Final = frozenset({"0.25.0", "0.25.1"})
"""The versions of componentize-py that keep lists of bytes. To free what another one frees itself would be fatal."""

_DESTRUCTOR: Final = "wit_dylib_resource_dtor"
_ENSURE, _RELEASE, _DECREF = "PyGILState_Ensure", "PyGILState_Release", "_Py_DecRef"
_POP: Final = "wit_dylib_pop_list"
_DEALLOCATE: Final = "wit_dylib_dealloc_bytes"

# Numbers of the WebAssembly core specification, Instructions.
_CALL, _LOCAL_GET, _LOCAL_SET, _END = 0x10, 0x20, 0x21, 0x0B
_IF, _NO_RESULT, _LOAD, _CONST = 0x04, 0x40, 0x28, 0x41
_ONE_LOCAL: Final = bytes((1, 1, I32))


def free_dropped(component: bytes) -> bytes | None:
    """Return the component with a destructor that releases objects.

    None if this is not a component as componentize-py 0.25 makes it: then nothing is known about its destructor.
    """
    return with_module(component, _with_destructor)


def free_bytes(component: bytes) -> bytes | None:
    """Return the component with lists of bytes that are freed after the call; None if it is made otherwise."""
    return with_module(component, _with_freed_lists)


def _with_destructor(module: CoreModule) -> bytes | None:
    destructor = module.exported.get(_DESTRUCTOR)
    if destructor is None:
        return None
    imported = module.imported
    if not {_ENSURE, _RELEASE, _DECREF} <= imported.keys():
        return None
    ensure, release, decref = (imported[name] for name in (_ENSURE, _RELEASE, _DECREF))
    expected: dict[int, Signature] = {
        destructor: ((I32, I32), ()),
        ensure: ((), (I32,)),
        release: ((I32,), ()),
        decref: ((I32,), ()),
    }
    return module.with_body(destructor, _released(ensure, decref, release)) if module.has(expected) else None


def _released(ensure: int, decref: int, release: int) -> bytes:
    """Return `state = ensure(); decref(object); release(state)`; the parameters are the type and the object."""
    return b"".join(
        (
            _ONE_LOCAL,
            *(bytes((_CALL,)), unsigned(ensure), bytes((_LOCAL_SET, 2))),
            *(bytes((_LOCAL_GET, 1, _CALL)), unsigned(decref)),
            *(bytes((_LOCAL_GET, 2, _CALL)), unsigned(release)),
            bytes((_END,)),
        )
    )


def _with_freed_lists(module: CoreModule) -> bytes | None:
    if not {_POP, _DEALLOCATE} <= module.exported.keys():
        return None
    pop, deallocate = module.exported[_POP], module.exported[_DEALLOCATE]
    expected: dict[int, Signature] = {pop: ((I32, I32, I32), (I32,)), deallocate: ((I32,) * 5, ())}
    return module.with_export(_POP, _registered(pop, deallocate)) if module.has(expected) else None


def _registered(pop: int, deallocate: int) -> bytes:
    """Return `length = pop(call, type, out); if *out: deallocate(call, *out, length, 1, later=1); return length`.

    The function that it calls writes to `out` the address of the copy, or 0 for a list that is not one of bytes.
    """
    call, type_, out, length = 0, 1, 2, 3
    load = bytes((_LOCAL_GET, out, _LOAD, 2, 0))
    return b"".join(
        (
            _ONE_LOCAL,
            *(bytes((_LOCAL_GET, call, _LOCAL_GET, type_, _LOCAL_GET, out, _CALL)), unsigned(pop)),
            *(bytes((_LOCAL_SET, length)), load, bytes((_IF, _NO_RESULT, _LOCAL_GET, call)), load),
            *(bytes((_LOCAL_GET, length, _CONST, 1, _CONST, 1, _CALL)), unsigned(deallocate)),
            bytes((_END, _LOCAL_GET, length, _END)),
        )
    )
