"""Agents of other components, in any language, for clients: `witgen golem client` writes modules that use this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .cases import Case
from .config import ConfigLeaf
from .declaring import declare_remote
from .definitions import Mode
from .hints import schema_of
from .reading import NAME

__all__ = ["Case", "named", "remote_agent"]

_Class = TypeVar("_Class", bound="type[Any]")
_Method = TypeVar("_Method", bound="Callable[..., Any]")


def remote_agent(
    name: str, *, mode: Mode = "durable", config: Mapping[str, Any] | None = None
) -> Callable[[_Class], _Class]:
    """Declare the agents of another component, which `client` can call.

        @remote_agent("Cart", config={"limits.max": U32})
        class Cart:
            def __init__(self, user: str) -> None: ...

            @named("getTotal")
            def get_total(self) -> float:
                raise NotImplementedError

    Args:
        name: the name of the type.
        mode: `durable`, or `ephemeral` for agents that live for one call.
        config: the types of its configuration by path, for `client(Cart).with_config`.
    """

    def declare(python: _Class) -> _Class:
        declare_remote(python, name, mode, lambda: tuple(_leaf(*each) for each in (config or {}).items()))
        return python

    return declare


def _leaf(path: str, hint: Any) -> ConfigLeaf:
    schema = schema_of(hint)
    if schema is None:
        raise TypeError(f"`{path}`: None has no schema")
    return ConfigLeaf(tuple(path.split(".")), "local", schema)


def named(name: str) -> Callable[[_Method], _Method]:
    """Give a method the name that it has in its component."""

    def mark(method: _Method) -> _Method:
        setattr(method, NAME, name)
        return method

    return mark
