"""`serve(__name__, asgi=…)` and `serve(__name__, wsgi=…)`: web applications as `wasi:http/incoming-handler`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from ..raw import inside_component
from . import warming
from .asgi import AsgiApplication, AsgiHandler
from .frameworks import let_anyio_do_without_threads
from .wasi import Serving
from .wsgi import WsgiApplication, WsgiHandler

__all__ = ["AsgiApplication", "Paths", "WsgiApplication", "handler"]

Paths: TypeAlias = Iterable[str]
"""Paths of requests, with queries."""


def handler(
    wasi: Serving,
    implementation: Any,
    *,
    asgi: AsgiApplication | None = None,
    wsgi: WsgiApplication | None = None,
    warm: Paths | None = None,
) -> Any:
    """Return what implements `wasi:http/incoming-handler`: exactly one of the first three, as an object.

    Args:
        wasi: the bindings.
        implementation: an object that has `handle`.
        asgi: an ASGI application.
        wsgi: a WSGI application.
        warm: paths that are requested from the application while the component is built.

    Raises:
        TypeError: none of them is given, or several; or `warm` without an application.
        RuntimeError: a request for one of the paths fails.
    """
    given = [name for name, each in (("asgi", asgi), ("wsgi", wsgi)) if each is not None]
    if implementation is not None:
        given.append("an object with `handle`")
    if len(given) != 1:
        raise TypeError(f"wasi:http/incoming-handler is implemented by one application, not by {_listed(given)}")
    if warm is not None and implementation is not None:
        raise TypeError("`warm` needs an application: give `asgi` or `wsgi`")
    paths = _paths(warm)
    if asgi is not None:
        return _asgi(wasi, asgi, paths)
    return implementation if wsgi is None else _wsgi(wasi, wsgi, paths)


def _listed(given: list[str]) -> str:
    return " and ".join(given) if given else "none: give `asgi` or `wsgi`"


def _paths(warm: Paths | None) -> list[str]:
    if isinstance(warm, str):
        raise TypeError(f"`warm` is a list of paths, such as [{warm!r}]")
    paths = [*(warm or ())]
    for path in paths:
        if not path.startswith("/"):
            raise ValueError(f"`warm` has {path!r}: paths begin with `/`")
    return paths


def _asgi(wasi: Serving, application: AsgiApplication, warm: list[str]) -> AsgiHandler:
    if inside_component():
        let_anyio_do_without_threads()
        warming.asgi(application, warm)
    return AsgiHandler(wasi, application)


def _wsgi(wasi: Serving, application: WsgiApplication, warm: list[str]) -> WsgiHandler:
    if inside_component():
        warming.wsgi(application, warm)
    return WsgiHandler(wasi, application)
