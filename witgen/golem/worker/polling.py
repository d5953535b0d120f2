"""Waiting, recorded: Python's `wasi:io/poll` before wasmtime's, which keeps the resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime import component as wasm

from ...runtime import abi
from ...runtime.host import Store, component, ffi
from ...runtime.host.binding import bind_callback, bind_caller
from ...runtime.host.handles import ResourceHandles
from ..bindings._abi import wasi_io_poll as poll_abi
from .codec import NOTHING, Encoded
from .errors import WorkerError
from .policy import Kind
from .poll_component import COMPONENT
from .recorder import Recorder

__all__ = ["FUNCTIONS", "Native", "Polling", "own_version"]

_SLICE: Final = 100_000_000
"""Nanoseconds that wasmtime waits at a stretch; in between, Python's signal handlers run."""

_LIST = abi.List(abi.Borrow(poll_abi.POLLABLE))
_READY = abi.Function("ready", "ready", (abi.Param("handle", "handle", abi.Borrow(poll_abi.POLLABLE)),), abi.BOOL)
_POLL = abi.Function(
    "poll", "poll", (abi.Param("in", "in_", _LIST), abi.Param("nanoseconds", "nanoseconds", abi.U64)), abi.List(abi.U32)
)


FUNCTIONS: Final = {
    f"{poll_abi.INTERFACE.name}#{name}": (poll_abi.INTERFACE.name, abi.Function(name, name, params, result))
    for name, params, result in (
        ("poll", (abi.Param("count", "count", abi.U32),), abi.List(abi.U32)),
        ("[method]pollable.ready", (), abi.BOOL),
        ("[method]pollable.block", (), None),
    )
}
"""What is recorded of waiting: how many pollables there were, not which."""


class Native:
    """wasmtime's own polls, called from Python. One per store."""

    def __init__(self, store: Store) -> None:
        linker = wasm.Linker(store.engine)
        linker.add_wasip2()
        compiled = component.load(store.engine, COMPONENT)
        instance = linker.instantiate(store.raw, compiled)
        store.keep.extend((linker, compiled, instance))
        handles = ResourceHandles(store, {})

        def bound(function: abi.Function) -> Callable[..., Any]:
            target = ffi.export_function(instance, store.context, "", function.name)
            return bind_caller(function, handles, target)

        self.ready, self._poll = bound(_READY), bound(_POLL)
        self._interruption = store.interruption

    @classmethod
    def of(cls, store: Store) -> Native:
        """Return those of a store."""
        return store.extension(cls, cls)

    def poll(self, handles: list[Any]) -> list[int]:
        """Wait until at least one is ready, and return the positions of those that are."""
        while True:
            ready = [index for index in self._poll(handles, _SLICE) if index < len(handles)]
            if ready:
                return ready
            if self._interruption is not None:
                self._interruption.check_here()


class Polling:
    """What stands in place of `wasi:io/poll`'s functions in the guest's linker."""

    def __init__(self, store: Store, recorder: Recorder, before_wait: Callable[[], None]) -> None:
        self._recorder = recorder
        self._native = Native.of(store)
        self._before_wait = before_wait
        self._store = store

    def shadow(self, linker: wasm.Linker, handles: ResourceHandles) -> None:
        """Define the functions; the resource stays wasmtime's."""
        with linker.root() as root, root.add_instance(f"wasi:io/poll@{own_version(self._store.engine)}") as instance:
            for function, made in (
                (poll_abi.POLL, self._poll),
                (poll_abi.POLLABLE_READY, self._ready),
                (poll_abi.POLLABLE_BLOCK, self._block),
            ):
                # A method is looked up on its object, and these objects are wasmtime's.
                plain = abi.Function(
                    function.name.rpartition("]")[2], function.python, function.params, function.result
                )
                callback = bind_callback(plain, handles, made)
                self._store.keep.append(callback)
                ffi.add_function(instance, function.name, callback)

    def _poll(self, handles: list[Any]) -> list[int]:
        answer = self._record(poll_abi.POLL, f"[{len(handles)}]", lambda: self._native.poll(handles))
        return cast("list[int]", answer)

    def _ready(self, handle: Any) -> bool:
        return bool(self._record(poll_abi.POLLABLE_READY, "[]", lambda: self._native.ready(handle)))

    def _block(self, handle: Any) -> None:
        self._record(poll_abi.POLLABLE_BLOCK, "[]", lambda: self._native.poll([handle]) and None)

    def _record(self, function: abi.Function, request: str, wait: Callable[[], object]) -> object:
        def execute() -> Encoded:
            self._before_wait()
            answer = wait()
            return NOTHING if answer is None else Encoded(json.dumps(answer))

        name = f"{poll_abi.INTERFACE.name}#{function.name}"
        response = self._recorder.call(name, Kind.READ_LOCAL, Encoded(request), execute)
        return json.loads(response.text)


_versions: WeakKeyDictionary[wasmtime.Engine, str] = WeakKeyDictionary()

_PROBE = """
(component
  (import "wasi:io/poll@{version}" (instance $poll
    (export "pollable" (type $pollable (sub resource))))))
"""


def own_version(engine: wasmtime.Engine) -> str:
    """Return the release of WASI that wasmtime's linker has.

    From wasmtime 48 on, an instance that is added under the name of one that is there is that one. Under any other
    name, and before, it is new and has no resource.
    """
    if engine not in _versions:
        _versions[engine] = next(filter(None, (_try_version(engine, f"0.2.{patch}") for patch in range(100))), "")
    if not _versions[engine]:
        raise WorkerError(f"durable workers need wasmtime 48 or later: with {ffi.VERSION}, waiting cannot be recorded")
    return _versions[engine]


def _try_version(engine: wasmtime.Engine, version: str) -> str | None:
    linker = wasm.Linker(engine)
    linker.allow_shadowing = True
    linker.add_wasip2()
    with linker.root() as root, root.add_instance(f"wasi:io/poll@{version}"):
        pass
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    try:
        linker.instantiate(store, wasm.Component(engine, _PROBE.format(version=version)))
    except wasmtime.WasmtimeError:
        return None
    return version
