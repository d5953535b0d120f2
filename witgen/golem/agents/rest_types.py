"""Agent types from the JSON of Golem's REST API: what `witgen golem types --json` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .definitions import AgentTypes
from .errors import AgentTypeError
from .json_form import Json
from .rest_json import PRIMITIVES

__all__ = ["agent_types_of_json"]

T = TypeVar("T")

_NODES: Final[dict[str, type[Any]]] = {name: node for node, name in PRIMITIVES.items()}


def agent_types_of_json(given: Json) -> AgentTypes:
    """Return agent types as far as callers need them: without HTTP, dependencies and snapshots.

    Raises:
        AgentTypeError: the JSON is not a list of agent types; the message begins with the path of the bad part.
    """
    found = AgentTypes(_list("$", given, _agent_type))
    for each in found:
        _ = each.methods, each.config  # so that types that make no sense are found here
    return found


class _Object:
    """An object of JSON, and its path for messages."""

    def __init__(self, path: str, given: Json) -> None:
        if not isinstance(given, dict):
            raise _expected(path, "an object", given)
        self.path = path
        self._given = given

    def text(self, name: str, default: str | None = None) -> str:
        return _string(f"{self.path}.{name}", self._given.get(name, default))

    def maybe_text(self, name: str) -> str | None:
        return None if self._given.get(name) is None else self.text(name)

    def object(self, name: str) -> _Object:
        return _Object(f"{self.path}.{name}", self._given.get(name))

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def each(self, name: str, read: Callable[[str, Json], T]) -> list[T]:
        return _list(f"{self.path}.{name}", self._given.get(name), read)

    def kind(self, *known: str) -> str:
        found = self.text("type")
        if found not in known:
            raise AgentTypeError(f"{self.path}.type: expected {' or '.join(known)}, got `{found:.60}`")
        return found


def _expected(path: str, what: str, given: Json) -> AgentTypeError:
    return AgentTypeError(f"{path}: expected {what}, got {'nothing' if given is None else f'{given!r:.60}'}")


def _list(path: str, given: Json, read: Callable[[str, Json], T]) -> list[T]:
    if not isinstance(given, list):
        raise _expected(path, "a list", given)
    return [read(f"{path}[{at}]", each) for at, each in enumerate(given)]


def _string(path: str, given: Json) -> str:
    # Components have no lone surrogates in texts, but JSON can.
    if not isinstance(given, str) or any("\ud800" <= each <= "\udfff" for each in given):
        raise _expected(path, "text", given)
    return given


def _agent_type(path: str, given: Json) -> common.AgentType:
    found = _Object(path, given)
    constructor = found.object("constructor")
    mode = found.text("mode", "Durable")
    if mode not in {"Durable", "Ephemeral"}:
        raise AgentTypeError(f"{path}.mode: expected Durable or Ephemeral, got `{mode:.60}`")
    return common.AgentType(
        type_name=found.text("typeName"),
        description=found.text("description", ""),
        source_language=found.text("sourceLanguage", ""),
        constructor=common.AgentConstructor(
            constructor.maybe_text("name"),
            constructor.text("description", ""),
            constructor.maybe_text("promptHint"),
            _schema(constructor.object("inputSchema")),
        ),
        methods=found.each("methods", _method),
        dependencies=[],
        mode=common.AgentMode.DURABLE if mode == "Durable" else common.AgentMode.EPHEMERAL,
        http_mount=None,
        snapshotting=common.SnapshottingDisabled(),
        config=found.each("config", _config) if found.has("config") else [],
    )


def _method(path: str, given: Json) -> common.AgentMethod:
    found = _Object(path, given)
    return common.AgentMethod(
        name=found.text("name"),
        description=found.text("description", ""),
        http_endpoint=[],
        prompt_hint=found.maybe_text("promptHint"),
        input_schema=_schema(found.object("inputSchema")),
        output_schema=_schema(found.object("outputSchema")),
    )


def _config(path: str, given: Json) -> common.AgentConfigDeclaration:
    found = _Object(path, given)
    source = found.text("source")
    if source not in {"Local", "Secret"}:
        raise AgentTypeError(f"{path}.source: expected Local or Secret, got `{source:.60}`")
    return common.AgentConfigDeclaration(
        common.AgentConfigSource.LOCAL if source == "Local" else common.AgentConfigSource.SECRET,
        found.each("path", _string),
        _type(found.object("valueType")),
    )


def _schema(given: _Object) -> core.DataSchema:
    kind = given.kind("Tuple", "Multimodal")
    elements = given.each("elements", _named_element)
    return core.DataSchemaTuple(elements) if kind == "Tuple" else core.DataSchemaMultimodal(elements)


def _named_element(path: str, given: Json) -> tuple[str, core.ElementSchema]:
    found = _Object(path, given)
    return found.text("name"), _element(found.object("schema"))


def _element(given: _Object) -> core.ElementSchema:
    def names(member: str) -> list[str] | None:
        if not given.has("restrictions"):
            return None
        return given.each("restrictions", lambda path, each: _Object(path, each).text(member))

    match given.kind("ComponentModel", "UnstructuredText", "UnstructuredBinary"):
        case "ComponentModel":
            return core.ElementSchemaComponentModel(_type(given.object("elementType")))
        case "UnstructuredText":
            codes = names("languageCode")
            texts = None if codes is None else [core.TextType(each) for each in codes]
            return core.ElementSchemaUnstructuredText(core.TextDescriptor(texts))
        case _:
            mime_types = names("mimeType")
            types = None if mime_types is None else [core.BinaryType(each) for each in mime_types]
            return core.ElementSchemaUnstructuredBinary(core.BinaryDescriptor(types))


# Types


def _type(given: _Object) -> core.WitType:
    nodes: list[core.NamedWitTypeNode] = []
    _write(given, nodes)
    return core.WitType(nodes)


def _write(given: _Object, nodes: list[core.NamedWitTypeNode]) -> int:
    """Append the nodes of a type and return the index of the first."""
    at = len(nodes)
    # In its place until the nodes that it refers to are known.
    placed = core.NamedWitTypeNode(given.maybe_text("name"), given.maybe_text("owner"), core.WitTypeNodePrimBoolType())
    nodes.append(placed)
    placed.type = _node(given, nodes)
    return at


def _node(given: _Object, nodes: list[core.NamedWitTypeNode]) -> core.WitTypeNode:
    def inner(name: str) -> int:
        return _write(given.object(name), nodes)

    def maybe(name: str) -> int | None:
        return inner(name) if given.has(name) else None

    def field(path: str, each: Json) -> tuple[str, int]:
        found = _Object(path, each)
        return found.text("name"), _write(found.object("typ"), nodes)

    def case(path: str, each: Json) -> tuple[str, int | None]:
        found = _Object(path, each)
        return found.text("name"), _write(found.object("typ"), nodes) if found.has("typ") else None

    match given.kind("Record", "Variant", "Enum", "Flags", "Tuple", "List", "Option", "Result", *_NODES):
        case "Record":
            return core.WitTypeNodeRecordType(given.each("fields", field))
        case "Variant":
            return core.WitTypeNodeVariantType(given.each("cases", case))
        case "Enum":
            return core.WitTypeNodeEnumType(given.each("cases", _string))
        case "Flags":
            return core.WitTypeNodeFlagsType(given.each("names", _string))
        case "Tuple":
            return core.WitTypeNodeTupleType(given.each("items", lambda path, each: _write(_Object(path, each), nodes)))
        case "List":
            return core.WitTypeNodeListType(inner("inner"))
        case "Option":
            return core.WitTypeNodeOptionType(inner("inner"))
        case "Result":
            return core.WitTypeNodeResultType((maybe("ok"), maybe("err")))
        case primitive:
            return cast("core.WitTypeNode", _NODES[primitive]())
