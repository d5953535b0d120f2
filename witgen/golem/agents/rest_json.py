"""Agent types in the JSON of Golem's REST API."""

from __future__ import annotations

from typing import Any, Final

from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from .json_form import Json

__all__ = ["PRIMITIVES", "agent_type_json", "path_text"]

PRIMITIVES: Final[dict[type[Any], str]] = {
    core.WitTypeNodePrimU8Type: "U8",
    core.WitTypeNodePrimU16Type: "U16",
    core.WitTypeNodePrimU32Type: "U32",
    core.WitTypeNodePrimU64Type: "U64",
    core.WitTypeNodePrimS8Type: "S8",
    core.WitTypeNodePrimS16Type: "S16",
    core.WitTypeNodePrimS32Type: "S32",
    core.WitTypeNodePrimS64Type: "S64",
    core.WitTypeNodePrimF32Type: "F32",
    core.WitTypeNodePrimF64Type: "F64",
    core.WitTypeNodePrimCharType: "Chr",
    core.WitTypeNodePrimBoolType: "Bool",
    core.WitTypeNodePrimStringType: "Str",
}
"""The name of a primitive type by the class of its node."""


def agent_type_json(declared: common.AgentType) -> Json:
    """Return an agent type that `AgentDefinition` has accepted."""
    made: dict[str, Json] = {
        "typeName": declared.type_name,
        "description": declared.description,
        "sourceLanguage": declared.source_language,
        "constructor": _constructor(declared.constructor),
        "methods": [_method(each) for each in declared.methods],
        "dependencies": [
            {
                "typeName": each.type_name,
                "description": each.description,
                "constructor": _constructor(each.constructor),
                "methods": [_method(method) for method in each.methods],
            }
            for each in declared.dependencies
        ],
        "mode": "Durable" if declared.mode is common.AgentMode.DURABLE else "Ephemeral",
        "snapshotting": _snapshotting(declared.snapshotting),
        "config": [
            {"source": each.source.name.title(), "path": [*each.path], "valueType": _type(each.value_type.nodes, 0)}
            for each in declared.config
        ],
    }
    if declared.http_mount is not None:
        made["httpMount"] = _mount(declared.http_mount)
    return made


def _constructor(given: common.AgentConstructor) -> Json:
    return _without_none(
        {
            "name": given.name,
            "description": given.description,
            "promptHint": given.prompt_hint,
            "inputSchema": _schema(given.input_schema),
        }
    )


def _method(given: common.AgentMethod) -> Json:
    return _without_none(
        {
            "name": given.name,
            "description": given.description,
            "promptHint": given.prompt_hint,
            "inputSchema": _schema(given.input_schema),
            "outputSchema": _schema(given.output_schema),
            "httpEndpoint": [_endpoint(each) for each in given.http_endpoint],
        }
    )


def _without_none(given: dict[str, Json]) -> dict[str, Json]:
    return {name: each for name, each in given.items() if each is not None}


def _schema(given: core.DataSchema) -> Json:
    kind = "Multimodal" if isinstance(given, core.DataSchemaMultimodal) else "Tuple"
    return {"type": kind, "elements": [{"name": name, "schema": _element(each)} for name, each in given.value]}


def _element(given: core.ElementSchema) -> Json:
    match given:
        case core.ElementSchemaComponentModel(type_):
            return {"type": "ComponentModel", "elementType": _type(type_.nodes, 0)}
        case core.ElementSchemaUnstructuredText(text):
            languages = text.restrictions
            return _without_none(
                {
                    "type": "UnstructuredText",
                    "restrictions": None
                    if languages is None
                    else [{"languageCode": e.language_code} for e in languages],
                }
            )
        case core.ElementSchemaUnstructuredBinary(binary):
            types = binary.restrictions
            return _without_none(
                {
                    "type": "UnstructuredBinary",
                    "restrictions": None if types is None else [{"mimeType": each.mime_type} for each in types],
                }
            )


def _type(nodes: list[core.NamedWitTypeNode], index: int) -> Json:
    named = nodes[index]
    return _without_none({**_node(nodes, named.type), "name": named.name, "owner": named.owner})


def _node(nodes: list[core.NamedWitTypeNode], node: core.WitTypeNode) -> dict[str, Json]:
    def of(index: int | None) -> Json:
        return None if index is None else _type(nodes, index)

    match node:
        case core.WitTypeNodeRecordType(fields):
            return {"type": "Record", "fields": [{"name": name, "typ": of(index)} for name, index in fields]}
        case core.WitTypeNodeVariantType(cases):
            return {"type": "Variant", "cases": [_without_none({"name": name, "typ": of(at)}) for name, at in cases]}
        case core.WitTypeNodeEnumType(cases):
            return {"type": "Enum", "cases": [*cases]}
        case core.WitTypeNodeFlagsType(names):
            return {"type": "Flags", "names": [*names]}
        case core.WitTypeNodeTupleType(items):
            return {"type": "Tuple", "items": [of(each) for each in items]}
        case core.WitTypeNodeListType(inner):
            return {"type": "List", "inner": of(inner)}
        case core.WitTypeNodeOptionType(inner):
            return {"type": "Option", "inner": of(inner)}
        case core.WitTypeNodeResultType((ok, err)):
            return _without_none({"type": "Result", "ok": of(ok), "err": of(err)})
        case _:
            return {"type": PRIMITIVES[type(node)]}


def _snapshotting(given: common.Snapshotting) -> Json:
    match given:
        case common.SnapshottingEnabled(common.SnapshottingConfigEveryNInvocation(count)):
            return {"type": "Enabled", "configType": "EveryNInvocation", "count": count}
        case common.SnapshottingEnabled(common.SnapshottingConfigPeriodic(nanoseconds)):
            return {"type": "Enabled", "configType": "Periodic", "duration": nanoseconds}
        case common.SnapshottingEnabled():
            return {"type": "Enabled", "configType": "Default"}
        case _:
            return {"type": "Disabled"}


# HTTP


def path_text(segments: list[Any]) -> str:
    """Return a path as authors write it, without a slash in front; empty for none."""
    return "/".join(map(_segment_text, segments))


def _segment_text(segment: Any) -> str:
    match segment:
        case common.PathSegmentLiteral(text):
            return str(text)
        case common.PathSegmentSystemVariable(variable):
            return "{agent-type}" if variable is common.SystemVariable.AGENT_TYPE else "{agent-version}"
        case common.PathSegmentRemainingPathVariable(variable):
            return f"{{*{variable.variable_name}}}"
        case _:
            return f"{{{segment.value.variable_name}}}"


def _segments(given: list[Any]) -> Json:
    return [_segment(each) for each in given]


def _segment(given: Any) -> Json:
    match given:
        case common.PathSegmentLiteral(text):
            return {"type": "Literal", "value": text}
        case common.PathSegmentSystemVariable(variable):
            kind = "AgentType" if variable is common.SystemVariable.AGENT_TYPE else "AgentVersion"
            return {"type": "SystemVariable", "value": kind}
        case common.PathSegmentRemainingPathVariable(variable):
            return {"type": "RemainingPathVariable", "variableName": variable.variable_name}
        case _:
            return {"type": "PathVariable", "variableName": given.value.variable_name}


def _auth(given: common.AuthDetails | None) -> Json:
    return None if given is None else {"required": given.required}


def _mount(given: common.HttpMountDetails) -> Json:
    return _without_none(
        {
            "pathPrefix": _segments([*given.path_prefix]),
            "authDetails": _auth(given.auth_details),
            "phantomAgent": given.phantom_agent,
            "corsOptions": {"allowedPatterns": [*given.cors_options.allowed_patterns]},
            "webhookSuffix": _segments([*given.webhook_suffix]),
        }
    )


def _endpoint(given: common.HttpEndpointDetails) -> Json:
    method = given.http_method
    kind = type(method).__name__.removeprefix("HttpMethod")
    return _without_none(
        {
            "httpMethod": {"type": kind, "value": method.value}
            if isinstance(method, common.HttpMethodCustom)
            else {"type": kind},
            "pathSuffix": _segments([*given.path_suffix]),
            "headerVars": [
                {"headerName": each.header_name, "variableName": each.variable_name} for each in given.header_vars
            ],
            "queryVars": [
                {"queryParamName": each.query_param_name, "variableName": each.variable_name}
                for each in given.query_vars
            ],
            "authDetails": _auth(given.auth_details),
            "corsOptions": {"allowedPatterns": [*given.cors_options.allowed_patterns]},
        }
    )
