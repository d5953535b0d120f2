"""Runs components on wasmtime: what the generated host modules are made of."""

from wasmtime import Engine, WasiConfig

from .aio import AsyncWorld, run_in_store
from .component import ComponentSource
from .definition import Definition, Import
from .engine import Settings, make_engine
from .errors import (
    ComponentError,
    DeadlineError,
    EngineError,
    FuelError,
    GuestExit,
    HostError,
    LinkError,
    MemoryLimitError,
    StoreDeadError,
    ThreadError,
    Trap,
)
from .pollable import Pollable
from .resource import GuestResource, Interface, NativeResource, Resource, drop
from .store import Limits, Store
from .world import Instance, World

__all__ = [
    "AsyncWorld",
    "ComponentError",
    "ComponentSource",
    "DeadlineError",
    "Definition",
    "Engine",
    "EngineError",
    "FuelError",
    "GuestExit",
    "GuestResource",
    "HostError",
    "Import",
    "Instance",
    "Interface",
    "Limits",
    "LinkError",
    "MemoryLimitError",
    "NativeResource",
    "Pollable",
    "Resource",
    "Settings",
    "Store",
    "StoreDeadError",
    "ThreadError",
    "Trap",
    "WasiConfig",
    "World",
    "drop",
    "make_engine",
    "run_in_store",
]
