"""Calls a guest's exports on plain CPython as a host calls a component: with the same checks and traps."""

# The runtime's attributes of resources and fakes are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Self, TypeAlias

from .. import abi, check, values
from ..guest.exits import exit_code
from ..guest.exports import Export, served
from ..guest.outside import handed_out
from ..guest.resources import ExportedResource, Ledger, Resource, take_back
from .fakes import Fakes, GuestExit, Named, Trap
from .fresh import imported
from .hosting import open_component
from .wrappers import handed_in, rebuilt

__all__ = ["Exports", "HostSide", "Trial", "opened"]


class _Proxy(values.Unique, values.Resource):
    """The host's handle of a resource that the guest implements."""

    _implementation: Any
    _fate = ""
    """How the handle ended; empty while it can be used."""

    def __init__(self, *_: object) -> None:
        raise TypeError(f"{type(self).__name__} has no constructor")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _Proxy.drop(self)

    def drop(self) -> None:
        """Drop the handle. A WIT function of this name replaces this method."""
        self._fate = self._fate or "was dropped"


_Proxies: TypeAlias = Mapping[abi.Resource, type[_Proxy]]


class _Face(values.Unique):
    """An exported interface as a host sees it: functions, and classes of resources."""


class Trial(Named, values.Unique):
    """A guest on plain CPython, with the attributes that the host's class of its world has."""

    def __init__(self, exports: Mapping[str, Export], fakes: Fakes) -> None:
        """Set an attribute for each of `exports`; the one with an empty name holds the world's own functions."""
        self._fakes = fakes
        self._classes: dict[abi.Resource, type[Any]] = {}
        self._proxies: dict[abi.Resource, type[_Proxy]] = {}
        for export in exports.values():
            for resource, name in export.interface.resources:
                self._classes[resource] = export.member(name)
                self._proxies[resource] = _proxy(name, export.member(name))
        # Of an interface that is imported and exported, functions of the world itself use the import (WIT.md, Worlds).
        self._own_proxies = {each: proxy for each, proxy in self._proxies.items() if each not in fakes._resources}
        for attribute, export in exports.items():
            self._show(export, _Face() if attribute else self, attribute)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, like a host's world. Does nothing."""

    def _show(self, export: Export, exported: object, attribute: str) -> None:
        if attribute:
            setattr(self, attribute, exported)
        for resource, name in export.interface.resources:
            setattr(exported, name, self._proxies[resource])
        for function in export.functions:
            if function.resource is None:
                proxies = self._proxies if attribute else self._own_proxies
                setattr(exported, function.python, self._caller(function, export.member(function.python), proxies))
            else:
                self._show_member(function, function.resource)

    def _show_member(self, function: abi.Function, resource: abi.Resource) -> None:
        proxy, cls = self._proxies[resource], self._classes[resource]
        call = partial(self._caller, function, proxies=self._proxies)
        if function.kind is abi.FunctionKind.CONSTRUCTOR:
            construct = call(cls)

            def __init__(self: _Proxy, *arguments: object) -> None:  # noqa: N807
                self._implementation = construct(*arguments)._implementation

            setattr(proxy, "__init__", __init__)  # noqa: B010 - mypy takes the plain assignment for an override
        elif function.kind is abi.FunctionKind.STATIC:
            setattr(proxy, function.python, staticmethod(call(getattr(cls, function.python))))
        else:
            setattr(proxy, function.python, call(_method(function.python)))

    def _caller(
        self, function: abi.Function, implementation: Callable[..., Any], proxies: _Proxies
    ) -> Callable[..., Any]:
        """Return a function that calls an export as a host does; `proxies` are classes of the guest's resources."""

        def call(*arguments: object, **named: object) -> Any:
            __tracebackhide__ = True  # in pytest's tracebacks
            if self._fakes._trap is not None:
                raise RuntimeError("the component has ended") from self._fakes._trap
            rest = [named.pop(param.python, None) for param in function.params[len(arguments) :]]
            if named:
                raise TypeError(f"{function.python}() has no parameter {', '.join(named)}")
            given = [*arguments, *rest]
            return _Call(self, function, proxies).run(implementation, given)

        return call


class _Call:
    """One call from the host."""

    def __init__(self, trial: Trial, function: abi.Function, proxies: _Proxies) -> None:
        self._trial = trial
        self._function = function
        self._proxies = proxies
        self._lent: list[Resource] = []

    def run(self, implementation: Callable[..., Any], arguments: list[object]) -> Any:
        __tracebackhide__ = True
        fakes, function = self._trial._fakes, self._function
        passed, result = check.arguments(function, arguments, self._down), None
        try:
            returned = implementation(*passed)
            result = self._result(asyncio.run(returned) if function.is_async else returned)
        except BaseException as error:
            if fakes._trap is None and isinstance(error, Exception):
                raise self._failed(error) from error
            if fakes._trap is None and isinstance(error, SystemExit):
                raise fakes._ended(GuestExit(exit_code(error))) from error
            if fakes._trap is None:
                raise
        finally:
            take_back(self._lent)
        if fakes._trap is not None:
            # A guest that catches every exception still ends here.
            raise _shown(fakes._trap)
        return result

    def _failed(self, error: Exception) -> BaseException:
        """Return the exception that the host gets when the guest raises: a declared error, or a trap."""
        fakes, function, ledger = self._trial._fakes, self._function, Ledger()
        if not isinstance(error, function.raises or ()):
            traceback.print_exception(error)
            return fakes._ended(Trap(f"{function.python}: {error!r}"))
        try:
            raised = rebuilt(function, error, lambda type_, value: self._up(type_, value, ledger))
            ledger.settle(function.python)
        except (TypeError, ValueError) as misfit:
            return fakes._ended(Trap(str(misfit)))
        return raised

    def _result(self, returned: object) -> object:
        ledger = Ledger()
        result = check.result(self._function, returned, lambda type_, value: self._up(type_, value, ledger))
        ledger.settle(self._function.python)
        return result

    def _down(self, type_: abi.Type, value: object) -> object:
        """Convert a handle that the host passes to the guest."""
        if not isinstance(type_, abi.Own | abi.Borrow):
            return value
        proxy = self._proxies.get(type_.resource)
        if proxy is None:
            return handed_in(type_, self._trial._fakes._checked(type_, value), self._lent)
        if not isinstance(value, proxy):
            raise check.Mismatch(f"expected {proxy.__name__}, got {type(value).__name__}")
        if value._fate:
            raise check.Mismatch(f"this {proxy.__name__} {value._fate}", ValueError)
        if isinstance(type_, abi.Own):
            value._fate = "was given away"
        return value._implementation

    def _up(self, type_: abi.Type, value: object, ledger: Ledger) -> object:
        """Convert a handle that the guest passes to the host."""
        if not isinstance(type_, abi.Own | abi.Borrow) or type_.resource not in self._proxies:
            return handed_out(type_, value, ledger)
        cls = self._trial._classes[type_.resource]
        if not isinstance(value, cls):
            raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
        proxy = self._proxies[type_.resource]
        made = proxy.__new__(proxy)
        made._implementation = value
        return made


def _method(name: str) -> Callable[..., Any]:
    def call(this: Any, *arguments: Any) -> Any:
        return getattr(this, name)(*arguments)

    return call


def _proxy(name: str, implementation: type[Any]) -> type[_Proxy]:
    """Return the class of a resource as the host sees it, which `types/` also uses for the resource."""
    bases = (base for base in implementation.__mro__ if issubclass(base, values.Resource))
    shared = [base for base in bases if not issubclass(base, ExportedResource) and base is not values.Resource]
    return type(name, (_Proxy, *shared), {})


def _shown(trap: Trap | GuestExit) -> BaseException:
    """Return the host's exception for a call in which a fake failed: that failure unchanged, otherwise the trap."""
    return trap.__cause__ if isinstance(trap.__cause__, Exception) else trap


class Exports:
    """The interfaces of a world's exports by their attributes in the host's class; its own functions have none."""

    def __init__(self, own: abi.Interface | None = None, /, **interfaces: abi.Interface) -> None:
        self._attributes = {interface: attribute for attribute, interface in interfaces.items()}
        if own is not None:
            self._attributes[own] = ""

    def named(self, exports: Iterable[Export]) -> dict[str, Export]:
        """Return the served exports of an application by attribute."""
        return {self._attributes[export.interface]: export for export in exports}


@dataclass(frozen=True)
class HostSide:
    """The host side of the bindings: the name of `guest.testing`, which stands beside it, and the world's class."""

    testing: str
    world: str

    def open(self, component: str | Path, fakes: Fakes) -> Any:
        """Run a component; `fakes` answer what it calls."""
        module = import_module(f"{self.testing.removesuffix('.guest.testing')}.host")
        # Tests see the trap and the exit of a component as the same classes as on CPython.
        runtime = import_module("..host", __package__)
        Trap.register(runtime.Trap)
        GuestExit.register(runtime.GuestExit)
        return open_component(component, fakes, getattr(module, self.world))


@contextmanager
def opened(application: str | Path, exports: Exports, fakes: Fakes, host: HostSide | None) -> Generator[Any]:
    """Open a guest for tests: a module here, or, where the name ends in `.wasm`, a component on wasmtime.

    Both begin with the state that importing the application leaves.

    Raises:
        LookupError: the module does not call `serve`, or the bindings have no host side to run a component.
        FileNotFoundError: the component does not exist.
    """
    if str(application).endswith(".wasm"):
        if host is None:
            raise LookupError(f"running {application} needs host bindings, which were not generated")
        if not Path(application).is_file():
            raise FileNotFoundError(f"{application} does not exist: build the component first")
        with host.open(application, fakes) as guest:
            yield guest
        return
    with imported(str(application)):
        if str(application) not in served:
            raise LookupError(f"{application} does not call `exports.serve(__name__, …)`")
        yield Trial(exports.named(served[str(application)]), fakes)
