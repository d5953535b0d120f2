"""Checks what agents say about HTTP by the rules of Golem's gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from .definitions import AgentDefinition, MethodDefinition
from .http_paths import Endpoint, Mount, PathError, Segment, check_token, parse_mount, parse_path
from .schema import (
    EnumSchema,
    ListSchema,
    MultimodalSchema,
    OptionSchema,
    Primitive,
    UnstructuredSchema,
)

__all__ = ["mount_of", "problems_of", "shapes"]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s*]+")


class _Options(Protocol):
    mount: str | None
    auth: bool | None
    cors: Sequence[str]
    phantom: bool
    webhook: str | None


def mount_of(options: _Options, where: str, problems: list[str]) -> Mount | None:
    """Return where agents are found over HTTP, and add to `problems` what the gateway would refuse."""
    cors = (options.cors,) if isinstance(options.cors, str) else tuple(options.cors)
    if options.mount is None:
        given = {"auth": options.auth is not None, "cors": bool(cors), "phantom": options.phantom}
        given["webhook"] = options.webhook is not None
        problems += [f"{where}: `{name}=` is about HTTP and needs `mount=`" for name, is_set in given.items() if is_set]
        return None
    problems += _bad_origins(cors, where)
    webhook = None
    try:
        if options.webhook is not None:
            webhook = parse_mount(options.webhook)
            if any(each.kind == "variable" for each in webhook):
                problems.append(f"{where}: the webhook's end `{options.webhook}` cannot have parameters")
        return Mount(parse_mount(options.mount), options.auth, cors, options.phantom, webhook)
    except PathError as error:
        problems.append(f"{where}: {error}")
        return None


def problems_of(agent: AgentDefinition, where: str, place: Callable[[Any], str]) -> Iterator[str]:
    """Yield what the gateway would refuse of an agent's mount and endpoints."""
    if agent.mount is not None:
        yield from (f"{where}: {each}" for each in _mount_problems(agent, agent.mount))
    for method in agent.methods:
        here = f"{place(method.function)}: `{agent.python.__name__}`: `{method.name}`"
        if method.endpoints and agent.mount is None:
            yield f'{here} has an endpoint, but its class no mount: write @agent(mount="/…")'
            continue
        for endpoint in method.endpoints:
            yield from (f"{here}: {each}" for each in _endpoint_problems(method, endpoint))
    found = shapes(agent)
    for shape in dict.fromkeys(each for each in found if found.count(each) > 1):
        yield f"{where}: several endpoints answer {shape}"


def shapes(agent: AgentDefinition) -> list[str]:
    """Return what distinguishes an agent's endpoints to the router: the method, and the path without names."""
    if agent.mount is None:
        return []
    found: list[str] = []
    for method in agent.methods:
        for endpoint in method.endpoints:
            try:
                segments = (*agent.mount.path, *parse_path(endpoint.path)[0])
            except PathError:
                continue
            found.append(f"{endpoint.method.upper()} /{'/'.join(_shape(agent, each) for each in segments)}")
    return found


def _shape(agent: AgentDefinition, segment: Segment) -> str:
    if segment.kind == "literal":
        return segment.text
    return {"variable": "{}", "rest": "{*}"}.get(segment.kind, f"{{{agent.name} {segment.text}}}")


def _parameters(agent: AgentDefinition) -> tuple[str, ...]:
    """Return the names of all parameters of a constructor, of which those without a schema have been reported."""
    code = getattr(agent.python.__init__, "__code__", None)
    return code.co_varnames[: code.co_argcount] if code is not None else ()


def _mount_problems(agent: AgentDefinition, mount: Mount) -> Iterator[str]:
    names = [each.text for each in mount.path if each.kind == "variable"]
    schemas = {each.name: each.schema for each in agent.constructor}
    injected = {each.name for each in agent.injected}
    for name in dict.fromkeys(names):
        if name in injected:
            yield f"the mount's variable `{name}` is a parameter that no caller passes"
        elif name not in schemas:
            if name not in _parameters(agent):
                yield f"the mount's variable `{name}` is no parameter of the constructor"
        elif not _is_scalar(schemas[name]):
            yield f"the mount's variable `{name}` has to be a number, a truth value, a text or an enum"
        if names.count(name) > 1:
            yield f"the mount has the variable `{name}` twice"
    for name in schemas:
        if name not in names:
            yield f"the mount lacks the constructor's parameter `{name}`: write {{{name}}} in its path"


def _endpoint_problems(method: MethodDefinition, endpoint: Endpoint) -> Iterator[str]:
    try:
        segments, query = parse_path(endpoint.path)
        check_token(endpoint.method, "method of HTTP")
        for variable in endpoint.headers:
            check_token(variable.name, "header")
    except PathError as error:
        yield str(error)
        return
    yield from _bad_origins(endpoint.cors)
    path = [each for each in segments if each.kind in {"variable", "rest"}]
    schemas = {each.name: each.schema for each in method.parameters}
    used = [*(each.text for each in path), *(each.parameter for each in (*query, *endpoint.headers))]
    for name in dict.fromkeys(used):
        if name not in schemas:
            yield f"`{name}` in `{endpoint.path}` is no parameter that callers pass"
        if used.count(name) > 1:
            yield f"`{name}` is given twice by `{endpoint.path}` and its headers"
    for each in path:
        if each.kind == "rest" and each.text in schemas and schemas[each.text] != Primitive("string"):
            yield f"`{each.text}` takes all that is left of the path, so it has to be a str"
        elif each.text in schemas and not _is_scalar(schemas[each.text]):
            yield f"`{each.text}` in the path has to be a number, a truth value, a text or an enum"
    for variable in (*query, *endpoint.headers):
        schema = schemas.get(variable.parameter)
        inner = schema.inner if isinstance(schema, OptionSchema) else None
        inner = schema.element if isinstance(schema, ListSchema) else inner
        if schema is not None and not _is_scalar(inner or schema):
            yield (
                f"`{variable.parameter}` in the query or a header has to be a number, a truth value, a text or an enum,"
                " or an option or a list of those"
            )
    yield from _body_problems([schema for name, schema in schemas.items() if name not in used])


def _body_problems(rest: Sequence[Any]) -> Iterator[str]:
    special = [each for each in rest if isinstance(each, (UnstructuredSchema, MultimodalSchema))]
    if any(isinstance(each, MultimodalSchema) for each in special):
        yield "a Multimodal cannot come over HTTP"
    elif special and len(rest) > 1:
        yield "unstructured text or bytes have to be all of the body: put the other parameters into the path or query"


def _is_scalar(schema: Any) -> bool:
    return isinstance(schema, (Primitive, EnumSchema))


def _bad_origins(cors: Sequence[str], where: str = "") -> list[str]:
    start = f"{where}: " if where else ""
    odd = [each for each in cors if each != "*" and not _ORIGIN.fullmatch(each)]
    return [f"{start}`{each}` in cors is not an origin, like https://example.com, and not *" for each in odd]
