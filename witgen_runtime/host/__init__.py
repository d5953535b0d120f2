"""Runs components on wasmtime: the public names that generated host modules and their users import."""

from wasmtime import Engine

from .adapters.options import Adapters
from .adapters.report import AdaptersTaken
from .aio import AsyncWorld, Opening, run_any_in_store, run_in_store
from .aio_resources import async_resource
from .capi.engine import Settings, make_engine
from .component import ComponentSource
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
from .http.application import HttpApplication
from .http.options import ServeOptions
from .linking.definition import Definition, Import, labelled
from .linking.instance import Instance
from .open_options import OpenOptions
from .store.limits import Limits
from .store.resource import (
    AsyncExportedInterface,
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
from .store.store import Store
from .streams.readers import (
    AsyncByteStreamReader,
    AsyncFutureReader,
    AsyncStreamReader,
    ByteStreamReader,
    FutureReader,
    StreamReader,
)
from .streams.source_types import (
    AsyncByteStreamSource,
    AsyncFutureSource,
    AsyncStreamSource,
    ByteStreamSource,
    FutureSource,
    StreamSource,
)
from .wasi.pollables import Pollable
from .wasi.standard_streams import WasiConfig
from .wasi.stream_files import StreamError
from .wasi.streams import InputStream, OutputStream
from .wasi.timer import Timer
from .world import World, adapters_of

__all__ = [
    "Adapters",
    "AdaptersTaken",
    "AsyncByteStreamReader",
    "AsyncByteStreamSource",
    "AsyncExportedInterface",
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
    "HttpApplication",
    "Import",
    "InputStream",
    "Instance",
    "Interface",
    "Limits",
    "LinkError",
    "MemoryLimitError",
    "NativeResource",
    "OpenOptions",
    "Opening",
    "OutputStream",
    "Pollable",
    "Resource",
    "ServeOptions",
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
    "adapters_of",
    "async_drop",
    "async_resource",
    "drop",
    "labelled",
    "make_engine",
    "run_any_in_store",
    "run_in_store",
    "unbound",
]
