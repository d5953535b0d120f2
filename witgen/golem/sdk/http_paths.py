"""Where agents are found over HTTP: `@endpoint`, and the paths of mounts and endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

__all__ = [
    "ENDPOINTS",
    "SYSTEM",
    "Endpoint",
    "Mount",
    "PathError",
    "Segment",
    "Variable",
    "check_token",
    "endpoint",
    "parse_mount",
    "parse_path",
]

_Method = TypeVar("_Method", bound="Callable[..., Any]")

ENDPOINTS: Final = "_witgen_endpoints"
"""The attribute of methods with their endpoints."""

SYSTEM: Final = ("agent-type", "agent-version")
"""What Golem puts into a path itself."""

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""The names of headers and methods (RFC 9110, section 5.6.2)."""


class PathError(ValueError):
    """A path, header or method is not one that Golem's router takes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two slashes.

    Attributes:
        kind: a text, something that Golem knows, a parameter, or all that is left of the path as one parameter.
        text: the text, or the name.
    """

    kind: Literal["literal", "system", "variable", "rest"]
    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter in a query or header: the name there, and the parameter's."""

    name: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request that calls a method.

    Attributes:
        method: the method of HTTP, in lower case, or a custom one as it is written.
        path: the path as the author wrote it.
        headers: the parameters that come from headers.
        auth: whether callers have to sign in; None for as the mount says.
        cors: further origins whose pages may call.
    """

    method: str
    path: str
    headers: tuple[Variable, ...] = ()
    auth: bool | None = None
    cors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """Where agents of a type are found over HTTP.

    Attributes:
        path: the start of all paths; its variables are the constructor's parameters.
        auth: whether callers have to sign in.
        cors: origins whose pages may call.
        phantom: whether each request gets an agent to itself.
        webhook: the end of the addresses of webhooks; None for the type's name.
    """

    path: tuple[Segment, ...]
    auth: bool | None = None
    cors: tuple[str, ...] = ()
    phantom: bool = False
    webhook: tuple[Segment, ...] | None = None


class endpoint:  # noqa: N801 - reads as a decorator: `@endpoint.get("/total")`
    """Declare requests that call a method; any number of them.

        @endpoint.get("/total?currency={currency}")
        def total(self, currency: str | None) -> float: ...

    The path follows the mount's. `{name}` is a parameter, `{*name}` at the end all that is left of the path. Parameters
    that are neither in the path, nor in the query, nor in headers come from the body. Each method takes:

    - `path`: the path with the query;
    - `headers`: parameters by header, `{"X-Trace": "trace"}`;
    - `auth`: whether callers have to sign in; by default as the mount says;
    - `cors`: origins whose pages may call, or `*`, besides the mount's.
    """

    @staticmethod
    def get(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for GET."""
        return _marking("get", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def post(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for POST."""
        return _marking("post", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def put(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for PUT."""
        return _marking("put", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def delete(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for DELETE."""
        return _marking("delete", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def patch(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for PATCH."""
        return _marking("patch", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def head(
        path: str, *, headers: Mapping[str, str] | None = None, auth: bool | None = None, cors: Sequence[str] = ()
    ) -> Callable[[_Method], _Method]:
        """Call the method for HEAD."""
        return _marking("head", path, headers=headers, auth=auth, cors=cors)

    @staticmethod
    def custom(
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: bool | None = None,
        cors: Sequence[str] = (),
    ) -> Callable[[_Method], _Method]:
        """Call the method for a request with another method of HTTP, like `PURGE`."""
        return _marking(method, path, headers=headers, auth=auth, cors=cors)


def _marking(
    method: str, path: str, *, headers: Mapping[str, str] | None, auth: bool | None, cors: Sequence[str]
) -> Callable[[_Method], _Method]:
    variables = tuple(Variable(name, parameter) for name, parameter in (headers or {}).items())
    made = Endpoint(method, path, variables, auth, (cors,) if isinstance(cors, str) else tuple(cors))

    def mark(function: _Method) -> _Method:
        # Decorators apply from the inside out: keep the order in which they are written.
        setattr(function, ENDPOINTS, (made, *getattr(function, ENDPOINTS, ())))
        return function

    return mark


def parse_mount(path: str) -> tuple[Segment, ...]:
    """Return the segments of a mount's path, or of a webhook's suffix.

    Raises:
        PathError: the path is not one of a mount.
    """
    if "?" in path:
        raise PathError(f"`{path}` has a query, which a mount cannot have")
    segments = _segments(path)
    if any(each.kind == "rest" for each in segments):
        raise PathError(f"`{path}`: only an endpoint's path can end with all that is left")
    return segments


def parse_path(path: str) -> tuple[tuple[Segment, ...], tuple[Variable, ...]]:
    """Return the segments of an endpoint's path and the parameters in its query.

    Raises:
        PathError: the path is not one of an endpoint.
    """
    before, mark, query = path.partition("?")
    segments = _segments(before)
    if any(each.kind == "rest" for each in segments[:-1]):
        raise PathError(f"`{path}`: what takes all that is left of the path has to be its end")
    variables: list[Variable] = []
    for part in query.split("&") if mark else ():
        found = re.fullmatch(r"([^={}&?]+)=\{([^{}*]+)\}", part)
        if found is None:
            raise PathError(f"`{path}`: `{part}` in the query is not of the form name={{parameter}}")
        variables.append(Variable(found[1], found[2]))
    return segments, tuple(variables)


def _segments(path: str) -> tuple[Segment, ...]:
    if not path.startswith("/"):
        raise PathError(f"`{path}` does not begin with /")
    return () if path == "/" else tuple(_segment(path, each) for each in path[1:].split("/"))


def _segment(path: str, text: str) -> Segment:
    if not text:
        raise PathError(f"`{path}` has an empty segment")
    found = re.fullmatch(r"\{(\*?)([^{}*]+)\}", text)
    if found is None:
        if set(text) & set("{}?#"):
            raise PathError(f"`{path}`: `{text}` mixes text and variables: a segment is either text or one {{name}}")
        return Segment("literal", text)
    if found[2] in SYSTEM:
        if found[1]:
            raise PathError(f"`{path}`: `{text}` cannot take all that is left of the path")
        return Segment("system", found[2])
    return Segment("rest" if found[1] else "variable", found[2])


def check_token(text: str, what: str) -> None:
    """Make sure that a text can be the name of a header or method.

    Raises:
        PathError: it cannot.
    """
    if not _TOKEN.fullmatch(text):
        raise PathError(f"`{text}` cannot be the name of a {what}")
