"""The objects that a guest has handles of, and what stands behind them.

The guest gets objects of classes made for it. Each stands for an object of the implementation, which is there only as
long as the worker is live: an object that was recorded gets one when it is first needed again, by repeating the call
that made it.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from witgen_runtime import abi
from witgen_runtime.host import Pollable, Resource

from ..errors import RefusedError, WorkerError
from ..oplog.codec import Handle, Reference, map_handles, replace
from ..oplog.policy import HISTORY, ONCE, REOPEN, terminal
from ..oplog.recorder import Recorder
from .calls import BoundImport, Call, error_of, outcome

__all__ = ["Objects", "Standing", "dropped"]


@dataclass(eq=False, slots=True)
class Standing:
    """What stands behind an object of the guest."""

    number: int
    target: Any = None
    """The implementation's object; None where it has to be made again first."""
    origin: Call | None = None
    failure: Exception | None = None
    """What every call gives, once the object cannot be used any more."""
    waiting: Pollable | None = None
    """What the guest waits for, given out before there was a target."""
    subscribe: abi.Function | None = None
    history: list[Call] = field(default_factory=list[Call])

    @property
    def needs_target(self) -> bool:
        """Tell whether the implementation's object has to be made again to be of use."""
        return self.target is None and self.failure is None


class Objects:
    """The objects of one worker. `classes` are those of the guest's objects, `plain` the implementation's."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.classes: dict[abi.Resource, type[Resource]] = {}
        self.plain: dict[abi.Resource, Any] = {}
        self._fresh: dict[int, Any] = {}
        self._count = 0
        self._awaited: list[Standing] = []

    # Numbers

    def refer(self, type_: Handle, value: Any) -> Reference:
        """Return what stands for an object of the guest."""
        if type_.resource not in self.classes:
            return Reference(0)
        standing: Standing = value._standing
        describe = getattr(standing.target, "_describe", None)
        return Reference(standing.number, None if describe is None else describe())

    def admit(self, type_: Handle, value: Any) -> Reference:
        """Give an object of the implementation a number."""
        if type_.resource not in self.classes:
            raise WorkerError(f"a {type_.resource.name} of wasmtime's own cannot be recorded")
        self._count += 1
        self._fresh[self._count] = value
        return Reference(self._count, value._save() if hasattr(value, "_save") else None)

    def made(self, type_: Handle, reference: Reference, call: Call) -> Any:
        """Return the guest's object of a number."""
        self._count = max(self._count, reference.number)
        standing = Standing(reference.number, self._fresh.pop(reference.number, None), call)
        if standing.target is None and isinstance(reference.state, bytes):
            standing.target = self.plain[type_.resource]._restore(reference.state)
        made: Any = object.__new__(self.classes[type_.resource])
        made._standing = standing
        call.made.append(made)
        return made

    # The implementation's objects

    def outcome(self, item: BoundImport, function: abi.Function, values: list[Any]) -> Any:
        """Make a call of the guest."""

        def make() -> Any:
            return item.bound(function, self.targets(function, values))()

        return outcome(function, make)

    def targets(self, function: abi.Function, values: list[Any]) -> list[Any]:
        """Return arguments with the implementation's objects in place of the guest's, made again if need be."""
        return map_handles(function, values, lambda _, value: self._target(value))

    def _target(self, value: Any) -> Any:
        standing: Standing | None = getattr(value, "_standing", None)
        if standing is None:
            return value
        if standing.target is None:
            self._revive(standing)
        if standing.target is None and standing.failure is not None:
            raise standing.failure
        return standing.target

    def _revive(self, standing: Standing) -> None:
        """Repeat the call that made an object; all that it made is live again then, or failed for good."""
        origin = standing.origin
        if origin is None:
            raise WorkerError(f"object {standing.number} of the worker cannot be made again")
        if origin.path in ONCE and not self._recorder.repeats:
            raise RefusedError(
                f"entry {origin.position}, {origin.path}: the worker was stopped before it had the answer, and with "
                "set-idempotence-mode(false) this call must not be made again"
            )
        function = origin.item.function(REOPEN.get(origin.path, origin.function.name))
        with self._recorder.at(origin.position):
            again = self.outcome(origin.item, function, origin.arguments)
        if (error := error_of(function, again)) is not None:
            for made in origin.made:
                self._fail(made._standing, error)
            return
        targets: list[Any] = []
        replace(origin.function.result, again, lambda _, each: targets.append(each))
        for made, target in zip(origin.made, targets, strict=True):
            self._settle(made._standing, target)

    def _fail(self, standing: Standing, error: Exception) -> None:
        """Let an object give the same error from now on, and wake whoever waits for it."""
        standing.failure = standing.failure or error
        if standing.waiting is not None and standing.target is None:
            standing.waiting.set()

    def _settle(self, standing: Standing, target: Any) -> None:
        """Put the implementation's object in its place, as far as it had come."""
        if standing.target is not None:
            target._tell_dropped()
            return
        standing.target = target
        for call in standing.history:
            self.outcome(call.item, call.function, call.arguments)
        if standing.waiting is not None and standing.subscribe is not None:
            live = getattr(target, standing.subscribe.python)()
            if isinstance(live, Pollable):
                live.lead(standing.waiting)

    def note(self, standing: Standing, call: Call, value: Any) -> None:
        """Keep what a call means for the object it was made on."""
        resource = cast("abi.Resource", call.function.resource)
        last = terminal(call.item.name, call.function, call.arguments, error_of(call.function, value))
        if last is not None:
            self._fail(standing, last)
        if resource.name in HISTORY:
            standing.history.append(call)
        spent = getattr(self.plain.get(resource), "_spent", None)
        if spent is not None and call.function.python == "get" and value is not None and standing.needs_target:
            # What it was waiting for has come: the call that made it is not made again for it.
            self._settle(standing, spent())

    # Waiting

    def subscribe(self, standing: Standing, function: abi.Function) -> Any:
        """Return what a guest can wait for; in replay, something that follows the object once that is live."""
        if standing.needs_target and not self._recorder.is_replaying:
            self._revive(standing)
        if standing.target is not None:
            return getattr(standing.target, function.python)()
        if standing.waiting is None:
            standing.waiting, standing.subscribe = Pollable(), function
            self._awaited.append(standing)
        if standing.failure is not None:
            standing.waiting.set()
        return standing.waiting

    def revive_awaited(self) -> None:
        """Make everything live again that the guest has a pollable of."""
        awaited, self._awaited = self._awaited, []
        for standing in awaited:
            if standing.needs_target and standing.waiting is not None:
                self._revive(standing)


def dropped(made: Any) -> None:
    """Pass on that the guest has dropped its handle."""
    standing: Standing | None = getattr(made, "_standing", None)
    if standing is not None:
        target, standing.target = standing.target, None
        standing.waiting = None
        if target is not None:
            target._tell_dropped()
