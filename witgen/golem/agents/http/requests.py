"""Arguments from requests: path, query and headers first, what is left from the body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS

from ....wave.describing import rounded
from .._bindings.types import golem_core_types as core
from ..describing import described_element
from ..errors import AgentError
from ..json_form import from_json
from ..schemas import Binary, Element, Text
from .problems import Problem
from .routes import Route

__all__ = ["Request", "constructor_values", "method_values"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """What a request says, without its path.

    Attributes:
        query: names and values, decoded.
        headers: names in lower case, and values.
    """

    query: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for key, value in self.headers if key == name.lower()]


def constructor_values(route: Route, variables: Mapping[str, str]) -> list[Any]:
    """Return the parameters of the agent that a path names.

    Raises:
        Problem: a part of the path is not of its type.
    """
    return [
        _single(parameter.name, parameter.element, variables[parameter.name])
        for parameter in route.definition.constructor.parameters
    ]


def method_values(route: Route, variables: Mapping[str, str], request: Request) -> list[Any]:
    """Return the arguments of a method.

    Raises:
        Problem: one is missing, or not of its type.
    """
    known = {each.name: each.element for each in route.method.takes.parameters}
    found: dict[str, Any] = {}
    for name, text in variables.items():
        found[name] = _single(name, known[name], text)
    for query in route.endpoint.query_vars:
        given = [value for key, value in request.query if key == query.query_param_name]
        found[query.variable_name] = _several(query.variable_name, known[query.variable_name], given)
    for header in route.endpoint.header_vars:
        given = request.values(header.header_name)
        found[header.variable_name] = _several(header.variable_name, known[header.variable_name], given)
    found |= _body(route, request)
    return [found[each.name] for each in route.method.takes.parameters]


def _several(name: str, element: Element, given: Sequence[str]) -> Any:
    if isinstance(element, abi.List):
        values = [_single(name, element.element, each) for each in given]
        return bytes(values) if element.element is abi.U8 else values
    if len(given) > 1:
        raise Problem(400, "REQUEST_VALUE_PARSING_FAILED_TOO_MANY_VALUES", f"`{name}` is given {len(given)} times")
    if isinstance(element, abi.Option):
        return _single(name, element.type, given[0]) if given else None
    if not given:
        raise Problem(400, "REQUEST_MISSING_VALUE", f"`{name}` is missing: expected {described_element(element)}")
    return _single(name, element, given[0])


def _single(name: str, element: Element, text: str) -> Any:
    value = _scalar(element, text)
    if value is None:
        expected = described_element(element)
        if isinstance(element, abi.Enum):
            expected = " or ".join(element.cases)
        raise Problem(400, "REQUEST_VALUE_PARSING_FAILED", f"`{name}`: expected {expected}, got {text!r:.60}")
    return value


def _scalar(element: Element, text: str) -> Any:
    match element:
        case abi.STRING:
            return text
        case abi.CHAR:
            return text if len(text) == 1 else None
        case abi.BOOL:
            return {"true": True, "false": False}.get(text)
        case abi.F32 | abi.F64:
            try:
                return rounded(element, float(text))
            except ValueError:
                return None
        case abi.Enum():
            return list(element.python)[element.cases.index(text)] if text in element.cases else None
        case abi.Prim() if _INTEGER.fullmatch(text):
            low, high = INTEGERS[element]
            return int(text) if low <= int(text) <= high else None
        case _:
            return None


def _body(route: Route, request: Request) -> dict[str, Any]:
    if not route.body:
        return {}
    first = route.body[0]
    if isinstance(first.element, Binary):
        return {first.name: _binary(first.element, request)}
    if isinstance(first.element, Text):
        return {first.name: _text(first.element, request)}
    try:
        given: Any = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "REQUEST_BODY_INVALID_JSON", f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise Problem(400, "REQUEST_JSON_BODY_PARSING_FAILED", "the body is not an object with the parameters")
    members = cast("Mapping[str, Any]", given)
    found: dict[str, Any] = {}
    problems: list[str] = []
    for parameter in route.body:
        element: Any = parameter.element
        if parameter.name not in members and not parameter.is_option:
            problems.append(f"`{parameter.name}` is missing: expected {described_element(element)}")
            continue
        try:
            found[parameter.name] = from_json(element, members.get(parameter.name), parameter.name)
        except AgentError as error:
            problems.append(str(error))
    if problems:
        raise Problem(400, "REQUEST_JSON_BODY_PARSING_FAILED", problems[0], problems[1:])
    return found


def _content_type(request: Request) -> str | None:
    given = request.values("content-type")
    return given[0].strip() if given else None


def _binary(element: Binary, request: Request) -> core.BinaryReference:
    mime_type = _content_type(request) or "application/octet-stream"
    if element.mime_types is not None and mime_type not in element.mime_types:
        known = ", ".join(element.mime_types)
        raise Problem(400, "REQUEST_UNSUPPORTED_MIME_TYPE", f"the body is {mime_type:.60}; expected {known}")
    return core.BinaryReferenceInline(core.BinarySource(request.body, core.BinaryType(mime_type)))


def _text(element: Text, request: Request) -> core.TextReference:
    content_type = _content_type(request)
    if content_type is not None and content_type.partition(";")[0].strip().lower() != "text/plain":
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"the body is {content_type:.60}; expected text/plain")
    languages = request.values("content-language")
    if len(languages) > 1 or any("," in each for each in languages):
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Language has several values")
    language = languages[0].strip() if languages else None
    known = element.languages
    if language is not None and known is not None:
        same = next((each for each in known if each.lower() == language.lower()), None)
        if same is None:
            raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", f"the language is {language:.60}; expected {', '.join(known)}")
        language = same
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise Problem(400, "REQUEST_VALUE_PARSING_FAILED", "the body is not UTF-8") from None
    return core.TextReferenceInline(core.TextSource(text, None if language is None else core.TextType(language)))
