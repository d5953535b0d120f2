"""Heads of requests and responses, cleaned: what belongs to one connection is not passed on, nor what is ambiguous."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote, quote_from_bytes

from ..wasi.http.fields import HeadError, end_to_end

__all__ = ["CLOSE", "MULTIPLEXED", "HeadError", "RequestHead", "ResponseHead", "Scope", "request_head", "response_head"]

Scope: TypeAlias = MutableMapping[str, Any]
"""What an ASGI server says about a connection."""

_Fields: TypeAlias = Iterable[tuple[bytes, bytes]]

_LENGTH: Final = re.compile(rb"[0-9]{1,19}")

_AUTHORITY: Final = re.compile(rb"(?:\[[0-9A-Fa-fvV:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(?::[0-9]*)?")
"""The host and port of a URI (RFC 3986, 3.2), without user information."""

_ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(.*)", re.DOTALL | re.IGNORECASE)
"""A request target in absolute form (RFC 9112, 3.2.2), and its authority and path."""

_BODILESS: Final = frozenset({204, 304})
"""Statuses whose responses have no content (RFC 9110, 6.4.1)."""

MULTIPLEXED: Final = frozenset({"2", "3"})
"""Versions of HTTP whose connections carry several requests at a time, and end by other means than a header."""

CLOSE: Final = (b"connection", b"close")
"""The header of a response with which its connection ends."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The head of a request, as its component gets it.

    Attributes:
        method: in capitals, if it is a known one.
        target: the path below the mount, with the query.
        scheme: `http` or `https`.
        authority: the host that the client asked for, as it wrote it; None if it wrote nothing.
        fields: the headers, without those of the connection and without `Host`.
        length: the announced number of bytes of the body; None if they are not announced.
        has_body: whether there is a body.
        expects_continue: whether the client waits until its body is wanted.
        is_ambiguous: whether others may see another end of it, so that its connection has to end with the response.
    """

    method: str
    target: str
    scheme: str
    authority: str | None
    fields: list[tuple[str, bytes]]
    length: int | None
    has_body: bool
    expects_continue: bool
    is_ambiguous: bool


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The head of a response, as the server gets it.

    Attributes:
        status: from 200 to 599.
        fields: the headers, in lower case, without those of the connection.
        length: the announced number of bytes of the body; None if they are not announced.
        has_body: whether the status and the request's method allow one.
        trailers: the names of announced trailers, as the header has them.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    length: int | None
    has_body: bool
    trailers: bytes


def request_head(scope: Scope) -> RequestHead:
    """Return the head of the request that an ASGI server describes.

    Raises:
        HeadError: its headers are malformed, or its lengths contradict each other.
    """
    given: list[tuple[bytes, bytes]] = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
    fields = end_to_end(given)
    version = scope.get("http_version", "")
    codings = [value.strip().lower() for name, value in given if name == b"transfer-encoding"]
    if codings not in ([], [b"chunked"]):
        raise HeadError("unknown transfer coding")
    chunked = bool(codings)
    announced = any(name == b"content-length" for name, _ in fields)
    if chunked:
        # Of two lengths, proxies believe either: this is how requests are smuggled (RFC 9112, 6.3).
        fields = [field for field in fields if field[0] != b"content-length"]
    length = _length(fields)
    target, authority = _target(scope)
    host = _host(given, version)
    authority = host if authority is None else authority
    return RequestHead(
        scope["method"],
        target,
        scope.get("scheme", "http"),
        None if authority is None else authority.decode("latin-1"),
        [(name.decode("latin-1"), value) for name, value in fields if name != b"host"],
        length,
        # HTTP/2 needs no header for a body: there, only the body itself says whether it is there.
        chunked or bool(length) or (length is None and version not in {"", "1.0", "1.1"}),
        any(name == b"expect" and value.lower() == b"100-continue" for name, value in given),
        chunked and (announced or version == "1.0"),
    )


def response_head(status: int, entries: Iterable[tuple[str, bytes]], method: str) -> ResponseHead:
    """Return the head of a guest's response to a request with this method.

    Raises:
        HeadError: its status is not one of a final response, its headers are malformed, or its lengths contradict each
            other.
    """
    if not 200 <= status <= 599:
        raise HeadError(f"{status} is not the status of a final response")
    fields = end_to_end((name.lower().encode("latin-1", "replace"), value) for name, value in entries)
    length = _length(fields)
    if length is not None:
        fields = [field for field in fields if field[0] != b"content-length"]
        if status not in _BODILESS or status == 304:
            fields.append((b"content-length", b"%d" % length))
    trailers = b", ".join(value for name, value in fields if name == b"trailer")
    return ResponseHead(status, fields, length, status not in _BODILESS and method != "HEAD", trailers)


def _length(fields: _Fields) -> int | None:
    """Return the announced length of a body."""
    lengths = {part.strip() for name, value in fields if name == b"content-length" for part in value.split(b",")}
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(next(iter(lengths))):
        raise HeadError("malformed Content-Length")
    return int(lengths.pop())


def _host(given: _Fields, version: str) -> bytes | None:
    """Return the value of `Host` (RFC 9112, 3.2)."""
    hosts = {value for name, value in given if name == b"host"}
    if len(hosts) > 1:
        raise HeadError("several values of Host")
    if not hosts and version == "1.1":
        raise HeadError("no Host")
    return _checked_authority(hosts.pop()) if hosts else None


def _checked_authority(authority: bytes) -> bytes:
    if not _AUTHORITY.fullmatch(authority):
        raise HeadError(f"{authority[:80]!r} is not a host")
    return authority


def _target(scope: Scope) -> tuple[str, bytes | None]:
    """Return the path below the mount with the query, in the characters of a URI, and the authority in front of it.

    Servers pass on a target in absolute form as it is. Its authority counts, not `Host` (RFC 9112, 3.2.2).
    """
    raw, authority = _below_mount(scope), None
    absolute = _ABSOLUTE.fullmatch(raw)
    if absolute:
        authority, raw = _checked_authority(absolute[1]), absolute[2]
    query = bytes(scope.get("query_string", b""))
    target = (raw or b"/") + (b"?" + query if query else b"")
    return quote_from_bytes(target, safe="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), authority


def _below_mount(scope: Scope) -> bytes:
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    raw = bytes(scope.get("raw_path") or quote(path).encode()).partition(b"?")[0]
    if root and (path == root or path.startswith((root + "/", root + "http://", root + "https://"))):
        mount = quote(root).encode()
        raw = raw.removeprefix(mount) if raw.startswith(mount) else quote(path[len(root) :]).encode()
    return raw
