"""Values that WIT has and Python has not; shared by hosts and guests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Err", "Ok", "Resource", "Some", "WitError"]

T = TypeVar("T")
E = TypeVar("E")


@dataclass(slots=True)
class Some(Generic[T]):
    """The present inner level of a nested option.

    Only the outermost level of `option<option<T>>` is spelt this way: None is `none`, Some(None) is
    `some(none)`, Some(x) is `some(some(x))`.
    """

    value: T


@dataclass(slots=True)
class Ok(Generic[T]):
    """The ok side of a `result` that is not a function's own result; `result<_, E>` has Ok(None)."""

    value: T


@dataclass(slots=True)
class Err(Generic[E]):
    """The error side of a `result` that is not a function's own result; `result<T>` has Err(None)."""

    value: E


class WitError(Exception):
    """Base of every exception that stands for an error value declared in WIT.

    `value` is the payload; None where the error carries none. Two are equal when class and payload are.
    """

    value: Any = None

    def __str__(self) -> str:
        return "" if self.value is None else str(self.value)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(type(self))


class Resource:
    """Base of every class that stands for a WIT resource."""

    __slots__ = ("__weakref__",)
