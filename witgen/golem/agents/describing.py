"""Types and signatures of agents as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from witgen_runtime import abi

from .schemas import Binary, Element, Parameter, Schema, Text

__all__ = ["described_call", "described_element", "described_result"]


def described_element(element: Element) -> str:
    """Return a type as WIT writes it; records, variants and the like by their names."""
    match element:
        case Text(languages):
            return f"text{_restricted(languages)}"
        case Binary(mime_types):
            return f"binary{_restricted(mime_types)}"
        case abi.Prim():
            return element.value
        case abi.List():
            return f"list<{described_element(element.element)}>"
        case abi.Option():
            return f"option<{described_element(element.type)}>"
        case abi.Tuple():
            return f"tuple<{', '.join(map(described_element, element.types))}>"
        case abi.Result():
            sides = ["_" if each is None else described_element(each) for each in (element.ok, element.err)]
            if element.err is None:
                return "result" if element.ok is None else f"result<{sides[0]}>"
            return f"result<{', '.join(sides)}>"
        case _:
            return getattr(element, "name", type(element).__name__.lower())


def _restricted(names: Sequence[str] | None) -> str:
    return "" if names is None else f"[{'|'.join(names)}]"


def _parameters(parameters: Sequence[Parameter]) -> list[str]:
    return [f"{each.name}: {described_element(each.element)}" for each in parameters]


def described_call(name: str, schema: Schema) -> str:
    """Return a constructor or method with its parameters."""
    if schema.is_multimodal:
        return f"{name}(multimodal {' | '.join(_parameters(schema.parameters))})"
    return f"{name}({', '.join(_parameters(schema.parameters))})"


def described_result(schema: Schema) -> str:
    """Return the type of a result, empty for nothing."""
    if schema.is_multimodal:
        return f"multimodal {' | '.join(_parameters(schema.parameters))}"
    return ", ".join(described_element(each.element) for each in schema.parameters)
