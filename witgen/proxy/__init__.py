"""Worlds ready-made of what components that answer HTTP requests import and export.

from witgen.proxy import Proxy

app = Proxy.asgi("app.wasm")  # for any ASGI server

`Proxy` is `wasi:http/proxy` 0.2; `Service` is for components with the async handler of `wasi:http` 0.3.
"""

from __future__ import annotations

from typing import Unpack

from witgen_runtime import host as _host

from ._bindings.host.proxy import AsyncProxy, AsyncProxyImports, Proxy, ProxyImports
from ._service.host.service import AsyncService, AsyncServiceImports, ServiceImports
from ._service.host.service import Service as _Service

__all__ = [
    "AsyncProxy",
    "AsyncProxyImports",
    "AsyncService",
    "AsyncServiceImports",
    "Proxy",
    "ProxyImports",
    "Service",
    "ServiceImports",
]


class Service(_Service):
    """World of components that export `wasi:http/handler` 0.3."""

    @classmethod
    def asgi(cls, component: _host.ComponentSource, **options: Unpack[_host.ServeOptions]) -> _host.HttpApplication:
        """Return an ASGI application: every request is answered by an instance of `component`.

        Args:
            component: a path, the bytes of a component, component text, or a loaded `wasmtime.component.Component`.
            options: as `ServeOptions` describes them. `http` is of no use: nothing implements `wasi:http/client`.
        """
        return _host.HttpApplication(cls, component, None, options)
