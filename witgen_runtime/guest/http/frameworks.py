"""What frameworks for ASGI need to run in a component, where there are neither threads nor the module `ssl`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import copy_context
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["let_anyio_do_without_threads"]


def let_anyio_do_without_threads() -> None:
    """Load anyio's backend for asyncio, and let it run functions in the event loop. Does nothing without anyio.

    Starlette and FastAPI pass endpoints that are not coroutine functions to anyio's threads.
    """
    if "anyio" not in sys.modules:
        return
    backend: Any = _backend().backend_class
    backend.run_sync_in_worker_thread = classmethod(_run)


async def _run(
    _: type[Any], /, func: Callable[..., Any], args: tuple[Any, ...], *limits: Any, **named_limits: Any
) -> Any:
    """Call a function as a thread would: it sees the context, and cannot change it."""
    del limits, named_limits
    return copy_context().run(func, *args)


def _backend() -> ModuleType:
    """Return anyio's backend. It imports `ssl` to name its classes, so another module has to take its place."""
    name = "anyio._backends._asyncio"
    if name in sys.modules:
        return sys.modules[name]
    try:
        import_module("ssl")
    except ImportError:
        # Only meanwhile: other packages ask whether there is a module `ssl`, and do without it.
        sys.modules["ssl"] = _Unavailable("ssl")
        try:
            return import_module(name)
        finally:
            del sys.modules["ssl"]
    return import_module(name)


class _Unavailable(ModuleType):
    """A module whose attributes are classes that nothing makes objects of."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (OSError,) if name.endswith("Error") else (), {})
        setattr(self, name, made)
        return made
