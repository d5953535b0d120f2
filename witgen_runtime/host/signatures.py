"""Signatures of functions as text: for messages, and to compare a component with its bindings.

A converter would read invalid memory for a value of another type than it was compiled for, so a component is compared
before it runs. Types are compared by structure: a component's functions do not contain the names of types, and all
resources are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from itertools import takewhile
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from wasmtime.component import FuncType

from .. import abi
from .capi.reflection import function_type
from .direct_lists import PAIR, ListForm, is_direct
from .errors import LinkError

__all__ = ["defaults", "describe", "expected", "found", "is_method", "lends", "passes_ends", "structure"]

_LONGEST: Final = 1 << 26
"""Longest structure in characters. The validator of components refuses types of more than a million parts."""


T = TypeVar("T")


def remembered(ask: Callable[[abi.Function], T]) -> Callable[[abi.Function], T]:
    """Remember what a function returns for a descriptor, as long as that exists: every store asks again."""
    known: WeakKeyDictionary[abi.Function, T] = WeakKeyDictionary()

    @wraps(ask)
    def answer(function: abi.Function) -> T:
        found = known.get(function)
        if found is None:
            found = known[function] = ask(function)
        return found

    return answer


def _joined(name: str, parts: list[str]) -> str:
    return f"{name}<{', '.join(parts)}>"


def describe(function: abi.Function) -> str:
    """Return a function's signature as WIT writes it, with the names of its types."""
    params = ", ".join(f"{param.name}: {_name(param.type)}" for param in function.params if param.name != "self")
    result = f" -> {_name(function.result)}" if function.result is not None else ""
    return f"{function.name}: {'async ' if function.is_async else ''}func({params}){result}"


def _name(type_: abi.Type | None) -> str:
    match type_:
        case None:
            return "_"
        case abi.Record() | abi.Variant() | abi.Enum() | abi.Flags():
            return type_.name
        case abi.Own():
            return type_.resource.name
        case abi.Borrow():
            return f"borrow<{type_.resource.name}>"
        case _:
            return _composed(type_, _name)


def defaults(function: abi.Function) -> tuple[None, ...]:
    """Return the defaults of a function's last parameters: trailing options may be left out."""
    options = takewhile(lambda param: isinstance(param.type, abi.Option), reversed(function.params))
    return tuple(None for _ in options)


@remembered
def passes_ends(function: abi.Function) -> bool:
    """Return whether a function has streams or futures."""
    return re.search(r"\b(stream|future)<", expected(function)) is not None


@remembered
def lends(function: abi.Function) -> int:
    """Return how many handles every call lends at least; lists, options and the like may hold more."""
    return sum(_borrows(param.type) for param in function.params)


def _borrows(type_: abi.Type) -> int:
    match type_:
        case abi.Borrow():
            return 1
        case abi.Record():
            return sum(_borrows(field.type) for field in type_.fields)
        case abi.Tuple():
            return sum(_borrows(part) for part in type_.types)
        case _:
            return 0


_STARTS_METHOD: Final = f"start {abi.FunctionKind.METHOD.value}"
"""How the name of a function begins that starts an async method."""


def is_method(function: abi.Function) -> bool:
    """Return whether a function's first parameter is `self`."""
    return function.kind is abi.FunctionKind.METHOD or function.name.startswith(_STARTS_METHOD)


def expected(function: abi.Function, *, lists: ListForm = "plain", numbers: bool = False, lent: bool = False) -> str:
    """Return the structure of a function's type as the bindings know it; parameters' names do not matter.

    `lists` is the form of lists; with `numbers`, streams and futures are numbers, and with `lent`, borrowed handles
    are, but for `self`, all as adapters have them.
    """

    def form(type_: abi.Type | None) -> str:
        if numbers and isinstance(type_, (abi.Stream, abi.Future)):
            return abi.U32.value
        if lists == "text" and isinstance(type_, abi.List) and type_.element is abi.U8:
            return abi.STRING.value
        if lists == "direct" and type_ is not None and is_direct(type_):
            return _structure(PAIR, inner)
        if lent and isinstance(type_, abi.Borrow):
            return abi.U32.value
        return _structure(type_, inner)

    inner = _remembering(form)
    types = [inner(param.type) for param in function.params]
    if lent and is_method(function):
        types[0] = "borrow"
    params = ", ".join(types)
    return _signature(params, inner(function.result) if function.result is not None else None)


def structure(type_: abi.Type | None) -> str:
    """Return a type's structure."""
    inner = _remembering(lambda part: _structure(part, inner))
    return inner(type_)


def _remembering(form: Callable[[abi.Type | None], str]) -> Callable[[abi.Type | None], str]:
    """Wrap a function that writes types: it writes each type once, and refuses those that multiply without bound."""
    known: dict[int, str] = {}

    def inner(type_: abi.Type | None) -> str:
        text = known.get(id(type_))
        if text is None:
            text = known[id(type_)] = form(type_)
            if len(text) > _LONGEST:
                named = f"the type `{type_.name}`" if isinstance(type_, (abi.Record, abi.Variant)) else "a type"
                raise LinkError(f"{named} is larger than components can have: the types in it multiply without bound")
        return text

    return inner


def _structure(type_: abi.Type | None, inner: Callable[[abi.Type | None], str]) -> str:
    match type_:
        case None:
            return "_"
        case abi.Record():
            return _joined("record", [f"{field.name}: {inner(field.type)}" for field in type_.fields])
        case abi.Variant():
            cases = [(case.name, inner(case.payload) if case.payload is not None else None) for case in type_.cases]
            return _joined("variant", [_case(*case) for case in cases])
        case abi.Enum():
            return _joined("enum", list(type_.cases))
        case abi.Flags():
            return _joined("flags", list(type_.flags))
        case abi.Own():
            return "own"
        case abi.Borrow():
            return "borrow"
        case _:
            return _composed(type_, inner)


def _composed(type_: abi.Type, inner: Callable[[abi.Type | None], str]) -> str:
    """Write an anonymous type."""
    match type_:
        case abi.Prim():
            return type_.value
        case abi.Tuple():
            return _joined("tuple", [inner(part) for part in type_.types])
        case abi.Option() | abi.Stream() | abi.Future():
            return _joined(type(type_).__name__.lower(), [inner(type_.type)])
        case abi.Result():
            return _joined("result", [inner(type_.ok), inner(type_.err)])
        case abi.List():
            return _joined("list", [inner(type_.element)])
        case abi.FixedList():
            return _joined("list", [inner(type_.element), str(type_.size)])
        case abi.Map():
            return _joined("map", [inner(type_.key), inner(type_.value)])
        case _:
            return type(type_).__name__.lower()


def _case(name: str, payload: str | None) -> str:
    return name if payload is None else f"{name}({payload})"


def _signature(params: str, result: str | None) -> str:
    return f"func({params}) -> {result}" if result else f"func({params})"


def found(function: FuncType) -> str:
    """Return the structure of a component's function."""
    params, result = function_type(function)
    return _signature(", ".join(params), None if result == "_" else result)
