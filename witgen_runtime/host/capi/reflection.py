"""The types of a component's functions, as text, read through the C API.

wasmtime-py's own classes do not know maps and take several times as long; a component with hundreds of functions is
compared whenever it is first used.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from wasmtime.component import FuncType

from . import ffi

__all__ = ["function_type"]

_PRIMITIVES = ("bool", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f32", "f64", "char", "string")
_OTHERS = (
    *("list", "record", "tuple", "variant", "enum", "option", "result", "flags", "own", "borrow"),
    *("future", "stream", "error-context", "map"),
)
_KINDS = (*_PRIMITIVES, *_OTHERS)
"""`wasmtime_component_valtype_kind_t`."""


class _ValueType(ctypes.Structure):
    """`wasmtime_component_valtype_t`."""

    _fields_ = (("kind", ctypes.c_uint8), ("of", ctypes.c_void_p))


class _Name:
    """Where the C API puts a name."""

    def __init__(self) -> None:
        self._start, self._size = ctypes.c_void_p(), ctypes.c_size_t()
        self.out = (ctypes.byref(self._start), ctypes.byref(self._size))

    def __str__(self) -> str:
        start = self._start.value or 0
        return ffi.MEMORY[start : start + self._size.value].tobytes().decode()


@cache
def _api(name: str) -> Callable[..., Any]:
    return ffi.prototype(f"wasmtime_component_{name}", ctypes.c_size_t)


def _ask(name: str, type_: int, *arguments: Any) -> str:
    """Call a function that stores a type; return it, or `_` where it stores none."""
    stored = _ValueType(kind=0xFF)
    _api(name)(ctypes.c_void_p(type_), *arguments, ctypes.byref(stored))
    if stored.kind == 0xFF:
        return "_"
    try:
        return _text(stored.kind, stored.of or 0)
    finally:
        _api("valtype_delete")(ctypes.byref(stored))


def _count(name: str, type_: int) -> list[ctypes.c_size_t]:
    """Return the indices of a type's parts."""
    return [ctypes.c_size_t(index) for index in range(_api(name)(ctypes.c_void_p(type_)))]


def _text(kind: int, type_: int) -> str:
    name = _KINDS[kind]
    inside = _INSIDE.get(name)
    return f"{name}<{', '.join(inside(type_))}>" if inside else name


def _fields(type_: int) -> list[str]:
    fields: list[str] = []
    for index in _count("record_type_field_count", type_):
        name = _Name()
        text = _ask("record_type_field_nth", type_, index, *name.out)
        fields.append(f"{name}: {text}")
    return fields


def _cases(type_: int) -> list[str]:
    cases: list[str] = []
    for index in _count("variant_type_case_count", type_):
        name, carries = _Name(), ctypes.c_bool()
        text = _ask("variant_type_case_nth", type_, index, *name.out, ctypes.byref(carries))
        cases.append(f"{name}({text})" if carries.value else str(name))
    return cases


def _names(kind: str) -> Callable[[int], list[str]]:
    def names(type_: int) -> list[str]:
        found: list[str] = []
        for index in _count(f"{kind}_type_names_count", type_):
            name = _Name()
            _api(f"{kind}_type_names_nth")(ctypes.c_void_p(type_), index, *name.out)
            found.append(str(name))
        return found

    return names


def _parts(*functions: str) -> Callable[[int], list[str]]:
    return lambda type_: [_ask(function, type_) for function in functions]


def _elements(type_: int) -> list[str]:
    return [_ask("tuple_type_types_nth", type_, index) for index in _count("tuple_type_types_count", type_)]


_INSIDE: dict[str, Callable[[int], list[str]]] = {
    "list": _parts("list_type_element"),
    "record": _fields,
    "tuple": _elements,
    "variant": _cases,
    "enum": _names("enum"),
    "option": _parts("option_type_ty"),
    "result": _parts("result_type_ok", "result_type_err"),
    "flags": _names("flags"),
    "future": _parts("future_type_ty"),
    "stream": _parts("stream_type_ty"),
    "map": _parts("map_type_key", "map_type_value"),
}


def function_type(function: FuncType) -> tuple[list[str], str]:
    """Return the types of a function's parameters, and of its result, `_` where it has none."""
    type_ = ffi.address_of(function.ptr())
    indices = _count("func_type_param_count", type_)
    params = [_ask("func_type_param_nth", type_, index, *_Name().out) for index in indices]
    return params, _ask("func_type_result", type_)
