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

from .config import Config, Secret
from .declaring import agent, definitions, prompt
from .definitions import AgentDefinition, MethodDefinition, Parameter
from .errors import DomainError, raises
from .hints import NoSchemaError
from .http_paths import endpoint
from .injecting import injected
from .modalities import Languages, MimeTypes, Multimodal, UnstructuredBinary, UnstructuredText
from .numbers import F32, S8, S16, S32, S64, U8, U16, U32, U64, Char
from .principal import AgentPrincipal, AnonymousPrincipal, GolemUserPrincipal, OidcPrincipal, Principal
from .reading import DeclarationError

if TYPE_CHECKING:
    from . import mysql, postgres
    from ._bindings.guest.websockets import AsyncWebSocket, WebSocket
    from .clients import Call, Client, Scheduled, call, client, phantom_of, schedule, trigger
    from .durability import atomic, idempotency_key
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
    "AgentPrincipal",
    "AnonymousPrincipal",
    "AsyncWebSocket",
    "Call",
    "Char",
    "Client",
    "Config",
    "DeclarationError",
    "DomainError",
    "Err",
    "GolemUserPrincipal",
    "Languages",
    "MethodDefinition",
    "MimeTypes",
    "Multimodal",
    "NoSchemaError",
    "OidcPrincipal",
    "Ok",
    "Parameter",
    "Principal",
    "Scheduled",
    "Secret",
    "UnstructuredBinary",
    "UnstructuredText",
    "WebSocket",
    "agent",
    "atomic",
    "call",
    "client",
    "definitions",
    "endpoint",
    "idempotency_key",
    "injected",
    "mysql",
    "phantom_of",
    "postgres",
    "prompt",
    "raises",
    "schedule",
    "serve",
    "trigger",
]

WIT: Final = Path(__file__).with_name("agents.wit")
"""The world of a component with agents: `agents`."""

_PLACES = {
    **dict.fromkeys(("AsyncWebSocket", "WebSocket"), "._bindings.guest.websockets"),
    **dict.fromkeys(("Call", "Client", "Scheduled", "call", "client", "phantom_of", "schedule", "trigger"), ".clients"),
    **dict.fromkeys(("atomic", "idempotency_key"), ".durability"),
    "serve": ".serving",
}

_MODULES = ("mysql", "postgres")


def __getattr__(name: str) -> object:
    # Loaded on first use: reading declarations needs no bindings.
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
