"""Values of agents on a command line: arguments from words, results as text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.values import Ok

from ... import wave
from ...base.counted import counted
from ...wave.describing import did_you_mean
from ._bindings.types import golem_core_types as core
from .describing import described_call, described_element
from .errors import AgentError, AgentIdError
from .id_text import IdReader, id_text
from .json_form import Json, from_json, to_json
from .schemas import Binary, Element, Schema, Text

__all__ = ["arguments", "element_json", "result_json", "result_text", "value_of_word"]

_FIELD_OF_JSON: Final = re.compile(r'\{\s*"')


def arguments(name: str, schema: Schema, words: Sequence[str]) -> list[Any]:
    """Return the arguments of a method from one word each; options at the end may be left out.

    A word is WAVE, JSON as Golem's REST API has it, or text without quotes where a string is expected.

    Args:
        name: the method, for messages.
        schema: what it takes.
        words: the words.

    Raises:
        AgentError: a word is missing, unexpected, or not of its type; the message names the parameter.
    """
    if schema.is_multimodal:
        return IdReader(",".join(words), name).modalities(schema)
    wanted = schema.parameters
    if len(words) > len(wanted):
        raise AgentError(f"{described_call(name, schema)} takes {counted(len(wanted), 'argument')}, got {len(words)}")
    values: list[Any] = []
    for parameter, word in zip(wanted, words, strict=False):
        try:
            values.append(value_of_word(parameter.element, word))
        except ValueError as error:
            raise AgentError(f"{described_call(name, schema)}: argument `{parameter.name}`: {error}") from None
    for parameter in wanted[len(words) :]:
        if not parameter.is_option:
            raise AgentError(
                f"{described_call(name, schema)}: argument `{parameter.name}` is missing: expected "
                f"{described_element(parameter.element)}"
            )
        values.append(None)
    return values


def value_of_word(element: Element, word: str) -> Any:
    """Return the value of a word.

    Raises:
        ValueError: it is not a value of the type.
    """
    if isinstance(element, Text):
        if word.startswith(("@t", "@tu")):
            return _structural(element, word)
        return core.TextReferenceInline(core.TextSource(word, None))
    if isinstance(element, Binary):
        return _structural(element, word)
    try:
        return wave.parse(word, element)
    except wave.WaveError as error:
        problem: ValueError = error
    try:
        return from_json(element, json.loads(word))
    except AgentError as error:
        # WAVE has no quotes around the names of fields.
        problem = error if _FIELD_OF_JSON.search(word) else problem
    except (ValueError, RecursionError):
        pass
    if _takes_text(element):
        return word
    if isinstance(element, abi.Enum) and word.isidentifier():
        raise AgentError(f"`{word}` is not a case of `{element.name}`; {did_you_mean(word, element.cases)}")
    raise problem


def _structural(element: Element, word: str) -> Any:
    try:
        return IdReader(word, "").element(element)
    except AgentIdError as error:
        form = '@t"…", @t[en]"…" or @tu"URL"' if isinstance(element, Text) else '@b[MIME type]"base64" or @bu"URL"'
        raise AgentError(f"{error}; it is written {form}") from None


def _takes_text(element: abi.Type) -> bool:
    if isinstance(element, abi.Option):
        return _takes_text(element.type) and not isinstance(element.type, abi.Option)
    return element is abi.STRING


def result_text(schema: Schema, values: Sequence[Any]) -> str:
    """Return a result as WAVE; unstructured and multimodal data in the form of agent ids; empty for nothing.

    Of a result that is no error, this is the value alone: a method that declares errors answers as any other.
    """
    if schema.is_multimodal:
        names = [each.name for each in schema.parameters]
        return ",".join(f"{names.index(name)}({id_text(schema.find(name), value)})" for name, value in values)
    return ", ".join(
        _text(parameter.element, value) for parameter, value in zip(schema.parameters, values, strict=True)
    )


def _text(element: Element, value: Any) -> str:
    if isinstance(element, abi.Result) and isinstance(value, Ok):
        return "" if element.ok is None else _content(value, element.ok)
    return id_text(element, value) if isinstance(element, (Text, Binary)) else wave.render(value, element)


def _content(value: Any, type_: abi.Type) -> str:
    return wave.render(value.value, type_)


def result_json(schema: Schema, values: Sequence[Any]) -> Json:
    """Return a result as Golem's REST API has its value; None for nothing."""
    if schema.is_multimodal:
        return [{"name": name, "value": element_json(schema.find(name), value)} for name, value in values]
    for parameter, value in zip(schema.parameters, values, strict=True):
        return element_json(parameter.element, value)
    return None


def element_json(element: Element, value: Any) -> Json:
    """Return the value of one element as JSON."""
    match element, value:
        case ((Text() | Binary()), (core.TextReferenceUrl(url) | core.BinaryReferenceUrl(url))):
            return {"type": "Url", "value": url}
        case Text(), core.TextReferenceInline(text):
            language: Json = None if text.text_type is None else {"languageCode": text.text_type.language_code}
            return {"type": "Inline", "data": text.data, "textType": language}
        case Binary(), core.BinaryReferenceInline(binary):
            mime_type: Json = {"mimeType": binary.binary_type.mime_type}
            return {"type": "Inline", "data": list(binary.data), "binaryType": mime_type}
        case ((Text() | Binary()), _):
            raise AgentError(f"expected {'text' if isinstance(element, Text) else 'binary data'}, got {value!r:.60}")
        case _:
            return to_json(element, value)
