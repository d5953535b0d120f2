"""The agent types of a component as text: what a cluster will see."""

from __future__ import annotations

from collections.abc import Iterator

from witgen_runtime import abi

from ._bindings.types import golem_agent_common as common
from .definitions import AgentDefinition, AgentMethod
from .describing import described_element
from .rest_json import path_text
from .schemas import Binary, Element, Schema, Text

__all__ = ["overview"]


def overview(definition: AgentDefinition) -> Iterator[str]:
    """Yield the lines about an agent type."""
    remarks = [*_remarks(definition.declared)]
    yield definition.signature + (f"  ({', '.join(remarks)})" if remarks else "")
    if definition.declared.description:
        yield from (f"  {line}".rstrip() for line in definition.declared.description.strip().splitlines())
    width = max((len(method.signature) for method in definition.methods), default=0)
    for method in definition.methods:
        endpoints = "; ".join(_endpoints(definition.declared.http_mount, method))
        yield f"  {method.signature:{width}}  {endpoints}".rstrip()
    for entry in definition.config:
        yield f"  {'secret' if entry.is_secret else 'config'} {entry.name}: {described_element(entry.type)}"
    for line in _types(definition):
        yield f"  {line}"


def _remarks(declared: common.AgentType) -> Iterator[str]:
    if declared.mode is common.AgentMode.EPHEMERAL:
        yield "ephemeral"
    match declared.snapshotting:
        case common.SnapshottingEnabled(common.SnapshottingConfigEveryNInvocation(count)):
            yield f"a snapshot after every {count} calls" if count != 1 else "a snapshot after every call"
        case common.SnapshottingEnabled(common.SnapshottingConfigPeriodic(nanoseconds)):
            yield f"a snapshot every {nanoseconds / 1e9:g} seconds"
        case common.SnapshottingEnabled():
            yield "snapshots as the server likes"
        case _:
            pass
    if declared.http_mount is not None and declared.http_mount.phantom_agent:
        yield "an agent for each request"


def _endpoints(mount: common.HttpMountDetails | None, method: AgentMethod) -> Iterator[str]:
    prefix = "" if mount is None else path_text([*mount.path_prefix])
    for endpoint in method.declared.http_endpoint:
        path = "/".join(filter(None, (prefix, path_text([*endpoint.path_suffix]))))
        query = "&".join(f"{each.query_param_name}={{{each.variable_name}}}" for each in endpoint.query_vars)
        verb = endpoint.http_method
        name = verb.value if isinstance(verb, common.HttpMethodCustom) else type(verb).__name__[10:].upper()
        yield f"{name} /{path}" + (f"?{query}" if query else "")


def _types(definition: AgentDefinition) -> Iterator[str]:
    """Yield the named types that constructor, methods and configuration mention."""
    found: dict[str, str] = {}
    schemas = [definition.constructor]
    schemas += [schema for method in definition.methods for schema in (method.takes, method.returns)]
    for schema in schemas:
        _note_all(schema, found)
    for entry in definition.config:
        _note(entry.type, found)
    yield from found.values()


def _note_all(schema: Schema, found: dict[str, str]) -> None:
    for parameter in schema.parameters:
        _note(parameter.element, found)


def _note(element: Element | None, found: dict[str, str]) -> None:
    if element is None or isinstance(element, (Text, Binary)):
        return
    text = _declaration(element)
    if text in found:
        return
    if text:
        found[text] = text
    for inner in abi.children(element):
        _note(inner, found)


def _declaration(type_: abi.Type) -> str:
    match type_:
        case abi.Record(name, _, fields):
            return f"record {name} {{{', '.join(f'{each.name}: {described_element(each.type)}' for each in fields)}}}"
        case abi.Variant(name, cases):
            parts = [
                each.name if each.payload is None else f"{each.name}({described_element(each.payload)})"
                for each in cases
            ]
            return f"variant {name} {{{', '.join(parts)}}}"
        case abi.Enum(name, _, names):
            return f"enum {name} {{{', '.join(names)}}}"
        case abi.Flags(name, _, names):
            return f"flags {name} {{{', '.join(names)}}}"
        case _:
            return ""
