"""Answers from the results of methods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from witgen_runtime import abi
from witgen_runtime.values import Ok

from .._bindings.types import golem_core_types as core
from ..errors import AgentError
from ..json_form import to_json
from ..schemas import Schema
from .problems import Problem

__all__ = ["Answer", "answer_of", "problem_answer"]

_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


def problem_answer(problem: Problem) -> Answer:
    """Return the answer to a request that is not passed on."""
    return Answer(problem.status, _JSON, json.dumps(problem.body).encode())


def answer_of(returns: Schema, values: Sequence[Any]) -> Answer:
    """Return the answer for the values that a method has returned.

    Raises:
        Problem: they have no form in an answer.
    """
    if returns.is_multimodal:
        raise Problem(500, "INTERNAL_AGENT_EXECUTION_FAILED", "multimodal results have no form in an answer")
    if not values:
        return Answer(204)
    [parameter] = returns.parameters
    [value] = values
    match value:
        case core.TextReferenceInline(text):
            language = {} if text.text_type is None else {"content-language": text.text_type.language_code}
            return Answer(200, {"content-type": "text/plain; charset=utf-8", **language}, text.data.encode())
        case core.BinaryReferenceInline(binary):
            return Answer(200, {"content-type": binary.binary_type.mime_type}, binary.data)
        case core.TextReferenceUrl() | core.BinaryReferenceUrl():
            raise Problem(500, "INTERNAL_AGENT_EXECUTION_FAILED", "a URL has no form in an answer")
        case _:
            element: Any = parameter.element
            return _outermost(element, value)


def _outermost(type_: abi.Type, value: Any) -> Answer:
    """Return the answer for a value: only the outermost option or result chooses the status."""
    if isinstance(type_, abi.Option):
        if value is None:
            return Answer(404)
        return _json(200, type_.type, value.value if isinstance(type_.type, abi.Option) else value)
    if isinstance(type_, abi.Result):
        is_ok = isinstance(value, Ok)
        side = type_.ok if is_ok else type_.err
        if side is None:
            return Answer(204 if is_ok else 500)
        return _json(200 if is_ok else 500, side, value.value)
    return _json(200, type_, value)


def _json(status: int, type_: abi.Type, value: Any) -> Answer:
    try:
        return Answer(status, _JSON, json.dumps(to_json(type_, value), ensure_ascii=False).encode())
    except AgentError as error:
        raise Problem(500, "INTERNAL_AGENT_EXECUTION_FAILED", str(error)) from None
