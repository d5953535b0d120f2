"""Exports of a guest: the base class of implementations, and the check for missing ones."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from .. import abi

__all__ = ["Export", "ExportedInterface", "given_classes", "listed", "missing_members", "served", "unfitting"]


class ExportedInterface(ABC):
    """Base of the classes whose objects implement an exported interface."""

    _wit: ClassVar[abi.Interface]

    def __init_subclass__(cls, *, wit: abi.Interface | None = None) -> None:
        super().__init_subclass__()
        if wit is not None:
            cls._wit = wit

    if not TYPE_CHECKING:  # type checkers compare arguments with `__init__`

        def __new__(cls, *args: Any, **named: Any) -> Any:
            """Refuse a class that lacks something, by WIT name; the arguments are for `__init__`."""
            abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
            lacking = [function.name for function in cls._wit.functions if function.python in abstract]
            if lacking:
                raise TypeError(f"{cls.__name__} lacks {listed(lacking)} of {cls._wit.name}")
            if (args or named) and cls.__init__ is object.__init__:  # which ignores them if there is a `__new__`
                raise TypeError(f"{cls.__name__}() takes no arguments")
            return super().__new__(cls)


@dataclass(frozen=True)
class Export:
    """An exported interface (or the world's own functions) and its implementation: an object, or a mapping of names.

    `left_out` are the WIT names of functions that componentize-py does not support; they need no implementation.
    """

    interface: abi.Interface
    implementation: object
    left_out: tuple[str, ...] = ()

    @property
    def functions(self) -> tuple[abi.Function, ...]:
        """The functions to implement."""
        return tuple(function for function in self.interface.functions if function.name not in self.left_out)

    def member(self, name: str) -> Any:
        """Return the function or class called `name`, None where there is none."""
        given = cast("Any", self.implementation)
        return given.get(name) if isinstance(self.implementation, Mapping) else getattr(given, name, None)


_TAKES_MORE: Final = 0x4
"""`inspect.CO_VARARGS`: the function has `*args`. `inspect` is too large for a component."""

served: dict[str, tuple[Export, ...]] = {}
"""The exports of applications by module; used on plain CPython, where only tests call them."""


def given_classes(exports: Iterable[Export]) -> list[str]:
    """Return what to pass for each interface whose implementation is a class, though its functions belong to an object.

    Such a class has all members, but its functions would be called without `self`.
    """
    return [
        f"`{export.implementation.__name__}(…)` for {export.interface.name}"
        for export in exports
        if isinstance(export.implementation, type)
    ]


def missing_members(export: Export) -> list[str]:
    """Return the WIT names of everything that the implementation lacks."""
    where = f"{export.interface.name}: " if export.interface.name else ""
    classes = {resource: export.member(name) for resource, name in export.interface.resources}
    lacking: list[str] = []
    for resource, name in export.interface.resources:
        if not isinstance(classes[resource], type):
            lacking.append(f"{where}resource {resource.name} (a class called {name})")
    for function in export.functions:
        owner = classes.get(function.resource) if function.resource is not None else None
        if function.resource is not None and not isinstance(owner, type):
            continue
        if not _implements(export, function, owner):
            of = f" ({function.python} of {owner.__name__})" if isinstance(owner, type) else ""
            lacking.append(f"{where}{function.name}{of}")
    return lacking


def unfitting(export: Export) -> list[str]:
    """Return the functions outside of resources that are called with other arguments than theirs, with both.

    What is not a function of Python, or is wrapped by one with `*args`, passes: its parameters are not known.
    """
    where = f"{export.interface.name}: " if export.interface.name else ""
    return [
        f"{where}`{function.name}` is called with ({', '.join(param.python for param in function.params)}), which {has}"
        for function in export.functions
        if function.resource is None and (has := _refuses(export.member(function.python), len(function.params)))
    ]


def _refuses(implementation: object, count: int) -> str | None:
    """Return how a function that does not accept `count` arguments by position says so; None for one that does."""
    bound = isinstance(implementation, MethodType)
    plain: object = implementation.__func__ if isinstance(implementation, MethodType) else implementation
    if not isinstance(plain, FunctionType) or plain.__code__.co_flags & _TAKES_MORE:
        return None
    code, optional = plain.__code__, len(plain.__defaults__ or ())
    if code.co_argcount - optional <= count + bound <= code.co_argcount:
        return None
    params = code.co_varnames[bound : code.co_argcount]
    return f"`{plain.__name__}({', '.join(params)})` does not accept"


def _implements(export: Export, function: abi.Function, owner: type[Any] | None) -> bool:
    if owner is None:
        return callable(export.member(function.python))
    name = "__init__" if function.kind is abi.FunctionKind.CONSTRUCTOR else function.python
    abstract: frozenset[str] = getattr(owner, "__abstractmethods__", frozenset())
    return callable(getattr(owner, name, None)) and name not in abstract


def listed(names: list[str]) -> str:
    """Return WIT names as a message shows them."""
    return ", ".join(f"`{name}`" for name in names)
