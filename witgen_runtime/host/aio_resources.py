"""Resources that a component exports, for the asyncio API: classes whose methods run on the store's thread."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, update_wrapper
from types import new_class
from typing import Any, TypeAlias

from .. import abi
from .aio import AsyncWorld
from .store.resource import GuestResource

__all__ = ["async_resource"]

_Run: TypeAlias = Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]]


def async_resource(world: AsyncWorld[Any], cls: type[Any], plain: type[GuestResource]) -> Any:
    """Return the class of an exported resource for the asyncio API: the abstract `cls` with its methods filled in.

    `plain` is the same instance's class for direct calls. From now on the handles that the component returns, at any
    depth of a value, are objects of the class returned here, and so are those that it accepts.
    """
    binding, run = plain._binding, world._thread.run
    constructor = _constructor_name(binding.calls)
    namespace: dict[str, Any] = {
        "__slots__": (), "__module__": cls.__module__, "__qualname__": cls.__qualname__,
        "_discard": staticmethod(world._thread.discard),
    }  # fmt: skip
    for function, call in binding.calls.items():
        name = function.python
        if function.kind is abi.FunctionKind.CONSTRUCTOR:
            name = namespace["_constructor"] = constructor
        method = _awaited(run, call, getattr(cls, name, None))
        namespace[name] = method if function.kind is abi.FunctionKind.METHOD else staticmethod(method)
    bound = new_class(cls.__name__, (cls,), exec_body=lambda body: body.update(namespace))
    binding.adopt(bound)
    return bound


def _constructor_name(functions: dict[abi.Function, Any]) -> str:
    """Return the name of the constructor's method: `new`, unless WIT has a function of that name."""
    taken, name = {function.python for function in functions}, "new"
    while name in taken:
        name += "_"
    return name


def _awaited(run: _Run, call: Callable[..., Any], documented: object) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that makes a call on the store's thread; it has the metadata of `documented`."""

    async def method(*arguments: object, **named: object) -> Any:
        return await run(partial(call, *arguments, **named))

    if callable(documented):
        update_wrapper(method, documented, updated=())  # without the mark of an abstract method
    return method
