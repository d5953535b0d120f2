"""The descriptors of generated bindings, as the composer sees types."""

from __future__ import annotations

from collections.abc import Sequence

from .... import abi
from ..wasm.shapes import OPCODES, PRIMITIVES, Function, Interface, Kind, Resource, Shape

__all__ = ["Translation"]


class Translation:
    """Translates descriptors. The identity of types and resources is kept."""

    def __init__(self) -> None:
        self._shapes: dict[abi.Type, Shape] = {}
        self._resources: dict[abi.Resource, Resource] = {}
        self.origins: dict[Resource, abi.Resource] = {}
        """The descriptors of the resources met."""

    def interface(self, interface: abi.Interface) -> Interface:
        """Return an interface of the bindings."""
        own = [self._resource(resource) for resource, _ in interface.resources]
        types: dict[str, Shape | Resource] = {resource.name: resource for resource in own}
        return Interface(interface.name, types, [self._function(each) for each in interface.functions], own)

    def _function(self, function: abi.Function) -> Function:
        params = tuple((param.name, self._shape(param.type)) for param in function.params)
        return Function(function.name, params, self._optional(function.result), function.is_async)

    def _resource(self, resource: abi.Resource) -> Resource:
        if resource not in self._resources:
            made = self._resources[resource] = Resource(resource.name)
            self.origins[made] = resource
        return self._resources[resource]

    def _optional(self, type_: abi.Type | None) -> Shape | None:
        return None if type_ is None else self._shape(type_)

    def _shape(self, type_: abi.Type) -> Shape:
        if isinstance(type_, abi.Prim):
            return PRIMITIVES[OPCODES[type_.value]]
        if type_ not in self._shapes:
            self._shapes[type_] = self._made(type_)
        return self._shapes[type_]

    def _made(self, type_: abi.Type) -> Shape:
        match type_:
            case abi.Prim():
                return PRIMITIVES[OPCODES[type_.value]]
            case abi.Record(fields=fields):
                return Shape(
                    Kind.RECORD, self._all([each.type for each in fields]), tuple(each.name for each in fields)
                )
            case abi.Variant(cases=cases):
                return Shape(Kind.VARIANT, self._all([each.payload for each in cases]), tuple(c.name for c in cases))
            case abi.Enum():
                return Shape(Kind.ENUM, labels=type_.cases)
            case abi.Flags():
                return Shape(Kind.FLAGS, labels=type_.flags)
            case abi.Tuple():
                return Shape(Kind.TUPLE, self._all(type_.types))
            case abi.Option():
                return Shape(Kind.OPTION, self._all([type_.type]))
            case abi.Result():
                return Shape(Kind.RESULT, self._all([type_.ok, type_.err]))
            case abi.List():
                return Shape(Kind.LIST, self._all([type_.element]))
            case abi.FixedList():
                return Shape(Kind.FIXED_LIST, self._all([type_.element]), size=type_.size)
            case abi.Map():
                return Shape(Kind.MAP, self._all([type_.key, type_.value]))
            case abi.Stream():
                return Shape(Kind.STREAM, self._all([type_.type]))
            case abi.Future():
                return Shape(Kind.FUTURE, self._all([type_.type]))
            case abi.Own():
                return Shape(Kind.OWN, resource=self._resource(type_.resource))
            case abi.Borrow():
                return Shape(Kind.BORROW, resource=self._resource(type_.resource))

    def _all(self, types: Sequence[abi.Type | None]) -> tuple[Shape | None, ...]:
        return tuple(self._optional(type_) for type_ in types)
