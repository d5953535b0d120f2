"""Clients in the manner of the package `requests`: one that waits, and one for asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from contextlib import asynccontextmanager, closing, contextmanager
from typing import ClassVar, Unpack
from urllib.parse import urljoin

from .errors import RequestError
from .exchange import Answer, AsyncAnswer, Timeout, exchange, exchange_async
from .messages import AsyncStream, Options, Pairs, Request, Response, Stream, prepared, redirected
from .wasi import Requesting

__all__ = ["AsyncClient", "Client"]

_MOST_REDIRECTS = 20


class _Client:
    """What all requests of a client have in common.

    Args:
        base_url: completes addresses that are relative.
        headers: are sent with each request.
        timeout: for each request that has none: seconds for connecting and for each wait after that, or both.
    """

    _wasi: ClassVar[Requesting]

    def __init__(self, *, base_url: str = "", headers: Pairs | None = None, timeout: Timeout = None) -> None:
        self._base_url = base_url
        self._headers = headers or {}
        self._timeout: Timeout = timeout

    def _prepared(self, method: str, url: str, options: Options) -> Request:
        return prepared(method, urljoin(self._base_url, url) if self._base_url else url, self._headers, options)

    def _timeout_of(self, options: Options) -> Timeout:
        return options.get("timeout", self._timeout)


class _Redirects:
    """The redirects of one request."""

    def __init__(self, options: Options) -> None:
        self._follows = options.get("allow_redirects", True)
        self.history: list[str] = []

    def next(self, request: Request, answer: Answer | AsyncAnswer) -> Request | None:
        """Return the next request, None if the response is the last one; the body of another is dropped.

        Raises:
            RequestError: there are too many.
        """
        following = redirected(request, answer.status, answer.headers) if self._follows else None
        if following is None:
            return None
        answer.body.close()
        self.history.append(request.url)
        if len(self.history) > _MOST_REDIRECTS:
            raise RequestError(f"{self.history[0]} was redirected more than {_MOST_REDIRECTS} times")
        return following


class Client(_Client):
    """A client that waits for responses."""

    def request(self, method: str, url: str, **options: Unpack[Options]) -> Response:
        """Send a request and read the response.

        Args:
            method: such as `GET`.
            url: the address.
            **options: see `Options`.

        Raises:
            RequestError: there is no response, or only a part of one.
            ValueError: the request is not one of HTTP.
        """
        request, answer, history = self._answer(method, url, options)
        with answer.body:
            return Response(request, answer, answer.body.read(), history)

    @contextmanager
    def stream(self, method: str, url: str, **options: Unpack[Options]) -> Generator[Stream]:
        """Send a request; the response's body is read inside the `with` block, in parts."""
        request, answer, history = self._answer(method, url, options)
        with answer.body:
            yield Stream(request, answer, history)

    def _answer(self, method: str, url: str, options: Options) -> tuple[Request, Answer, list[str]]:
        request, redirects = self._prepared(method, url, options), _Redirects(options)
        while True:
            body = request.body
            if isinstance(body, AsyncIterable) and not isinstance(body, Iterable):
                raise TypeError("only AsyncClient sends asynchronous iterables")
            answer = exchange(self._wasi, request.method, request.url, request.headers, body, self._timeout_of(options))
            following = redirects.next(request, answer)
            if following is None:
                return request, answer, redirects.history
            request = following

    def get(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a GET request, as `request` does."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a HEAD request, as `request` does."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[Options]) -> Response:
        """Send an OPTIONS request, as `request` does."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a POST request, as `request` does."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a PUT request, as `request` does."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a PATCH request, as `request` does."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a DELETE request, as `request` does."""
        return self.request("DELETE", url, **options)


class AsyncClient(_Client):
    """A client for asyncio: other tasks run while it waits."""

    async def request(self, method: str, url: str, **options: Unpack[Options]) -> Response:
        """Send a request and read the response.

        Args:
            method: such as `GET`.
            url: the address.
            **options: see `Options`.

        Raises:
            RequestError: there is no response, or only a part of one.
            ValueError: the request is not one of HTTP.
        """
        request, answer, history = await self._answer(method, url, options)
        with closing(answer.body):
            content = b"".join([part async for part in answer.body])
        return Response(request, answer, content, history)

    @asynccontextmanager
    async def stream(self, method: str, url: str, **options: Unpack[Options]) -> AsyncGenerator[AsyncStream]:
        """Send a request; the response's body is read inside the `async with` block. It raises as `request` does."""
        request, answer, history = await self._answer(method, url, options)
        with closing(answer.body):
            yield AsyncStream(request, answer, history)

    async def _answer(self, method: str, url: str, options: Options) -> tuple[Request, AsyncAnswer, list[str]]:
        request, redirects = self._prepared(method, url, options), _Redirects(options)
        while True:
            answer = await exchange_async(
                self._wasi, request.method, request.url, request.headers, request.body, self._timeout_of(options)
            )
            following = redirects.next(request, answer)
            if following is None:
                return request, answer, redirects.history
            request = following

    async def get(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a GET request, as `request` does."""
        return await self.request("GET", url, **options)

    async def head(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a HEAD request, as `request` does."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Unpack[Options]) -> Response:
        """Send an OPTIONS request, as `request` does."""
        return await self.request("OPTIONS", url, **options)

    async def post(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a POST request, as `request` does."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a PUT request, as `request` does."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a PATCH request, as `request` does."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[Options]) -> Response:
        """Send a DELETE request, as `request` does."""
        return await self.request("DELETE", url, **options)
