"""Text and bytes without a structure of Golem's, and parameters that mix kinds of values.

They may be a whole parameter or a whole result, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .cases import Case
from .hints import NO_SCHEMA, NoSchemaError, schema_of
from .schema import MultimodalSchema, Schema, UnstructuredSchema, check

__all__ = [
    "Languages",
    "MimeTypes",
    "Multimodal",
    "UnstructuredBinary",
    "UnstructuredText",
    "check_element",
    "element_of",
    "inner_value",
    "made_value",
]

T = TypeVar("T")


@dataclass(frozen=True)
class UnstructuredText:
    """A text, or the address of one.

    Attributes:
        data: the text; empty if there is an address.
        language: the code of its language, like `en`; None if it is not known.
        url: the address.
    """

    data: str = ""
    language: str | None = None
    url: str | None = None

    @classmethod
    def at(cls, url: str) -> Self:
        """Return the text at an address."""
        return cls(url=url)


@dataclass(frozen=True)
class UnstructuredBinary:
    """Bytes with their media type, or the address of some.

    Attributes:
        data: the bytes; empty if there is an address.
        mime_type: their media type, like `image/png`.
        url: the address.
    """

    data: bytes = b""
    mime_type: str = "application/octet-stream"
    url: str | None = None

    @classmethod
    def at(cls, url: str) -> Self:
        """Return the bytes at an address."""
        return cls(url=url)


for _cls in (UnstructuredText, UnstructuredBinary):
    setattr(_cls, NO_SCHEMA, "can only be a whole parameter, a whole result or a kind of a Multimodal")


class Languages:
    """The languages that a text may have: `Annotated[UnstructuredText, Languages("en", "de")]`."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes


class MimeTypes:
    """The media types that bytes may have: `Annotated[UnstructuredBinary, MimeTypes("image/png")]`."""

    def __init__(self, *types: str) -> None:
        self.types = types


class Multimodal(list[T]):
    """A list of values of different kinds: `Multimodal[UnstructuredText | UnstructuredBinary]`.

    Golem 1.5 pairs values and types by position: there has to be one value of each type, in the order of the types.
    """


_NAMES: Final[dict[type[Any], str]] = {UnstructuredText: "Text", UnstructuredBinary: "Binary"}
"""The names that Golem's SDKs give to these kinds."""


def element_of(hint: Any) -> Schema | UnstructuredSchema | MultimodalSchema | None:
    """Return the schema of the type hint of a whole parameter or result; None for `None`.

    Raises:
        NoSchemaError: some part of the hint has no schema.
    """
    if hint is Multimodal:
        raise NoSchemaError("Multimodal has no schema: write its kinds, like Multimodal[UnstructuredText | Item]")
    if get_origin(hint) is Multimodal:
        return _multimodal(get_args(hint)[0])
    return _unstructured(hint) or schema_of(hint)


def _unstructured(hint: Any) -> UnstructuredSchema | None:
    plain: Any = hint
    notes: tuple[object, ...] = ()
    if get_origin(hint) is Annotated:
        plain, *rest = get_args(hint)
        notes = tuple(rest)
    if plain is UnstructuredText:
        codes = next((note.codes for note in notes if isinstance(note, Languages)), None)
        return UnstructuredSchema("text", codes, UnstructuredText)
    if plain is UnstructuredBinary:
        types = next((note.types for note in notes if isinstance(note, MimeTypes)), None)
        return UnstructuredSchema("binary", types, UnstructuredBinary)
    return None


def _multimodal(hint: Any) -> MultimodalSchema:
    union = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    cases: list[tuple[str, Schema | UnstructuredSchema, type[Any]]] = []
    for each in union:
        plain = get_args(each)[0] if get_origin(each) is Annotated else each
        cls = get_origin(plain) or plain
        if isinstance(cls, type) and issubclass(cls, Case):
            cases.append(_case(cls))
            continue
        schema = _unstructured(each) or schema_of(each)
        if schema is None or not isinstance(cls, type):
            raise NoSchemaError(f"{each} cannot be a kind of a Multimodal: its values have no class of their own")
        cases.append((_NAMES.get(cls, cls.__name__), schema, cls))
    if len({name for name, *_ in cases}) < len(cases):
        raise NoSchemaError("a Multimodal has two kinds with the same name")
    return MultimodalSchema(tuple(cases), Multimodal)


def _case(cls: type[Case]) -> tuple[str, Schema | UnstructuredSchema, type[Any]]:
    hint = get_type_hints(cls, include_extras=True).get("value")
    schema = None if hint is None else _unstructured(hint) or schema_of(hint)
    if schema is None:
        raise NoSchemaError(f"{cls.__name__} cannot be a kind of a Multimodal: it has no field `value`")
    return cls.case_name, schema, cls


def inner_value(cls: type[Any], value: Any) -> Any:
    """Return the value of an element of a Multimodal whose class this is."""
    return value.value if issubclass(cls, Case) else value


def made_value(cls: type[Any], value: Any) -> Any:
    """Return the element of a Multimodal with a value, of a class."""
    made: Any = cls
    return made(value) if issubclass(cls, Case) else value


def check_element(schema: Schema | UnstructuredSchema | MultimodalSchema | None, value: Any, path: str = "") -> Any:
    """Return a value of the schema of a whole parameter or result.

    Raises:
        ValueError: the value does not belong to the schema.
    """
    if isinstance(schema, UnstructuredSchema):
        return _checked(schema, value, path)
    if not isinstance(schema, MultimodalSchema):
        return check(schema, value, path)
    values = list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else [value]
    fitting = [isinstance(each, cls) for each, (_, _, cls) in zip(values, schema.cases, strict=False)]
    if len(values) != len(schema.cases) or not all(fitting):
        names = ", ".join(cls.__name__ for *_, cls in schema.cases)
        raise ValueError(f"{path}: expected one value each of {names}, in this order, as Golem 1.5 pairs them so")
    pairs = enumerate(zip(schema.cases, values, strict=True))
    return schema.python(
        [
            made_value(cls, check_element(each, inner_value(cls, own), f"{path}[{at}]"))
            for at, ((_, each, cls), own) in pairs
        ]
    )


def _checked(schema: UnstructuredSchema, value: Any, path: str) -> Any:
    given: Any = value
    if not isinstance(value, schema.python):
        raise ValueError(f"{path}: expected {schema.python.__name__}, got {given!r:.60}")  # noqa: TRY004
    kind = given.language if schema.kind == "text" else given.mime_type
    if given.url is None and kind is not None and schema.restrictions is not None and kind not in schema.restrictions:
        raise ValueError(f"{path}: expected {' or '.join(schema.restrictions)}, got {kind}")
    return given
