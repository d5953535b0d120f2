"""Agents for Golem as plain Python classes.

    from witgen.golem.sdk import U32, agent

    @agent
    class Counter:
        def __init__(self, name: str) -> None:
            self.count = 0

        def add(self, n: U32) -> U32:
            self.count += n
            return self.count

This package imports nothing of the generator, and runs inside components.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from witgen_runtime.values import Err, Ok

from .declaring import AgentDefinition, DeclarationError, MethodDefinition, Parameter, agent, definitions, prompt
from .hints import NoSchemaError
from .numbers import F32, S8, S16, S32, S64, U8, U16, U32, U64, Char

if TYPE_CHECKING:
    from ._bindings.guest.websockets import AsyncWebSocket, WebSocket
    from .serving import serve

__all__ = [
    "F32",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "WIT",
    "AgentDefinition",
    "AsyncWebSocket",
    "Char",
    "DeclarationError",
    "Err",
    "MethodDefinition",
    "NoSchemaError",
    "Ok",
    "Parameter",
    "WebSocket",
    "agent",
    "definitions",
    "prompt",
    "serve",
]

WIT: Final = Path(__file__).with_name("agents.wit")
"""The world of a component with agents: `agents`."""

_PLACES = {
    "AsyncWebSocket": "._bindings.guest.websockets",
    "WebSocket": "._bindings.guest.websockets",
    "serve": ".serving",
}


def __getattr__(name: str) -> object:
    # Loaded on first use: reading declarations needs no bindings.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
