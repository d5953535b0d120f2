"""HTTP requests through `wasi:http`: clients like requests, and what httpx, requests and urllib send with."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from witgen_runtime.guest.http import client as _client
from witgen_runtime.guest.http import errors as _http_errors
from witgen_runtime.guest.http import libraries as _libraries
from witgen_runtime.guest.http import messages as _messages
from witgen_runtime.guest.http import wasi as _wasi

from ...golem._bindings.types import wasi_http_types as _types
from ...golem._bindings.types import wasi_io_streams as _errors
from .wrappers import wasi_clocks_monotonic_clock as _clock
from .wrappers import wasi_http_outgoing_handler as _outgoing
from .wrappers import wasi_http_types as _http
from .wrappers import wasi_io_poll as _poll

__all__ = [
    "Adapter",
    "AsyncClient",
    "AsyncTransport",
    "Client",
    "ConnectError",
    "ConnectTimeout",
    "Headers",
    "ReadTimeout",
    "RequestError",
    "Response",
    "StatusError",
    "Transport",
    "delete",
    "get",
    "head",
    "opener",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "stream",
]


_REQUESTING = _wasi.Requesting(
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
    request=_http.OutgoingRequest,
    options=_http.RequestOptions,
    send=_outgoing.handle,
    error_code=_types.ErrorCode,
    body_error=_http.http_error_code,
    connect_timeouts=(_types.ErrorCodeConnectionTimeout, _types.ErrorCodeDnsTimeout),
    timeouts=(
        _types.ErrorCodeConnectionReadTimeout,
        _types.ErrorCodeConnectionWriteTimeout,
        _types.ErrorCodeHttpResponseTimeout,
    ),
    connect_errors=(
        _types.ErrorCodeDnsError,
        _types.ErrorCodeDestinationNotFound,
        _types.ErrorCodeDestinationUnavailable,
        _types.ErrorCodeDestinationIpProhibited,
        _types.ErrorCodeDestinationIpUnroutable,
        _types.ErrorCodeConnectionRefused,
        _types.ErrorCodeConnectionLimitReached,
        _types.ErrorCodeTlsProtocolError,
        _types.ErrorCodeTlsCertificateError,
        _types.ErrorCodeTlsAlertReceived,
    ),
)

Headers = _messages.Headers
Response = _messages.Response
ConnectError = _http_errors.ConnectError
ConnectTimeout = _http_errors.ConnectTimeout
ReadTimeout = _http_errors.ReadTimeout
RequestError = _http_errors.RequestError
StatusError = _http_errors.StatusError


class Client(_client.Client):
    """A client that waits for responses: `Client(base_url=…, headers=…, timeout=…)`."""

    _wasi = _REQUESTING


class AsyncClient(_client.AsyncClient):
    """A client for asyncio: `await AsyncClient().get(url)`. Other tasks run while it waits."""

    _wasi = _REQUESTING


_DEFAULT = Client()
request = _DEFAULT.request
stream = _DEFAULT.stream
get = _DEFAULT.get
head = _DEFAULT.head
options = _DEFAULT.options
post = _DEFAULT.post
put = _DEFAULT.put
patch = _DEFAULT.patch
delete = _DEFAULT.delete

Transport = partial(_libraries.httpx_transport, _REQUESTING)
"""Returns a transport for `httpx.Client(transport=Transport())`."""

AsyncTransport = partial(_libraries.httpx_async_transport, _REQUESTING)
"""Returns a transport for `httpx.AsyncClient(transport=AsyncTransport())`."""

Adapter = partial(_libraries.requests_adapter, _REQUESTING)
"""Returns an adapter for `requests.Session().mount("https://", Adapter())`."""


def _urllib() -> Any:
    from urllib import error, request, response

    return SimpleNamespace(error=error, request=request, response=response)


opener = _libraries.Opener(_REQUESTING, _urllib)
"""`opener.open(url)` as `urllib.request.urlopen` does it; `opener.handler()` is a handler for `build_opener`."""
