"""The shapes of requests to Golem's REST API, release 1.5.9: which members JSON has, and of which types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

__all__ = ["CREATED", "INVOKED", "SECURITY", "UPDATED", "Shape", "anything", "check", "mapping"]

Shape = Any
"""A type, a set of allowed values, a list with the shape of its elements, or a dict; keys with ? may be missing."""


def check(shape: Shape, given: Any, path: str = "$") -> None:
    """Assert that JSON has a shape."""
    if isinstance(shape, dict):
        assert isinstance(given, dict), f"{path}: {given!r} is no object"
        names = {name.removesuffix("?") for name in shape}
        assert not {*given} - names, f"{path}: unknown members { ({*given} - names) }"
        for name, inner in shape.items():
            plain = name.removesuffix("?")
            assert plain in given or name.endswith("?"), f"{path}: no member {plain}"
            if plain in given:
                check(inner, given[plain], f"{path}.{plain}")
    elif isinstance(shape, list):
        assert isinstance(given, list), f"{path}: {given!r} is no list"
        for at, each in enumerate(given):
            check(shape[0], each, f"{path}[{at}]")
    elif isinstance(shape, (set, frozenset)):
        assert given in shape, f"{path}: {given!r} is none of {shape}"
    elif callable(shape) and not isinstance(shape, type):
        shape(given, path)
    else:
        assert type(given) is shape, f"{path}: {given!r} is no {shape.__name__}"


def mapping(inner: Shape) -> Callable[[Any, str], None]:
    """Return the shape of an object with any members."""

    def each_one(given: Any, path: str) -> None:
        assert isinstance(given, dict), path
        for name, each in given.items():
            check(inner, each, f"{path}.{name}")

    return each_one


def anything(given: Any, path: str) -> None:
    """Take any JSON."""


PRIMITIVES = {"U8", "U16", "U32", "U64", "S8", "S16", "S32", "S64", "F32", "F64", "Chr", "Bool", "Str"}


def wit_type(given: Any, path: str) -> None:
    """Check a type."""
    named: dict[str, Any] = {"name?": str, "owner?": str}
    kind = given.get("type")
    shapes: dict[str, Any] = {
        "Record": {"fields": [{"name": str, "typ": wit_type}]},
        "Variant": {"cases": [{"name": str, "typ?": wit_type}]},
        "Enum": {"cases": [str]},
        "Flags": {"names": [str]},
        "Tuple": {"items": [wit_type]},
        "List": {"inner": wit_type},
        "Option": {"inner": wit_type},
        "Result": {"ok?": wit_type, "err?": wit_type},
    }
    check({"type": {*shapes, *PRIMITIVES}, **named, **shapes.get(kind, {})}, given, path)


def element_schema(given: Any, path: str) -> None:
    """Check the schema of a parameter or a result."""
    shapes: dict[str, Any] = {
        "ComponentModel": {"elementType": wit_type},
        "UnstructuredText": {"restrictions?": [{"languageCode": str}]},
        "UnstructuredBinary": {"restrictions?": [{"mimeType": str}]},
    }
    check({"type": {*shapes}, **shapes[given["type"]]}, given, path)


SCHEMA = {"type": {"Tuple", "Multimodal"}, "elements": [{"name": str, "schema": element_schema}]}


def segment(given: Any, path: str) -> None:
    """Check a segment of a path."""
    shapes: dict[str, Any] = {
        "Literal": {"value": str},
        "SystemVariable": {"value": {"AgentType", "AgentVersion"}},
        "PathVariable": {"variableName": str},
        "RemainingPathVariable": {"variableName": str},
    }
    check({"type": {*shapes}, **shapes[given["type"]]}, given, path)


CORS = {"allowedPatterns": [str]}
AUTH = {"required": bool}
METHODS = {"Get", "Post", "Put", "Delete", "Patch", "Head", "Options", "Connect", "Trace", "Custom"}

ENDPOINT = {
    "httpMethod": {"type": METHODS, "value?": str},
    "pathSuffix": [segment],
    "headerVars": [{"headerName": str, "variableName": str}],
    "queryVars": [{"queryParamName": str, "variableName": str}],
    "authDetails?": AUTH,
    "corsOptions": CORS,
}


def snapshotting(given: Any, path: str) -> None:
    """Check when a type has snapshots."""
    if given["type"] == "Disabled":
        check({"type": str}, given, path)
    else:
        check({"type": {"Enabled"}, "configType": {"Default", "EveryNInvocation", "Periodic"}, "count?": int,
               "duration?": int}, given, path)  # fmt: skip


AGENT_TYPE = {
    "typeName": str,
    "description": str,
    "sourceLanguage": str,
    "constructor": {"name?": str, "description": str, "promptHint?": str, "inputSchema": SCHEMA},
    "methods": [
        {
            "name": str, "description": str, "promptHint?": str, "inputSchema": SCHEMA, "outputSchema": SCHEMA,
            "httpEndpoint": [ENDPOINT],
        }
    ],
    "dependencies": [anything],
    "mode": {"Durable", "Ephemeral"},
    "httpMount?": {
        "pathPrefix": [segment], "authDetails?": AUTH, "phantomAgent": bool, "corsOptions": CORS,
        "webhookSuffix": [segment],
    },
    "snapshotting": snapshotting,
    "config": [{"source": {"Local", "Secret"}, "path": [str], "valueType": wit_type}],
}  # fmt: skip

CONFIG = [{"path": [str], "value": anything}]
FILES = mapping({"targetPath": str, "permissions": {"read-only", "read-write"}})

CREATED = {
    "componentName": str,
    "agentTypes": [AGENT_TYPE],
    "agentTypeProvisionConfigs": mapping(
        {"env": mapping(str), "config": CONFIG, "pluginInstallations": [anything], "files": FILES}
    ),
}
UPDATED = {
    "currentRevision": int,
    "agentTypes": [AGENT_TYPE],
    "agentTypeProvisionConfigUpdates": mapping(
        {"env": mapping(str), "config": CONFIG, "filesToAddOrUpdate": FILES, "filesToRemove": [str]}
    ),
}


def element_value(given: Any, path: str) -> None:
    """Check a value of a call."""
    if given.get("type") == "ComponentModel":
        return check({"type": str, "value": anything}, given, path)
    check({"type": {"UnstructuredText", "UnstructuredBinary"}, "value": anything}, given, path)
    inside, value = f"{path}.value", given["value"]
    if value.get("type") == "Url":
        return check({"type": str, "value": str}, value, inside)
    if given["type"] == "UnstructuredText":
        language = {} if value.get("textType") is None else {"languageCode": str}
        return check({"type": {"Inline"}, "data": str, "textType?": language or type(None)}, value, inside)
    return check({"type": {"Inline"}, "data": [int], "binaryType": {"mimeType": str}}, value, inside)


def data_value(given: Any, path: str) -> None:
    """Check the parameters of a call."""
    if given.get("type") == "Multimodal":
        return check({"type": str, "elements": [{"name": str, "value": element_value}]}, given, path)
    return check({"type": {"Tuple"}, "elements": [element_value]}, given, path)


INVOKED = {
    "appName": str,
    "envName": str,
    "agentTypeName": str,
    "parameters": data_value,
    "phantomId?": lambda given, path: UUID(given),
    "methodName": str,
    "methodParameters": data_value,
    "mode": {"await", "schedule"},
    "scheduleAt?": str,
    "deploymentRevision?": int,
}

SECURITY = {"type": {"TestSessionHeader"}, "headerName": str}
