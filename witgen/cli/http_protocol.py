"""How `witgen serve` reads requests: as uvicorn does, on httptools where that is installed."""

from __future__ import annotations

from typing import Any

__all__ = ["http_protocol"]


def http_protocol() -> Any:
    """Return the value of uvicorn's option `http`.

    uvicorn's protocol on httptools appends trailers to the headers of their request if both arrive at once. A proxy in
    front that removes headers from requests, `x-forwarded-user` for example, may pass trailers on, so they must not
    count as headers (RFC 9110, 6.5.1).
    """
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "h11"

    class WithoutTrailers(HttpToolsProtocol):
        _in_head = True

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head = True

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head = False
            super().on_headers_complete()

    return WithoutTrailers
