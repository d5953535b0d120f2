"""Runs components on wasmtime: what the generated host modules are made of."""

from wasmtime import Engine

from .aio import AsyncWorld, Opening, run_any_in_store, run_in_store
from .aio_resources import async_resource
from .component import ComponentSource
from .definition import Definition, Import, labelled
from .engine import Settings, make_engine
from .errors import (
    CacheWarning,
    ComponentError,
    DeadlineError,
    EngineError,
    FuelError,
    GuestExit,
    HandleLimitError,
    HostError,
    LinkError,
    MemoryLimitError,
    StoreDeadError,
    ThreadError,
    Trap,
)
from .lanes.options import Lanes
from .lanes.report import LanesTaken
from .limits import Limits
from .pollable import Pollable
from .readers import (
    AsyncByteStreamReader,
    AsyncFutureReader,
    AsyncStreamReader,
    ByteStreamReader,
    FutureReader,
    StreamReader,
)
from .resource import (
    AsyncGuestResource,
    AsyncResource,
    ExportedInterface,
    GuestResource,
    Interface,
    NativeResource,
    Resource,
    async_drop,
    drop,
    unbound,
)
from .sources import (
    AsyncByteStreamSource,
    AsyncFutureSource,
    AsyncStreamSource,
    ByteStreamSource,
    FutureSource,
    StreamSource,
)
from .stdio import WasiConfig
from .store import Store
from .stream import InputStream, OutputStream
from .stream_files import StreamError
from .timer import Timer
from .world import Instance, World, lanes_of

__all__ = [
    "AsyncByteStreamReader",
    "AsyncByteStreamSource",
    "AsyncFutureReader",
    "AsyncFutureSource",
    "AsyncGuestResource",
    "AsyncResource",
    "AsyncStreamReader",
    "AsyncStreamSource",
    "AsyncWorld",
    "ByteStreamReader",
    "ByteStreamSource",
    "CacheWarning",
    "ComponentError",
    "ComponentSource",
    "DeadlineError",
    "Definition",
    "Engine",
    "EngineError",
    "ExportedInterface",
    "FuelError",
    "FutureReader",
    "FutureSource",
    "GuestExit",
    "GuestResource",
    "HandleLimitError",
    "HostError",
    "Import",
    "InputStream",
    "Instance",
    "Interface",
    "Lanes",
    "LanesTaken",
    "Limits",
    "LinkError",
    "MemoryLimitError",
    "NativeResource",
    "Opening",
    "OutputStream",
    "Pollable",
    "Resource",
    "Settings",
    "Store",
    "StoreDeadError",
    "StreamError",
    "StreamReader",
    "StreamSource",
    "ThreadError",
    "Timer",
    "Trap",
    "WasiConfig",
    "World",
    "async_drop",
    "async_resource",
    "drop",
    "labelled",
    "lanes_of",
    "make_engine",
    "run_any_in_store",
    "run_in_store",
    "unbound",
]
