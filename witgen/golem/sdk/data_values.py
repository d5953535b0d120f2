"""Parameters and results in Golem 1.5: `data-schema` and `data-value` of `golem:core/types`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._bindings.types import golem_core_types as core
from .core_values import from_wit_value, to_wit_type, to_wit_value
from .definitions import Element, MethodDefinition, Parameter
from .modalities import UnstructuredBinary, UnstructuredText, check_element, inner_value, made_value
from .outcomes import outcome, outcome_of
from .schema import MultimodalSchema, Schema, UnstructuredSchema

__all__ = [
    "arguments_of",
    "input_schema",
    "output_schema",
    "read_arguments",
    "read_result",
    "write_result",
]

_RESULT = "return_value"
"""The name of a result; Golem ignores it."""


def input_schema(parameters: Sequence[Parameter]) -> core.DataSchema:
    """Return the schema of the parameters that callers fill in."""
    if len(parameters) == 1 and isinstance(parameters[0].schema, MultimodalSchema):
        return _multimodal(parameters[0].schema)
    return core.DataSchemaTuple([(each.name, _element(each.schema)) for each in parameters])


def output_schema(method: MethodDefinition) -> core.DataSchema:
    """Return the schema of what a method returns."""
    declared = outcome_of(method)
    if isinstance(declared, MultimodalSchema):
        return _multimodal(declared)
    return core.DataSchemaTuple([] if declared is None else [(_RESULT, _element(declared))])


def arguments_of(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> core.DataValue:
    """Return the arguments of a call as Golem takes them; what is missing in `given` has a default.

    Raises:
        ValueError: an argument is not of its parameter's type.
    """
    values = [check_element(each.schema, given.get(each.name), each.name) for each in parameters]
    if len(parameters) == 1 and isinstance(parameters[0].schema, MultimodalSchema):
        return _write_multimodal(parameters[0].schema, values[0])
    return core.DataValueTuple([_write(each.schema, own) for each, own in zip(parameters, values, strict=True)])


def read_arguments(parameters: Sequence[Parameter], data: core.DataValue) -> dict[str, Any]:
    """Return the arguments of a call, without those that Python fills in.

    Raises:
        ValueError: they do not fit the parameters.
    """
    if len(parameters) == 1 and isinstance(parameters[0].schema, MultimodalSchema):
        return {parameters[0].name: _read_multimodal(parameters[0].schema, data)}
    if not isinstance(data, core.DataValueTuple) or len(data.value) != len(parameters):
        raise ValueError(f"expected {len(parameters)} argument{'s' * (len(parameters) != 1)}")
    found: dict[str, Any] = {}
    for parameter, element in zip(parameters, data.value, strict=True):
        try:
            value = _read(parameter.schema, element)
        except ValueError as error:
            raise ValueError(f"{parameter.name}: {error}") from None
        if value is not None or not parameter.has_default:
            found[parameter.name] = value
    return found


def write_result(method: MethodDefinition, value: Any) -> core.DataValue:
    """Return what a method has returned as Golem takes it; `Ok` or `Err` if it declares errors.

    Raises:
        ValueError: the value is not of the declared type.
    """
    declared = outcome_of(method)
    found = check_element(declared, value, f"the result of {method.name}()")
    if isinstance(declared, MultimodalSchema):
        return _write_multimodal(declared, found)
    return core.DataValueTuple([] if declared is None else [_write(declared, found)])


def read_result(method: MethodDefinition, data: core.DataValue) -> Any:
    """Return what a call of a method has returned, or raise the declared error that it ended with.

    Raises:
        ValueError: the data does not fit the method's result.
    """
    declared = outcome_of(method)
    if isinstance(declared, MultimodalSchema):
        return _read_multimodal(declared, data)
    elements = data.value if isinstance(data, core.DataValueTuple) else []
    if len(elements) != (declared is not None):
        raise ValueError(f"expected {int(declared is not None)} results of {method.name}(), got {len(elements)}")
    if declared is None or not isinstance(data, core.DataValueTuple):
        return None
    return outcome(method, _read(declared, data.value[0]))


# ---- Elements


def _element(schema: Element) -> core.ElementSchema:
    if isinstance(schema, MultimodalSchema):
        raise TypeError("a multimodal value is no element")
    if not isinstance(schema, UnstructuredSchema):
        return core.ElementSchemaComponentModel(to_wit_type(schema))
    allowed = schema.restrictions
    if schema.kind == "text":
        texts = None if allowed is None else [core.TextType(each) for each in allowed]
        return core.ElementSchemaUnstructuredText(core.TextDescriptor(texts))
    types = None if allowed is None else [core.BinaryType(each) for each in allowed]
    return core.ElementSchemaUnstructuredBinary(core.BinaryDescriptor(types))


def _multimodal(schema: MultimodalSchema) -> core.DataSchema:
    return core.DataSchemaMultimodal([(name, _element(each)) for name, each, _ in schema.cases])


def _write(schema: Element, value: Any) -> core.ElementValue:
    if not isinstance(schema, UnstructuredSchema):
        return core.ElementValueComponentModel(to_wit_value(_plain(schema), value))
    if schema.kind == "text":
        language = None if value.language is None else core.TextType(value.language)
        text = core.TextReferenceInline(core.TextSource(value.data, language))
        return core.ElementValueUnstructuredText(text if value.url is None else core.TextReferenceUrl(value.url))
    inline = core.BinaryReferenceInline(core.BinarySource(value.data, core.BinaryType(value.mime_type)))
    return core.ElementValueUnstructuredBinary(inline if value.url is None else core.BinaryReferenceUrl(value.url))


def _read(schema: Element, element: core.ElementValue) -> Any:
    match schema, element:
        case UnstructuredSchema(kind="text"), core.ElementValueUnstructuredText(given):
            if isinstance(given, core.TextReferenceUrl):
                return UnstructuredText(url=given.value)
            source = given.value
            text = UnstructuredText(source.data, None if source.text_type is None else source.text_type.language_code)
            return check_element(schema, text, "language")
        case UnstructuredSchema(kind="binary"), core.ElementValueUnstructuredBinary(found):
            if isinstance(found, core.BinaryReferenceUrl):
                return UnstructuredBinary(url=found.value)
            binary = UnstructuredBinary(found.value.data, found.value.binary_type.mime_type)
            return check_element(schema, binary, "media type")
        case UnstructuredSchema(kind=kind), _:
            raise ValueError(f"expected unstructured {kind}")
        case _, core.ElementValueComponentModel(value):
            return from_wit_value(_plain(schema), value)
        case _:
            raise ValueError("expected a value of the component model")


def _write_multimodal(schema: MultimodalSchema, values: Sequence[Any]) -> core.DataValue:
    pairs = zip(schema.cases, values, strict=True)
    return core.DataValueMultimodal(
        [(name, _write(each, inner_value(cls, value))) for (name, each, cls), value in pairs]
    )


def _read_multimodal(schema: MultimodalSchema, data: core.DataValue) -> Any:
    if not isinstance(data, core.DataValueMultimodal):
        raise ValueError("expected a multimodal value")  # noqa: TRY004 - callers have sent it
    by_name = {name: (each, cls) for name, each, cls in schema.cases}
    if unknown := [name for name, _ in data.value if name not in by_name]:
        raise ValueError(f"expected {' or '.join(by_name)}, got {unknown[0]}")
    found = [(*by_name[name], element) for name, element in data.value]
    return schema.python([made_value(cls, _read(each, element)) for each, cls, element in found])


def _plain(schema: Element) -> Schema:
    if isinstance(schema, (UnstructuredSchema, MultimodalSchema)):
        raise TypeError("only whole parameters and results are unstructured")
    return schema
