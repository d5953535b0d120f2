"""Linkers that one store uses after another: their host functions belong to one store at a time.

wasmtime's linker can serve many stores, but what is defined in it is called with the address of a store's context, and
such an address is used again after a store is closed. So there is no lookup by address: a linker belongs to one store
from before its imports are defined until after it is deleted. Then the same definitions are made for the next store,
and a host function becomes that store's at the same address for C, with its compiled code and its arena.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Stores keep what failed under a name with an underscore.

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, Final, TypeAlias
from weakref import ref

import wasmtime
from wasmtime.component import LinkerInstance

from ... import abi
from .. import forking
from ..capi import ffi
from ..capi.entry import c_callback, errors, guarded
from ..capi.managed import RawLinker, defining, host_resource
from ..convert.binder import Callback
from ..convert.lists import Lists
from ..store.handles import ResourceHandles
from ..store.store import Store

__all__ = ["DifferentDefinitionsError", "Linkers", "Place", "StoreLinker"]

_Made: TypeAlias = tuple[str, str, object]
"""A definition: its kind, its name, and its number or its callback."""

_MOST: Final = 64
"""How many linkers of a component are kept, once their stores are closed."""

_numbers: Final = count()


class DifferentDefinitionsError(Exception):
    """A store defines something else in a linker than the store before: it needs a new one."""


class StoreLinker:
    """A linker with WASI, and what a store has defined in it."""

    def __init__(self, engine: wasmtime.Engine, *, http: bool) -> None:
        self.number = next(_numbers)
        self.raw = RawLinker(engine)
        self.raw.allow_shadowing = True
        self.raw.add_wasip2()
        if http:
            self.raw.add_wasi_http()
        self.is_reusable = True
        self._is_defined = False
        self._made: list[_Made] = []
        self._next: int | None = None
        """What is defined next if a store before has defined it already."""
        self._store: Any = None
        self._destructor = c_callback(ffi.DESTRUCTOR, self._destroy)

    @guarded
    def _destroy(self, _data: int, _context: int, number: int) -> int:
        """Notify a host object that a guest dropped its handle; wasmtime calls this."""
        try:
            self._store.tell_dropped(self._store.table.take(number))
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            self._store._raised = error
            for failure in errors.all:
                return failure
        return 0

    def belong_to(self, store: Store) -> None:
        """Become a store's."""
        self._store = store
        self._next = 0 if self._is_defined else None

    def retire(self) -> None:
        """Let go of a store that is closed."""
        self._store = None
        self._is_defined = True
        for _, _, made in self._made:
            if isinstance(made, Callback):
                made.retire()

    def check_complete(self) -> None:
        """Raise if the store before has defined more than this one."""
        if self._next is not None and self._next != len(self._made):
            raise DifferentDefinitionsError

    @contextmanager
    def defining(self, name: str = "") -> Generator[Place]:
        """Define something at the top level, or in an instance."""
        if self._next is not None:
            place = Place(self, None)
            if name:
                with place.instance(name) as inner:
                    yield inner
            else:
                yield place
            return
        with defining(self.raw) as root:
            place = Place(self, root)
            if name:
                with place.instance(name) as inner:
                    yield inner
            else:
                yield place

    def again(self, kind: str, name: str) -> object | None:
        """Return what the store before has defined next; None if this is the first one."""
        if self._next is None:
            return None
        known, called, made = self._made[self._next] if self._next < len(self._made) else ("", "", None)
        if (known, called) != (kind, name):
            raise DifferentDefinitionsError
        self._next += 1
        return made

    def note(self, kind: str, name: str, made: object) -> None:
        """Note a definition."""
        self._made.append((kind, name, made))


class Place:
    """The top level of a linker or an instance in it, where something is defined."""

    def __init__(self, linker: StoreLinker, raw: LinkerInstance | None) -> None:
        self._linker, self._raw = linker, raw

    @contextmanager
    def instance(self, name: str) -> Generator[Place]:
        """Define an instance."""
        if self._linker.again("instance", name) is not None:
            yield Place(self._linker, None)
            return
        assert self._raw is not None
        self._linker.note("instance", name, name)
        with defining(self._raw, name) as raw:
            yield Place(self._linker, raw)

    def resource(self, name: str, number: int) -> None:
        """Define a resource of the host."""
        known = self._linker.again("resource", name)
        if known is not None:
            if known != number:
                raise DifferentDefinitionsError
            return
        assert self._raw is not None
        ffi.add_resource(self._raw, name, host_resource(number), self._linker._destructor)
        self._linker.note("resource", name, number)

    def function(
        self,
        name: str,
        function: abi.Function,
        handles: ResourceHandles,
        implementation: Callable[..., Any] | None,
        finish: Callable[[object], object] | None,
        *,
        lists: Lists,
    ) -> None:
        """Define a host function; the other arguments are those of `Callback`."""
        known = self._linker.again("function", name)
        if known is None:
            callback = Callback(function, handles, implementation, finish, lists=lists)
            self.add(name, callback.c, callback)
        elif not isinstance(known, Callback) or not known.reuse(function, handles, implementation, finish, lists=lists):
            raise DifferentDefinitionsError

    def only_here(self, name: str, callback: Any) -> None:
        """Define a host function by its C callback, which is of use to this store only."""
        self._linker.is_reusable = False
        if self._raw is None:
            raise DifferentDefinitionsError
        self.add(name, callback, callback)

    def add(self, name: str, callback: Any, made: object) -> None:
        """Add a C callback to the linker, and note what has made it, which keeps it alive."""
        assert self._raw is not None
        ffi.add_function(self._raw, name, callback)
        self._linker.note("function", name, made)


class Linkers:
    """The linkers of one component, which its stores use in turn."""

    def __init__(self) -> None:
        self._free: dict[Hashable, deque[StoreLinker]] = {}
        # A store that is closed while the garbage collector finalizes it gives its linker back; the C linker, which
        # something else refers to, is not finalized then. These references have no callbacks: CPython drops an
        # interrupt that comes while one runs.
        self._known: dict[int, tuple[ref[StoreLinker], RawLinker]] = {}
        self._most = _MOST

    def take(self, engine: wasmtime.Engine, key: Hashable, *, http: bool) -> StoreLinker:
        """Return a linker; `key` stands for what is going to be defined in it."""
        linker = None
        free = self._free.get((forking.generation(), key))
        with suppress(IndexError):  # another thread was faster
            linker = free.pop() if free else None
        if linker is None:
            linker = StoreLinker(engine, http=http)
        self._known[linker.number] = (ref(linker), linker.raw)
        if len(self._known) > self._most:
            self._forget_garbage()
        return linker

    def _forget_garbage(self) -> None:
        for number, (linker, _) in tuple(self._known.items()):
            if linker() is None:
                self._known.pop(number, None)
        self._most = max(_MOST, 2 * len(self._known))

    def give_back(self, linker: StoreLinker, key: Hashable, intact: bool) -> None:  # noqa: FBT001  (`Store.on_deleted`)
        """Keep a linker for the next store, its own being deleted; not if that failed, or if there are enough."""
        free = self._free.setdefault((forking.generation(), key), deque())
        if intact and linker.is_reusable and len(free) < _MOST:
            linker.retire()
            free.append(linker)
        else:
            linker.raw.close()
