"""Values that WIT has and Python has not; shared by hosts and guests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Generic, NoReturn, SupportsIndex, TypeVar, cast

__all__ = ["Err", "Ok", "Resource", "Restorable", "Some", "Unique", "Value", "WitError"]

T = TypeVar("T")
E = TypeVar("E")


class Value:
    """Base of records, variant cases, and the values of options and results; all can be copied and pickled.

    `pickle` refuses classes with slots under its protocols 0 and 1 unless they define their state.
    """

    __slots__ = ()

    def __getstate__(self) -> object:
        return object.__getstate__(self)


class Unique:
    """Base of objects that stand for something outside Python: copying or pickling one raises `TypeError`."""

    __slots__ = ()

    _WHY_UNIQUE: ClassVar[str] = "stands for something outside Python"
    """Why there can be only one, for the message. WIT cannot choose this name, not even with an underscore before."""

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        raise TypeError(f"this {type(self).__name__} cannot be copied or pickled: it {self._WHY_UNIQUE}")

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(2)


class Restorable(Exception):  # noqa: N818  (what errors have in common, and no error itself)
    """Base of exceptions that `copy` and `pickle` restore with all their attributes, whatever `__init__` takes."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args), self.__dict__ or None


def _restored(cls: type[Restorable], arguments: tuple[object, ...]) -> Restorable:
    """Return an exception as it was when `__init__` had not run yet; its state follows."""
    return cls.__new__(cls, *arguments)


@dataclass(slots=True)
class Some(Value, Generic[T]):
    """The present inner level of a nested option.

    Only the outermost level of `option<option<T>>` is spelt this way: None is `none`, Some(None) is
    `some(none)`, Some(x) is `some(some(x))`.
    """

    value: T


@dataclass(slots=True)
class Ok(Value, Generic[T]):
    """The ok side of a `result` that is not a function's own result; `result<_, E>` has Ok(None)."""

    value: T


@dataclass(slots=True)
class Err(Value, Generic[E]):
    """The error side of a `result` that is not a function's own result; `result<T>` has Err(None)."""

    value: E


class WitError(Restorable):
    """Base of every exception that represents an error value declared in WIT.

    `value` is the payload; None if the error has none. `str` describes the error: text unchanged; payloads whose text
    begins with their class (records, variants, enums, flags) unchanged; other payloads after the name of the exception;
    the name alone without a payload. Two are equal if class and payload are.
    """

    value: Any = None

    def __str__(self) -> str:
        name, value = type(self).__name__, cast("object", self.value)
        if value is None or isinstance(value, str):
            return value if value and value.strip() else name
        is_named = isinstance(value, Value | Enum) and type(value) not in {Some, Ok, Err}
        return str(value) if is_named else f"{name}({value!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(type(self))


class Resource:
    """Base of every class that stands for a WIT resource."""

    __slots__ = ("__weakref__",)
