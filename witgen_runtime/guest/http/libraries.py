"""httpx, requests and urllib over `wasi:http/outgoing-handler`: the parts by which each of them sends a request.

None of them is imported before it is used, so that a component has only those that its application imports.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import cache, partial
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from .bodies import CHUNK
from .errors import ConnectError, ConnectTimeout, ReadTimeout, RequestError
from .exchange import Answer, AsyncAnswer, Fields, Timeout, exchange, exchange_async
from .wasi import Requesting

__all__ = ["Opener", "httpx_async_transport", "httpx_transport", "requests_adapter"]


# ---- httpx


def httpx_transport(wasi: Requesting) -> Any:
    """Return an `httpx.BaseTransport`."""
    return _httpx_classes()[0](wasi)


def httpx_async_transport(wasi: Requesting) -> Any:
    """Return an `httpx.AsyncBaseTransport`."""
    return _httpx_classes()[1](wasi)


@cache
def _httpx_classes() -> tuple[type[Any], type[Any]]:
    """Return the classes of both transports: httpx's own, with the methods of this module."""
    httpx = import_module("httpx")
    body = type("Body", (_Body, httpx.SyncByteStream), {})
    async_body = type("AsyncBody", (_AsyncBody, httpx.AsyncByteStream), {})
    return (
        type("Transport", (_Transport, httpx.BaseTransport), {"httpx": httpx, "body": body}),
        type("AsyncTransport", (_AsyncTransport, httpx.AsyncBaseTransport), {"httpx": httpx, "body": async_body}),
    )


class _Transport:
    httpx: Any
    body: type[Any]

    def __init__(self, wasi: Requesting) -> None:
        self._wasi = wasi

    def handle_request(self, request: Any) -> Any:
        """Send a request of httpx."""
        body = request.stream if _has_body(request) else None
        try:
            answer = exchange(self._wasi, *_httpx_head(request), body, _httpx_timeout(request))
        except RequestError as error:
            raise _httpx_error(self.httpx, error, request) from error
        stream = self.body(self.httpx, answer, request)
        return self.httpx.Response(answer.status, headers=_bytes(answer.headers), stream=stream, request=request)


class _AsyncTransport:
    httpx: Any
    body: type[Any]

    def __init__(self, wasi: Requesting) -> None:
        self._wasi = wasi

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request of httpx."""
        body = request.stream if _has_body(request) else None
        try:
            answer = await exchange_async(self._wasi, *_httpx_head(request), body, _httpx_timeout(request))
        except RequestError as error:
            raise _httpx_error(self.httpx, error, request) from error
        stream = self.body(self.httpx, answer, request)
        return self.httpx.Response(answer.status, headers=_bytes(answer.headers), stream=stream, request=request)


class _Body:
    def __init__(self, httpx: Any, answer: Answer, request: Any) -> None:
        self._httpx = httpx
        self._file = answer.body
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        try:
            while part := self._file.read1(CHUNK):
                yield part
        except RequestError as error:
            raise _httpx_error(self._httpx, error, self._request) from error

    def close(self) -> None:
        """Drop the body."""
        self._file.close()


class _AsyncBody:
    def __init__(self, httpx: Any, answer: AsyncAnswer, request: Any) -> None:
        self._httpx = httpx
        self._body = answer.body
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._body:
                yield part
        except RequestError as error:
            raise _httpx_error(self._httpx, error, self._request) from error

    async def aclose(self) -> None:
        """Drop the body."""
        self._body.close()


def _has_body(request: Any) -> bool:
    return any(name in request.headers for name in ("content-length", "transfer-encoding"))


def _httpx_head(request: Any) -> tuple[str, str, Fields]:
    fields: Fields = [(name.decode("latin-1"), value) for name, value in request.headers.raw]
    return request.method, str(request.url), fields


def _httpx_timeout(request: Any) -> Timeout:
    limits = request.extensions.get("timeout", {})
    return limits.get("connect"), limits.get("read")


def _httpx_error(httpx: Any, error: RequestError, request: Any) -> Exception:
    kinds: dict[type[RequestError], Any] = {
        ConnectTimeout: httpx.ConnectTimeout,
        ReadTimeout: httpx.ReadTimeout,
        ConnectError: httpx.ConnectError,
    }
    found: Exception = kinds.get(type(error), httpx.RemoteProtocolError)(str(error), request=request)
    return found


def _bytes(headers: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value) for name, value in headers]


# ---- requests


def requests_adapter(wasi: Requesting) -> Any:
    """Return a `requests.adapters.BaseAdapter`, for `Session.mount`."""
    return _adapter_class()(wasi)


@cache
def _adapter_class() -> type[Any]:
    return type("Adapter", (_Adapter, import_module("requests.adapters").BaseAdapter), {})


class _Adapter:
    def __init__(self, wasi: Requesting) -> None:
        super().__init__()
        self._wasi = wasi

    def send(self, request: Any, stream: bool = False, timeout: Any = None, **_: Any) -> Any:  # noqa: FBT001, FBT002
        """Send a request of requests."""
        requests = import_module("requests")
        headers: Fields = [(name, _latin(value)) for name, value in request.headers.items()]
        try:
            answer = exchange(self._wasi, request.method, request.url, headers, _parts(request.body), timeout)
        except RequestError as error:
            raise _requests_error(requests, error)(error, request=request) from error
        found = requests.Response()
        found.status_code, found.url, found.request = answer.status, request.url, request
        found.headers = requests.structures.CaseInsensitiveDict(_texts(answer.headers))
        found.encoding = requests.utils.get_encoding_from_headers(found.headers)
        found.raw, found.connection = _raw_response(answer), self
        requests.cookies.extract_cookies_to_jar(found.cookies, request, found.raw)
        if not stream:
            _ = found.content
        return found

    def close(self) -> None:
        """Do nothing: connections are the host's."""


def _raw_response(answer: Answer) -> Any:
    """Return urllib3's response, which decodes bodies and reads them in parts."""
    urllib3 = import_module("urllib3")
    original = SimpleNamespace(msg=_message(answer.headers), isclosed=lambda: answer.body.closed)
    return urllib3.HTTPResponse(
        body=answer.body,
        headers=urllib3.HTTPHeaderDict(_text_pairs(answer.headers)),
        status=answer.status,
        preload_content=False,
        original_response=original,
    )


def _requests_error(requests: ModuleType, error: RequestError) -> Any:
    names: dict[type[RequestError], str] = {ConnectTimeout: "ConnectTimeout", ReadTimeout: "ReadTimeout"}
    return getattr(requests.exceptions, names.get(type(error), "ConnectionError"))


def _parts(data: Any) -> Iterable[bytes] | None:
    """Return the parts of a body as libraries have them: bytes, text, files, iterables."""
    if data is None:
        return None
    if isinstance(data, str):
        return [data.encode()]
    if isinstance(data, bytes | bytearray | memoryview):
        return [bytes(cast("bytes", data))]
    if hasattr(data, "read"):
        read: Callable[[int], bytes] = data.read
        return iter(partial(read, CHUNK), b"")
    parts: Iterable[Any] = data
    return (each.encode() if isinstance(each, str) else bytes(each) for each in parts)


def _latin(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def _text_pairs(headers: Fields) -> list[tuple[str, str]]:
    return [(name, value.decode("latin-1")) for name, value in headers]


def _texts(headers: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _text_pairs(headers):
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _message(headers: Fields) -> Any:
    """Return headers as the standard library has them; its clients have loaded that module."""
    message = import_module("email.message").Message()
    for name, value in _text_pairs(headers):
        message.add_header(name, value)
    return message


# ---- urllib


class Opener:
    """An opener of `urllib.request`, with its redirects, cookies and authentication.

    Args:
        wasi: the bindings.
        urllib: returns the modules `error`, `request` and `response` of `urllib`.
    """

    def __init__(self, wasi: Requesting, urllib: Callable[[], Any]) -> None:
        self._wasi = wasi
        self._urllib = urllib
        self._director: Any = None

    def handler(self) -> Any:
        """Return a handler of `urllib.request.build_opener`, for openers with further handlers."""
        urllib = self._urllib()
        members = {"wasi": self._wasi, "urllib": urllib, "handler_order": 100}
        return type("Handler", (_Handler, urllib.request.BaseHandler), members)()

    def open(self, url: Any, data: Any = None, timeout: float | None = None) -> Any:
        """Open an address or a `urllib.request.Request`, and return the response, a file.

        Raises:
            OSError: there is no response (`urllib.error.URLError`), or its status is 400 or more
                (`urllib.error.HTTPError`).
        """
        if self._director is None:
            self._director = self._urllib().request.build_opener(self.handler())
        return self._director.open(url, data, timeout)


class _Handler:
    wasi: Requesting
    urllib: Any

    def http_open(self, request: Any) -> Any:
        """Send a request of urllib."""
        sent = {**request.unredirected_hdrs, **request.headers}
        headers: Fields = [(name, _latin(value)) for name, value in sent.items()]
        timeout = request.timeout if isinstance(request.timeout, int | float) else None
        method, body = request.get_method(), _parts(request.data)
        try:
            answer = exchange(self.wasi, method, request.full_url, headers, body, timeout)
        except RequestError as error:
            raise self.urllib.error.URLError(error) from error
        found = self.urllib.response.addinfourl(answer.body, _message(answer.headers), request.full_url, answer.status)
        found.msg = ""
        return found

    https_open = http_open

    # What `AbstractHTTPHandler` does before a request: `content-length`, `content-type` and `host`.
    def http_request(self, request: Any) -> Any:
        """Add the headers that a body needs."""
        data = request.data
        if data is not None:
            if isinstance(data, str):
                raise TypeError("the data of a request is bytes, an iterable of bytes, or a file, not str")
            if not request.has_header("Content-type"):
                request.add_unredirected_header("Content-type", "application/x-www-form-urlencoded")
            if isinstance(data, bytes | bytearray) and not request.has_header("Content-length"):
                request.add_unredirected_header("Content-length", str(len(data)))
        return request

    https_request = http_request
