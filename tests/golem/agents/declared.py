"""Agent types as components declare them, made by hand."""

from __future__ import annotations

from typing import Any

from witgen.golem.agents._bindings.types import golem_agent_common as common
from witgen.golem.agents._bindings.types import golem_core_types as core
from witgen.golem.agents.types import to_wit_type
from witgen_runtime import abi

__all__ = ["GET", "POST", "agent_type", "endpoint", "method", "mount", "path"]

GET, POST = common.HttpMethodGet(), common.HttpMethodPost()


def _element(type_: Any) -> core.ElementSchema:
    if isinstance(type_, (core.ElementSchemaUnstructuredText, core.ElementSchemaUnstructuredBinary)):
        return type_
    return core.ElementSchemaComponentModel(to_wit_type(type_))


def _schema(given: dict[str, Any]) -> core.DataSchema:
    return core.DataSchemaTuple([(name, _element(each)) for name, each in given.items()])


def path(text: str) -> list[common.PathSegment]:
    """Return the segments of a path, as authors write it."""
    made: list[common.PathSegment] = []
    for part in filter(None, text.split("/")):
        match part:
            case "{agent-type}":
                made.append(common.PathSegmentSystemVariable(common.SystemVariable.AGENT_TYPE))
            case "{agent-version}":
                made.append(common.PathSegmentSystemVariable(common.SystemVariable.AGENT_VERSION))
            case _ if part.startswith("{*"):
                made.append(common.PathSegmentRemainingPathVariable(common.PathVariable(part[2:-1])))
            case _ if part.startswith("{"):
                made.append(common.PathSegmentPathVariable(common.PathVariable(part[1:-1])))
            case _:
                made.append(common.PathSegmentLiteral(part))
    return made


def endpoint(
    verb: common.HttpMethod, suffix: str, *, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> common.HttpEndpointDetails:
    """Return an endpoint; query and headers name the parameter of each."""
    return common.HttpEndpointDetails(
        verb,
        path(suffix),
        [common.HeaderVariable(*each) for each in (headers or {}).items()],
        [common.QueryVariable(*each) for each in (query or {}).items()],
        None,
        common.CorsOptions([]),
    )


def mount(prefix: str) -> common.HttpMountDetails:
    """Return a mount without options."""
    return common.HttpMountDetails(path(prefix), None, False, common.CorsOptions([]), [])


def method(
    name: str, takes: dict[str, Any], returns: Any = None, *endpoints: common.HttpEndpointDetails
) -> common.AgentMethod:
    """Return a method."""
    result = {} if returns is None else {"return_value": returns}
    return common.AgentMethod(name, f"Does {name}.", list(endpoints), None, _schema(takes), _schema(result))


def agent_type(
    name: str,
    *methods: common.AgentMethod,
    takes: dict[str, Any] | None = None,
    mount: common.HttpMountDetails | None = None,
    config: dict[str, abi.Type] | None = None,
    secrets: dict[str, abi.Type] | None = None,
    snapshot: int | None = None,
) -> common.AgentType:
    """Return an agent type; configuration is by path with dots."""
    constructor = common.AgentConstructor(None, "", None, _schema(takes or {}))
    entries = [(common.AgentConfigSource.LOCAL, *each) for each in (config or {}).items()]
    entries += [(common.AgentConfigSource.SECRET, *each) for each in (secrets or {}).items()]
    return common.AgentType(
        name,
        f"Is a {name}.",
        "python",
        constructor,
        list(methods),
        [],
        common.AgentMode.DURABLE,
        mount,
        common.SnapshottingDisabled()
        if snapshot is None
        else common.SnapshottingEnabled(common.SnapshottingConfigEveryNInvocation(snapshot)),
        [common.AgentConfigDeclaration(source, at.split("."), to_wit_type(type_)) for source, at, type_ in entries],
    )
