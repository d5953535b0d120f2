"""The one module that touches wasmtime-py's internals: its C library, called through private ctypes prototypes.

wasmtime-py's own component API reflects on types at every call. The converters of this package write the C structures
themselves, so they depend on the layout of `wasmtime_component_val_t` and on its ownership rules. Both are those of the
releases in `SUPPORTED`; importing this module checks them as far as possible.

Layout: a value has 32 bytes: its kind in byte 0, its payload from byte 8 on. Strings and enums: size, pointer. Lists,
tuples, records, flags, maps: count, pointer. Options: a pointer or NULL. Results: is-ok byte, pointer. Variants: size
and pointer of the case's name, pointer. Resources: a pointer to a box. A record's fields have 48 bytes (size and
pointer of the name, value), flags 16 (size, pointer), a map's entries 64 (key, value).

Ownership: parameters are only read. The old content of a result slot is dropped when the result is stored, so the slot
must hold a valid value, and the new content belongs to the caller. In a host function the arguments belong to the
library, and so does the result, which it must have allocated itself (`val_clone`).
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import time
from collections.abc import Callable
from typing import Any, Final

import wasmtime
from wasmtime.component import Instance, LinkerInstance, ResourceAny, ResourceType

__all__ = [
    "CALLBACK", "DESTRUCTOR", "EPOCH_CALLBACK", "KINDS", "MEMORY", "MEMORY_END", "MEMORY_GET", "MEMORY_GROW",
    "MEMORY_NEW", "OUTPUT", "VERSION", "Address", "Size", "add_function", "add_resource", "address_of", "any_clone",
    "any_delete", "any_drop", "any_to_host", "call", "call_async", "cast", "context_of", "enable_async",
    "enable_new_types", "error_delete", "error_message", "error_new", "export_function", "host_delete", "host_new",
    "host_rep", "host_to_any", "linker_delete", "linker_instance_delete", "pin_structure", "prototype",
    "set_concurrency", "set_epoch_callback", "set_memory_creator", "set_parallel_compilation", "sleep", "store_delete",
    "take_box", "val_clone", "val_delete",
]  # fmt: skip

SUPPORTED: Final = range(46, 51)
"""Major versions of wasmtime that are tested."""

VERSION: Final = importlib.metadata.version("wasmtime")
"""The installed wasmtime."""

KINDS: Final = {
    name: number
    for number, name in enumerate(
        (
            *("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char"),
            *("string", "list", "record", "tuple", "variant", "enum", "option", "result", "flags", "resource", "map"),
        )
    )
}
"""`wasmtime_component_valkind_t`."""

_SHORTEST_PAUSE: Final = 0.00005
_LONGEST_PAUSE: Final = 0.02
"""Seconds between two polls of an async call that waits: the C API has no notification."""

Address = ctypes.c_void_p
Size = ctypes.c_size_t

_bindings: Any = importlib.import_module("wasmtime._ffi")
# The library without releasing the interpreter lock: right for calls that take less time than the release.
_short: Any = ctypes.PyDLL(str(_bindings.filename))

MEMORY: Final = memoryview((ctypes.c_char * (1 << 62)).from_address(0)).cast("B")
"""The process's memory, indexed by address. Reading a few bytes through it takes a quarter of `ctypes.string_at`."""


def cast(view: memoryview, form: str) -> memoryview:
    """Return a view of the same bytes as items of a struct format character."""
    return view.cast(form)  # type: ignore[call-overload,no-any-return]  # typeshed wants a literal


def _check() -> None:
    """Refuse a wasmtime whose values may look different."""
    version = VERSION
    major = version.split(".")[0]
    if not major.isdigit() or int(major) not in SUPPORTED:
        tested = f"{SUPPORTED.start} to {SUPPORTED.stop - 1}"
        raise ImportError(f"wasmtime {version} is not supported by these bindings: they are tested with {tested}")
    for kind in ("string", "list", "record", "variant", "flags", "resource"):
        if getattr(_bindings, f"WASMTIME_COMPONENT_{kind.upper()}").value != KINDS[kind]:
            raise ImportError(f"wasmtime {version} numbers component value kinds differently than these bindings do")
    structures = (_bindings.wasmtime_component_val_t, _bindings.wasmtime_component_valrecord_entry_t)
    sizes = tuple(map(ctypes.sizeof, structures))
    probe = ctypes.create_string_buffer(b"witgen")
    start = ctypes.addressof(probe)
    if sizes != (32, 48) or MEMORY[start : start + 6].tobytes() != b"witgen":
        raise ImportError(f"wasmtime {version} lays component values out differently than these bindings do")


_check()


def _prototype(library: Any, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a function object of our own; setting prototypes on a shared one would change it for wasmtime-py."""
    function = library[name]
    function.restype = result
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]  # ctypes' function pointers are untyped


def prototype(name: str, result: Any) -> Callable[..., Any]:
    """Return a short function of the library; its callers pass ctypes objects."""
    function = _short[name]
    function.restype = result
    return function  # type: ignore[no-any-return]  # ctypes' function pointers are untyped


def _call_prototype(name: str) -> Callable[..., Any]:
    """Return a function that runs wasm, and lets other threads run meanwhile.

    It has no argument types on purpose: callers pass ctypes objects made beforehand, which is faster than converting
    integers at each call.
    """
    function = _bindings.dll[name]
    function.restype = Address
    return function  # type: ignore[no-any-return]  # ctypes' function pointers are untyped


CALLBACK: Final = ctypes.CFUNCTYPE(Size, Address, Address, Address, Address, Size, Address, Size)
"""`wasmtime_component_func_callback_t`: data, context, type, arguments, count, results, count → NULL or an error."""

DESTRUCTOR: Final = ctypes.CFUNCTYPE(Size, Address, Address, ctypes.c_uint32)
"""`wasmtime_component_resource_destructor_t`: data, context, representation → NULL or an error."""

EPOCH_CALLBACK: Final = ctypes.CFUNCTYPE(Size, Address, Address, Address, Address)
"""`wasmtime_store_epoch_deadline_callback`'s function: context, data, delta, kind → NULL or an error."""

MEMORY_GET: Final = ctypes.CFUNCTYPE(Size, Size, ctypes.POINTER(Size), ctypes.POINTER(Size))
"""`wasmtime_memory_get_callback_t`: number of the memory, its size, its capacity → its address."""

MEMORY_GROW: Final = ctypes.CFUNCTYPE(Size, Size, Size)
"""`wasmtime_memory_grow_callback_t`: number of the memory, size → NULL or an error."""

MEMORY_END: Final = ctypes.CFUNCTYPE(None, Size)
"""The finalizer of a memory."""


OUTPUT: Final = ctypes.CFUNCTYPE(ctypes.c_ssize_t, Address, Address, Size)
"""The callback of `wasi_config_set_stdout_custom`: data, bytes, count → count, or a negative `errno`."""


class _LinearMemory(ctypes.Structure):
    """`wasmtime_linear_memory_t`."""

    _fields_ = (("env", Size), ("get", MEMORY_GET), ("grow", MEMORY_GROW), ("end", MEMORY_END))


MEMORY_NEW: Final = ctypes.CFUNCTYPE(Size, Address, Address, Size, Size, Size, Size, ctypes.POINTER(_LinearMemory))
"""`wasmtime_new_memory_callback_t`: data, type, minimum, maximum, reserved, guard, memory → NULL or an error."""


class _MemoryCreator(ctypes.Structure):
    """`wasmtime_memory_creator_t`."""

    _fields_ = (("env", Address), ("new", MEMORY_NEW), ("end", Address))


call: Final = _call_prototype("wasmtime_component_func_call")
_begin_call: Final = _call_prototype("wasmtime_component_func_call_async")
_go_on: Final = _prototype(_bindings.dll, "wasmtime_call_future_poll", ctypes.c_bool, Address)
_end_call: Final = _prototype(_bindings.dll, "wasmtime_call_future_delete", None, Address)
val_delete: Final = _prototype(_short, "wasmtime_component_val_delete", None, Address)
val_clone: Final = _prototype(_short, "wasmtime_component_val_clone", None, Address, Address)
error_new: Final = _prototype(_short, "wasmtime_error_new", Size, ctypes.c_char_p)
error_delete: Final = _prototype(_short, "wasmtime_error_delete", None, Address)
any_clone: Final = _prototype(_short, "wasmtime_component_resource_any_clone", Size, Address)
any_delete: Final = _prototype(_short, "wasmtime_component_resource_any_delete", None, Address)
any_drop: Final = _prototype(_bindings.dll, "wasmtime_component_resource_any_drop", Address, Address, Address)
any_to_host: Final = _prototype(_short, "wasmtime_component_resource_any_to_host", Address, Address, Address, Address)
host_new: Final = _prototype(
    _short, "wasmtime_component_resource_host_new", Size, ctypes.c_bool, ctypes.c_uint32, ctypes.c_uint32
)
host_rep: Final = _prototype(_short, "wasmtime_component_resource_host_rep", ctypes.c_uint32, Address)
host_delete: Final = _prototype(_short, "wasmtime_component_resource_host_delete", None, Address)
host_to_any: Final = _prototype(_short, "wasmtime_component_resource_host_to_any", Address, Address, Address, Address)

_add_func: Final = _prototype(
    _bindings.dll, "wasmtime_component_linker_instance_add_func",
    Address, Address, ctypes.c_char_p, Size, CALLBACK, Address, Address,
)  # fmt: skip
_add_resource: Final = _prototype(
    _bindings.dll, "wasmtime_component_linker_instance_add_resource",
    Address, Address, ctypes.c_char_p, Size, Address, DESTRUCTOR, Address, Address,
)  # fmt: skip
linker_instance_delete: Final = _prototype(_bindings.dll, "wasmtime_component_linker_instance_delete", None, Address)
linker_delete: Final = _prototype(_bindings.dll, "wasmtime_component_linker_delete", None, Address)
store_delete: Final = _prototype(_bindings.dll, "wasmtime_store_delete", None, Address)
_store_context: Final = _prototype(_bindings.dll, "wasmtime_store_context", Address, Address)
_error_message: Final = _prototype(_short, "wasmtime_error_message", None, Address, Address)
_exit_status: Final = _prototype(_short, "wasmtime_error_exit_status", ctypes.c_bool, Address, Address)
_bytes_delete: Final = _prototype(_short, "wasm_byte_vec_delete", None, Address)
_get_index: Final = _prototype(
    _short, "wasmtime_component_instance_get_export_index",
    Address, Address, Address, Address, ctypes.c_char_p, Size,
)  # fmt: skip
_index_delete: Final = _prototype(_short, "wasmtime_component_export_index_delete", None, Address)
_get_func: Final = _prototype(
    _short, "wasmtime_component_instance_get_func", ctypes.c_bool, Address, Address, Address, Address
)
_async_set: Final = _prototype(
    _bindings.dll, "wasmtime_config_wasm_component_model_async_set", None, Address, ctypes.c_bool
)
_NEW_TYPES: Final = (
    "wasmtime_config_wasm_component_model_map_set",
    "wasmtime_config_wasm_component_model_implements_set",
)
_epoch_callback: Final = _prototype(
    _bindings.dll, "wasmtime_store_epoch_deadline_callback", None, Address, EPOCH_CALLBACK, Address, Address
)
_concurrency_set: Final = _prototype(
    _bindings.dll, "wasmtime_config_concurrency_support_set", None, Address, ctypes.c_bool
)


_parallel_compilation_set: Final = _prototype(
    _bindings.dll, "wasmtime_config_parallel_compilation_set", None, Address, ctypes.c_bool
)
_copy_on_write_set: Final = _prototype(
    _bindings.dll, "wasmtime_config_memory_init_cow_set", None, Address, ctypes.c_bool
)
_memory_creator_set: Final = _prototype(
    _bindings.dll, "wasmtime_config_host_memory_creator_set", None, Address, ctypes.POINTER(_MemoryCreator)
)


def call_async(*arguments: Any, idle: Callable[[float], bool]) -> int | None:
    """Call an async function and wait for it; the other arguments are those of `call`.

    `idle` waits up to the given number of seconds until the call can continue, and returns whether it can.
    """
    failure, pause = Address(), _SHORTEST_PAUSE
    future = Address(_begin_call(*arguments, ctypes.byref(failure)))
    try:
        while not _go_on(future):
            pause = _SHORTEST_PAUSE if idle(pause) else min(2 * pause, _LONGEST_PAUSE)
    finally:
        _end_call(future)
    return failure.value


def sleep(seconds: float) -> bool:
    """Wait; nothing comes up meanwhile."""
    time.sleep(seconds)
    return False


def address_of(pointer: Any) -> int:
    """Return where a ctypes pointer points."""
    return ctypes.cast(pointer, Address).value or 0


def context_of(store: wasmtime.Store) -> int:
    """Return the address of a store's context."""
    return int(_store_context(address_of(store.ptr())))


def set_concurrency(config: wasmtime.Config, *, enabled: bool) -> None:
    """Switch an engine's support for concurrent tasks on or off."""
    _concurrency_set(address_of(config.ptr()), enabled)


def set_parallel_compilation(config: wasmtime.Config, *, enabled: bool) -> None:
    """Let an engine compile on all cores, or on the thread that asks for it."""
    _parallel_compilation_set(address_of(config.ptr()), enabled)


def enable_new_types(config: wasmtime.Config) -> None:
    """Enable component features that this wasmtime has: maps, and names with `implements`."""
    for name in _NEW_TYPES:
        if hasattr(_bindings.dll, name):
            _prototype(_bindings.dll, name, None, Address, ctypes.c_bool)(address_of(config.ptr()), True)  # noqa: FBT003


def enable_async(config: wasmtime.Config) -> None:
    """Switch the async part of the component model on."""
    _async_set(address_of(config.ptr()), True)  # noqa: FBT003  (a C function)


def set_memory_creator(config: wasmtime.Config, callback: Any) -> None:
    """Let an engine get its memories from `callback`, which the caller keeps alive.

    Initial contents are copied: wasmtime maps them from the component's file only into memories that it creates itself.
    """
    _copy_on_write_set(address_of(config.ptr()), False)  # noqa: FBT003  (a C function)
    _memory_creator_set(address_of(config.ptr()), _MemoryCreator(None, callback, None))


def set_epoch_callback(store: wasmtime.Store, callback: Any) -> None:
    """Let a store ask `callback` when its epoch deadline is reached; the caller keeps that alive."""
    _epoch_callback(address_of(store.ptr()), callback, None, None)


def take_box(resource: ResourceAny) -> int:
    """Take the box out of a raw `ResourceAny`, which is empty afterwards; the caller has to delete it."""
    consume: Callable[[], Any] = getattr(resource, "_consume")  # noqa: B009  # (private: the name must not look public)
    return address_of(consume())


def error_message(error: int) -> tuple[str, int | None]:
    """Return the text of an error and, where the guest called exit, the exit code. The error is deleted."""
    code = ctypes.c_int(0)
    exited = _exit_status(error, ctypes.addressof(code))
    vector = (ctypes.c_size_t * 2)()
    _error_message(error, ctypes.addressof(vector))
    text = MEMORY[vector[1] : vector[1] + vector[0]].tobytes().decode("utf-8", "replace")
    _bytes_delete(ctypes.addressof(vector))
    error_delete(error)
    return text, code.value if exited else None


def add_function(instance: LinkerInstance, name: str, callback: Any) -> None:
    """Define a host function; the caller keeps `callback` alive."""
    encoded = name.encode()
    error = _add_func(address_of(instance.ptr()), encoded, len(encoded), callback, None, None)
    if error:
        raise ValueError(error_message(error)[0])


def add_resource(instance: LinkerInstance, name: str, type_: ResourceType, destructor: Any) -> None:
    """Define a resource of the host; the caller keeps `destructor` alive."""
    encoded = name.encode()
    type_address = address_of(type_.ptr())
    error = _add_resource(address_of(instance.ptr()), encoded, len(encoded), type_address, destructor, None, None)
    if error:
        raise ValueError(error_message(error)[0])


def export_function(instance: Instance, context: int, interface: str, name: str) -> Any:
    """Return the C structure of an exported function, or None. `interface` is empty at the top level."""
    raw: Any = getattr(instance, "_instance")  # noqa: B009  # (private: the name must not look public)
    here = ctypes.addressof(raw)
    outer = _index(here, context, None, interface) if interface else None
    if interface and outer is None:
        return None
    index = _index(here, context, outer, name)
    function = _bindings.wasmtime_component_func_t()
    try:
        found = index is not None and _get_func(here, context, index, ctypes.addressof(function))
    finally:
        for used in (outer, index):
            if used is not None:
                _index_delete(used)
    return function if found else None


def _index(instance: int, context: int, outer: int | None, name: str) -> int | None:
    encoded = name.encode()
    found: int | None = _get_index(instance, context, outer, encoded, len(encoded))
    return found


def pin_structure(size: int, offsets: list[int]) -> type[ctypes.Structure]:
    """Return a structure over an arena of `size` bytes whose fields `p<offset>` point to bytes and keep them alive."""
    fields: list[tuple[str, Any]] = []
    position = 0
    for offset in sorted(offsets):
        if offset > position:
            fields.append((f"x{position}", ctypes.c_char * (offset - position)))
        fields.append((f"p{offset}", ctypes.c_char_p))
        position = offset + 8
    if size > position:
        fields.append((f"x{position}", ctypes.c_char * (size - position)))
    return type("Pins", (ctypes.Structure,), {"_fields_": fields})
