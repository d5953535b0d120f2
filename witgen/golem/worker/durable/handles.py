"""Objects that a guest has handles of, and the host objects behind them.

The guest receives objects of wrapper classes. Each refers to an object of the implementation, which exists only while
the worker is live. For an object restored in replay, it is recreated on first use by repeating the call that made it.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may use any other name for a method.

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from witgen_runtime import abi
from witgen_runtime.host import Pollable, Resource

from ..errors import RefusedError, WorkerError
from ..oplog.codec import Handle, Reference, map_handles, replace
from ..oplog.entries import BEGIN_TRANSACTION
from ..oplog.policy import HISTORY, ONCE, REOPEN, entry_kind, terminal
from ..oplog.recorder import Recorder
from .calls import BoundImport, Call, error_of, outcome

__all__ = ["Objects", "Standing", "dropped"]


@dataclass(eq=False, slots=True)
class Standing:
    """State behind an object of the guest."""

    number: int
    target: Any = None
    """The implementation's object; None if it has to be recreated first."""
    origin: Call | None = None
    failure: Exception | None = None
    """The error of every call, once the object cannot be used any more."""
    waiting: Pollable | None = None
    """A pollable handed to the guest before there was a target."""
    subscribe: abi.Function | None = None
    history: list[Call] = field(default_factory=list[Call])
    is_over: bool = False
    """Whether it is a transaction that was committed or rolled back."""

    @property
    def needs_target(self) -> bool:
        """Return whether the implementation's object has to be recreated before use."""
        return self.target is None and self.failure is None


class Objects:
    """The objects of one worker: `classes` are the wrapper classes, `plain` the implementation's."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.classes: dict[abi.Resource, type[Resource]] = {}
        self.plain: dict[abi.Resource, Any] = {}
        self._fresh: dict[int, Any] = {}
        self._count = 0
        self._awaited: list[Standing] = []

    # Numbers

    def refer(self, type_: Handle, value: Any) -> Reference:
        """Return the reference of an object of the guest."""
        if type_.resource not in self.classes:
            return Reference(0)
        standing: Standing = value._standing
        describe = getattr(standing.target, "_describe", None)
        return Reference(standing.number, None if describe is None else describe())

    def admit(self, type_: Handle, value: Any) -> Reference:
        """Give an object of the implementation a number."""
        if type_.resource not in self.classes:
            raise WorkerError(f"wasmtime's own {type_.resource.name} cannot be recorded")
        self._count += 1
        self._fresh[self._count] = value
        return Reference(self._count, value._save() if hasattr(value, "_save") else None)

    def made(self, type_: Handle, reference: Reference, call: Call) -> Any:
        """Return the guest's object with a number."""
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
        """Make a call of the guest and return its outcome."""

        def make() -> Any:
            return item.bound(function, self.targets(function, values))()

        return outcome(function, make)

    def targets(self, function: abi.Function, values: list[Any]) -> list[Any]:
        """Replace the guest's objects in arguments by the implementation's, recreated if necessary."""
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
        """Repeat the call that made an object. All objects that it made are then live, or failed permanently."""
        origin = standing.origin
        if origin is None:
            raise WorkerError(f"object {standing.number} of the worker cannot be recreated")
        if origin.path in ONCE and not self._recorder.repeats:
            raise RefusedError(
                f"entry {origin.position}, {origin.path}: the worker was stopped before it had the answer, and with "
                "set-idempotence-mode(false) this call must not be repeated"
            )
        if self._is_lost(origin):
            for made in origin.made:
                self._fail(made._standing, _lost(origin.function))
            return
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

    def _is_lost(self, origin: Call) -> bool:
        """Return whether a call began a transaction whose statements would be missing if it began again."""
        begins = entry_kind(origin.item.name, origin.function) == BEGIN_TRANSACTION
        return begins and origin.position != self._recorder.reopened

    def _fail(self, standing: Standing, error: Exception) -> None:
        """Let all further calls of an object raise an error, and wake its waiters."""
        standing.failure = standing.failure or error
        if standing.waiting is not None and standing.target is None:
            standing.waiting.set()

    def _settle(self, standing: Standing, target: Any) -> None:
        """Set the implementation's object, advanced to the state that the guest has seen."""
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
        """Update the state of an object after a call."""
        resource = cast("abi.Resource", call.function.resource)
        last = terminal(call.item.name, call.function, call.arguments, error_of(call.function, value))
        if last is not None:
            self._fail(standing, last)
        if resource.name == "db-transaction" and call.function.python in {"commit", "rollback"}:
            standing.is_over = True
        if resource.name in HISTORY:
            standing.history.append(call)
        spent = getattr(self.plain.get(resource), "_spent", None)
        if spent is not None and call.function.python == "get" and value is not None and standing.needs_target:
            # Its wait is over: the call that made it is not repeated for it.
            self._settle(standing, spent())

    # Waiting

    def subscribe(self, standing: Standing, function: abi.Function) -> Any:
        """Return a pollable for the guest; in replay, one that follows the object when it becomes live."""
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
        """Recreate all objects that the guest has a pollable of."""
        awaited, self._awaited = self._awaited, []
        for standing in awaited:
            if standing.needs_target and standing.waiting is not None:
                self._revive(standing)


def _lost(function: abi.Function) -> Exception:
    """Return the error of a transaction that is gone with its connection."""
    declared = cast("abi.Variant", cast("abi.Result", function.result).err)
    other = next(case for case in declared.cases if case.name == "other")
    error: Exception = other.python("the transaction was rolled back, because the worker was stopped while it was open")
    return error


def dropped(made: Any) -> None:
    """Tell the implementation that the guest has dropped its handle."""
    standing: Standing | None = getattr(made, "_standing", None)
    if standing is not None:
        target, standing.target = standing.target, None
        standing.waiting = None
        if target is not None:
            target._tell_dropped()
