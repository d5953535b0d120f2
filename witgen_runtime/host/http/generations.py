"""The generations of `wasi:http`: 0.2, most of which is wasmtime's own, and 0.3, which Python implements."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import wasmtime

from ... import abi
from ..linking.definition import Definition
from . import resources
from .bodies import Bodies
from .exchange import Exchange
from .handler_types import HandlerTypes
from .service_types import ServiceTypes

if TYPE_CHECKING:
    from ..linking.linker import Linkage

__all__ = ["Generation", "generation_of"]


class Generation(Protocol):
    """How the components of a world are called for a request.

    Attributes:
        handler: the interface that they export.
    """

    handler: abi.Interface

    def check(self, engine: wasmtime.Engine) -> None:
        """Raise `LinkError` if wasmtime is too old."""

    def imports(self, given: object) -> object:
        """Return the implementations of a world's imports."""

    def link(self, linkage: Linkage) -> Callable[[Callable[..., Any], Exchange], None]:
        """Define in a store what requests need; return the function that has one answered by the handler."""
        ...


class _Proxy:
    """`wasi:http/incoming-handler` 0.2."""

    def __init__(self, types: HandlerTypes) -> None:
        self.handler = types.handler
        self._types = types

    def check(self, engine: wasmtime.Engine) -> None:
        resources.served_release(engine)

    def imports(self, given: object) -> object:
        return given

    def link(self, linkage: Linkage) -> Callable[[Callable[..., Any], Exchange], None]:
        return partial(self._answer, resources.link(linkage, self._types))

    def _answer(self, bodies: Bodies, handle: Callable[..., Any], exchange: Exchange) -> None:
        bodies.start_over()
        request = resources.IncomingRequest(exchange, bodies, self._types)
        handle(request, resources.ResponseOutparam(exchange))


def generation_of(definition: Definition) -> Generation:
    """Return the generation of a world.

    Raises:
        LinkError: the world cannot be served.
    """
    return ServiceTypes.of(definition) or _Proxy(HandlerTypes.of(definition))
