"""Passes resource handles between Python and wasm, and restores them when a call is refused.

The C library copies a handle's box; the runtime deletes its copy after the call. Until then a lender records the
handles that were passed, so that an invalid later argument leaves all of them unchanged.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

from ... import abi
from ...check import Mismatch, unexpected
from ..adapters.calling.stream_calls import End
from ..capi import ffi
from ..capi.wasmtime_messages import known_error
from ..errors import HostError
from ..streams.stream_handles import FunctionEnds
from .provided import Provided, ProvidedObject
from .resource import AsyncGuestResource, GuestResource, Handle, HostResource, NativeResource
from .store import Store

__all__ = ["Guest", "Host", "Native", "ResourceHandles", "Side"]


@dataclass(frozen=True, slots=True)
class Host:
    """A resource that Python implements: the class of its objects and its number in the linker."""

    python: type[HostResource]
    number: int


@dataclass(frozen=True, slots=True)
class Guest:
    """A resource that this component instance exports, and the class of its proxies."""

    python: type[GuestResource | AsyncGuestResource]


@dataclass(frozen=True, slots=True)
class Native:
    """A resource that wasmtime implements, and the class of its handles."""

    python: type[NativeResource]


Side: TypeAlias = Host | Guest | Native | Provided
_Type: TypeAlias = abi.Own | abi.Borrow


class _Lowers(Protocol):
    """A Python class for which wasmtime has a resource, such as `Pollable`."""

    def _lower_native(self, store: Store) -> int: ...


class ResourceHandles:
    """The resources of one linked instance, as its converters need them."""

    def __init__(self, store: Store, resources: Mapping[abi.Resource, Side], ends: FunctionEnds | None = None) -> None:
        self.store = store
        self.resources = resources
        self.ends = ends
        self.call_environment = store.call_environment

    def side(self, type_: _Type) -> Side:
        """Return the side that implements a resource."""
        return self.resources.get(type_.resource) or Native(NativeResource)

    def of_function(self, ends: FunctionEnds) -> ResourceHandles:
        """Return the same handles for a function that passes streams or futures."""
        return ResourceHandles(self.store, self.resources, ends)

    def lender(self) -> _Lender:
        """Return the handles of one bound function."""
        return _Lender(self)

    def check(self, type_: abi.Type, value: object) -> Any:
        """Return the handle to pass: `value`, or the host object that represents it; else raise `Mismatch`."""
        if isinstance(type_, (abi.Stream, abi.Future)) and self.ends is not None:
            self.ends.feed(type_, value)
            return value
        if not isinstance(type_, (abi.Own, abi.Borrow)):
            raise Mismatch("cannot be passed: wasmtime's C API has no such values")
        side = self.side(type_)
        if isinstance(side, Native) and hasattr(value, "_lower_native"):
            return value
        if not isinstance(value, side.python):
            lower: Callable[[], object] | None = getattr(value, "_lower_host", None)
            if lower is not None:
                return self.check(type_, lower())
            if isinstance(side, (Guest, Provided)) and type(value).__qualname__ == side.python.__qualname__:
                raise Mismatch(f"this {side.python.__name__} belongs to another instance")
            raise unexpected(side.python.__name__, value)
        if isinstance(value, Handle):
            self._check_handle(value, owned=isinstance(type_, abi.Own), foreign=isinstance(side, Provided))
        elif isinstance(type_, abi.Own):
            self.store.table.check(value)
        return value

    def _check_handle(self, handle: Handle, *, owned: bool, foreign: bool) -> None:
        name = type(handle).__name__
        if handle._store is not self.store and not foreign:
            raise Mismatch(f"this {name} belongs to another store", ValueError)
        if not handle._box:
            raise Mismatch(f"this {name} was already {handle._fate}", ValueError)
        if owned and handle._fate == "borrowed":
            raise Mismatch(f"this {name} is borrowed and cannot be given away", ValueError)


class _Passing:
    """A box on its way into wasm. It is deleted after the call, whether or not the handle was transferred."""

    __slots__ = ("box",)

    def __init__(self, box: int) -> None:
        self.box = box

    def passed(self) -> None:
        """The box was copied."""
        ffi.any_delete(self.box)

    def refused(self) -> None:
        """The handle was not transferred: restore it."""
        ffi.any_delete(self.box)


class _Minted(_Passing):
    """A new owned handle of a host object, to be transferred to wasm."""

    __slots__ = ("_lender", "_number")

    def __init__(self, box: int, number: int, lender: _Lender) -> None:
        self.box = box
        self._number = number
        self._lender = lender

    def refused(self) -> None:
        self._lender.number_of(self.box)
        self._lender.withdraw(self._number)
        ffi.any_delete(self.box)


class _Lent(_Passing):
    """A handle of a host object that wasm borrows; it is taken back after the call.

    The handle is an owning one, because before wasmtime 50 a borrow could not be made outside a call. `temporary` if no
    guest owns the object, so that its number is released too.
    """

    __slots__ = ("_lender", "_number", "_temporary")

    def __init__(self, box: int, number: int, lender: _Lender, *, temporary: bool) -> None:
        self.box = box
        self._number = number
        self._lender = lender
        self._temporary = temporary

    def passed(self) -> None:
        if self._temporary:
            self._lender.store.table.take(self._number)
        with suppress(HostError):  # the store has failed
            self._lender.number_of(self.box)
        ffi.any_delete(self.box)

    refused = passed


class _Moved(_Passing):
    """A handle held by Python, to be transferred to wasm."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.box, handle._box, fate, handle._fate = handle._box, 0, handle._fate, "given away"
        if not self.box:  # another thread was faster
            handle._fate = fate
            raise Mismatch(f"this {type(handle).__name__} was already {fate}", ValueError)

    def refused(self) -> None:
        self._handle._box, self._handle._fate = self.box, ""


class _Made(_Passing):
    """A handle made for this call from a Python object; `temporary` if wasm only borrows it."""

    __slots__ = ("_context", "_temporary")

    def __init__(self, box: int, context: int, *, temporary: bool) -> None:
        self.box = box
        self._context = context
        self._temporary = temporary

    def passed(self) -> None:
        if self._temporary:
            self.refused()
        else:
            ffi.any_delete(self.box)

    def refused(self) -> None:
        failure = ffi.any_drop(self._context, self.box)
        ffi.any_delete(self.box)
        if failure:
            ffi.error_delete(failure)


class _Offered(_Passing):
    """The feed of a stream, passed as a number instead of a box."""

    __slots__ = ("_ends",)

    def __init__(self, number: int, ends: FunctionEnds) -> None:
        self.box = number
        self._ends = ends

    def passed(self) -> None:
        pass

    def refused(self) -> None:
        self._ends.manager.withdraw(self.box)


class _Lender:
    """See `binding.Lender`."""

    def __init__(self, handles: ResourceHandles) -> None:
        self.store = handles.store
        self._handles = handles
        self._context = handles.store.context
        self._out = ctypes.c_size_t(0)
        self._out_address = ctypes.addressof(self._out)
        self.passing: list[_Passing] = []
        self._borrowed: list[Handle] = []

    def settle(self) -> None:
        passing = self.passing
        # A restoration that is interrupted stays in the list, which marks the store as broken.
        while passing:
            passing[-1].passed()
            passing.pop()

    def undo(self) -> None:
        passing = self.passing
        while passing:
            passing[-1].refused()
            passing.pop()

    def end_borrows(self) -> None:
        borrowed = self._borrowed
        while borrowed:
            box = borrowed.pop()._release("lent for a call that has ended")
            failure = ffi.any_drop(self._context, box)
            ffi.any_delete(box)
            if failure:
                raise HostError(ffi.error_message(failure)[0])

    def lowerer(self, type_: _Type | End) -> Callable[[Any], int]:
        if isinstance(type_, (abi.Stream, abi.Future)):
            return partial(self._offer, type_, self._function_ends())
        side, owned = self._handles.side(type_), isinstance(type_, abi.Own)
        if isinstance(side, (Host, Provided)):
            return self._mint(type_, side) if owned else self._lend(type_, side)
        return self._move(type_) if owned else self._show(type_, side)

    def _mint(self, type_: _Type, side: Host | Provided) -> Callable[[Any], int]:
        python, number_of_type, add = side.python, side.number, self.store.table.add
        provided = isinstance(side, Provided)

        def mint(value: Any) -> int:
            given: Any = value
            if provided:
                given = ProvidedObject.owning(self._handles.check(type_, value))
            elif not isinstance(value, python):
                given = self._handles.check(type_, value)
            number = add(given)
            box = self._box(number, number_of_type, is_new=True)
            self.passing.append(_Minted(box, number, self))
            return box

        return mint

    def _lend(self, type_: _Type, side: Host | Provided) -> Callable[[Any], int]:
        provided = isinstance(side, Provided)

        def lend(value: Any) -> int:
            value = self._handles.check(type_, value)
            if provided:
                value = ProvidedObject(value)
            number, temporary = self.store.table.lend(value)
            box = self._box(number, side.number, is_new=temporary)
            self.passing.append(_Lent(box, number, self, temporary=temporary))
            return box

        return lend

    def _move(self, type_: _Type) -> Callable[[Any], int]:
        def move(value: Any) -> int:
            value = self._handles.check(type_, value)
            passing = _Moved(value) if isinstance(value, Handle) else self._make(value, temporary=False)
            self.passing.append(passing)
            return passing.box

        return move

    def _show(self, type_: _Type, side: Guest | Native) -> Callable[[Any], int]:
        python, store = side.python, self.store

        def show(value: Any) -> int:
            if isinstance(value, python):
                handle: Handle = value
                box = handle._box
                if handle._store is store and box:
                    return box
            made: Any = self._handles.check(type_, value)
            passing = self._make(made, temporary=True)
            self.passing.append(passing)
            return passing.box

        return show

    def _make(self, value: _Lowers, *, temporary: bool) -> _Made:
        box = value._lower_native(self.store)
        return _Made(box, self._context, temporary=temporary)

    def _box(self, number: int, number_of_type: int, *, is_new: bool) -> int:
        """Return the box of a host object's handle; if the store is full, release a number that was new."""
        host = ffi.host_new(True, number, number_of_type)  # noqa: FBT003  (a C function: the handle owns)
        failure = ffi.host_to_any(self._context, host, self._out_address)
        ffi.host_delete(host)
        if failure:
            if is_new:
                self.withdraw(number)
            text = ffi.error_message(failure)[0]
            raise known_error(text) or HostError(text)
        return self._out.value

    def withdraw(self, number: int) -> None:
        """Take back an object that no guest has got."""
        taken = self.store.table.take(number)
        if isinstance(taken, ProvidedObject):
            taken.restore()

    def _offer(self, type_: End, ends: FunctionEnds, value: Any) -> int:
        number = ends.offer(type_, value)
        self.passing.append(_Offered(number, ends))
        return number

    def _function_ends(self) -> FunctionEnds:
        ends = self._handles.ends
        if ends is None:
            raise NotImplementedError("wasmtime's C API has no values of streams and futures")
        return ends

    def lifter(self, type_: _Type | End) -> Callable[[int], Any]:
        if isinstance(type_, (abi.Stream, abi.Future)):
            return self._function_ends().reader(type_)
        side, owned = self._handles.side(type_), isinstance(type_, abi.Own)
        table = self.store.table
        if isinstance(side, Host):
            found = table.take if owned else table.objects.__getitem__
            return lambda box: found(self.number_of(box))
        if isinstance(side, Provided):
            return lambda box: self._provided(self.number_of(box), owned=owned)
        adopt, store = side.python._adopt, self.store
        if owned:
            return lambda box: adopt(store, ffi.any_clone(box))
        return lambda box: self._borrow(adopt(store, ffi.any_clone(box), "borrowed"))

    def _provided(self, number: int, *, owned: bool) -> Handle:
        table = self.store.table
        held: Any = table.take(number) if owned else table.objects[number]
        handle: Handle = held.give_back() if owned else held.handle
        return handle

    def _borrow(self, handle: Handle) -> Handle:
        self._borrowed.append(handle)
        return handle

    def number_of(self, box: int) -> int:
        """Return the number of a host object, which ends this handle of it."""
        failure = ffi.any_to_host(self._context, box, self._out_address)
        if failure:
            raise HostError(ffi.error_message(failure)[0])
        host = self._out.value
        number = int(ffi.host_rep(host))
        ffi.host_delete(host)
        return number
