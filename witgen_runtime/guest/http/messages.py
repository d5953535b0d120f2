"""Requests and responses of the client."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypedDict, TypeVar, cast
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from .errors import StatusError
from .exchange import Answer, AsyncAnswer, Fields, Timeout

__all__ = ["AsyncStream", "Headers", "Options", "Request", "Response", "Stream", "prepared", "redirected"]

T = TypeVar("T")

Data: TypeAlias = str | bytes | bytearray | memoryview | Mapping[str, Any] | Iterable[bytes] | AsyncIterable[bytes]
Pairs: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]


class Options(TypedDict, total=False):
    """The options of a request.

    Attributes:
        params: are added to the query.
        headers: are added to the client's.
        data: the body: text, bytes, the fields of a form, or bytes in parts.
        json: the body, as JSON.
        auth: name and password, for the scheme `Basic`.
        timeout: seconds for connecting and for each wait after that, or both.
        allow_redirects: whether to follow redirects; it does unless told otherwise.
    """

    params: Mapping[str, Any] | Iterable[tuple[str, Any]]
    headers: Pairs
    data: Data
    json: Any
    auth: tuple[str, str]
    timeout: Timeout
    allow_redirects: bool


class Headers(Mapping[str, str]):
    """The headers of a response. Upper and lower case in names are the same; several values are joined by commas."""

    def __init__(self, fields: Fields) -> None:
        self.fields = [(name, value.decode("latin-1")) for name, value in fields]
        self._values: dict[str, str] = {}
        for name, value in self.fields:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_all(self, name: str) -> list[str]:
        """Return all values of a name, such as those of `set-cookie`."""
        return [value for each, value in self.fields if each.lower() == name.lower()]

    def __repr__(self) -> str:
        return f"Headers({self.fields!r})"


@dataclass(frozen=True)
class Request:
    """A request as it is sent."""

    method: str
    url: str
    headers: Fields
    body: Iterable[bytes] | AsyncIterable[bytes] | None

    @property
    def can_be_repeated(self) -> bool:
        """Whether the body is there to be sent again."""
        return self.body is None or isinstance(self.body, list)


class _Head:
    """What every response has."""

    def __init__(self, request: Request, status: int, headers: Fields, history: list[str]) -> None:
        self.status_code = status
        self.headers = Headers(headers)
        self.url = request.url
        """The address that answered."""
        self.method = request.method
        self.history = history
        """The addresses that redirected the request, in order."""

    @property
    def ok(self) -> bool:
        """Whether the status is less than 400."""
        return self.status_code < 400

    @property
    def encoding(self) -> str:
        """The encoding of the body as text: what `content-type` says, UTF-8 otherwise."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.strip().partition("=")
            if name.lower() == "charset":
                return value.strip("\"'")
        return "utf-8"

    def raise_for_status(self) -> None:
        """Raise StatusError if the status is 400 or more."""
        if not self.ok:
            raise StatusError(f"{self.method} {self.url} was answered with status {self.status_code}", self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} of {self.url}>"


class Response(_Head):
    """A response with its body."""

    def __init__(self, request: Request, answer: Answer | AsyncAnswer, content: bytes, history: list[str]) -> None:
        super().__init__(request, answer.status, answer.headers, history)
        self.content = content

    @property
    def text(self) -> str:
        """The body as text; what is none in its encoding is replaced."""
        return self.content.decode(self.encoding, "replace")

    def json(self) -> Any:
        """Return the body, which is JSON, as objects of Python.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.content)


class Stream(_Head):
    """A response whose body is read in parts."""

    def __init__(self, request: Request, answer: Answer, history: list[str]) -> None:
        super().__init__(request, answer.status, answer.headers, history)
        self.file = answer.body
        """The body as a binary file."""

    def read(self) -> bytes:
        """Return the rest of the body."""
        return self.file.read()

    def iter_content(self, chunk_size: int = 65536) -> Iterator[bytes]:
        """Yield the body in parts, as they arrive, of at most `chunk_size` bytes."""
        while part := self.file.read1(chunk_size):
            yield part

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content()


class AsyncStream(_Head):
    """A response whose body is read in parts, for asyncio."""

    def __init__(self, request: Request, answer: AsyncAnswer, history: list[str]) -> None:
        super().__init__(request, answer.status, answer.headers, history)
        self._body = answer.body

    async def read(self) -> bytes:
        """Return the rest of the body."""
        return b"".join([part async for part in self])

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in parts, as they arrive."""
        return aiter(self._body)


def prepared(method: str, url: str, common: Pairs, options: Options) -> Request:
    """Return the request of some options; `common` are headers of all requests."""
    if params := options.get("params"):
        parts = urlsplit(url)
        added = urlencode(_pairs(params), doseq=True)
        url = urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
    headers: dict[str, tuple[str, bytes]] = {}
    for pairs in (common, options.get("headers", ())):
        for name, value in _pairs(pairs):
            headers[name.lower()] = (name, value.encode("latin-1"))
    body, kind = _body(options)
    if kind:
        headers.setdefault("content-type", ("content-type", kind.encode()))
    if isinstance(body, list):
        headers["content-length"] = ("content-length", str(sum(map(len, body))).encode())
    if (auth := options.get("auth")) is not None:
        secret = b64encode(":".join(auth).encode())
        headers["authorization"] = ("authorization", b"Basic " + secret)
    return Request(method.upper(), url.partition("#")[0], [*headers.values()], body)


def _pairs(given: Mapping[str, T] | Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    """Return the pairs of a mapping, or of an iterable of pairs."""
    if isinstance(given, Mapping):
        return [*cast("Mapping[str, T]", given).items()]
    return [*given]


def _body(options: Options) -> tuple[Iterable[bytes] | AsyncIterable[bytes] | None, str]:
    """Return the body and its content type; a list for one that is known in full."""
    data = options.get("data")
    if "json" in options:
        if data is not None:
            raise TypeError("a request has one body: `data` or `json`")
        return [json.dumps(options["json"]).encode()], "application/json"
    match data:
        case None:
            return None, ""
        case str():
            return [data.encode()], "text/plain; charset=utf-8"
        case bytes() | bytearray() | memoryview():
            return [bytes(data)], ""
        case Mapping():
            fields = cast("Mapping[str, Any]", data)
            return [urlencode(fields, doseq=True).encode()], "application/x-www-form-urlencoded"
        case _:
            return data, ""


_OF_A_BODY = frozenset({"content-type", "content-length", "content-encoding", "transfer-encoding"})
_OF_A_SERVER = frozenset({"authorization", "cookie", "proxy-authorization"})


def redirected(request: Request, status: int, headers: Fields) -> Request | None:
    """Return the request that a response redirects to; None if it is not a redirect, or the body cannot be sent again.

    Credentials go to the same scheme, host and port only.
    """
    location = next((value.decode("latin-1") for name, value in headers if name.lower() == "location"), None)
    if status not in {301, 302, 303, 307, 308} or location is None:
        return None
    target = urljoin(request.url, location).partition("#")[0]
    unwanted = frozenset[str]() if urlsplit(target)[:2] == urlsplit(request.url)[:2] else _OF_A_SERVER
    made = replace(request, url=target)
    if (status == 303 and request.method != "HEAD") or (status in {301, 302} and request.method == "POST"):
        made, unwanted = replace(made, method="GET", body=None), unwanted | _OF_A_BODY
    elif not request.can_be_repeated:
        return None
    return replace(made, headers=[each for each in made.headers if each[0].lower() not in unwanted])
