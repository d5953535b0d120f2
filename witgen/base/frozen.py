"""Immutable values with named fields: like `dataclass(frozen=True, slots=True)`, made in a tenth of the time.

A run with little work spends most of its time on making classes, mainly on compiling code for each one. Here only
`__init__` is compiled; everything else is shared. Type checkers refuse assignments to fields; nothing does at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

__all__ = ["fields", "frozen", "replace", "uncompared"]

_T = TypeVar("_T")

_FIELDS = "__match_args__"
_KEY = "__frozen_key__"


class _Uncompared:
    """The default of a field that comparison ignores."""

    def __init__(self, default: object) -> None:
        self.default = default


def uncompared(*, default: Any) -> Any:
    """Declare a field that comparison and hashing ignore."""
    return _Uncompared(default)


@dataclass_transform(frozen_default=True, field_specifiers=(uncompared,))
def frozen(cls: type[_T]) -> type[_T]:
    """Make an immutable class from annotated fields: constructor, equality, hash, representation, patterns."""
    namespace = dict(vars(cls))
    names = tuple(cls.__annotations__)
    defaults = {name: namespace.pop(name) for name in names if name in namespace}
    compared = [name for name in names if not isinstance(defaults.get(name), _Uncompared)]
    plain = {key: value.default if isinstance(value, _Uncompared) else value for key, value in defaults.items()}
    for unwanted in ("__dict__", "__weakref__"):
        namespace.pop(unwanted, None)
    namespace |= {
        "__qualname__": cls.__qualname__,
        "__slots__": names,
        "__init__": _initialiser(names, plain),
        "__eq__": _equal,
        "__hash__": _hash,
        "__repr__": _represent,
        "__getstate__": _state,
        "__replace__": replace,
        _FIELDS: names,
        _KEY: attrgetter(*compared) if compared else _nothing,
    }
    return cast("type[_T]", type(cls.__name__, cls.__bases__, namespace))


def fields(kind: type[object]) -> tuple[str, ...] | None:
    """Return the names of a frozen class's fields; None for any other class."""
    return getattr(kind, _FIELDS) if _KEY in vars(kind) else None


def replace(value: _T, **changes: Any) -> _T:
    """Return a copy of a frozen value with other values in some fields."""
    kind = type(value)
    return kind(*[changes[name] if name in changes else getattr(value, name) for name in getattr(kind, _FIELDS)])


def _initialiser(names: tuple[str, ...], defaults: dict[str, object]) -> Callable[..., None]:
    parameters = ", ".join(f"{name}=defaults[{name!r}]" if name in defaults else name for name in names)
    body = "; ".join(f"self.{name} = {name}" for name in names) or "pass"
    scope: dict[str, Any] = {"defaults": defaults}
    exec(f"def __init__(self, {parameters}): {body}", scope)  # noqa: S102 - the names are those of annotations
    made: Callable[..., None] = scope["__init__"]
    return made


def _nothing(value: object) -> None:
    del value


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    key = self.__class__.__frozen_key__
    return key(self) == key(other)


def _state(value: object) -> object:
    # Defined because `pickle` otherwise refuses slots under its protocols 0 and 1.
    return object.__getstate__(value)


def _hash(self: Any) -> int:
    return hash(self.__class__.__frozen_key__(self))


def _represent(self: Any) -> str:
    listed = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({listed})"
