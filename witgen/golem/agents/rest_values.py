"""Values of calls in the JSON of Golem's REST API: `UntypedDataValue`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...base.counted import counted
from ._bindings.types import golem_core_types as core
from .errors import AgentError
from .json_form import Json, from_json
from .schemas import Binary, Element, Schema, Text
from .words import element_json

__all__ = ["data_from_json", "data_json"]


def data_json(schema: Schema, values: Sequence[Any]) -> Json:
    """Return the values of a schema.

    Raises:
        AgentError: a value has no form in JSON: a number that is not finite.
    """
    if schema.is_multimodal:
        elements: list[Json] = [
            {"name": name, "value": _element_json(schema.find(name), each)} for name, each in values
        ]
        return {"type": "Multimodal", "elements": elements}
    pairs = zip(schema.parameters, values, strict=True)
    return {"type": "Tuple", "elements": [_element_json(parameter.element, each) for parameter, each in pairs]}


def _element_json(element: Element, value: Any) -> Json:
    match element:
        case Text():
            kind = "UnstructuredText"
        case Binary():
            kind = "UnstructuredBinary"
        case _:
            kind = "ComponentModel"
    return {"type": kind, "value": element_json(element, value)}


def data_from_json(schema: Schema, given: Json) -> list[Any]:
    """Return values of a schema, as `Schema.from_data` does.

    Raises:
        AgentError: the JSON does not belong to the schema; the message begins with the path of the bad part.
    """
    expected = "Multimodal" if schema.is_multimodal else "Tuple"
    kind, elements = _member("$", given, "type"), _member("$", given, "elements")
    if kind != expected or not isinstance(elements, list):
        raise AgentError(f"$: expected {expected} with its elements, got {given!r:.60}")
    paths = [f"$.elements[{at}]" for at in range(len(elements))]
    if schema.is_multimodal:
        found: list[Any] = []
        for path, each in zip(paths, elements, strict=True):
            name = _member(path, each, "name")
            element = schema.find(name if isinstance(name, str) else "")
            found.append((name, _element(element, _member(path, each, "value"), path)))
        return found
    if len(elements) != len(schema.parameters):
        raise AgentError(f"$.elements: expected {counted(len(schema.parameters), 'value')}, got {len(elements)}")
    each_one = zip(schema.parameters, elements, paths, strict=True)
    return [_element(parameter.element, each, path) for parameter, each, path in each_one]


def _member(path: str, given: Json, name: str) -> Json:
    if not isinstance(given, dict):
        raise AgentError(f"{path}: expected an object, got {given!r:.60}")
    return given.get(name)


def _element(element: Element, given: Json, path: str) -> Any:
    value = _member(path, given, "value")
    inside = f"{path}.value"
    if not isinstance(element, (Text, Binary)):
        return from_json(element, value, inside)
    address = _member(inside, value, "value")
    if _member(inside, value, "type") == "Url" and isinstance(address, str):
        return core.TextReferenceUrl(address) if isinstance(element, Text) else core.BinaryReferenceUrl(address)
    data = _member(inside, value, "data")
    if isinstance(element, Text):
        language = _member(inside, value, "textType")
        code = None if language is None else _member(f"{inside}.textType", language, "languageCode")
        if isinstance(data, str):
            return core.TextReferenceInline(
                core.TextSource(data, core.TextType(code) if isinstance(code, str) else None)
            )
    else:
        mime_type = _member(f"{inside}.binaryType", _member(inside, value, "binaryType"), "mimeType")
        if isinstance(data, list) and isinstance(mime_type, str):
            return core.BinaryReferenceInline(core.BinarySource(_bytes(data, inside), core.BinaryType(mime_type)))
    raise AgentError(f"{inside}: expected {'text' if isinstance(element, Text) else 'binary data'}, got {value!r:.60}")


def _bytes(given: list[Json], path: str) -> bytes:
    if not all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 256 for each in given):
        raise AgentError(f"{path}.data: expected bytes, which are numbers up to 255")
    return bytes(each for each in given if isinstance(each, int))
