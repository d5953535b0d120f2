"""The world `wasi:http/proxy` ready-made: what components that answer HTTP requests import and export.

from witgen.proxy import Proxy

app = Proxy.asgi("app.wasm")  # for any ASGI server
"""

from __future__ import annotations

from ._bindings.host.proxy import AsyncProxy, AsyncProxyImports, Proxy, ProxyImports

__all__ = ["AsyncProxy", "AsyncProxyImports", "Proxy", "ProxyImports"]
