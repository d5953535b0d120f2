"""Recorded waits: functions of `wasi:io/poll` that wrap wasmtime's, whose resource stays in use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast

from witgen_runtime import abi
from witgen_runtime.host import Store
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.store.handles import ResourceHandles
from witgen_runtime.host.wasi.internal_component import InternalComponent

from ..._bindings._abi import wasi_io_poll as poll_abi
from ..errors import undamaged
from ..oplog.codec import NOTHING, Encoded
from ..oplog.policy import Kind
from ..oplog.recorder import Recorder
from .poll_component import COMPONENT
from .shadowing import SLICE, shadow

__all__ = ["FUNCTIONS", "Polling"]

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
"""The recorded functions; the entries contain the number of pollables, not which ones."""


class _Native(InternalComponent):
    """wasmtime's own poll functions, called from Python. One object per store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, COMPONENT)
        handles = ResourceHandles(store, {})
        self.ready, self._poll = self.bound(_READY, handles), self.bound(_POLL, handles)
        self._interruption = store.interruption

    def poll(self, handles: list[Any]) -> list[int]:
        """Wait until at least one is ready; return the positions of all that are."""
        while True:
            ready = [index for index in self._poll(handles, SLICE) if index < len(handles)]
            if ready:
                return ready
            if self._interruption is not None:
                self._interruption.check_here()


class Polling:
    """Replacements of the functions of `wasi:io/poll` in the guest's linker."""

    def __init__(self, store: Store, recorder: Recorder, before_wait: Callable[[], None]) -> None:
        self._recorder = recorder
        self._native = _Native(store)
        self._before_wait = before_wait

    def shadow(self, linkage: Linkage) -> None:
        """Define the functions."""
        made: dict[abi.Function, Callable[..., Any]] = {
            poll_abi.POLL: self._poll,
            poll_abi.POLLABLE_READY: self._ready,
            poll_abi.POLLABLE_BLOCK: self._block,
        }
        shadow(linkage, "wasi:io/poll", made)

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
            with self._recorder.waiting():
                answer = wait()
            return NOTHING if answer is None else Encoded(json.dumps(answer))

        name = f"{poll_abi.INTERFACE.name}#{function.name}"
        response = self._recorder.call(name, Kind.READ_LOCAL, Encoded(request), execute)
        with undamaged("a value in the oplog"):
            return json.loads(response.text)
