"""Wrappers of host implementations that record each call, or answer it from the oplog."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may use any other name for a method.

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

from witgen_runtime import abi
from witgen_runtime.host import Import, Resource

from ..errors import WorkerError, undamaged
from ..oplog.codec import Encoded, Handle, decode, encode, gathered, has_handles, has_streams, replace
from ..oplog.entries import COMMIT_TRANSACTION
from ..oplog.policy import CHECKED, TIMERS, WAITS, interface_path, is_local, kind_of
from ..oplog.recorder import Recorder
from .calls import BoundImport, Call, finish, outcome, request_type
from .handles import Objects, Standing, dropped
from .tasks import Task

__all__ = ["Durable"]

Observe: TypeAlias = Callable[[str, str, Sequence[Any], Any], None]


class Durable:
    """Wrapper of implementations for one worker.

    Args:
        recorder: the worker's oplog.
        observe: is called with every recorded call, also in replay: interface, function, arguments, and outcome.
    """

    def __init__(self, recorder: Recorder, observe: Observe) -> None:
        self._recorder = recorder
        self._observe = observe
        self._objects = Objects(recorder)

    def wrap(self, imports: Iterable[Import], implementations: Mapping[str, object]) -> dict[str, object]:
        """Return durable implementations, by attribute of the imports.

        Args:
            imports: the interfaces.
            implementations: the wrapped ones by attribute, as the runtime accepts them.
        """
        items = [BoundImport.of(each, implementations[each.attribute]) for each in imports]
        for item in items:
            self._objects.plain |= item.classes
            for resource, name in item.item.interface.resources:
                base = getattr(item.item.module, name)
                self._objects.classes[resource] = self._class(item, resource, base)
        return {item.item.attribute: self._interface(item) for item in items}

    def revive_awaited(self) -> None:
        """Recreate all objects that the guest has a pollable of."""
        self._objects.revive_awaited()

    # Wrapped classes and objects

    def _class(self, item: BoundImport, resource: abi.Resource, base: type[Resource]) -> type[Resource]:
        # The component's interface may be of the other generation and lack some methods.
        members: dict[str, Any] = dict.fromkeys(getattr(base, "__abstractmethods__", ()))
        members |= {"__module__": base.__module__, "__qualname__": base.__qualname__}
        for function in item.item.interface.functions:
            if function.resource is not resource:
                continue
            if function.kind is abi.FunctionKind.CONSTRUCTOR:
                members["__init__"] = self._constructor(item, function)
            elif function.kind is abi.FunctionKind.STATIC:
                members[function.python] = staticmethod(self._function(item, function))
            else:
                members[function.python] = self._function(item, function)
        members[base._dropped_hook] = self._dropped_transaction if resource.name == "db-transaction" else dropped
        return type(base.__name__, (base,), members)

    @property
    def _dropped_transaction(self) -> Callable[[Any], None]:
        def drop(made: Any) -> None:
            standing: Standing | None = getattr(made, "_standing", None)
            if standing is not None and standing.origin is not None and not standing.is_over:
                self._recorder.drop_transaction(standing.origin.position)
            dropped(made)

        return drop

    def _interface(self, item: BoundImport) -> object:
        interface = item.item.interface
        classes = self._objects.classes
        if interface.is_one_class:
            return classes[interface.resources[0][0]]
        made = SimpleNamespace()
        for resource, name in interface.resources:
            setattr(made, name, classes[resource])
        for function in interface.functions:
            if function.resource is None:
                setattr(made, function.python, self._function(item, function))
        return made

    def _function(self, item: BoundImport, function: abi.Function) -> Callable[..., Any]:
        result, run = function.result, self._run
        if is_local(item.name, function, self._objects.plain.get(cast("abi.Resource", function.resource))):
            run = self._run_checked if f"{interface_path(item.name)}#{function.name}" in CHECKED else self._run_local
        elif f"{interface_path(item.name)}#{function.name}" in TIMERS:
            run = self._run_timer
        elif any(has_streams(param.type) for param in function.params):
            run = _refuse
        elif isinstance(result, abi.Own) and result.resource.name == "pollable" and function.resource is not None:
            return self._subscription(function)
        elif has_streams(result):
            # The content of a host's stream is recorded as a whole, and returned as a whole.
            function = dataclasses.replace(function, result=gathered(result))
        if function.is_async and run is not _refuse:
            # Also those of objects that exist only in the worker: they wait for other objects.
            return lambda *arguments: self._begin(Call(item, function, list(arguments)))
        return lambda *arguments: run(Call(item, function, list(arguments)))

    def _subscription(self, function: abi.Function) -> Callable[[Any], Any]:
        return lambda made: self._objects.subscribe(made._standing, function)

    def _constructor(self, item: BoundImport, function: abi.Function) -> Callable[..., None]:
        run = self._function(item, function)

        def __init__(made: Any, *arguments: object) -> None:  # noqa: N807
            standing: Standing = run(*arguments)._standing
            made._standing = standing
            if standing.origin is not None:
                standing.origin.made[:] = [made]

        return __init__

    # Calls

    def _run(self, call: Call) -> Any:
        """Answer a call from the oplog, or make it and record it."""
        function = call.function
        fresh: list[Any] = []

        name, kind, entry = call.item.recorded_as(function)

        def execute() -> Encoded:
            if entry == COMMIT_TRANSACTION:
                self._before_commit(call)
            fresh.append(self._objects.outcome(call.item, function, call.arguments))
            return self._encoded(call, fresh[0])

        response = self._recorder.call(name, kind, self._request(call), execute, entry_kind=entry)
        call.position = self._recorder.current
        return self._end(call, response, fresh)

    def _before_commit(self, call: Call) -> None:
        """Record what tells after a crash whether a transaction was committed."""
        standing: Standing = call.arguments[0]._standing
        if standing.target is not None and standing.origin is not None:
            self._recorder.before_commit(standing.origin.position, standing.target._token())

    def _begin(self, call: Call) -> Future[Any]:
        """Begin an async call; its outcome is recorded when it is delivered to the guest."""
        name, kind, _ = call.item.recorded_as(call.function)
        call.position = position = self._recorder.begin_task(name, kind, self._request(call))
        begun = self._recorder.now

        def prepare() -> Callable[[], Any]:
            given = call.arguments
            if call.path in WAITS:
                # The time goes on while the worker is not loaded.
                given = [min(given[0], max(0, begun + given[0] - time.time_ns()))]
            return call.item.bound(call.function, self._objects.targets(call.function, given))

        def end(make: Callable[[], Any] | None) -> Any:
            if make is None:
                return self._end(call, self._recorder.take_task(position), [])
            value = outcome(call.function, make)
            response = self._encoded(call, value)
            self._recorder.end_task(position, response)
            return self._end(call, response, [value])

        return Task(self._recorder, position, prepare, end)

    def _request(self, call: Call) -> Encoded:
        return encode(request_type(call.function), call.arguments, self._objects.refer)

    def _encoded(self, call: Call, value: Any) -> Encoded:
        return encode(call.function.result, value, self._objects.admit)

    def _end(self, call: Call, response: Encoded, fresh: list[Any]) -> Any:
        """Return the outcome of a call to the guest: `response` decoded, or the value just returned."""
        function = call.function
        if fresh and not has_handles(function.result):
            [value] = fresh
        else:
            value = decode(function.result, response, lambda type_, each: self._objects.made(type_, each, call))
        if function.kind is abi.FunctionKind.METHOD:
            self._objects.note(call.arguments[0]._standing, call, value)
        self._observe(call.item.name, function.name, call.arguments, value)
        return finish(function, value)

    def _run_local(self, call: Call) -> Any:
        """Make a call that replay repeats."""
        value = self._objects.outcome(call.item, call.function, call.arguments)

        def adopt(type_: Handle, each: Any) -> object:
            if type_.resource not in self._objects.classes:
                return each
            return self._objects.made(type_, self._objects.admit(type_, each), call)

        return finish(call.function, replace(call.function.result, value, adopt))

    def _run_timer(self, call: Call) -> Any:
        """Wait for the recorded time; the clock continues while the worker is not loaded."""
        [given] = call.arguments
        now, wall = call.item.given.now(), time.time_ns()

        def execute() -> Encoded:
            due = wall + (given if call.function.name == "subscribe-duration" else max(0, given - now))
            return Encoded(json.dumps([0, str(due)]))

        kind = kind_of(call.item.name, call.function)
        response = self._recorder.call(call.name, kind, self._request(call), execute)
        with undamaged("a value in the oplog"):
            due = int(json.loads(response.text)[1])
        rest = max(0, due - wall)
        if call.function.name == "subscribe-duration":
            # The clock may have been set back.
            rest = min(rest, given)
        return call.item.given.subscribe_duration(rest)

    def _run_checked(self, call: Call) -> Any:
        """Make a call that replay repeats, after checking it against the recorded one."""
        made: list[Any] = []

        def execute() -> Encoded:
            made.append(self._objects.outcome(call.item, call.function, call.arguments))
            return self._encoded(call, made[0])

        self._recorder.call(call.name, kind_of(call.item.name, call.function), self._request(call), execute)
        if not made:
            execute()
        return finish(call.function, made[0])


def _refuse(call: Call) -> Any:
    raise WorkerError(
        f"{call.name}: a worker cannot pass on a stream or future of the component, because it cannot be recorded; "
        "run the component with witgen.golem.Services, which records nothing"
    )
