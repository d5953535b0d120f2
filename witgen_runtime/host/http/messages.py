"""`wasi:http/types` 0.3 in Python, for requests that a server received: wasmtime's C API has none of its own.

A world's bindings have base classes of the resources; the classes here implement what guests call on them. Bodies are
sockets in chunked coding on the server's side, as those of 0.2 are.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from types import new_class
from typing import Any, Final, Protocol

from ...values import Err, Ok
from ..wasi.http.fields import HOP_BY_HOP, is_field
from .chunked import END, LAST, ChunkedBody, ChunkedError, chunk, field_line
from .exchange import Answer, Exchange

__all__ = ["Names", "classes_of"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
_FORBIDDEN: Final = frozenset(name.decode() for name in HOP_BY_HOP) | {"host"}
"""Headers that belong to a connection; wasmtime refuses the same."""
_PIECE: Final = 1 << 16
_FINAL: Final = range(100, 1000)


# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
# WIT may give the methods of resources any name, so what is the runtime's begins with an underscore.


class Names(Protocol):
    """What a world's bindings call cases of variants, and exceptions.

    Attributes:
        fields: the class that implements `fields`.
    """

    fields: type[Any]

    def method(self, name: str) -> Any:
        """Return the class of a case of `method`."""

    def scheme(self, name: str) -> Any:
        """Return the class of a case of `scheme`."""

    def header_error(self, name: str) -> Exception:
        """Return a case of `header-error`."""
        ...

    def incomplete(self) -> Exception:
        """Return the `error-code` for a response that did not get to the client."""
        ...

    @property
    def bad_status(self) -> type[Exception]:
        """What `set-status-code` raises."""
        ...


class _Fields:
    """Headers or trailers; those of a request cannot be changed."""

    _types: Names

    def __init__(self) -> None:
        self.entries: list[tuple[str, bytes]] = []
        self.is_frozen = False

    @classmethod
    def of(cls, entries: Sequence[tuple[str, bytes]], *, frozen: bool = False) -> Any:
        made = cls()
        made.entries, made.is_frozen = list(entries), frozen
        return made

    @classmethod
    def from_list(cls, entries: Sequence[tuple[str, bytes]]) -> Any:
        made = cls()
        for name, value in entries:
            made.append(name, value)
        return made

    def get(self, name: str) -> list[bytes]:
        return [value for each, value in self.entries if each.lower() == name.lower()]

    def has(self, name: str) -> bool:
        return bool(self.get(name))

    def set(self, name: str, value: Sequence[bytes]) -> None:
        self._check(name, *value)
        self.entries = [*self._others(name), *((name, each) for each in value)]

    def delete(self, name: str) -> None:
        self._check(name)
        self.entries = self._others(name)

    def get_and_delete(self, name: str) -> list[bytes]:
        found = self.get(name)
        self.delete(name)
        return found

    def append(self, name: str, value: bytes) -> None:
        self._check(name, value)
        self.entries.append((name, value))

    def copy_all(self) -> list[tuple[str, bytes]]:
        return self.entries

    def clone(self) -> Any:
        return self.of(self.entries)

    def _others(self, name: str) -> list[tuple[str, bytes]]:
        return [each for each in self.entries if each[0].lower() != name.lower()]

    def _check(self, name: str, *values: bytes) -> None:
        """Raise what WIT declares for a change that is not allowed."""
        if self.is_frozen:
            raise self._types.header_error("immutable")
        if not all(is_field(name, value) for value in (b"", *values)):
            raise self._types.header_error("invalid-syntax")
        if name.lower() in _FORBIDDEN:
            raise self._types.header_error("forbidden")


class _Request:
    """A request: one that a server received, or that the guest makes."""

    _types: Names

    def __init__(self, headers: Any, options: Any = None) -> None:
        self._headers, self._options = headers, options
        self._exchange: Exchange | None = None
        self._method: Any = self._types.method("get")()
        self._path: str | None = None
        self._scheme: Any = None
        self._authority: str | None = None

    @classmethod
    def new(cls, headers: Any, contents: Any, trailers: Any, options: Any) -> Any:
        del contents, trailers  # without `wasi:http/client`, nothing can be done with a request
        headers.is_frozen = True
        return cls(headers, options), Future[Any]()

    def get_method(self) -> Any:
        return self._method

    def set_method(self, method: Any) -> None:
        self._method = method

    def get_path_with_query(self) -> str | None:
        return self._path

    def set_path_with_query(self, path_with_query: str | None) -> None:
        self._path = path_with_query

    def get_scheme(self) -> Any:
        return self._scheme

    def set_scheme(self, scheme: Any) -> None:
        self._scheme = scheme

    def get_authority(self) -> str | None:
        return self._authority

    def set_authority(self, authority: str | None) -> None:
        self._authority = authority

    def get_options(self) -> Any:
        return self._options

    def get_headers(self) -> Any:
        return self._types.fields.of(self._headers.entries, frozen=True)

    @classmethod
    def consume_body(cls, this: Any, res: Any) -> Any:
        res.close()  # whether the guest got all of it is of no interest here
        return this.contents(), Ok(None)

    def receive(self, exchange: Exchange) -> None:
        """Become the request that a server received."""
        head = exchange.head
        self._exchange = exchange
        name = head.method
        known = self._types.method(name.lower()) if name in _METHODS else None
        self._method = known() if known is not None else self._types.method("other")(name)
        self._path, self._authority = head.target, head.authority
        self._scheme = self._types.scheme(head.scheme.upper())()

    def contents(self) -> bytes | Iterator[bytes]:
        """Return the body, which the server passes on as fast as it is read."""
        exchange = self._exchange
        if exchange is None or not exchange.head.has_body:
            return b""
        near, far = socket.socketpair()
        exchange.opened(near)
        exchange.consuming(near)
        return _pieces(far)


def _pieces(far: socket.socket) -> Iterator[bytes]:
    """Yield the pieces of a body in chunked coding until it ends, or the request does."""
    body = ChunkedBody()
    with far:
        while not body.ended:
            try:
                data = body.feed(far.recv(_PIECE))
            except (ChunkedError, OSError):
                return
            if data:
                yield data


class _RequestOptions:
    """Timeouts of requests that the guest sends."""

    def __init__(self) -> None:
        self._times: dict[str, int | None] = {}

    def get_connect_timeout(self) -> int | None:
        return self._times.get("connect")

    def set_connect_timeout(self, duration: int | None) -> None:
        self._times["connect"] = duration

    def get_first_byte_timeout(self) -> int | None:
        return self._times.get("first byte")

    def set_first_byte_timeout(self, duration: int | None) -> None:
        self._times["first byte"] = duration

    def get_between_bytes_timeout(self) -> int | None:
        return self._times.get("between bytes")

    def set_between_bytes_timeout(self, duration: int | None) -> None:
        self._times["between bytes"] = duration

    def clone(self) -> Any:
        made = type(self)()
        made._times = dict(self._times)
        return made


class _Response:
    """A response that the guest makes."""

    _types: Names

    def __init__(self, headers: Any, contents: Any, trailers: Any) -> None:
        self._headers, self._contents, self._trailers = headers, contents, trailers
        self._status = 200
        self._sent = Future[Any]()
        headers.is_frozen = True

    @classmethod
    def new(cls, headers: Any, contents: Any, trailers: Any) -> Any:
        made = cls(headers, contents, trailers)
        return made, made._sent

    def get_status_code(self) -> int:
        return self._status

    def set_status_code(self, status_code: int) -> None:
        if status_code not in _FINAL:
            raise self._types.bad_status
        self._status = status_code

    def get_headers(self) -> Any:
        return self._types.fields.of(self._headers.entries, frozen=True)

    @classmethod
    def consume_body(cls, this: Any, res: Any) -> Any:
        res.close()
        contents = b"" if this._contents is None else this._contents
        return contents, this._trailers.read

    def pass_on(self, exchange: Exchange) -> None:
        """Answer a request with it, on the store's thread; the guest runs until it has written all of its body."""
        entries = tuple(self._headers.entries)
        if self._contents is None:
            exchange.answered(Answer(self._status, entries))
            self._settle(Ok(None))
            return
        near, far = socket.socketpair()
        exchange.opened(near)
        exchange.answered(Answer(self._status, entries, near))
        with far:
            try:
                for piece in self._contents:
                    far.sendall(chunk(piece))
                far.sendall(self._end())
            except OSError:  # the client has gone, or its time is up
                self._settle(Err(self._types.incomplete()))
            else:
                self._settle(Ok(None))

    def _end(self) -> bytes:
        """Return the end of the body; nothing, so that it stays unfinished, where the guest says that it failed."""
        trailers = self._trailers.read()
        if isinstance(trailers, Err):
            return b""
        if trailers.value is None:
            return END
        announced = b",".join(self._headers.get("trailer")).decode("latin-1").lower().split(",")
        names = {each.strip() for each in announced}
        sent = (field for field in trailers.value.entries if field[0].lower() in names)
        return LAST + b"".join(field_line(name, value) for name, value in sent) + b"\r\n"

    def _settle(self, outcome: Ok[None] | Err[Any]) -> None:
        if not self._sent.done():
            self._sent.set_result(outcome)


_PARTS: Final[dict[str, type[Any]]] = {
    "Fields": _Fields,
    "Request": _Request,
    "RequestOptions": _RequestOptions,
    "Response": _Response,
}


def classes_of(types: Names, base: Callable[[str], type[Any]]) -> dict[str, type[Any]]:
    """Return the classes that implement the resources of a world's bindings; `base` returns a class of these."""
    made = dict[str, type[Any]]()
    for name, part in _PARTS.items():
        generated = base(name)
        made[name] = new_class(name, (part, generated), exec_body=lambda body: body.update(_types=types))
    return made
