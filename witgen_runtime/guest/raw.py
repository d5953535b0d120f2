"""The modules that componentize-py makes of a world: there only while a component is built, and in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutine
from types import FunctionType
from typing import Any

from .. import abi
from .naming import camel, snake

__all__ = [
    "OutsideComponentError",
    "RawModules",
    "await_result",
    "call_import",
    "inside_component",
    "raw_name",
    "raw_types",
]


class OutsideComponentError(RuntimeError):
    """A wrapper was called outside a component: on plain CPython, without fakes."""


def raw_types() -> Any:
    """Return componentize-py's module of Ok, Err and Some."""
    return _find("componentize_py_types")


def inside_component() -> bool:
    """Return whether this is a component, or one that is being built."""
    try:
        raw_types()
    except OutsideComponentError:
        return False
    return True


def call_import() -> Callable[[int, list[Any]], Any]:
    """Return the function through which all of componentize-py's functions call imports.

    It takes the number of the import and the raw arguments. A `result` is returned as the raw `Ok` or `Err`.
    """
    function: Callable[[int, list[Any]], Any] = _find("componentize_py_runtime").call_import
    return function


def await_result() -> Callable[[Any], Any]:
    """Return the coroutine function that awaits the value that `call_import` returned for an async import."""
    function: Callable[[Any], Any] = _find("componentize_py_async_support").await_result
    return function


def raw_name(function: abi.Function) -> str:
    """Return componentize-py's name of a function."""
    return snake(function.item_name)


class _Asked(Exception):  # noqa: N818 - no error, and it never leaves this module
    """Carries the arguments with which a function calls `call_import`."""


class _Probe:
    """Replaces the module `componentize_py_runtime` to find out which import a function calls."""

    @staticmethod
    def call_import(*asked: Any) -> None:
        """Raise the arguments, which ends the function there."""
        raise _Asked(asked)


class RawModules:
    """Finds the raw module and the raw class of an item by the name of the instance that declares it."""

    def __init__(self, world_module: str, imports: Mapping[str, str], exports: Mapping[str, str]) -> None:
        self.world_module = world_module
        self.imports = imports
        self.exports = exports

    def module(self, interface: str) -> Any:
        """Return the module with an imported instance's functions; "" is the world itself."""
        if interface and interface not in self.imports:
            raise OutsideComponentError(f"componentize-py makes no components that import {interface} with a label")
        return _find(f"{self.world_module}.imports.{self.imports[interface]}" if interface else self.world_module)

    def type_class(self, interface: str, name: str) -> Any:
        """Return the class of a type; one that is imported and exported exists once, on the import side."""
        if interface and interface not in self.imports:
            path = f"{self.world_module}.exports.{self.exports[interface]}"
            return getattr(_find(path), name)
        return getattr(self.module(interface), name)

    def number(self, interface: str, function: abi.Function) -> int:
        """Return the number by which `call_import` knows an imported function.

        The raw function is run with a replacement of `call_import`, which is the first function that it calls.

        Raises:
            RuntimeError: this version of componentize-py makes other functions.
        """
        name, home, first = raw_name(function), self.module(interface), 0
        members: Any = home.__dict__
        if function.resource is not None:
            # Looked up in the class, because componentize-py's objects have instance attributes such as `handle`.
            members = getattr(home, camel(function.resource.name)).__dict__
            first = 0 if function.kind is abi.FunctionKind.METHOD else 1
        found = members["__init__" if function.kind is abi.FunctionKind.CONSTRUCTOR else name]
        raw: FunctionType = getattr(found, "__func__", found)
        given = [object() for _ in function.params]
        match _ask(raw, home, [*([None] * first), *given]):
            case (int(number), arguments) if arguments == given:
                return number
            case _:
                pass
        raise RuntimeError(f"{function.name} of {interface}: this version of componentize-py is not supported")

    def home(self, interface: str) -> str:
        """Return the name of the module that has an interface's types, "" for the world's own."""
        return self.imports.get(interface) or self.exports.get(interface, "")

    def starters(self, interface: str, protocol: str) -> dict[str, Any]:
        """Return the functions by which componentize-py starts a protocol's async exports; they call the plain ones.

        The protocols of interfaces are found in `exports`, those of resources in a module of the interface below it.
        """
        module = self.world_module
        if interface:
            module = f"{module}.exports.{self.exports[interface]}"
        found: dict[str, Any] = {}
        for place in (module, f"{self.world_module}.exports"):
            try:
                members = vars(getattr(_find(place), protocol, object))
            except ImportError:
                continue
            found |= {name: member for name, member in members.items() if name.startswith("_async_start_")}
        return found

    def maker(self, name: str) -> Callable[..., Any]:
        """Return componentize-py's function that makes both ends of a stream or future."""
        function: Callable[..., Any] = getattr(_find(self.world_module), name)
        return function

    def require(self) -> None:
        """Raise ImportError where componentize-py was given other options for names than the bindings."""
        _find(self.world_module)

    def load(self, interface: str) -> bool:
        """Import a module while the component is built; return False outside a component."""
        try:
            self.module(interface)
        except OutsideComponentError:
            return False
        return True


def _ask(raw: FunctionType, home: Any, arguments: list[Any]) -> tuple[Any, ...]:
    """Return the arguments with which a raw function calls `call_import`."""
    copy = FunctionType(raw.__code__, {**vars(home), "componentize_py_runtime": _Probe}, raw.__name__)
    try:
        called = copy(*arguments)
        if iscoroutine(called):
            called.send(None)
    except _Asked as asked:
        found: tuple[Any, ...] = asked.args[0]
        return found
    return ()


def _find(path: str) -> Any:
    found = sys.modules.get(path)
    if found is not None:
        return found
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if "componentize_py_runtime" in sys.modules or find_spec("componentize_py_runtime") is not None:
            raise ImportError(
                f"{path} is not among the modules that componentize-py made of this world: generate the bindings for"
                " the same world and with the same options for names"
            ) from error
        raise OutsideComponentError(f"{path} exists only inside a component that componentize-py built") from error
