"""The server's side of `wasi:http/types`: components import the whole interface, but nobody sends requests to them."""

from __future__ import annotations

from typing import NoReturn

from ..._bindings.host import wasi_http_types

__all__ = ["IncomingRequest", "ResponseOutparam"]

_REFUSAL = "witgen's services send no HTTP requests to components"


class IncomingRequest(wasi_http_types.IncomingRequest):
    """A request to the component; there are none."""

    def method(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)

    def path_with_query(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)

    def scheme(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)

    def authority(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)

    def headers(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)

    def consume(self) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)


class ResponseOutparam(wasi_http_types.ResponseOutparam):
    """The place for the response to such a request."""

    @classmethod
    def set(cls, param: object, response: object) -> NoReturn:
        """Refuse."""
        raise NotImplementedError(_REFUSAL)
