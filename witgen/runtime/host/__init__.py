"""Runs components on wasmtime: what the generated host modules are made of."""

from wasmtime import Engine, WasiConfig

from .component import ComponentSource
from .definition import Definition, Import
from .engine import make_engine
from .errors import (
    ComponentError,
    EngineError,
    GuestExit,
    HostError,
    LinkError,
    StoreDeadError,
    ThreadError,
    Trap,
)
from .pollable import Pollable
from .resource import GuestResource, Interface, NativeResource, Resource, drop
from .store import Store
from .world import Instance, World

__all__ = [
    "ComponentError",
    "ComponentSource",
    "Definition",
    "Engine",
    "EngineError",
    "GuestExit",
    "GuestResource",
    "HostError",
    "Import",
    "Instance",
    "Interface",
    "LinkError",
    "NativeResource",
    "Pollable",
    "Resource",
    "Store",
    "StoreDeadError",
    "ThreadError",
    "Trap",
    "WasiConfig",
    "World",
    "drop",
    "make_engine",
]
