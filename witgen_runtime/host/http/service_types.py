"""What a world's bindings say about `wasi:http` 0.3, and the classes that implement it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import wasmtime

from ... import abi
from ..errors import LinkError
from ..linking.definition import Definition, Import
from .exchange import Answer, Exchange
from .messages import classes_of

if TYPE_CHECKING:
    from ..linking.linker import Linkage

__all__ = ["SERVICE_HANDLER", "ServiceTypes"]

SERVICE_HANDLER: Final = "wasi:http/handler@0.3."
_TYPES: Final = "wasi:http/types@0.3."


class ServiceTypes:
    """What serving a world's components needs of `wasi:http` 0.3. One object per world.

    Attributes:
        handler: the exported `wasi:http/handler`.
    """

    def __init__(self, definition: Definition, types: Import, handler: abi.Interface) -> None:
        self.handler = handler
        self._definition, self._import = definition, types
        self._functions = {each.name: each for each in types.interface.functions}
        made = classes_of(self, lambda name: cast("type[Any]", getattr(types.module, name)))
        self.fields, self._request = made["Fields"], made["Request"]
        self._implementation = type("Types", (), made)()

    @classmethod
    def of(cls, definition: Definition) -> ServiceTypes | None:
        """Return what a world says; None if it does not export `wasi:http/handler` 0.3.

        Raises:
            LinkError: it lacks `wasi:http/types`.
        """
        handler = next((each for each in definition.exports if each.name.startswith(SERVICE_HANDLER)), None)
        if handler is None:
            return None
        types = next((each for each in definition.imports if each.name.startswith(_TYPES)), None)
        if types is None:
            raise LinkError(f"world {definition.name} does not import {_TYPES}x, and so cannot be served over HTTP")
        return cls(definition, types, handler)

    def check(self, engine: wasmtime.Engine) -> None:
        """Any release that runs async functions will do."""

    def imports(self, given: object) -> object:
        """Return the given implementations together with that of `wasi:http/types`."""
        names = [each.attribute for each in self._definition.imports if each.attribute]
        return SimpleNamespace(
            **{**{name: getattr(given, name, None) for name in names}, self._import.attribute: self._implementation}
        )

    def link(self, linkage: Linkage) -> Callable[[Callable[..., Any], Exchange], None]:
        """Return the function that has a request answered by the handler."""
        del linkage
        return self._answer

    def _answer(self, handle: Callable[..., Any], exchange: Exchange) -> None:
        request = self._request(self.fields.of(exchange.head.fields, frozen=True))
        request.receive(exchange)
        try:
            response = handle(request)
        except self._error_code as error:
            exchange.answered(Answer(error=error))
        else:
            response.pass_on(exchange)

    @property
    def _error_code(self) -> type[Exception]:
        return cast("type[Exception]", self.handler.functions[0].raises)

    def method(self, name: str) -> Any:
        """Return the class of a case of `method`."""
        return self._case(self._functions["[method]request.get-method"].result, name)

    def scheme(self, name: str) -> Any:
        """Return the class of a case of `scheme`."""
        return self._case(self._functions["[method]request.get-scheme"].result, name)

    def header_error(self, name: str) -> Exception:
        """Return a case of `header-error`."""
        result = self._functions["[static]fields.from-list"].result
        return cast("Exception", self._case(result.err if isinstance(result, abi.Result) else None, name)())

    def incomplete(self) -> Exception:
        """Return the `error-code` for a response that did not get to the client."""
        result = self.handler.functions[0].result
        case = self._case(result.err if isinstance(result, abi.Result) else None, "HTTP-response-incomplete")
        return cast("Exception", case())

    @property
    def bad_status(self) -> type[Exception]:
        """What `set-status-code` raises."""
        return cast("type[Exception]", self._functions["[method]response.set-status-code"].raises)

    @staticmethod
    def _case(type_: abi.Type | None, name: str) -> Any:
        variant = type_.type if isinstance(type_, abi.Option) else type_
        cases = variant.cases if isinstance(variant, abi.Variant) else ()
        return next((each.python for each in cases if each.name == name), None)
