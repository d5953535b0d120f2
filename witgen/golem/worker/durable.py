"""Host implementations that record what they do, or answer from the oplog, made from others by descriptor.

The guest gets objects of the classes made here. Each stands for an object of the implementation, which is there only
as long as the worker is live: an object that was recorded gets one when it is first needed again, by repeating the call
that made it.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeAlias, cast
from weakref import WeakSet

from ...runtime import abi, check
from ...runtime.host import Import, Pollable, Resource
from ...runtime.values import Err, Ok
from .codec import Encoded, Handle, Reference, decode, encode, has_handles, map_handles, replace
from .errors import RefusedError, WorkerError
from .policy import HISTORY, ONCE, REOPEN, entry_kind, interface_path, is_local, kind_of, terminal
from .recorder import Recorder

__all__ = ["Durable"]

Observe: TypeAlias = Callable[[str, str, Sequence[Any], Any], None]


@dataclass(eq=False, slots=True)
class _Call:
    """A call of the guest: what was called, on whose behalf, with what."""

    item: _Item
    function: abi.Function
    arguments: list[Any]
    made: list[Any] = field(default_factory=list[Any])
    """The objects that it gave to the guest, in order."""
    position: int = 0
    """Where it stands in the oplog."""


@dataclass(eq=False, slots=True)
class _Standing:
    """What stands behind an object of the guest."""

    number: int
    target: Any = None
    """The implementation's object; None where it has to be made again first."""
    origin: _Call | None = None
    failure: Exception | None = None
    """What every call gives, once the object cannot be used any more."""
    waiting: Pollable | None = None
    """What the guest waits for, given out before there was a target."""
    subscribe: abi.Function | None = None
    history: list[_Call] = field(default_factory=list[_Call])
    is_dropped: bool = False


@dataclass(eq=False, slots=True)
class _Item:
    """An imported interface, its implementation, and the classes made for it."""

    item: Import
    given: Any
    classes: dict[abi.Resource, Any]
    """The implementation's class of each resource."""

    @property
    def name(self) -> str:
        return self.item.interface.name

    def owner(self, function: abi.Function) -> Any:
        """Return what has the implementation of a function."""
        return self.given if function.resource is None else self.classes[function.resource]


class Durable:
    """Makes durable implementations for one worker.

    Args:
        recorder: the worker's oplog.
        observe: is told of every recorded call, in replay too: interface, function, arguments, and what it came to.
    """

    def __init__(self, recorder: Recorder, observe: Observe) -> None:
        self._recorder = recorder
        self._observe = observe
        self._made: dict[abi.Resource, type[Resource]] = {}
        self._plain: dict[abi.Resource, Any] = {}
        self._fresh: dict[int, Any] = {}
        self._count = 0
        self._open: WeakSet[Any] = WeakSet()

    def wrap(self, imports: Mapping[str, Import], implementations: Mapping[str, object]) -> dict[str, object]:
        """Return durable implementations, by the attributes of the imports.

        Args:
            imports: the interfaces, by the attribute that holds their implementation.
            implementations: what implements them, as the runtime takes it.
        """
        items = [_item(imports[attribute], given) for attribute, given in implementations.items()]
        for item in items:
            self._plain |= item.classes
            for resource, name in item.item.interface.resources:
                base = getattr(item.item.module, name)
                self._made[resource] = self._class(item, resource, base)
        return {item.item.attribute: self._interface(item) for item in items}

    def revive_waiting(self) -> None:
        """Make everything live again that the guest has a pollable of."""
        for made in list(self._open):
            standing: _Standing = made._standing
            if standing.waiting is not None and standing.target is None and standing.failure is None:
                self._revive(standing)

    # Classes and objects of the runtime

    def _class(self, item: _Item, resource: abi.Resource, base: type[Resource]) -> type[Resource]:
        members: dict[str, Any] = {"__module__": base.__module__, "__qualname__": base.__qualname__}
        for function in item.item.interface.functions:
            if function.resource is not resource:
                continue
            if function.name.startswith("[constructor]"):
                members["__init__"] = self._constructor(item, function)
            elif function.name.startswith("[static]"):
                members[function.python] = staticmethod(self._function(item, function))
            else:
                members[function.python] = self._function(item, function)
        members[base._dropped_hook] = _dropped
        return type(base.__name__, (base,), members)

    def _interface(self, item: _Item) -> object:
        interface = item.item.interface
        if len(interface.resources) == 1 and all(function.resource is not None for function in interface.functions):
            return self._made[interface.resources[0][0]]
        made = SimpleNamespace()
        for resource, name in interface.resources:
            setattr(made, name, self._made[resource])
        for function in interface.functions:
            if function.resource is None:
                setattr(made, function.python, self._function(item, function))
        return made

    def _function(self, item: _Item, function: abi.Function) -> Callable[..., Any]:
        if is_local(item.name, function, self._plain.get(cast("abi.Resource", function.resource))):
            return lambda *arguments: self._run_local(_Call(item, function, list(arguments)))
        result = function.result
        if isinstance(result, abi.Own) and result.resource.name == "pollable" and function.resource is not None:
            return self._subscription(function)
        return lambda *arguments: self._run(_Call(item, function, list(arguments)))

    def _subscription(self, function: abi.Function) -> Callable[[Any], Any]:
        return lambda made: self._subscribe(made._standing, function)

    def _constructor(self, item: _Item, function: abi.Function) -> Callable[..., None]:
        run = self._function(item, function)

        def __init__(made: Any, *arguments: object) -> None:  # noqa: N807
            made._standing = run(*arguments)._standing
            self._register(made)

        return __init__

    def _register(self, made: Any) -> None:
        standing: _Standing = made._standing
        if standing.origin is not None:
            places = [each for each in standing.origin.made if each._standing is not standing]
            standing.origin.made[:] = [*places, made]
        self._open.add(made)

    # Calls

    def _run(self, call: _Call) -> Any:
        """Answer a call from the oplog, or make and record it."""
        function, name = call.function, call.item.name
        request = encode(_request_type(function), call.arguments, self._refer)
        standing: _Standing | None = call.arguments[0]._standing if function.name.startswith("[method]") else None
        made: list[Any] = []

        def execute() -> Encoded:
            made.append(self._make(call.item, function, call.arguments))
            return encode(function.result, made[0], self._admit)

        kind = kind_of(name, function)
        response = self._recorder.call(
            f"{name}#{function.name}", kind, request, execute, entry_kind=entry_kind(name, function)
        )
        call.position = self._recorder.current
        if made and not has_handles(function.result):
            value = made[0]
        else:
            value = decode(function.result, response, lambda type_, each: self._object(type_, each, call))
        if standing is not None:
            self._note(standing, call, value)
        self._observe(name, function.name, call.arguments, value)
        return self._finish(function, value)

    def _note(self, standing: _Standing, call: _Call, value: Any) -> None:
        """Keep what a call means for the object it was made on."""
        error: object = _payload(value) if _is_error(value) else None
        last = terminal(call.item.name, call.function, call.arguments, error)
        if last is not None and standing.failure is None:
            standing.failure = last
            if standing.waiting is not None and standing.target is None:
                standing.waiting.set()
        if call.function.resource is not None and call.function.resource.name in HISTORY:
            standing.history.append(call)
        spent = getattr(self._plain.get(cast("abi.Resource", call.function.resource)), "_spent", None)
        if spent is not None and call.function.python == "get" and value is not None:
            # What it was waiting for has come: the call that made it is not made again for it.
            self._settle(standing, spent())

    def _run_local(self, call: _Call) -> Any:
        """Make a call that is made in replay too."""
        outcome = self._make(call.item, call.function, call.arguments)

        def adopt(type_: Handle, value: Any) -> object:
            if type_.resource not in self._made:
                return value
            return self._object(type_, self._admit(type_, value), call)

        return self._finish(call.function, replace(call.function.result, outcome, adopt))

    def _make(self, item: _Item, function: abi.Function, values: list[Any]) -> Any:
        """Call the implementation; a declared error comes back as `Err`."""
        try:
            arguments = map_handles(function, values, lambda _, value: self._target(value))
            if function.name.startswith("[method]"):
                value = getattr(arguments[0], function.python)(*arguments[1:])
            elif function.name.startswith("[constructor]"):
                value = item.owner(function)(*arguments)
            else:
                value = getattr(item.owner(function), function.python)(*arguments)
        except Exception as error:
            if function.raises is None or not isinstance(error, function.raises):
                raise
            return Err(check.error(function, error, _as_it_is))
        value = check.result(function, value, _as_it_is)
        return value if function.raises is None else Ok(value)

    def _finish(self, function: abi.Function, value: Any) -> Any:
        """Return a result or raise the declared error."""
        if function.raises is None:
            return value
        if _is_error(value):
            raise _exception(function, value)
        return _payload(value)

    # Objects

    def _refer(self, type_: Handle, value: Any) -> Reference:
        return Reference(value._standing.number if type_.resource in self._made else 0)

    def _admit(self, type_: Handle, value: Any) -> Reference:
        """Give an object of the implementation a number."""
        if type_.resource not in self._made:
            raise WorkerError(f"a {type_.resource.name} of wasmtime's own cannot be recorded")
        self._count += 1
        self._fresh[self._count] = value
        return Reference(self._count, value._save() if hasattr(value, "_save") else None)

    def _object(self, type_: Handle, reference: Reference, call: _Call) -> Any:
        """Return the guest's object of a number."""
        self._count = max(self._count, reference.number)
        standing = _Standing(reference.number, self._fresh.pop(reference.number, None), call)
        if standing.target is None and reference.state is not None:
            standing.target = self._plain[type_.resource]._restore(reference.state)
        made: Any = object.__new__(self._made[type_.resource])
        made._standing = standing
        call.made.append(made)
        self._open.add(made)
        return made

    def _target(self, value: Any) -> Any:
        """Return the implementation's object behind one of the guest's, made again if need be."""
        standing: _Standing | None = getattr(value, "_standing", None)
        if standing is None:
            return value
        if standing.target is None:
            self._revive(standing)
        if standing.target is None and standing.failure is not None:
            raise standing.failure
        return standing.target

    def _revive(self, standing: _Standing) -> None:
        """Repeat the call that made an object; all that it made is live again then, or failed for good."""
        origin = standing.origin
        if origin is None:
            raise WorkerError(f"object {standing.number} of the worker cannot be made again")
        name = f"{interface_path(origin.item.name)}#{origin.function.name}"
        if name in ONCE and not self._recorder.repeats:
            raise RefusedError(
                f"entry {origin.position}, {name}: the worker was stopped before it had the answer, and with "
                "set-idempotence-mode(false) this call must not be made again"
            )
        current, self._recorder.current = self._recorder.current, origin.position
        outcome = self._make(origin.item, _reopening(origin), origin.arguments)
        self._recorder.current = current
        if _is_error(outcome):
            error = _exception(origin.function, outcome)
            for made in origin.made:
                made._standing.failure = made._standing.failure or error
                if made._standing.waiting is not None:
                    made._standing.waiting.set()
            return
        targets: list[Any] = []
        replace(origin.function.result, outcome, lambda _, each: targets.append(each))
        for made, target in zip(origin.made, targets, strict=True):
            self._settle(made._standing, target)

    def _settle(self, standing: _Standing, target: Any) -> None:
        if standing.target is not None:
            return
        standing.target = target
        for call in standing.history:
            self._make(call.item, call.function, call.arguments)
        if standing.waiting is not None and standing.subscribe is not None:
            live = getattr(target, standing.subscribe.python)()
            if isinstance(live, Pollable):
                live.lead(standing.waiting)

    def _subscribe(self, standing: _Standing, function: abi.Function) -> Any:
        """Return what a guest can wait for; in replay, something that follows the object once that is live."""
        if standing.failure is None and standing.target is None and not self._recorder.is_replaying:
            self._revive(standing)
        if standing.target is not None:
            return getattr(standing.target, function.python)()
        if standing.waiting is None:
            standing.waiting, standing.subscribe = Pollable(), function
        if standing.failure is not None:
            standing.waiting.set()
        return standing.waiting


def _item(item: Import, given: object) -> _Item:
    interface = item.interface
    alone = len(interface.resources) == 1 and all(function.resource is not None for function in interface.functions)
    classes = {resource: given if alone else getattr(given, name) for resource, name in interface.resources}
    return _Item(item, given, classes)


def _dropped(made: Any) -> None:
    """Pass on that the guest has dropped its handle."""
    standing: _Standing | None = getattr(made, "_standing", None)
    if standing is not None:
        target, standing.target = standing.target, None
        standing.waiting = None
        standing.is_dropped = True
        if target is not None:
            target._tell_dropped()


def _reopening(call: _Call) -> abi.Function:
    """Return the function that gets an object again."""
    function = call.function
    other = REOPEN.get(f"{interface_path(call.item.name)}#{function.name}")
    if other is None:
        return function
    return next(each for each in call.item.item.interface.functions if each.name == other)


def _is_error(outcome: object) -> bool:
    return isinstance(outcome, Err)


def _payload(outcome: object) -> Any:
    """Return what an `Ok` or `Err` has in it."""
    return cast("Ok[Any]", outcome).value


def _exception(function: abi.Function, outcome: object) -> Exception:
    declared, payload = cast("abi.Result", function.result).err, _payload(outcome)
    if isinstance(declared, abi.Variant) or function.raises is None:
        return cast("Exception", payload)
    return function.raises(payload)


def _request_type(function: abi.Function) -> abi.Tuple:
    known = _request_types.get(function)
    if known is None:
        known = _request_types[function] = abi.Tuple(tuple(param.type for param in function.params))
    return known


_request_types: dict[abi.Function, abi.Tuple] = {}


def _as_it_is(type_: abi.Type, value: object) -> object:
    del type_
    return value
