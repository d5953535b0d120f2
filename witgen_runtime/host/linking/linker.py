"""Links a component's imports with the objects that implement them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Hashable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any, NoReturn

import wasmtime
from wasmtime import component as wasm

from ... import abi
from .. import forking, signatures
from ..adapters.calling.bound_imports import CANCEL, COMMAND, DRIVE, OPENED, POLL, STEP, WAIT, finish_of, start_of
from ..adapters.calling.stream_calls import Classes, keys_of, passages
from ..adapters.calling.stream_kinds import put_name
from ..adapters.calling.subtasks import Subtasks
from ..adapters.compose.lending import number_name
from ..capi.engine import lends_two
from ..capi.wasmtime_messages import LENDS_ONE
from ..convert.binder import Callback, bind_choice, bind_refusal
from ..convert.lists import AS_TEXT, PLAIN, Lists
from ..errors import LinkError, listed
from ..images.files import images_of
from ..store.bounded_waits import may_wait
from ..store.handles import Host, ResourceHandles, Side
from ..store.provided import Provided, ProvidedObject
from ..store.resource import HostResource
from ..store.store import Store
from ..streams.manager import StreamManager
from ..streams.stream_handles import FunctionEnds
from ..wasi.http.client.handler import HANDLE as PYTHON_HANDLE
from ..wasi.http.client.handler import PythonHandler
from ..wasi.http.handler import HANDLE, HANDLER, Handler
from ..wasi.http.python_http import PythonHttp
from ..wasi.stream_files import GET_DIRECTORIES, PREOPENS, hidden, refused
from .adapter_memories import AdapterMemories
from .borrow_reps import numbered, with_objects
from .definition import Definition, Needs
from .implementations import check_imports, member_of, problems_of
from .linked_import import LinkedImport, not_native, refuse
from .provided import ProvidedImplementation, freestanding, implementation_of
from .sides import number_of, sides_of
from .store_linker import Linkers, Place, StoreLinker
from .versions import is_native

__all__ = ["Linkage"]

_NO_HTTP = (
    "components send HTTP requests only if they may: open(…, http=True) lets them send any, and"
    ' http=Http(allow=["example.org"]) those to some hosts, or with allow=[] none; Store takes the same'
)


class Linkage:
    """A linker with the imports of one component; `sides` has the implementing side of each resource."""

    def __init__(
        self,
        definition: Definition,
        store: Store,
        imports: object,
        linkers: Linkers | None = None,
        key: Hashable = None,
    ) -> None:
        check_imports(definition, imports)
        self._known_problems = problems_of(imports)
        self.store = store
        self._definition = definition
        self._imports = imports
        self._implementations = [implementation_of(item, imports) for item in definition.imports]
        self._linked: list[LinkedImport] | None = None
        self.sides: dict[abi.Resource, Side] = {}
        self.calls_python = False
        """Whether the component can call Python."""
        self._has_preopens = False
        self.memories = AdapterMemories(store)
        self.handles = ResourceHandles(store, self.sides)
        if store.http is not None:
            store.enable_http()
        self._linkers, self._key = linkers, self._key_of(key)
        if linkers is not None:
            self._linker = linkers.take(store.engine, self._key, http=store.http is not None)
        else:
            self._linker = StoreLinker(store.engine, http=store.http is not None)
        self._linker.belong_to(store)

    def _key_of(self, key: Hashable) -> Hashable:
        """Return what determines the definitions that the stores of a component make."""
        http = self.store.http
        given = tuple(
            each.item.interface if isinstance(each, ProvidedImplementation) else each.native
            for each in self._implementations
        )
        return key, given, http and (type(http), http.is_limited), self.store.streams, bool(forking.wasi_is_lost())

    def check(self, needs: Needs) -> None:
        """Raise with a list of all that the component imports and that is missing or does not fit."""
        self._linked = LinkedImport.all(self._implementations, needs)
        wanted = not_native(self._linked)
        self._refuse_missing(wanted, needs)
        self._refuse_lending(wanted)

    def wrap(self, wrapper: Callable[[object], object]) -> None:
        """Replace the implementations by what a function makes of the object that has them."""
        imports = wrapper(self._imports)
        self._implementations = [implementation_of(item, imports) for item in self._definition.imports]
        self._linked = None

    def define(self, needs: Needs) -> None:
        """Define everything that the component imports."""
        linked = self._linked or LinkedImport.all(self._implementations, needs)
        wanted = not_native(linked)
        self.sides.update(sides_of(self._definition, self._implementations))
        with self._linker.defining() as root:
            # Called while the component is instantiated: calls of its exports do not call Python for that.
            self.memories.define(root, needs, self.handles)
            for each in wanted:
                self._has_preopens |= each.name.startswith("wasi:filesystem/preopens@")
                if not each.name:
                    self._fill(root, each)
                    continue
                with root.instance(each.name) as instance:
                    self._fill(instance, each)
            if any(needs.polled.values()) or POLL.name in needs.adapters:
                self._define_subtasks(root)
            if STEP.name in needs.adapters:
                self._define_ends(root, needs)
            if WAIT.name in needs.adapters:
                self._bind(root, WAIT, partial(may_wait, self.store))
            self._define_numbers(root, linked, needs)
        self._limit_http(needs, {each.name for each in wanted})

    def _limit_http(self, needs: Needs, implemented: Container[str]) -> None:
        """Put a handler of ours before wasmtime's, if requests have limits."""
        names = [name for name in needs.http if name.startswith(HANDLER) and name not in implemented]
        if names and self.store.http is not None and self.store.http.is_limited:
            http = self.store.http
            handle: dict[abi.Function, Callable[..., Any]]
            if isinstance(http, PythonHttp):
                handler = PythonHandler(self.store, http)
                self.replace_resources(*handler.replaced)
                handle = {PYTHON_HANDLE: handler.handle}
            else:
                handle = {HANDLE: Handler(self.store, http).handle}
            for name in names:
                self.replace(name, handle)

    def _refuse_missing(self, wanted: list[LinkedImport], needs: Needs) -> None:
        awaits = self.store.finish is not None
        # Two versions of an interface may have one implementation, and lack the same.
        missing = dict.fromkeys(problem for each in wanted for problem in each.problems(awaits=awaits))
        http = () if self.store.http is not None else sorted(needs.http.difference(each.name for each in wanted))
        not_allowed = [f"{', '.join(http)}: {_NO_HTTP}"] if http else []
        if wrong := [*self._known_problems, *missing, *not_allowed]:
            raise LinkError(listed("imports that are missing or do not fit", wrong))

    def _define_numbers(self, root: Place, linked: list[LinkedImport], needs: Needs) -> None:
        """Define the functions that return numbers of handles, for functions that borrow several."""
        if not needs.adapters:
            return
        for each in linked:
            for resource, _ in each.item.interface.resources:
                name = number_name(each.name, resource.name)
                if name in needs.adapters:
                    handle = abi.Param("self", "self", abi.Borrow(resource))
                    number = abi.Function(name, "number", (handle,), abi.U32)
                    self._bind(root, number, self._number, handles=self._objects_of(resource))

    def _objects_of(self, resource: abi.Resource) -> ResourceHandles:
        """Return handles of a resource as the objects in the store's table."""
        side = self.sides[resource]
        if not isinstance(side, Provided):
            return self.handles
        return ResourceHandles(self.store, {resource: Host(ProvidedObject, side.number)})

    def _number(self, instance: HostResource) -> int:
        return self.store.table.lend(instance)[0]

    def _lent(self, number: int) -> object:
        """Return what Python gets for a number that stands for a borrowed handle."""
        found = self.store.table.objects[number]
        return found.handle if isinstance(found, ProvidedObject) else found

    def _refuse_lending(self, wanted: list[LinkedImport]) -> None:
        """Refuse a component with functions that are lent two handles by every call, where such calls trap."""
        lent = [
            f"{each.item.name or 'the world itself'}: {signatures.describe(function)}"
            for each in wanted
            for function in each.item.interface.functions
            if function.name in each.used and signatures.lends(function) > 1 and function.name not in each.lent
        ]
        if lent and not lends_two(self.store.engine):
            raise LinkError(f"{listed('host functions that could not be called', lent)}\n{LENDS_ONE}")

    def _fill(self, instance: Place, linked: LinkedImport) -> None:
        refused = linked.without_adapter()
        for resource, _ in linked.item.interface.resources:
            self._declare(instance, resource)
        for function in linked.item.interface.functions:
            if function.name not in linked.used:
                continue
            if function.name in refused:
                self._refuse(instance, [function.name], partial(refuse, function))
                continue
            implemented = linked.implementation.function(function)
            of = "import", linked.name
            lists = self.memories.lists(of, function.name, text=linked.text, direct=linked.direct)
            handles = self._handles_for(linked, function)
            # Another component's methods are no attributes of an object.
            plain = freestanding(function) if isinstance(linked.implementation, ProvidedImplementation) else function
            called, finish = plain, self._finish
            if function.name in linked.polled:
                called, finish = start_of(plain), None
                implemented = self._subtasks.starter(plain, implemented)
                self._bind(instance, finish_of(function), self._subtasks.take, lists=lists, handles=handles)
            if function.name in linked.lent:
                implemented = with_objects(called, implemented, self._lent, method=signatures.is_method(function))
                called = numbered(called, method=signatures.is_method(function))
            self._bind(instance, called, implemented, finish, name=function.name, lists=lists, handles=handles)

    def _declare(self, instance: Place, resource: abi.Resource) -> None:
        side = self.sides.get(resource)
        number = side.number if isinstance(side, Provided) else number_of(resource)
        instance.resource(resource.name, number)

    @property
    def _finish(self) -> Callable[[object], object] | None:
        """Completes the value that an implementation returned."""
        interruption = self.store.interruption
        if self.store.finish is None and interruption is not None and self.store.limits.deadline is not None:
            return interruption.in_time
        return self.store.finish

    def _handles_for(self, linked: LinkedImport, function: abi.Function) -> ResourceHandles:
        """Return the handles of a function, with its streams and futures if it passes any."""
        if not signatures.passes_ends(function):
            return self.handles
        keys = keys_of(linked.name, function)
        awaits = linked.implementation.awaits(function)
        return self.handles.of_function(FunctionEnds(self.streams, keys, awaits=awaits))

    def _refuse(self, instance: Place, names: Iterable[str], refusing: Callable[[], NoReturn]) -> None:
        """Define functions that raise, at each call, why they cannot be called."""
        callback = bind_refusal(self.handles, refusing)
        self.calls_python = True
        for name in names:
            instance.only_here(name, callback)

    def _define_ends(self, root: Place, needs: Needs) -> None:
        """Define the functions that adapters call for streams and futures."""
        streams = self.streams
        self._bind(root, STEP, streams.step)
        self._bind(root, OPENED, streams.opened)
        for function, start in ((COMMAND, streams.listen), (DRIVE, streams.drive)):
            self._bind(root, start_of(function), start, name=function.name)
            self._bind(root, finish_of(function), self._subtasks.take)
        known = passages(self._definition.functions(needs))
        present = {key: each for key, each in known.items() if put_name(key) in needs.adapters}
        streams.number_kinds(present)
        for each in present.values():
            classes = [passage.classes for passage in each]
            self._bind_passing(root, [passage.put for passage in each], streams.put, classes)
            self._bind_passing(root, [passage.data for passage in each], streams.data, classes)

    def _bind_passing(
        self,
        root: Place,
        functions: list[abi.Function],
        implementation: Callable[..., Any],
        classes: list[Classes],
    ) -> None:
        """Define a function that passes elements; if they may be of several `classes`, the end determines which."""
        bound = [Callback(each, self.handles, implementation, lists=AS_TEXT) for each in functions]
        callbacks = [each.c for each in bound]
        if len(callbacks) > 1:

            def choose(end: int) -> int:
                return classes.index(self.streams.classes(end))

            callbacks.append(bind_choice(self.handles, tuple(callbacks), choose))
        self.store.keep.extend((*bound, *callbacks))
        self.calls_python = True
        root.only_here(functions[0].name, callbacks[-1])

    @cached_property
    def _subtasks(self) -> Subtasks:
        return Subtasks.of(self.store)

    @cached_property
    def streams(self) -> StreamManager:
        """The streams and futures that the component passes."""
        return StreamManager(self.store)

    def _define_subtasks(self, root: Place) -> None:
        """Define the functions that adapters call for the subtasks of async functions."""
        self._bind(root, POLL, self._subtasks.poll)
        self._bind(root, CANCEL, self._subtasks.cancel)

    def _bind(
        self,
        instance: Place,
        function: abi.Function,
        implementation: Callable[..., Any] | None,
        finish: Callable[[object], object] | None = None,
        *,
        name: str = "",
        lists: Lists = PLAIN,
        handles: ResourceHandles | None = None,
    ) -> None:
        self.calls_python = True
        instance.function(name or function.name, function, handles or self.handles, implementation, finish, lists=lists)

    def replace(
        self,
        name: str,
        functions: Mapping[abi.Function, Callable[..., Any]],
        resources: Iterable[abi.Resource] = (),
        refused: tuple[Iterable[str], Callable[[], NoReturn]] | None = None,
    ) -> None:
        """Define an interface in place of wasmtime's; `resources` are those that are Python's then."""
        self._has_preopens |= name.startswith(PREOPENS)
        with self._linker.defining(name) as instance:
            for each in resources:
                self._declare(instance, each)
            for function, implementation in functions.items():
                # A method is looked up on its object, and these objects are wasmtime's.
                self._bind(instance, freestanding(function), implementation, name=function.name)
            if refused is not None:
                self._refuse(instance, *refused)

    def replace_resources(
        self,
        name: str,
        interface: abi.Interface,
        classes: Mapping[abi.Resource, tuple[type[HostResource], Callable[..., Any]]],
    ) -> None:
        """Define resources of an interface in place of wasmtime's; each has a class, and a callable that makes one."""
        with self._linker.defining(name) as instance:
            for resource, (python, _) in classes.items():
                self.sides[resource] = Host(python, number_of(resource))
                self._declare(instance, resource)
            for function in interface.functions:
                if function.resource is not None and function.resource in classes:
                    python, make = classes[function.resource]
                    self._bind(instance, function, member_of(function, python, make))

    def instantiate(self, component: wasm.Component) -> wasm.Instance:
        """Make an instance, which may run the guest's start code."""
        self.store.keep += (component, self._linker)
        lost = forking.wasi_is_lost()
        if not self._has_preopens and (lost or self.store.streams):
            self._replace_preopens(component, lost)
        self._linker.check_complete()
        returned = None
        try:
            made = self.store.instantiate(lambda: self._instantiate(component), images_of(component))
            if self._linkers is not None:
                returned = partial(self._linkers.give_back, self._linker, self._key)
                self.store.on_deleted(returned)
            return made
        finally:
            if returned is None:
                self._linker.raw.close()

    def _instantiate(self, component: wasm.Component) -> wasm.Instance:
        try:
            made = self._linker.raw.instantiate(self.store.raw, component)
        except wasmtime.WasmtimeError as error:
            if "cross-`Engine`" in str(error):
                raise LinkError(
                    "the component was compiled for another engine than this store's: pass its path or its bytes, or"
                    " compile it with `store.engine`"
                ) from None
            self._explain_strange_resources(str(error))
            raise
        self.memories.prove()
        return made

    def _replace_preopens(self, component: wasm.Component, lost: str) -> None:
        """Define the guest's preopened folders without the runtime's; `lost` is the reason if it can have none."""
        names = [name for name in component.type.imports(self.store.engine) if name.startswith(PREOPENS)]
        if not names:
            return
        directories = refused(self.store, lost) if lost else hidden(self.store)
        for name in names:
            self.replace(name, {GET_DIRECTORIES: directories})

    def _explain_strange_resources(self, text: str) -> None:
        """Raise if an interface of wasmtime has handles of resources that Python implements."""
        ours = [each.item.name for each in self._implementations if not each.native and is_native(each.item.name)]
        match = re.match(r"component imports instance `([^`]+)`", text)
        if match and ours and "resource type mismatch" in text:
            raise LinkError(
                f"{match[1]} cannot be wasmtime's: it has handles of resources that you implement yourself"
                f" ({', '.join(ours)}), which wasmtime does not know; implement it as well, or neither"
            ) from None
