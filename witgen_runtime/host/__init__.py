"""Runs components on wasmtime: the public names that generated host modules and their users import."""

from wasmtime import Engine

from .adapters.options import Adapters
from .adapters.report import AdaptersTaken
from .aio import AsyncPreparedWorld, AsyncWorld, Opening, run_any_in_store, run_in_store
from .aio_resources import async_resource
from .capi.engine import Settings, make_engine
from .command import async_run_command, exit_code, run_command
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
    OutputLimitError,
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
from .wasi.captured import Captured
from .wasi.http.allowed import Http
from .wasi.http.python_http import PythonHttp
from .wasi.pollables import Pollable
from .wasi.settings import Folder, MemoryFolder, OutputTarget, StdinSource, Wasi
from .wasi.stream_files import StreamError
from .wasi.streams import InputStream, OutputStream
from .wasi.timer import Timer
from .world import PreparedWorld, World, adapters_of, folders_of

__all__ = [
    "Adapters",
    "AdaptersTaken",
    "AsyncByteStreamReader",
    "AsyncByteStreamSource",
    "AsyncExportedInterface",
    "AsyncFutureReader",
    "AsyncFutureSource",
    "AsyncGuestResource",
    "AsyncPreparedWorld",
    "AsyncResource",
    "AsyncStreamReader",
    "AsyncStreamSource",
    "AsyncWorld",
    "ByteStreamReader",
    "ByteStreamSource",
    "CacheWarning",
    "Captured",
    "ComponentError",
    "ComponentSource",
    "DeadlineError",
    "Definition",
    "Engine",
    "EngineError",
    "ExportedInterface",
    "Folder",
    "FuelError",
    "FutureReader",
    "FutureSource",
    "GuestExit",
    "GuestResource",
    "HandleLimitError",
    "HostError",
    "Http",
    "HttpApplication",
    "Import",
    "InputStream",
    "Instance",
    "Interface",
    "Limits",
    "LinkError",
    "MemoryFolder",
    "MemoryLimitError",
    "NativeResource",
    "OpenOptions",
    "Opening",
    "OutputLimitError",
    "OutputStream",
    "OutputTarget",
    "Pollable",
    "PreparedWorld",
    "PythonHttp",
    "Resource",
    "ServeOptions",
    "Settings",
    "StdinSource",
    "Store",
    "StoreDeadError",
    "StreamError",
    "StreamReader",
    "StreamSource",
    "ThreadError",
    "Timer",
    "Trap",
    "Wasi",
    "World",
    "adapters_of",
    "async_drop",
    "async_resource",
    "async_run_command",
    "drop",
    "exit_code",
    "folders_of",
    "labelled",
    "make_engine",
    "run_any_in_store",
    "run_command",
    "run_in_store",
    "unbound",
]
