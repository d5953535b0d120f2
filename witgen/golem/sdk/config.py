"""Configuration and secrets of agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Generic, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from .hints import NoSchemaError, schema_of
from .schema import OptionSchema, Schema

__all__ = ["Config", "ConfigLeaf", "Secret", "bound", "leaves"]

T = TypeVar("T")


class Config:
    """Base of classes of configuration: dataclasses whose fields are read from the agent's configuration.

        @dataclass
        class Limits(Config):
            max_items: U32
            api_key: Secret[str]

    An agent gets one as a parameter of its constructor or of a method with the default `injected()`. Each field is
    read when it is asked for, so that an agent sees changes. A field that is a `Config` itself groups values. A field
    with a default may be missing.
    """


class Secret(Generic[T]):
    """A value of the environment's secrets, which is read each time `get` is called, and never shown."""

    def __init__(self, value: T) -> None:
        self._read: Callable[[], T] = lambda: value

    def get(self) -> T:
        """Return the value as it is now."""
        return self._read()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        given: Any = other
        return isinstance(other, Secret) and bool(self.get() == given.get())

    __hash__ = None  # type: ignore[assignment]


class _Current(Secret[Any]):
    """A secret that is read each time."""

    def __init__(self, read: Callable[[], Any]) -> None:
        super().__init__(None)
        self._read = read


@dataclass(frozen=True, slots=True)
class ConfigLeaf:
    """One value of a configuration.

    Attributes:
        path: the names that lead to it.
        source: where it comes from.
        schema: its values; an option where it has a default.
        default: returns what it is if it is missing; None if it must not be missing.
    """

    path: tuple[str, ...]
    source: Literal["local", "secret"]
    schema: Schema
    default: Callable[[], Any] | None = None


Read = Callable[[ConfigLeaf], Any]
"""Returns the value of a leaf as it is now; None for a missing option."""


def leaves(cls: type[Any], path: tuple[str, ...] = ()) -> Iterator[ConfigLeaf]:
    """Yield the values that a class of configuration declares.

    Raises:
        NoSchemaError: a field has no schema, or the class is not a dataclass.
    """
    for _, _, found in _declared(cls, path):
        yield from leaves(found[0], found[1]) if isinstance(found, tuple) else (found,)


def bound(cls: type[T], read: Read, path: tuple[str, ...] = ()) -> T:
    """Return an object of a class of configuration whose fields are read when they are asked for."""
    members: dict[str, Any] = {}
    for name, is_secret, found in _declared(cls, path):
        members[name] = property(_getter(found, read, is_secret=is_secret))
    made: Any = type(cls.__name__, (cls,), members)
    return cast("T", made.__new__(made))


def _getter(found: ConfigLeaf | tuple[type[Any], tuple[str, ...]], read: Read, *, is_secret: bool) -> Any:
    if isinstance(found, tuple):
        group = bound(found[0], read, found[1])

        def nested(_: object) -> Any:
            return group

        return nested

    def value() -> Any:
        given = read(found)
        return found.default() if given is None and found.default is not None else given

    if not is_secret:

        def current(_: object) -> Any:
            return value()

        return current
    secret = _Current(value)

    def get(_: object) -> Secret[Any]:
        return secret

    return get


_Declared = tuple[str, bool, ConfigLeaf | tuple[type[Any], tuple[str, ...]]]


def _declared(cls: type[Any], path: tuple[str, ...]) -> Iterator[_Declared]:
    """Yield name, whether it is secret, and the leaf or the group of each field."""
    if not is_dataclass(cls):
        raise NoSchemaError(f"{cls.__name__} is a class of configuration: make it a dataclass")
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        hint, own = hints[field.name], (*path, field.name)
        if isinstance(hint, type) and issubclass(hint, Config):
            yield field.name, False, (hint, own)
            continue
        is_secret = get_origin(hint) is Secret
        yield (
            field.name,
            is_secret,
            _leaf(cls, field, get_args(hint)[0] if is_secret else hint, own, is_secret=is_secret),
        )


def _leaf(cls: type[Any], field: Any, hint: Any, path: tuple[str, ...], *, is_secret: bool) -> ConfigLeaf:
    try:
        schema = schema_of(hint)
    except NoSchemaError as error:
        raise NoSchemaError(f"{cls.__name__}.{field.name}: {error}") from None
    if schema is None:
        raise NoSchemaError(f"{cls.__name__}.{field.name}: None has no schema")
    default: Callable[[], Any] | None = None
    if field.default is not MISSING:
        given: Any = field.default
        default = given.get if isinstance(field.default, Secret) else lambda: given
    elif field.default_factory is not MISSING:
        default = field.default_factory
    if default is not None and not isinstance(schema, OptionSchema):
        schema = OptionSchema(schema)
    return ConfigLeaf(path, "secret" if is_secret else "local", schema, default)
