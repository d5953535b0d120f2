"""Notes every function of an import that is called. Import it before what calls them."""

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from agent import _abi

called: set[str] = set()
"""`interface#function` of everything that was called."""


def _watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        called.add(name)
        return function(*arguments, **named)

    return call


def _watch(module: str) -> None:
    interface = importlib.import_module(f"agent._abi.{module}").INTERFACE
    wrappers = importlib.import_module(f"agent.guest.{module}")
    classes = {resource: getattr(wrappers, name) for resource, name in interface.resources}
    for function in interface.functions:
        owner = wrappers if function.resource is None else classes[function.resource]
        name = "__init__" if function.name.startswith("[constructor]") else function.python
        watched = _watched(f"{interface.name}#{function.name}", getattr(owner, name))
        setattr(owner, name, staticmethod(watched) if function.name.startswith("[static]") else watched)


_guest = {each.name for each in pkgutil.iter_modules(importlib.import_module("agent.guest").__path__)}
for _each in pkgutil.iter_modules(_abi.__path__):
    if _each.name in _guest and _each.name != "coverage":
        _watch(_each.name)
