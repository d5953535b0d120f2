"""Wrappers of imported resources' handles, and the base class of exported resources."""

# The public names of a resource are WIT's: what the runtime keeps in one is private, and used by its modules alone.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from abc import ABC
from importlib import import_module
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from .. import abi, check, values

__all__ = [
    "DroppedError",
    "ExportedResource",
    "Ledger",
    "Resource",
    "drop",
    "homes",
    "lend",
    "refusal",
    "take_back",
    "wrap",
    "wrapper",
]

R = TypeVar("R", bound="Resource")


class DroppedError(ValueError):
    """A resource was used after its handle was dropped or given away, or after the call that lent it."""


class Resource(values.Unique, values.Resource):
    """Base of the wrappers of imported resources.

    It has no public names, so that WIT may declare methods with any name. Leaving `with` drops the handle, as does
    losing the last reference.
    """

    __slots__ = ("_gone", "_owned", "_raw")

    _raw: Any
    """The object of componentize-py's class; None once the handle is gone."""
    _owned: bool
    """False for a handle that a caller lent to an exported function."""
    _gone: str
    """How the handle ended, once `_raw` is None."""
    _wit: ClassVar[abi.Resource]
    _WHY_UNIQUE = "is a handle to a resource of the host"

    def __init_subclass__(cls, *, wit: abi.Resource | None = None) -> None:
        super().__init_subclass__()
        if wit is not None:
            cls._wit = wit
            _wrappers[wit] = cls

    def __init__(self, *_: object) -> None:
        raise TypeError(f"{type(self).__name__}: resource {self._wit.name} has no constructor")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        drop(self)


class ExportedResource(values.Resource, ABC):
    """Base of the classes that implement exported resources."""


_wrappers: dict[abi.Resource, type[Resource]] = {}


homes: dict[str, str] = {}
"""The generated module that wraps an imported interface's resources, by the interface's name."""


def wrapper(resource: abi.Resource) -> type[Resource]:
    """Return the class that wraps `resource`, importing its module if necessary."""
    if resource not in _wrappers:
        import_module(homes[resource.interface])
    return _wrappers[resource]


def wrap(cls: type[R], raw: Any) -> R:
    """Return a wrapper that owns `raw`."""
    self = cls.__new__(cls)
    self._raw = raw
    self._owned = True
    return self


def lend(cls: type[R], raw: Any, lent: list[Resource]) -> R:
    """Return a wrapper of a handle that is lent for one call, and add it to `lent`."""
    self = cls.__new__(cls)
    self._raw = raw
    self._owned = False
    lent.append(self)
    return self


def take_back(lent: list[Resource]) -> None:
    """End the wrappers of the handles that were lent for a call."""
    for resource in lent:
        if resource._raw is not None:
            resource._raw = None
            resource._gone = "was lent for a call that has ended"


def drop(resource: Resource) -> None:
    """Drop the handle of an imported resource. Harmless if it was dropped or given away before.

    A borrowed handle is only invalidated: it returns to its owner when the call ends.
    """
    raw, resource._raw = resource._raw, None
    if raw is not None:
        resource._gone = "was dropped"
        if resource._owned:
            raw.__exit__(None, None, None)


def refusal(resource: Resource, *, give: bool) -> str | None:
    """Return why the handle cannot be used (or given away) now; None if it can."""
    if resource._raw is None:
        return f"{type(resource).__name__} {resource._gone}"
    if give and not resource._owned:
        return f"{type(resource).__name__} is only lent for the call and cannot be given away"
    return None


class Ledger:
    """The handles that one call transfers and lends."""

    __slots__ = ("lent", "moved")

    def __init__(self) -> None:
        self.moved: list[Resource] = []
        self.lent: list[Resource] = []

    def take(self, type_: abi.Own | abi.Borrow, value: object) -> Resource:
        """Return the wrapper of a handle that the call passes, and record its use.

        Raises:
            check.Mismatch: the object is not a handle of that resource.
            DroppedError: the handle is gone, or it cannot be given away.
        """
        cls = wrapper(type_.resource)
        if not isinstance(value, cls):
            raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
        gives = isinstance(type_, abi.Own)
        reason = refusal(value, give=gives)
        if reason is not None:
            raise DroppedError(reason)
        (self.moved if gives else self.lent).append(value)
        return value

    def settle(self, call: str) -> None:
        """Take the transferred handles from their wrappers; each may occur once in such a call."""
        used = {id(resource) for resource in self.lent}
        for resource in self.moved:
            if id(resource) in used:
                raise DroppedError(f"{call}: the same {type(resource).__name__} is given away and used again")
            used.add(id(resource))
        for resource in self.moved:
            resource._raw = None
            resource._gone = "was given away"
