"""Links a component's imports with the objects that implement them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cached_property, partial
from itertools import count
from typing import Any, NoReturn, TypeVar
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime import component as wasm

from .. import abi
from . import ffi, shape
from .binding import bind_callback, bind_choice, bind_refusal
from .definition import Definition, Import, Needs, is_native, track
from .ends import Ends
from .engine import lends_two
from .errors import LinkError
from .explained import LENDS_ONE
from .handles import Host, Native, ResourceHandles, Side
from .lanes.calls import CANCEL, COMMAND, DRIVE, OPENED, POLL, STEP, finish_of, start_of
from .lanes.kinds import put_name
from .lanes.lending import number_name
from .lanes.stream_calls import Classes, keys_of, obstacle, passages
from .lanes.tickets import Tickets
from .lent import numbered, with_objects
from .resource import HostResource, NativeResource
from .store import Store
from .stream_files import GET_DIRECTORIES, PREOPENS, hidden
from .stream_handles import FunctionEnds

__all__ = ["Linkage", "is_refused", "refuse"]

T = TypeVar("T")

_NO_ASYNC = "wasmtime's C API cannot implement it, and helpers cannot be put around the component"

_ONLY_AWAITED = "it is `async def`: only the asyncio face, the world's class whose name begins with Async, runs those"

_numbers: WeakKeyDictionary[abi.Resource, int] = WeakKeyDictionary()
_number = count(1)


def _number_of(resource: abi.Resource) -> int:
    """Return what stands for a resource in every linker: one number per definition."""
    if resource not in _numbers:
        _numbers[resource] = next(_number)
    return _numbers[resource]


def _subclass(found: object, base: type[T]) -> type[T]:
    return found if isinstance(found, type) and issubclass(found, base) else base


class _Implementation:
    """What implements one import: `functions` has the object with the free functions, `classes` those of resources."""

    def __init__(self, item: Import, imports: object) -> None:
        self.item = item
        interface = item.interface
        self.given = getattr(imports, item.attribute, None) if item.attribute else imports
        alone = len(interface.resources) == 1 and all(function.resource is not None for function in interface.functions)
        self._is_class = bool(item.attribute) and alone
        self.native = item.native and self.given is None
        self.classes: dict[abi.Resource, Any] = {
            resource: self.given if self._is_class else getattr(self.given, name, None)
            for resource, name in interface.resources
        }

    def target(self, function: abi.Function) -> tuple[object, str]:
        """Return what has a function's implementation, and under which name; empty: it is one itself."""
        if function.resource is None:
            return self.given, function.python
        owner = self.classes[function.resource]
        return owner, "" if function.name.startswith("[constructor]") else function.python

    def base(self, name: str) -> object:
        """Return the generated class of that name."""
        return getattr(self.item.module, name, None)

    def missing(self, *, awaits: bool, unserved: Mapping[str, str], refused: Container[str]) -> Iterator[str]:
        """Say what an implementation lacks.

        `awaits` tells whether coroutines will do, `unserved` what nobody can implement, and why, `refused` what cannot
        be called anyway.
        """
        place = self.item.name or "the world itself"
        if self.given is None:
            yield f"{place}: no implementation (imports.{self.item.attribute})"
            return
        for resource, name in self.item.interface.resources:
            base, given = _subclass(self.base(name), HostResource), self.classes[resource]
            if not (isinstance(given, type) and issubclass(given, base)):
                yield f"{place}: resource {resource.name}: expected a class derived from {name}"
        for function in self.item.interface.functions:
            if function.name in unserved:
                yield f"{place}: {shape.describe(function)} ({unserved[function.name]})"
                continue
            if function.name in refused:
                continue
            owner, name = self.target(function)
            found = owner if not name else getattr(owner, name, None)
            abstract: frozenset[str] = frozenset()
            if isinstance(owner, type):
                abstract = getattr(owner, "__abstractmethods__", abstract)
            if owner is not None and (not callable(found) or (name or "__init__") in abstract):
                yield f"{place}: {shape.describe(function)}"
            elif not awaits and inspect.iscoroutinefunction(found):
                yield f"{place}: {shape.describe(function)} ({_ONLY_AWAITED})"

    def function(self, function: abi.Function) -> Callable[..., Any] | None:
        """Return what implements a function; None for methods, which their objects have, and where nobody can."""
        if function.name.startswith("[method]"):
            return None
        owner, name = self.target(function)
        implementation: Callable[..., Any] = getattr(owner, name) if name else owner  # type: ignore[assignment]
        return implementation

    def awaits(self, function: abi.Function) -> bool:
        """Tell whether a function's implementation is a coroutine."""
        owner, name = self.target(function)
        return inspect.iscoroutinefunction(getattr(owner, name, None) if name else owner)


def _unserved(item: Import, needs: Needs) -> dict[str, str]:
    """Return the async functions that the component imports and that have no helper, with the reason."""
    used, polled = needs.functions[item.name], needs.polled.get(item.name, frozenset())
    reason = f"{_NO_ASYNC}: {needs.refusal}" if needs.refusal else _NO_ASYNC
    return {
        each.name: reason
        for each in item.interface.functions
        if each.is_async and each.name in used and each.name not in polled
    }


def _without_lane(item: Import, needs: Needs) -> set[str]:
    """Return the functions with streams or futures that the component has no lane for; a call of one says so."""
    carried = needs.numbers.get(("import", item.name), frozenset())
    return {each.name for each in item.interface.functions if shape.passes_ends(each) and is_refused(each, carried)}


def is_refused(function: abi.Function, carried: Container[str]) -> bool:
    """Tell whether a function with streams or futures cannot be called; `carried` are those that have a lane."""
    return function.name not in carried or obstacle(function) is not None


def refuse(function: abi.Function, *_: object, **__: object) -> NoReturn:
    """Say why a function cannot be called."""
    reason = obstacle(function) or "streams and futures need lanes, and the component has none"
    raise LinkError(f"{shape.describe(function)} cannot be called: {reason}")


class Linkage:
    """A linker with what one component imports; `sides` says who implements each resource."""

    def __init__(self, definition: Definition, store: Store, imports: object) -> None:
        self._store = store
        self._definition = definition
        self._implementations = [_Implementation(item, imports) for item in definition.imports]
        self.sides: dict[abi.Resource, Side] = {}
        self._has_preopens = False
        self._handles = ResourceHandles(store, self.sides)
        self._linker = wasm.Linker(store.engine)
        self._linker.allow_shadowing = True
        self._linker.add_wasip2()
        if store.http:
            store.enable_http()
            self._linker.add_wasi_http()

    def define(self, needs: Needs) -> None:
        """Define everything that the component imports; raise with a list of all that is missing."""
        wanted = [item for item in self._implementations if item.item.name in needs.imports]
        awaits = self._store.finish is not None
        missing = [
            problem
            for item in wanted
            if not item.native
            for problem in item.missing(
                awaits=awaits,
                unserved=_unserved(item.item, needs),
                refused=_without_lane(item.item, needs),
            )
        ]
        if missing:
            raise LinkError("imports that are not implemented:\n" + "\n".join(f"  {problem}" for problem in missing))
        self._refuse_lending(wanted, needs)
        for implementation in self._implementations:
            self._assign(implementation)
        with ffi.defining(self._linker) as root:
            for implementation in wanted:
                if implementation.native:
                    continue
                known = implementation.item.name
                self._has_preopens |= known.startswith("wasi:filesystem/preopens@")
                name = needs.imports[known]
                if not name:
                    self._fill(root, implementation, needs)
                    continue
                with ffi.defining(root, name) as instance:
                    self._fill(instance, implementation, needs)
            if any(needs.polled.values()) or POLL.name in needs.lanes:
                self._define_tickets(root)
            if STEP.name in needs.lanes:
                self._define_ends(root, needs)
            self._define_numbers(root, needs)

    def _define_numbers(self, root: wasm.LinkerInstance, needs: Needs) -> None:
        """Define what gives the numbers of handles, where functions are lent several."""
        for implementation in self._implementations:
            for resource, _ in implementation.item.interface.resources:
                name = number_name(track(implementation.item.name), resource.name)
                if name in needs.lanes:
                    handle = abi.Param("self", "self", abi.Borrow(resource))
                    number = abi.Function(name, "number", (handle,), abi.U32)
                    self._bind(root, number, self._number)

    def _number(self, instance: HostResource) -> int:
        return self._store.table.lend(instance)[0]

    def _refuse_lending(self, wanted: list[_Implementation], needs: Needs) -> None:
        """Refuse a component with functions that are lent two handles by every call, where such calls trap."""
        lent = [
            f"  {each.item.name or 'the world itself'}: {shape.describe(function)}"
            for each in wanted
            if not each.native
            for function in each.item.interface.functions
            if function.name in needs.functions[each.item.name]
            and shape.lends(function) > 1
            and function.name not in needs.lent.get(each.item.name, ())
        ]
        if lent and not lends_two(self._store.engine):
            raise LinkError("\n".join(["host functions that could not be called:", *lent, LENDS_ONE]))

    def _assign(self, implementation: _Implementation) -> None:
        for resource, name in implementation.item.interface.resources:
            base = implementation.base(name)
            if implementation.native:
                self.sides[resource] = Native(_subclass(base, NativeResource))
            else:
                self.sides[resource] = Host(_subclass(base, HostResource), _number_of(resource))

    def _fill(self, instance: wasm.LinkerInstance, implementation: _Implementation, needs: Needs) -> None:
        item = implementation.item
        text = needs.text.get(("import", item.name), frozenset())
        polled = needs.polled.get(item.name, frozenset())
        refused, lent = _without_lane(item, needs), needs.lent.get(item.name, frozenset())
        for resource, _ in item.interface.resources:
            type_ = wasm.ResourceType.host(_number_of(resource))
            ffi.add_resource(instance, resource.name, type_, self._store.destructor)
        for function in item.interface.functions:
            if function.name not in needs.functions[item.name]:
                continue
            if function.name in refused:
                self._refuse(instance, function)
                continue
            implemented, laned = implementation.function(function), function.name in text
            handles = self._handles_for(implementation, function)
            called, finish = function, self._store.finish
            if function.name in polled:
                called, finish = start_of(function), None
                implemented = self._tickets.starter(function, implemented)
                self._bind(instance, finish_of(function), self._tickets.take, laned=laned, handles=handles)
            if function.name in lent:
                implemented = with_objects(called, implemented, self._store.table.objects)
                called = numbered(called)
            self._bind(instance, called, implemented, finish, name=function.name, laned=laned, handles=handles)

    def _handles_for(self, implementation: _Implementation, function: abi.Function) -> ResourceHandles:
        """Return the handles of a function, with its streams and futures if it passes any."""
        if not shape.passes_ends(function):
            return self._handles
        keys = keys_of(track(implementation.item.name), function)
        awaits = implementation.awaits(function)
        return self._handles.of_function(FunctionEnds(self.ends, keys, awaits=awaits))

    def _refuse(self, instance: wasm.LinkerInstance, function: abi.Function) -> None:
        """Define a function that says at each call why it cannot be called."""
        callback = bind_refusal(self._handles, partial(refuse, function))
        self._store.keep.append(callback)
        ffi.add_function(instance, function.name, callback)

    def _define_ends(self, root: wasm.LinkerInstance, needs: Needs) -> None:
        """Define what composed components ask about streams and futures."""
        ends = self.ends
        self._bind(root, STEP, ends.step)
        self._bind(root, OPENED, ends.opened)
        for function, start in ((COMMAND, ends.listen), (DRIVE, ends.drive)):
            self._bind(root, start_of(function), start, name=function.name)
            self._bind(root, finish_of(function), self._tickets.take)
        known = passages(self._definition.functions)
        present = {key: each for key, each in known.items() if put_name(key) in needs.lanes}
        ends.number_kinds(present)
        for each in present.values():
            classes = [passage.classes for passage in each]
            self._bind_passing(root, [passage.put for passage in each], ends.put, classes)
            self._bind_passing(root, [passage.data for passage in each], ends.data, classes)

    def _bind_passing(
        self,
        root: wasm.LinkerInstance,
        functions: list[abi.Function],
        implementation: Callable[..., Any],
        classes: list[Classes],
    ) -> None:
        """Define a function that passes elements; where they may be of several `classes`, the end tells which."""
        callbacks = [bind_callback(each, self._handles, implementation, laned=True) for each in functions]
        if len(callbacks) > 1:

            def choose(end: int) -> int:
                return classes.index(self.ends.classes(end))

            callbacks.append(bind_choice(self._handles, tuple(callbacks), choose))
        self._store.keep.extend(callbacks)
        ffi.add_function(root, functions[0].name, callbacks[-1])

    @cached_property
    def _tickets(self) -> Tickets:
        return Tickets.of(self._store)

    @cached_property
    def ends(self) -> Ends:
        """The streams and futures that the component passes."""
        return Ends(self._store)

    def _define_tickets(self, root: wasm.LinkerInstance) -> None:
        """Define what composed components ask about all work of async functions."""
        self._bind(root, POLL, self._tickets.poll)
        self._bind(root, CANCEL, self._tickets.cancel)

    def _bind(
        self,
        instance: wasm.LinkerInstance,
        function: abi.Function,
        implementation: Callable[..., Any] | None,
        finish: Callable[[object], object] | None = None,
        *,
        name: str = "",
        laned: bool = False,
        handles: ResourceHandles | None = None,
    ) -> None:
        callback = bind_callback(function, handles or self._handles, implementation, finish, laned=laned)
        self._store.keep.append(callback)
        ffi.add_function(instance, name or function.name, callback)

    def instantiate(self, component: wasm.Component) -> wasm.Instance:
        """Make an instance, which may run the guest's start code."""
        self._store.keep.extend((self._linker, component))
        if self._store.streams and not self._has_preopens:
            self._hide_preopens(component)
        return self._store.instantiate(lambda: self._instantiate(component))

    def _instantiate(self, component: wasm.Component) -> wasm.Instance:
        try:
            return self._linker.instantiate(self._store.raw, component)
        except wasmtime.WasmtimeError as error:
            self._explain_strange_resources(str(error))
            raise

    def _hide_preopens(self, component: wasm.Component) -> None:
        """Let the guest ask for its preopened folders without learning of ours."""
        names = [name for name in component.type.imports(self._store.engine) if name.startswith(PREOPENS)]
        if not names:
            return
        directories = hidden(self._store)
        with ffi.defining(self._linker) as root:
            for name in names:
                with ffi.defining(root, name) as instance:
                    self._bind(instance, GET_DIRECTORIES, directories)

    def _explain_strange_resources(self, text: str) -> None:
        """Raise if one of wasmtime's interfaces has handles of resources that are not wasmtime's any more."""
        ours = [each.item.name for each in self._implementations if not each.native and is_native(each.item.name)]
        match = re.match(r"component imports instance `([^`]+)`", text)
        if match and ours and "resource type mismatch" in text:
            raise LinkError(
                f"{match[1]} cannot be wasmtime's: it has handles of resources that you implement yourself"
                f" ({', '.join(ours)}), and wasmtime does not know yours; implement it as well, or neither"
            ) from None
