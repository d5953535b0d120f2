"""A description of routes as OpenAPI 3.0."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS

from ..json_form import Json
from ..schemas import Binary, Element, Parameter, Text
from .routes import Literal, Route

__all__ = ["openapi", "to_yaml"]

_VERBS: Final = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"})


def openapi(routes: Sequence[Route], title: str) -> dict[str, Json]:
    """Return the description of routes."""
    paths: dict[str, Any] = {}
    for route in routes:
        if route.verb in _VERBS:
            parts = [each.text if isinstance(each, Literal) else f"{{{each.name}}}" for each in route.segments]
            paths.setdefault(f"/{'/'.join(parts)}", {})[route.verb.lower()] = _operation(route)
    return {"openapi": "3.0.0", "info": {"title": title, "version": "1.0.0"}, "paths": paths}


def _operation(route: Route) -> dict[str, Json]:
    made: dict[str, Json] = {
        "operationId": f"{route.definition.name}_{route.method.name}_{route.verb.lower()}",
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.method.declared.description:
        made["description"] = route.method.declared.description
    if route.body:
        made["requestBody"] = {"required": True, "content": _body(route.body)}
    return made


def _parameters(route: Route) -> list[Json]:
    constructor = {each.name: each.element for each in route.definition.constructor.parameters}
    method = {each.name: each.element for each in route.method.takes.parameters}
    found: list[Json] = []
    for at, segment in enumerate(route.segments):
        if not isinstance(segment, Literal):
            element = (constructor if at < route.mounted else method)[segment.name]
            found.append({"name": segment.name, "in": "path", "required": True, "schema": _schema(element)})
    for place, names in (
        ("query", [(each.query_param_name, each.variable_name) for each in route.endpoint.query_vars]),
        ("header", [(each.header_name, each.variable_name) for each in route.endpoint.header_vars]),
    ):
        for name, variable in names:
            required = not isinstance(method[variable], (abi.Option, abi.List))
            found.append({"name": name, "in": place, "required": required, "schema": _schema(method[variable])})
    return found


def _body(parameters: Sequence[Parameter]) -> dict[str, Json]:
    first = parameters[0].element
    if isinstance(first, Text):
        return {"text/plain": {"schema": {"type": "string"}}}
    if isinstance(first, Binary):
        types = first.mime_types or ("application/octet-stream",)
        return {each: {"schema": {"type": "string", "format": "binary"}} for each in types}
    return {"application/json": {"schema": _object({each.name: each.element for each in parameters})}}


def _responses(route: Route) -> dict[str, Json]:
    parameters = route.method.returns.parameters
    if not parameters or route.method.returns.is_multimodal:
        return {"204": {"description": "nothing"}}
    element = parameters[0].element
    if isinstance(element, (Text, Binary)):
        return {"200": {"description": "the result", "content": _body(parameters)}}
    if isinstance(element, abi.Option):
        return {"200": _content(element.type), "404": {"description": "none"}}
    if isinstance(element, abi.Result):
        ok: dict[str, Json] = {"204": {"description": "nothing"}}
        if element.ok is not None:
            ok = {"200": _content(element.ok)}
        return {**ok, "500": {"description": "error"} if element.err is None else _content(element.err)}
    return {"200": _content(element)}


def _content(type_: abi.Type) -> Json:
    return {"description": "the result", "content": {"application/json": {"schema": _schema(type_)}}}


def _object(fields: Mapping[str, Element], outer: tuple[object, ...] = ()) -> Json:
    required: list[Json] = [name for name, each in fields.items() if not isinstance(each, abi.Option)]
    made: dict[str, Json] = {
        "type": "object",
        "properties": {name: _schema(each, outer) for name, each in fields.items()},
    }
    return {**made, "required": required} if required else made


def _schema(element: Element | None, outer: tuple[object, ...] = ()) -> Json:
    match element:
        case None:
            return {"nullable": True}
        case Text() | Binary() | abi.STRING:
            return {"type": "string"}
        case abi.BOOL:
            return {"type": "boolean"}
        case abi.F32 | abi.F64:
            return {"type": "number"}
        case abi.CHAR:
            return {"type": "integer", "minimum": 0, "maximum": 0x10FFFF}
        case abi.Prim():
            low, high = INTEGERS[element]
            return {"type": "integer", "minimum": low, "maximum": high}
        case abi.Enum(_, _, cases):
            return {"type": "string", "enum": [*cases]}
        case abi.Flags(_, _, names):
            return {"type": "array", "items": {"type": "string", "enum": [*names]}}
        case abi.List(inner):
            return {"type": "array", "items": _schema(inner, outer)}
        case abi.Option(inner):
            found: Any = _schema(inner, outer)
            return {**found, "nullable": True}
        case abi.Tuple(types):
            return {"type": "array", "minItems": len(types), "maxItems": len(types), "items": {}}
        case abi.Record() | abi.Variant() if any(element is each for each in outer):
            return {}  # it contains itself
        case abi.Record(_, _, fields):
            return _object({each.name: each.type for each in fields}, (*outer, element))
        case abi.Variant(_, cases):
            return {
                "oneOf": [
                    _object({case.name: case.payload or abi.Option(abi.BOOL)}, (*outer, element)) for case in cases
                ]
            }
        case abi.Result(ok, err):
            sides = (("ok", ok), ("err", err))
            return {"oneOf": [{"type": "object", "properties": {name: _schema(each, outer)}} for name, each in sides]}
        case _:
            return {}


def to_yaml(value: Json) -> str:
    """Return JSON as YAML, of which it is a part, in its block form."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: Json, indent: str) -> list[str]:
    if isinstance(value, dict) and value:
        found: list[str] = []
        for name, each in value.items():
            is_block = isinstance(each, (dict, list)) and each
            key = f"{indent}{json.dumps(name)}:"
            found += [key, *_lines(each, f"{indent}  ")] if is_block else [f"{key} {json.dumps(each)}"]
        return found
    if isinstance(value, list) and value:
        return [line for each in value for line in _item(each, indent)]
    return [f"{indent}{json.dumps(value)}"]


def _item(value: Json, indent: str) -> list[str]:
    first, *rest = _lines(value, f"{indent}  ")
    return [f"{indent}- {first.strip()}", *rest]
