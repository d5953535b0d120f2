"""What a world's own bindings say about `wasi:http`: its resources, its variants, and the exported handler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

from ... import abi
from ..errors import LinkError
from ..linking.definition import Definition, Import

__all__ = ["HANDLER", "HandlerTypes"]

HANDLER: Final = "wasi:http/incoming-handler@0.2."
_TYPES: Final = "wasi:http/types@0.2."

_ENTRIES: Final = abi.List(abi.Tuple((abi.STRING, abi.List(abi.U8))))


@dataclass(frozen=True, eq=False)
class HandlerTypes:
    """What serving a world's components needs of `wasi:http`. One object per world: calls are compiled for it.

    Attributes:
        interface: `wasi:http/types`.
        request: the resource `incoming-request`.
        response: the resource `outgoing-response`.
        outparam: the resource `response-outparam`.
        handler: the exported `wasi:http/incoming-handler`.
        functions: those of `interface`, by WIT name.
        new_fields: `new-fields` of the internal component.
        entries: `entries` of the internal component.
    """

    interface: abi.Interface
    request: abi.Resource
    response: abi.Resource
    outparam: abi.Resource
    handler: abi.Interface
    functions: dict[str, abi.Function] = field(init=False)
    new_fields: abi.Function = field(init=False)
    entries: abi.Function = field(init=False)

    def __post_init__(self) -> None:
        """Describe the functions that the runtime calls or replaces."""
        known = {resource.name: resource for resource, _ in self.interface.resources}
        fields = known["fields"]
        listed, borrowed = abi.Param("entries", "entries", _ENTRIES), abi.Param("fields", "fields", abi.Borrow(fields))
        for name, value in (
            ("functions", {each.name: each for each in self.interface.functions}),
            ("new_fields", abi.Function("new-fields", "new_fields", (listed,), abi.Option(abi.Own(fields)))),
            ("entries", abi.Function("entries", "entries", (borrowed,), _ENTRIES)),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, definition: Definition) -> HandlerTypes:
        """Return what a world says.

        Raises:
            LinkError: it does not export `wasi:http/incoming-handler`, or its bindings implement `wasi:http/types`.
        """
        handler = next((each for each in definition.exports if each.name.startswith(HANDLER)), None)
        types = next((each for each in definition.imports if each.name.startswith(_TYPES)), None)
        if handler is None or types is None:
            raise LinkError(f"world {definition.name} does not export {HANDLER}x, and so cannot be served over HTTP")
        _check_native(definition, types)
        known = {resource.name: resource for resource, _ in types.interface.resources}
        request, response, outparam = (
            known[name] for name in ("incoming-request", "outgoing-response", "response-outparam")
        )
        return cls(types.interface, request, response, outparam, handler)

    def case(self, function: str, name: str) -> Any:
        """Return the class of a case of the variant that a function returns, None if it has no such case."""
        result = self.functions[function].result
        variant = result.type if isinstance(result, abi.Option) else result
        cases = variant.cases if isinstance(variant, abi.Variant) else ()
        return next((each.python for each in cases if each.name == name), None)

    def failure_of(self, function: str) -> type[Exception]:
        """Return the exception that a function raises for a result without an error value."""
        return cast("type[Exception]", self.functions[function].raises)


def _check_native(definition: Definition, types: Import) -> None:
    if not types.native:
        raise LinkError(
            f'world {definition.name} implements {types.name} itself: add "wasi:http" to `wasmtime` in its'
            " configuration and generate its bindings again, so that its components can be served"
        )
