"""A component with its host, recorded: what a worker is while it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from witgen_runtime import abi
from witgen_runtime.host import Limits, Store, WasiConfig, drop
from witgen_runtime.host.adapters.calling.subtasks import Subtasks
from witgen_runtime.host.linking.instantiation import Setup, open_component
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.open_options import Chosen

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
    """What a component sees of this machine."""

    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    """Folders of the guest, and what they are here."""
    network: bool = True
    deadline: float | None = None
    """Seconds that one call may take."""
    memory: int | None = None
    """Bytes that each memory may have."""
    response_limit: int = RESPONSE_LIMIT
    """Bytes that the body of an HTTP response may have; the oplog keeps all of them."""
    disk: int | None = None
    """Bytes that the oplog of a worker and the bodies of its responses may take, its files, and each of the stores."""
    output: Callable[[str, bytes], object] = field(default=_nowhere)
    """Takes what the guest writes to `stdout` and `stderr`."""

    def __post_init__(self) -> None:
        """Check the limits where they are given: not each time that a worker starts."""
        _ = self.limits

    @property
    def limits(self) -> Limits:
        """What stores of workers allow."""
        return Limits(deadline=self.deadline, memory=self.memory, interruptible=True)

    @property
    def has_root(self) -> bool:
        """Tell whether a folder of this machine stands in place of the worker's own files."""
        return any(guest in {"/", ".", "./", ""} for guest, _ in self.folders)

    def wasi(self, recorder: Recorder, files: Files | None) -> WasiConfig:
        """Return what wasmtime provides; `files` are at `/`."""
        config = WasiConfig()
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
    """A component that runs, with implementations that record.

    Args:
        program: the component.
        implementations: what implements its imports, by the fields of the bindings' `ServicesImports`.
        recorder: its oplog.
        durable: makes the implementations durable.
        surroundings: what else it sees.
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
        """Raise if a call speaks of an object that the worker does not keep."""
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
        """Return the object of a method, made at its first call."""
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
        """Tell whether objects of the component's are kept here for other calls."""
        return bool(self._held or self._receivers)

    def check(self) -> None:
        """Raise if the call under way has to end: host code that waits has to look itself."""
        if self.store.interruption is not None:
            self.store.interruption.check_here()

    def stop(self, cause: BaseException) -> None:
        """Let the call under way end with an exception, from another thread; there may be none."""
        self.store.interrupt(cause)

    def close(self) -> None:
        """Let go of everything; twice is fine."""
        self.store.close()
