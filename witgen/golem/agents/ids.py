"""Agent ids: `Type(parameters)`, or `Type(parameters)[phantom]`, in Golem's structural form."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from .errors import AgentError, AgentIdError
from .id_text import IdReader, id_text
from .schemas import Schema

__all__ = ["MAX_BYTES", "AgentId", "agent_id", "is_agent_id", "parse_agent_id", "type_name_of"]

MAX_BYTES: Final = 512
"""The size limit of a canonical id."""

_MAX_INPUT: Final = 16 * MAX_BYTES
"""The size limit of the text to parse, which may have spaces that the canonical form lacks."""

_OUTER: Final = re.compile(r"([^(]+)\((.*)\)(?:\[([^\]]+)\])?")
_SPACE: Final = " \t\r\n"


@dataclass(frozen=True, slots=True, eq=False)
class AgentId:
    """An agent: its type, the parameters of its constructor, and a phantom id that tells equal ones apart.

    Attributes:
        text: the canonical form, which is the agent's name.
    """

    type_name: str
    parameters: Sequence[Any]
    phantom: UUID | None
    text: str


def is_agent_id(text: str) -> bool:
    """Return whether a text has the outer form of an agent id."""
    return _OUTER.fullmatch(text.strip()) is not None


def type_name_of(text: str) -> str:
    """Return the type's name in an id.

    Raises:
        AgentIdError: the text does not have the form of an id.
    """
    return _parts(text)[0]


def agent_id(type_name: str, schema: Schema, parameters: Sequence[Any], phantom: UUID | None = None) -> AgentId:
    """Return the id of an agent.

    Args:
        type_name: the agent type.
        schema: the parameters of its constructor.
        parameters: their values, as `Schema` has them.
        phantom: tells agents with equal parameters apart.

    Raises:
        AgentIdError: the id would be too long, or a value has no place in an id.
    """
    if schema.is_multimodal:
        names = [parameter.name for parameter in schema.parameters]
        parts = [f"{names.index(name)}({id_text(schema.find(name), value)})" for name, value in parameters]
    else:
        pairs = zip(schema.parameters, parameters, strict=True)
        parts = [id_text(parameter.element, value) for parameter, value in pairs]
    text = f"{type_name}({','.join(parts)})" + (f"[{phantom}]" if phantom is not None else "")
    size = len(text.encode())
    if size > MAX_BYTES:
        raise AgentIdError(f"an agent id has at most {MAX_BYTES} bytes, and this one has {size}: {text:.60}…")
    return AgentId(type_name, parameters, phantom, text)


def parse_agent_id(text: str, find: Callable[[str], Schema]) -> AgentId:
    """Return the agent that a text names; spaces outside of quotes do not count.

    Args:
        text: the id.
        find: returns the parameters of the constructor of a type by name; its errors propagate.

    Raises:
        AgentIdError: the text is not an id of the type; the message says where.
    """
    type_name, given, phantom = _parts(text)
    schema = find(type_name)
    reader = IdReader(_without_space(given), type_name)
    values = reader.modalities(schema) if schema.is_multimodal else reader.parameters(schema)
    try:
        return agent_id(type_name, schema, values, None if phantom is None else UUID(phantom))
    except AgentError:
        raise
    except ValueError:
        raise AgentIdError(f"`[{phantom:.60}]` at the end of an agent id is not a UUID") from None


def _parts(text: str) -> tuple[str, str, str | None]:
    if len(text) > _MAX_INPUT:
        raise AgentIdError(f"an agent id has at most {MAX_BYTES} bytes, and this text has {len(text)} characters")
    match = _OUTER.fullmatch(text.strip())
    if match is None or not match[1].strip():
        raise AgentIdError(f"`{text:.60}` is not an agent id: write Type(parameters), or Type(parameters)[UUID]")
    return match[1].strip(), match[2], match[3] and match[3].strip()


def _without_space(text: str) -> str:
    """Return a text without spaces, except those inside of quotes."""
    kept: list[str] = []
    is_quoted = is_escaped = False
    for each in text:
        if is_quoted:
            if is_escaped:
                is_escaped = False
            elif each == "\\":
                is_escaped = True
            elif each == '"':
                is_quoted = False
        elif each in _SPACE:
            continue
        elif each == '"':
            is_quoted = True
        kept.append(each)
    return "".join(kept)
