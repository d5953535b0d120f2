"""Web applications as `wasi:http/incoming-handler`: what `exports.serve` makes of `asgi` and `wsgi`."""

from __future__ import annotations

from functools import partial

from witgen_runtime.guest.http import serving as _serving
from witgen_runtime.guest.http import wasi as _wasi

from ...golem._bindings.types import wasi_http_types as _types
from ...golem._bindings.types import wasi_io_streams as _errors
from .wrappers import wasi_clocks_monotonic_clock as _clock
from .wrappers import wasi_http_types as _http
from .wrappers import wasi_io_poll as _poll

__all__ = [
    "handler",
]


_SERVING = _wasi.Serving(
    fields=_http.Fields.from_list,
    finish=_http.OutgoingBody.finish,
    methods={
        "GET": _types.MethodGet,
        "HEAD": _types.MethodHead,
        "POST": _types.MethodPost,
        "PUT": _types.MethodPut,
        "DELETE": _types.MethodDelete,
        "CONNECT": _types.MethodConnect,
        "OPTIONS": _types.MethodOptions,
        "TRACE": _types.MethodTrace,
        "PATCH": _types.MethodPatch,
    },
    other_method=_types.MethodOther,
    http=_types.SchemeHttp,
    https=_types.SchemeHttps,
    closed=_errors.StreamErrorClosed,
    stream_error=_errors.StreamError,
    poll=_poll.poll,
    timer=_clock.subscribe_duration,
    response=_http.OutgoingResponse,
    respond=_http.ResponseOutparam.set,
)

handler = partial(_serving.handler, _SERVING)
