"""Routes of agents: mounts and endpoints, compiled as at a deployment, which refuses what no request can name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from witgen_runtime import abi

from .._bindings.types import golem_agent_common as common
from ..definitions import AgentDefinition, AgentMethod
from ..errors import AgentError
from ..rest_json import path_text
from ..schemas import Binary, Element, Parameter, Text
from .names import kebab_case

__all__ = ["Literal", "Match", "Rest", "Route", "RouteError", "Router", "Variable", "routes_of"]


class RouteError(AgentError):
    """A mount or an endpoint that cannot be served."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A segment that is compared."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A segment that is a parameter's value."""

    name: str


@dataclass(frozen=True, slots=True)
class Rest:
    """All further segments, at least one, which are one parameter's value."""

    name: str


Segment: TypeAlias = Literal | Variable | Rest

_SCALARS: Final = frozenset({each for each in abi.Prim if each is not abi.ERROR_CONTEXT})


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """An endpoint of a method."""

    definition: AgentDefinition
    mount: common.HttpMountDetails
    method: AgentMethod
    endpoint: common.HttpEndpointDetails
    verb: str
    segments: tuple[Segment, ...]
    mounted: int
    """The number of segments that belong to the mount."""
    body: tuple[Parameter, ...]
    """The parameters that neither path nor query nor headers have."""

    @property
    def has_phantom(self) -> bool:
        """Return whether each request has an agent of its own."""
        return self.mount.phantom_agent or self.definition.is_ephemeral

    @property
    def needs_user(self) -> bool:
        """Return whether a request must say who makes it."""
        details = self.endpoint.auth_details or self.mount.auth_details
        return details is not None and details.required

    @property
    def origins(self) -> Sequence[str]:
        """The origins that may read answers."""
        return [*self.mount.cors_options.allowed_patterns, *self.endpoint.cors_options.allowed_patterns]

    @property
    def shown(self) -> str:
        """The route as text."""
        return f"{self.verb} /{'/'.join(map(_shown, self.segments))}"


def _shown(segment: Segment) -> str:
    match segment:
        case Literal(text):
            return text
        case Variable(name):
            return f"{{{name}}}"
        case Rest(name):
            return f"{{*{name}}}"


def routes_of(definition: AgentDefinition, revision: int) -> Iterator[Route]:
    """Yield the routes of an agent type.

    Args:
        definition: the type.
        revision: the revision of its component, which may be a part of paths.

    Raises:
        RouteError: an endpoint cannot be served; the message says which, and why.
    """
    mount = definition.declared.http_mount
    for method in definition.methods:
        for endpoint in method.declared.http_endpoint:
            where = f"{definition.name}.{method.name}"
            if mount is None:
                raise RouteError(f"{where} has an endpoint, but {definition.name} has no mount")
            yield _Compiler(definition, mount, revision).route(method, endpoint, where)
    if mount is not None:
        _Compiler(definition, mount, revision).check_mount()


@dataclass(frozen=True, slots=True)
class _Compiler:
    definition: AgentDefinition
    mount: common.HttpMountDetails
    revision: int

    def check_mount(self) -> None:
        """Refuse a mount that does not say which agent a request is for."""
        where = f"the mount /{path_text([*self.mount.path_prefix])} of {self.definition.name}"
        found = [each.name for each in self._segments(self.mount.path_prefix) if not isinstance(each, Literal)]
        known = {each.name: each for each in self.definition.constructor.parameters}
        if self.definition.constructor.is_multimodal:
            raise RouteError(f"{where}: the constructor takes multimodal data, which no path has")
        for name in found:
            if name not in known:
                raise RouteError(f"{where}: {{{name}}} is not a parameter of the constructor")
            _check_scalar(where, known[name].name, known[name].element, wide=False)
        for name in known:
            if name not in found:
                raise RouteError(f"{where}: the constructor's parameter `{name}` is not a part of it")

    def route(self, method: AgentMethod, endpoint: common.HttpEndpointDetails, where: str) -> Route:
        """Compile an endpoint of a method."""
        prefix, suffix = self._segments(self.mount.path_prefix), self._segments(endpoint.path_suffix)
        segments = (*prefix, *suffix)
        if any(isinstance(each, Rest) for each in segments[:-1]):
            raise RouteError(f"{where}: only the last segment of a path can be {{*name}}")
        bound = self._bound(method, endpoint, suffix, where)
        body = tuple(each for each in method.takes.parameters if each.name not in bound)
        _check_body(method, body, where)
        verb = _verb(endpoint.http_method)
        return Route(self.definition, self.mount, method, endpoint, verb, segments, len(prefix), body)

    def _bound(
        self, method: AgentMethod, endpoint: common.HttpEndpointDetails, suffix: Sequence[Segment], where: str
    ) -> set[str]:
        """Return the names of the parameters that path, query and headers have."""
        known = {} if method.takes.is_multimodal else {each.name: each.element for each in method.takes.parameters}
        places = [(each.name, isinstance(each, Rest), False) for each in suffix if not isinstance(each, Literal)]
        places += [(each.variable_name, False, True) for each in endpoint.query_vars]
        places += [(each.variable_name, False, True) for each in endpoint.header_vars]
        for name, is_rest, wide in places:
            if name not in known:
                raise RouteError(f"{where}: {{{name}}} is not a parameter of the method")
            if is_rest and known[name] is not abi.STRING:
                raise RouteError(f"{where}: {{*{name}}} must be a string")
            _check_scalar(where, name, known[name], wide=wide)
        names = [name for name, _, _ in places]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise RouteError(f"{where}: the parameter `{repeated}` is bound twice")
        return {*names}

    def _segments(self, given: Iterable[common.PathSegment]) -> tuple[Segment, ...]:
        return tuple(map(self._segment, given))

    def _segment(self, given: common.PathSegment) -> Segment:
        match given:
            case common.PathSegmentLiteral(text):
                return Literal(text)
            case common.PathSegmentPathVariable(variable):
                return Variable(variable.variable_name)
            case common.PathSegmentRemainingPathVariable(variable):
                return Rest(variable.variable_name)
            case common.PathSegmentSystemVariable(common.SystemVariable.AGENT_TYPE):
                return Literal(kebab_case(self.definition.name))
            case _:
                return Literal(str(self.revision))


def _verb(given: common.HttpMethod) -> str:
    if isinstance(given, common.HttpMethodCustom):
        return given.value.upper()
    return type(given).__name__.removeprefix("HttpMethod").upper()


def _check_scalar(where: str, name: str, element: Element, *, wide: bool) -> None:
    """Refuse a type whose values are not one word of text; query and headers may have options and lists of such."""
    inner: Any = element
    if wide and isinstance(element, abi.Option):
        inner = element.type
    elif wide and isinstance(element, abi.List):
        inner = element.element
    if not (inner in _SCALARS if isinstance(inner, abi.Prim) else isinstance(inner, abi.Enum)):
        raise RouteError(f"{where}: `{name}` is not of a type that can be written into a path, a query or a header")


def _check_body(method: AgentMethod, body: Sequence[Parameter], where: str) -> None:
    if method.takes.is_multimodal:
        raise RouteError(f"{where}: a body cannot be multimodal")
    unstructured = [each.name for each in body if isinstance(each.element, (Text, Binary))]
    if unstructured and len(body) > 1:
        raise RouteError(
            f"{where}: `{unstructured[0]}` is a body of its own, so no other parameter can be in it: bind "
            f"{', '.join(f'`{each.name}`' for each in body if each.name != unstructured[0])} to path, query or headers"
        )


# Requests


@dataclass(frozen=True, slots=True)
class Match:
    """The routes of a path, by method, with the values of its variables in order."""

    routes: Mapping[str, Route]
    values: Sequence[str]

    def variables(self, route: Route) -> tuple[dict[str, str], dict[str, str]]:
        """Return the values of a route's variables: of the constructor, and of the method."""
        places = [(at, each.name) for at, each in enumerate(route.segments) if not isinstance(each, Literal)]
        pairs = list(zip(places, self.values, strict=True))
        mounted = {name: value for (at, name), value in pairs if at < route.mounted}
        return mounted, {name: value for (at, name), value in pairs if at >= route.mounted}


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict["str", "_Node"])
    variable: _Node | None = None
    rest: _Node | None = None
    routes: dict[str, Route] = field(default_factory=dict[str, Route])


class Router:
    """Finds the route of a request: a literal segment comes before a variable, and that before the rest of a path.

    The first choice at each segment is final, as in Golem.

    Raises:
        RouteError: two endpoints have the same method and shape.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in route.segments:
                node = _next(node, segment)
            other = node.routes.get(route.verb)
            if other is not None:
                names = [f"{each.definition.name}.{each.method.name}" for each in (other, route)]
                raise RouteError(f"{names[0]} and {names[1]} have the same endpoint: {route.shown}")
            node.routes[route.verb] = route

    def find(self, path: str) -> Match | None:
        """Return what a decoded path leads to, None for nothing."""
        node, values = self._root, list[str]()
        segments = path.removeprefix("/").rstrip("/").split("/") if path.strip("/") else []
        for at, segment in enumerate(segments):
            if segment in node.literals:
                node = node.literals[segment]
            elif node.variable is not None and segment:
                node = node.variable
                values.append(segment)
            elif node.rest is not None:
                values.append("/".join(segments[at:]))
                node = node.rest
                break
            else:
                return None
        return Match(node.routes, values) if node.routes else None


def _next(node: _Node, segment: Segment) -> _Node:
    match segment:
        case Literal(text):
            return node.literals.setdefault(text, _Node())
        case Variable():
            node.variable = node.variable or _Node()
            return node.variable
        case Rest():
            node.rest = node.rest or _Node()
            return node.rest
