"""Texts of agent ids, in the form that Golem gives them."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from witgen_runtime.values import Ok

from .._bindings.types import golem_core_types as core
from ..uuids import to_uuid

__all__ = ["COMPONENT", "agent_id_text"]

COMPONENT: Final = UUID(int=0xC0)
"""The component of all agents in tests."""


def agent_id_text(name: str, data: core.DataValue, phantom: core.Uuid | None) -> str:
    """Return the id of an agent: `Cart("ann")`, with a phantom `Cart("ann")[a09f61a8-…]`."""
    if isinstance(data, core.DataValueTuple):
        parts = [_element(each) for each in data.value]
    else:
        parts = [f"{index}({_element(each)})" for index, (_, each) in enumerate(data.value)]
    suffix = "" if phantom is None else f"[{to_uuid(phantom)}]"
    return f"{name}({','.join(parts)}){suffix}"


def _element(element: core.ElementValue) -> str:
    match element:
        case core.ElementValueComponentModel(value):
            return _node(value.nodes, 0)
        case core.ElementValueUnstructuredText(core.TextReferenceUrl(url)):
            return f"@tu{_text(url)}"
        case core.ElementValueUnstructuredText(core.TextReferenceInline(text)):
            language = "" if text.text_type is None else f"[{text.text_type.language_code}]"
            return f"@t{language}{_text(text.data)}"
        case core.ElementValueUnstructuredBinary(core.BinaryReferenceUrl(url)):
            return f"@bu{_text(url)}"
        case core.ElementValueUnstructuredBinary(core.BinaryReferenceInline(binary)):
            return f'@b[{binary.binary_type.mime_type}]"{base64.b64encode(binary.data).decode()}"'
        case _:
            raise TypeError(element)


def _node(nodes: list[core.WitNode], at: int) -> str:
    node: Any = nodes[at]
    match node:
        case core.WitNodeRecordValue(parts) | core.WitNodeTupleValue(parts):
            return f"({','.join(_node(nodes, each) for each in parts)})"
        case core.WitNodeListValue(parts):
            return f"[{','.join(_node(nodes, each) for each in parts)}]"
        case core.WitNodeOptionValue(inner):
            return "n" if inner is None else f"s({_node(nodes, inner)})"
        case core.WitNodeVariantValue((number, inner)):
            return f"v{number}" + ("" if inner is None else f"({_node(nodes, inner)})")
        case core.WitNodeEnumValue(number):
            return f"v{number}"
        case core.WitNodeResultValue(side):
            payload = "" if side.value is None else f"({_node(nodes, side.value)})"
            return ("ok" if isinstance(side, Ok) else "err") + payload
        case core.WitNodePrimBool(value):
            return str(value).lower()
        case core.WitNodePrimString(value):
            return _text(value)
        case core.WitNodePrimChar(value):
            return f"c{_text(value)}"
        case core.WitNodePrimFloat32(value) | core.WitNodePrimFloat64(value):
            return _float(value)
        case _:
            return str(node.value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _float(value: float) -> str:
    text = format(Decimal(repr(value + 0.0)), "f")
    return text if "." in text else f"{text}.0"
