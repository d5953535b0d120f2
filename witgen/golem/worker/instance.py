"""The running component of a loaded worker, with recording implementations of its imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from witgen_runtime import abi
from witgen_runtime.host import Limits, Store, drop
from witgen_runtime.host.adapters.calling.subtasks import Subtasks
from witgen_runtime.host.linking.instantiation import Setup, open_component
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.open_options import Chosen
from witgen_runtime.host.wasi.store_config import StoreConfig

from ..composition import Composition, compose_world
from ..services.http.client import RESPONSE_LIMIT
from ..services.waiting import checked
from .durable.files import Files
from .durable.filesystem import Filesystem
from .durable.functions import Durable
from .durable.held import DROPS, Held
from .durable.polling import Polling
from .durable.streams import Streams
from .durable.tasks import DurableSubtasks
from .exports import Export, Receiver
from .oplog.codec import NOTHING, Encoded
from .oplog.recorder import Recorder
from .program import Program

__all__ = ["Loaded", "Surroundings"]


def _nowhere(stream: str, data: bytes) -> None:
    del stream, data


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a component can access on this machine, and its limits."""

    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    """Folders of the guest, and their paths on this machine."""
    network: bool = True
    deadline: float | None = None
    """The time limit of one call, in seconds."""
    memory: int | None = None
    """The size limit of each memory, in bytes."""
    response_limit: int = RESPONSE_LIMIT
    """The size limit of an HTTP response body, in bytes; all bodies are kept for replay."""
    disk: int | None = None
    """The size limit, in bytes, of a worker's oplog with response bodies, of its files, and of each store."""
    output: Callable[[str, bytes], object] = field(default=_nowhere)
    """Receives what the guest writes to `stdout` and `stderr`."""

    def __post_init__(self) -> None:
        """Check the limits here, once, and not whenever a worker starts."""
        _ = self.limits

    @property
    def limits(self) -> Limits:
        """The limits of stores of workers."""
        return Limits(deadline=self.deadline, memory=self.memory, interruptible=True)

    @property
    def has_root(self) -> bool:
        """Return whether a folder of this machine replaces the worker's own files."""
        return any(guest in {"/", ".", "./", ""} for guest, _ in self.folders)

    def wasi(self, recorder: Recorder, files: Files | None) -> StoreConfig:
        """Return the configuration of wasmtime's WASI, with `files` at `/`."""
        config = StoreConfig()
        config.argv = list(self.args)
        config.env = list(self.env)
        if files is not None:
            config.preopen_dir(str(files.root), "/")
        for guest, here in self.folders:
            config.preopen_dir(here, guest)
        config.stdout_custom = self._recorded(recorder, "stdout")
        config.stderr_custom = self._recorded(recorder, "stderr")
        return config

    def _recorded(self, recorder: Recorder, stream: str) -> Callable[[bytes], None]:
        return lambda data: recorder.put_out(stream, data, self.output)


def _recording(made: Composition, recorder: Recorder, durable: Durable, files: Files, own: Files | None) -> Setup:
    """Return what records all that a component learns from its host; `own` are the files that it sees at `/`."""

    def wrapped(imports: object) -> object:
        served = [item for item in made.definition.imports if item.name in made.served]
        found = {item.attribute: getattr(imports, item.attribute) for item in served}
        return SimpleNamespace(**{**vars(imports), **durable.wrap(served, found)})

    def extend(store: Store) -> None:
        store.extension(Subtasks, lambda store: DurableSubtasks(store, recorder))

    def shadow(linkage: Linkage) -> None:
        Polling(linkage.store, recorder, durable.revive_awaited).shadow(linkage)
        # wasmtime lets no function that async ones call wait, which files and streams may.
        if not made.definition.concurrent:
            Streams(recorder, files).shadow(linkage)
            Filesystem(recorder, own).shadow(linkage)

    return Setup(streams=True, bounds_waits=False, on_store=extend, wrap=wrapped, on_linkage=shadow)


class Loaded:
    """Running component, with implementations that record.

    Args:
        program: the component.
        implementations: the implementations of its imports, by field of the bindings' `ServicesImports`.
        recorder: records its calls.
        durable: wraps the implementations.
        surroundings: what else it can access.
        files: its files.
    """

    def __init__(
        self,
        program: Program,
        implementations: Mapping[str, object],
        recorder: Recorder,
        durable: Durable,
        surroundings: Surroundings,
        files: Files,
    ) -> None:
        self.program = program
        self.files = files
        own = None if surroundings.has_root else files
        made = compose_world(program.world, program.content, implementations)
        files.is_watched = not made.definition.concurrent
        # The world knows the classes of the resources that the component exports.
        self._instance, self._world = open_component(
            made.definition,
            made.content,
            made.imports,
            Chosen(surroundings.wasi(recorder, own), surroundings.limits, None),
            _recording(made, recorder, durable, files, own),
            lambda instance: (instance, made.world(instance, owns_store=False)),
        )
        self.store = self._instance.store
        self._functions: dict[abi.Function, Callable[..., Any]] = {}
        self._held = Held()
        self._receivers: dict[tuple[abi.Function, Encoded], Any] = {}

    def call(self, export: Export, request: Encoded) -> Encoded:
        """Call an exported function with recorded arguments, and return its response."""
        with checked(self.check), self.files.limited(self.stop):
            response = self._call(export, request)
        self.files.settle()
        return response

    def refuse_unknown(self, export: Export, request: Encoded) -> None:
        """Raise if a call refers to an object that the worker does not keep."""
        export.arguments(request, self._held.known)

    def _call(self, export: Export, request: Encoded) -> Encoded:
        arguments = export.arguments(request, self._held.lend)
        if export.receiver is None:
            if export.function.name.startswith(DROPS):
                drop(arguments[0])
                return NOTHING
            return export.call(self._function(export.function, export.interface), arguments, self._held.hold)
        if export.method is None:
            self._let_go(export.receiver)
            return NOTHING
        receiver = self._object(export.receiver, export.interface)
        return export.call(self._function(export.method, export.interface), [receiver, *arguments])

    def _function(self, function: abi.Function, interface: str) -> Callable[..., Any]:
        if function not in self._functions:
            self._functions[function] = self._instance.function(function, interface)
        return self._functions[function]

    def _object(self, receiver: Receiver, interface: str) -> Any:
        """Return the object of a method; create it at its first call."""
        key = (receiver.constructor, receiver.request)
        if key not in self._receivers:
            arguments = Export(interface, receiver.constructor).arguments(receiver.request)
            self._receivers[key] = self._function(receiver.constructor, interface)(*arguments)
        return self._receivers[key]

    def _let_go(self, receiver: Receiver) -> None:
        made = self._receivers.pop((receiver.constructor, receiver.request), None)
        if made is not None:
            drop(made)

    @property
    def has_objects(self) -> bool:
        """Return whether objects of the component are kept for other calls."""
        return bool(self._held or self._receivers)

    def check(self) -> None:
        """Raise if the current call has to end; host code that waits must call this itself."""
        if self.store.interruption is not None:
            self.store.interruption.check_here()

    def stop(self, cause: BaseException) -> None:
        """End the current call, if there is one, with an exception. Any thread may call this."""
        self.store.interrupt(cause)

    def close(self) -> None:
        """Release everything; twice is fine."""
        self.store.close()
