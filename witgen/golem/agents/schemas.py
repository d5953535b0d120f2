"""Schemas and values of calls: `data-schema` and `data-value` of `golem:core/types`.

The elements of a tuple are values by position; those of multimodal data are pairs of a name and a value. A value of an
element is that of its type, or a reference to text or to bytes as in Golem's bindings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from witgen_runtime import abi

from ...base.counted import counted
from ..witvalue import WitValueError, from_wit_value, to_wit_value
from ._bindings.types import golem_core_types as core
from .errors import AgentError
from .types import to_type

__all__ = ["Binary", "Element", "Parameter", "Schema", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """Unstructured text, in any of some languages; None for every language."""

    languages: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Binary:
    """Unstructured bytes, of any of some MIME types; None for every one."""

    mime_types: tuple[str, ...] | None


Element: TypeAlias = abi.Type | Text | Binary


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A named element of a schema."""

    name: str
    element: Element

    @property
    def is_option(self) -> bool:
        """Return whether the element may be left out."""
        return isinstance(self.element, abi.Option)


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """The parameters of a constructor or a method, or its result."""

    parameters: tuple[Parameter, ...]
    is_multimodal: bool = False

    @classmethod
    def of(cls, given: core.DataSchema) -> Schema:
        """Return the schema that a component declares.

        Raises:
            AgentTypeError: it refers to nodes that do not exist.
        """
        parameters = tuple(Parameter(name, _element(each)) for name, each in given.value)
        return cls(parameters, isinstance(given, core.DataSchemaMultimodal))

    def find(self, name: str) -> Element:
        """Return the element with a name.

        Raises:
            AgentError: there is none.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.element
        known = ", ".join(f"`{each.name}`" for each in self.parameters)
        raise AgentError(f"there is no `{name}` here, but {known or 'nothing'}")

    def to_data(self, values: Sequence[Any]) -> core.DataValue:
        """Return values in Golem's form; those of multimodal data are pairs with the name of the element."""
        if self.is_multimodal:
            return core.DataValueMultimodal([(name, _to_element(self.find(name), each)) for name, each in values])
        pairs = zip(self.parameters, values, strict=True)
        return core.DataValueTuple([_to_element(parameter.element, each) for parameter, each in pairs])

    def from_data(self, data: core.DataValue) -> list[Any]:
        """Return the values of data.

        Raises:
            AgentError: the data does not belong to the schema; the message says why.
        """
        if self.is_multimodal:
            if not isinstance(data, core.DataValueMultimodal):
                raise AgentError("expected multimodal data, got a tuple")
            return [(name, _from_element(name, self.find(name), each)) for name, each in data.value]
        if not isinstance(data, core.DataValueTuple):
            raise AgentError("expected a tuple of values, got multimodal data")
        given, expected = len(data.value), len(self.parameters)
        if given != expected:
            names = ", ".join(each.name for each in self.parameters)
            raise AgentError(f"expected {counted(expected, 'value')} ({names}), got {given}")
        pairs = zip(self.parameters, data.value, strict=True)
        return [_from_element(parameter.name, parameter.element, each) for parameter, each in pairs]


def _element(given: core.ElementSchema) -> Element:
    match given:
        case core.ElementSchemaComponentModel(type_):
            return to_type(type_)
        case core.ElementSchemaUnstructuredText(text):
            languages = text.restrictions
            return Text(None if languages is None else tuple(each.language_code for each in languages))
        case core.ElementSchemaUnstructuredBinary(binary):
            mime_types = binary.restrictions
            return Binary(None if mime_types is None else tuple(each.mime_type for each in mime_types))


def _to_element(element: Element, value: Any) -> core.ElementValue:
    match element:
        case Text():
            return core.ElementValueUnstructuredText(value)
        case Binary():
            return core.ElementValueUnstructuredBinary(value)
        case _:
            return core.ElementValueComponentModel(to_wit_value(core, element, value))


def _from_element(name: str, element: Element, given: core.ElementValue) -> Any:
    match element, given:
        case Text(), core.ElementValueUnstructuredText(value):
            return value
        case Binary(), core.ElementValueUnstructuredBinary(value):
            return value
        case ((Text() | Binary()), _):
            kind = "text" if isinstance(element, Text) else "binary data"
            raise AgentError(f"`{name}`: expected unstructured {kind}")
        case _, core.ElementValueComponentModel(value):
            try:
                return from_wit_value(core, element, value)
            except WitValueError as error:
                raise AgentError(f"`{name}`: {error}") from None
        case _:
            raise AgentError(f"`{name}`: expected a value of the component model")
