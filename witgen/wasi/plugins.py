"""The modules that witgen adds to the guest bindings of worlds with WASI's interfaces."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..bindings.plugins import GuestPlugin, GuestSource, ServeForm, ServeParameter

__all__ = ["PLUGINS"]

_SOURCES = Path(__file__).with_name("guest")

_BODIES = {
    "wasi:io/streams": (
        "input-stream.read: func(len: u64) -> result<list<u8>, stream-error>",
        "input-stream.blocking-read: func(len: u64) -> result<list<u8>, stream-error>",
        "input-stream.subscribe: func() -> pollable",
        "output-stream.check-write: func() -> result<u64, stream-error>",
        "output-stream.write: func(contents: list<u8>) -> result<_, stream-error>",
        "output-stream.flush: func() -> result<_, stream-error>",
        "output-stream.subscribe: func() -> pollable",
    ),
    "wasi:io/poll": ("poll: func(in: list<borrow<pollable>>) -> list<u32>", "pollable.block: func()"),
    "wasi:clocks/monotonic-clock": ("subscribe-duration: func(when: duration) -> pollable",),
}
# Not the functions of fields: their types have another name since 0.2.2.
_MESSAGES = (
    "incoming-body.stream: func() -> result<input-stream>",
    "outgoing-body.write: func() -> result<output-stream>",
    "outgoing-body.finish: static func(this: outgoing-body, trailers: option<trailers>) -> result<_, error-code>",
)
_SERVER = GuestSource(
    _SOURCES / "http_server.py",
    needs={
        **_BODIES,
        "wasi:http/types": (
            *_MESSAGES,
            "incoming-request.method: func() -> method",
            "incoming-request.path-with-query: func() -> option<string>",
            "incoming-request.scheme: func() -> option<scheme>",
            "incoming-request.authority: func() -> option<string>",
            "incoming-request.headers: func() -> headers",
            "incoming-request.consume: func() -> result<incoming-body>",
            "outgoing-response.set-status-code: func(status-code: status-code) -> result",
            "outgoing-response.body: func() -> result<outgoing-body>",
            (
                "response-outparam.set: static func(param: response-outparam,"
                " response: result<outgoing-response, error-code>)"
            ),
        ),
    },
)

_CLIENT = GuestSource(
    _SOURCES / "http.py",
    needs={
        **_BODIES,
        "wasi:http/types": (
            *_MESSAGES,
            "http-error-code: func(err: borrow<io-error>) -> option<error-code>",
            "outgoing-request.body: func() -> result<outgoing-body>",
            "outgoing-request.set-method: func(method: method) -> result",
            "outgoing-request.set-path-with-query: func(path-with-query: option<string>) -> result",
            "outgoing-request.set-scheme: func(scheme: option<scheme>) -> result",
            "outgoing-request.set-authority: func(authority: option<string>) -> result",
            "request-options.set-connect-timeout: func(duration: option<duration>) -> result",
            "request-options.set-first-byte-timeout: func(duration: option<duration>) -> result",
            "request-options.set-between-bytes-timeout: func(duration: option<duration>) -> result",
            "future-incoming-response.subscribe: func() -> pollable",
            "future-incoming-response.get: func() -> option<result<result<incoming-response, error-code>>>",
            "incoming-response.status: func() -> status-code",
            "incoming-response.headers: func() -> headers",
            "incoming-response.consume: func() -> result<incoming-body>",
        ),
        "wasi:http/outgoing-handler": (
            (
                "handle: func(request: outgoing-request, options: option<request-options>)"
                " -> result<future-incoming-response, error-code>"
            ),
        ),
    },
)

PLUGINS: Final = (
    GuestPlugin("http", (_CLIENT,)),
    GuestPlugin(
        "http_server",
        (_SERVER,),
        serve=ServeForm(
            "wasi:http/incoming-handler",
            ("handle: func(request: incoming-request, response-out: response-outparam)",),
            maker="handler",
            types="guest.http.serving",
            parameters=(
                ServeParameter("asgi", "AsgiApplication", "An ASGI application that implements it."),
                ServeParameter("wsgi", "WsgiApplication", "A WSGI application that implements it."),
                ServeParameter(
                    "warm", "Paths", "Paths that are requested from the application while the component is built."
                ),
            ),
        ),
    ),
)
