"""WIT types as annotations of generated code."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import assert_never

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.memo import Memo
from ..facts.names import BUILTINS
from ..facts.numbers import DTYPES, number_form
from ..facts.types import aliased, contains_handle, contains_stream, is_used, spelt_size
from ..facts.world import Link, ScopeFacts, WorldFacts
from .host_names import host_names
from .imports import Imports

__all__ = [
    "EXPORT_SIDE",
    "IMPORT_SIDE",
    "SERVED",
    "TYPES",
    "WORLD_EXPORTS",
    "Annotations",
    "Bases",
    "Ends",
    "Place",
    "private",
]


@frozen
class Place:
    """Where a module stands in the output, seen from inside it.

    `up` leads to the root of the output, `imported` to the modules of imported interfaces, `exported` to those of
    exported ones (None in a module that knows only imports). They decide which class a resource is. `is_own`: functions
    here are the world's own, which use the import where an interface is imported and exported (WIT.md, Worlds).
    """

    up: str
    imported: str
    exported: str | None = None
    is_types: bool = False
    is_own: bool = False


TYPES = Place("..", ".", is_types=True)
IMPORT_SIDE = Place("..", ".")
EXPORT_SIDE = Place("...", "..", ".")
WORLD_EXPORTS = Place("..", ".", ".exports.", is_own=True)
SERVED = Place("...", "..", ".", is_own=True)


class Ends(enum.Enum):
    """The Python form of streams and futures: a guest's end, a host's reader, or a host's source."""

    GUEST = enum.auto()
    READER = enum.auto()
    SOURCE = enum.auto()


class Bases(enum.Enum):
    """The class of a resource: with plain methods, with coroutines, or either.

    A resource that the component implements has no choice: with coroutines, it is the asyncio API's class.
    """

    PLAIN = enum.auto()
    ASYNC = enum.auto()
    EITHER = enum.auto()


def private(name: str) -> str:
    """Return the alias by which a class body refers to a class of its module that an attribute hides."""
    return "_" + name


def _is_among(scope: ScopeFacts, links: Collection[Link]) -> bool:
    return any(link.scope is scope for link in links)


_PRIMITIVES = {
    ir.Prim.BOOL: "bool",
    ir.Prim.F32: "float",
    ir.Prim.F64: "float",
    ir.Prim.CHAR: "str",
    ir.Prim.STRING: "str",
}
_SPELT_OUT = 1000
"""How large an annotation may become where aliases are spelt out."""
_BYTES_LIKE = ("bytes", "bytearray", "memoryview")


_USED: Memo[str, dict[ir.TypeId, ir.TypeId]] = Memo()
"""By module, the types that `use` brings into it: the definition, and its name there."""


@dataclass(slots=True)
class Annotations:
    """Writes annotations for one module (`module`, at `place`) and records the imports that they need.

    `shadowed` holds names that mean something else where the annotation stands: a method called `list`, an attribute
    that is called like the resource class it holds.
    """

    facts: WorldFacts
    imports: Imports
    place: Place
    module: str
    shadowed: Collection[str] = ()
    bases: Bases = Bases.PLAIN
    ends: Ends = Ends.GUEST
    owner: ir.TypeOwner | None = None
    """The scope whose types are written, if that is not the module's own."""

    def given(self, *, by_host: bool) -> Annotations:
        """Return the annotations for values that one side passes to the other; only hosts have different ones."""
        if self.ends is Ends.GUEST:
            return self
        return replace(self, ends=Ends.SOURCE if by_host else Ends.READER)

    def exact(self, type: ir.Type | None) -> str:
        """Return the type of a value that the bindings return; None means no value at all."""
        if type is None:
            return "None"
        return self._primitive(type) if isinstance(type, ir.Prim) else self._defined(type.id)

    def accepted(self, type: ir.Type) -> str:
        """Return the type of values that the bindings accept for `type`; wider than `exact`."""
        return " | ".join(dict.fromkeys(self._accepted(type)))

    def optional(self, type: ir.Type) -> bool:
        """Return whether `type` is an option."""
        return isinstance(type, ir.TypeRef) and isinstance(self._kind(type.id), ir.Option)

    def _kind(self, id: ir.TypeId) -> ir.TypeKind:
        return self.facts.resolve.type_def(self.facts.resolve.dealias(id)).kind

    def builtin(self, name: str) -> str:
        """Return the local name of Python's `name` at the annotation's place."""
        if name in self.shadowed and name in BUILTINS:
            return f"{self.imports.module('', 'builtins')}.{name}"
        return name

    def _primitive(self, type: ir.Prim) -> str:
        if type is ir.Prim.ERROR_CONTEXT:
            return self.imports.name("typing", "Any")
        return self.builtin(_PRIMITIVES.get(type, "int"))

    def _defined(self, id: ir.TypeId) -> str:
        definition = self.facts.resolve.type_def(id)
        resource = self.facts.resource_of(id)
        if resource is not None:
            return self._resource(resource if definition.owner is None else id)
        # An alias of something with handles means other classes on each side, so it is spelt out.
        opaque = isinstance(definition.kind, ir.Record | ir.Variant | ir.Enum | ir.Flags)
        spelt = not self.place.is_types and not opaque and self._differs(ir.TypeRef(id))
        if spelt and self._is_vast(ir.TypeRef(id)):
            return self.imports.name("typing", "Any")
        if definition.name is not None and not spelt:
            return self._named(id)
        there = self if definition.owner is None else replace(self, owner=definition.owner)
        return there.structure(definition.kind)

    def _is_vast(self, type: ir.Type) -> bool:
        """Return whether a type is too large to be spelt out."""
        return spelt_size(self.facts.resolve, type) > _SPELT_OUT

    def _differs(self, type: ir.TypeRef) -> bool:
        """Return whether a type has another form here than in `types/`."""
        resolve = self.facts.resolve
        return contains_handle(resolve, type) or (self.ends is not Ends.GUEST and contains_stream(resolve, type))

    def _named(self, id: ir.TypeId) -> str:
        id = id if self.place.is_types else self._as_used_here(id)
        module, name = self.facts.scope_of(id).module, self.facts.type(id).name
        if self.place.is_types:
            return name if module == self.module else self.imports.name(f".{module}", name)
        return self.imports.name(f"{self.place.up}types.{module}", name)

    def _as_used_here(self, id: ir.TypeId) -> ir.TypeId:
        """Return the alias of a type with the same name in this module's scope, or the type itself."""
        known = _USED.of(self.facts)
        if self.module not in known:
            resolve = self.facts.resolve
            types = (id for scope in self.facts.scopes.values() if scope.module == self.module for id in scope.types)
            known[self.module] = {resolve.dealias(id): id for id in types if is_used(resolve, id)}
        found = known[self.module].get(self.facts.resolve.dealias(id), id)
        return found if self.facts.type(found).name == self.facts.type(id).name else id

    def resource_place(self, id: ir.TypeId) -> tuple[str | None, str]:
        """Return the module (None for this one) and the name of a resource's class as seen from here."""
        if self.place.is_types:
            # `types/` knows a resource where it is declared; the other parts re-export it wherever it is `use`d.
            id = self.facts.resolve.dealias(id)
        scope, name = self.facts.scope_of(id), self.facts.type(id).name
        if scope.module == self.module:
            return None, name
        exported = self.place.exported if self._is_exported(scope) else None
        return (self.place.imported if exported is None else exported) + scope.module, name

    def _is_exported(self, scope: ScopeFacts) -> bool:
        """Return whether the component implements a scope's resources, as seen from here."""
        if self.place.exported is None or (self.place.is_own and _is_among(scope, self.facts.imports)):
            return False
        return _is_among(scope, self.facts.exports)

    def _resource(self, id: ir.TypeId) -> str:
        declared = self.facts.resolve.dealias(id)
        twin = self._twin(declared) if self.bases is not Bases.PLAIN else None
        if twin is None or (self.bases is Bases.EITHER and not self._is_exported(self.facts.scope_of(declared))):
            plain = self._plain_base(id)
            return plain if twin is None else f"{plain} | {twin}"
        return twin

    def _twin(self, id: ir.TypeId) -> str | None:
        """Return the class of a resource for the asyncio API, or None where wasmtime implements it."""
        scope = self.facts.scope_of(id)
        module, _ = self.resource_place(id)
        if self.place.is_types or self.facts.is_native(scope):
            return None
        name = host_names(self.facts, scope).twins[id]
        return name if module is None else self.imports.name(module, name)

    def _plain_base(self, id: ir.TypeId) -> str:
        module, name = self.resource_place(id)
        if module is not None:
            return self.imports.name(module, name)
        return private(name) if name in self.shadowed else name

    def structure(self, kind: ir.TypeKind, *, end: str = "Reader") -> str:
        """Return the annotation of an unnamed type; functions pass the `Reader` end of streams and futures."""
        match kind:
            case ir.Tuple(types):
                inner = ", ".join(self.exact(type) for type in types) or "()"
                return f"{self.builtin('tuple')}[{inner}]"
            case ir.Option(type):
                nested = self.optional(type)
                inner = self.exact(type)
                some = f"{self._value('Some')}[{inner}]" if nested else inner
                return f"{some} | None"
            case ir.Result(ok, err):
                return f"{self._value('Ok')}[{self.exact(ok)}] | {self._value('Err')}[{self.exact(err)}]"
            case ir.List(element) if aliased(self.facts.resolve, element) is ir.Prim.U8:
                return self.builtin("bytes")
            case ir.List(element):
                return self._list(element)
            case ir.FixedList(element):
                return f"{self.builtin('list')}[{self.exact(element)}]"
            case ir.Map(key, value):
                return f"{self.builtin('dict')}[{self.exact(key)}, {self.exact(value)}]"
            case ir.Own(resource) | ir.Borrow(resource):
                return self._resource(resource)
            case ir.Alias(type):
                return self.exact(type)
            case ir.Stream(type) | ir.Future(type):
                return self._end(kind.__class__.__name__, type, end)
            case ir.Record() | ir.Variant() | ir.Enum() | ir.Flags() | ir.Resource():
                msg = f"{kind} has a name"
                raise LookupError(msg)
            case _:
                assert_never(kind)

    def _list(self, element: ir.Type) -> str:
        form = number_form(self.facts.resolve, element, self._numbers())
        if form == "array":
            return f"{self.imports.name('array', 'array')}[{self.exact(element)}]"
        if form == "numpy":
            plain = aliased(self.facts.resolve, element)
            dtype = DTYPES[plain] if isinstance(plain, ir.Prim) else "void"
            return f"{self.imports.name('numpy.typing', 'NDArray')}[{self.imports.name('numpy', dtype)}]"
        return f"{self.builtin('list')}[{self.exact(element)}]"

    def _numbers(self) -> str:
        """Return what lists of numbers come as in the scope whose types are written."""
        if self.owner is not None:
            return self.facts.numbers(self.owner)
        scopes = (scope for scope in self.facts.scopes.values() if scope.module == self.module)
        return next((self.facts.numbers(scope.owner) for scope in scopes), "list")

    def _end(self, kind: str, carried: ir.Type | None, end: str) -> str:
        """Return the annotation of one end of a stream or future; streams of bytes carry `bytes`."""
        is_bytes = kind == "Stream" and carried is not None and aliased(self.facts.resolve, carried) is ir.Prim.U8
        name = f"ByteStream{end}" if is_bytes else f"{kind}{end}"
        if self.ends is Ends.GUEST:
            found = self.imports.name(f"{self.place.up}_runtime.streams", name)
        else:
            ending = "Source" if self.ends is Ends.SOURCE else end
            awaited = "" if self.bases is Bases.PLAIN else "Async"
            host = self.imports.module(f"{self.place.up}_runtime", "host")
            found = f"{host}.{awaited}{name.removesuffix(end)}{ending}"
        return found if is_bytes else f"{found}[{self.exact(carried)}]"

    def _value(self, name: str) -> str:
        return self.imports.name(f"{self.place.up}_runtime.values", name)

    def _accepted(self, type: ir.Type) -> list[str]:
        if isinstance(type, ir.Prim) or self._is_vast(type):
            return [self.exact(type)]
        kind = self._kind(type.id)
        match kind:
            case ir.List(element) if aliased(self.facts.resolve, element) is ir.Prim.U8:
                return [self.builtin(name) for name in _BYTES_LIKE]
            case ir.List(element) | ir.FixedList(element):
                return [f"{self.imports.name('collections.abc', 'Iterable')}[{self.accepted(element)}]"]
            case ir.Map(key, value):
                mapping = self.imports.name("collections.abc", "Mapping")
                return [f"{mapping}[{self.exact(key)}, {self.accepted(value)}]"]
            case ir.Option(inner) if not self.optional(inner):
                return [*self._accepted(inner), "None"]
            case ir.Tuple(types) if types:
                return [f"{self.builtin('tuple')}[{', '.join(self.accepted(type) for type in types)}]"]
            case ir.Variant():
                return [self.exact(type), *self._bare(kind)]
            case _:
                return [self.exact(type)]

    def _bare(self, variant: ir.Variant) -> list[str]:
        """Return the annotations of payloads that stand for a case by themselves: exactly one case takes their type.

        `bare_case` of the runtime decides the same by the value.
        """
        by_class: dict[object, list[ir.Type]] = {}
        for case in variant.cases:
            if case.type is not None and (class_ := self._python_class(case.type)) is not None:
                by_class.setdefault(class_, []).append(case.type)
        if len(by_class.get("int", ())) > 1:
            # Type checkers take ints for floats, and which case an int means is open.
            by_class.pop("float", None)
        only = (types[0] for types in by_class.values() if len(types) == 1)
        return [text for type in only for text in self._payload(type)]

    def _python_class(self, type: ir.Type) -> object:
        """Return the class of a type's values; None if they are never bare."""
        if isinstance(type, ir.Prim):
            return None if type is ir.Prim.ERROR_CONTEXT else _PRIMITIVES.get(type, "int")
        kind = self._kind(type.id)
        match kind:
            case ir.Alias(primitive) if isinstance(primitive, ir.Prim):
                return self._python_class(primitive)
            case ir.List(element) if aliased(self.facts.resolve, element) is ir.Prim.U8:
                return "bytes"
            case ir.List() | ir.FixedList():
                return "list"
            case ir.Tuple() | ir.Map():
                return kind.__class__
            case ir.Record() | ir.Variant() | ir.Enum() | ir.Flags():
                return self.facts.resolve.dealias(type.id)
            case _:
                return None

    def _payload(self, type: ir.Type) -> list[str]:
        """Return the annotation of a bare payload: a list itself, not any iterable; a case itself, not its payload."""
        by_class = isinstance(type, ir.TypeRef) and isinstance(self._kind(type.id), ir.List | ir.FixedList | ir.Variant)
        return self._accepted(type) if self._python_class(type) == "bytes" or not by_class else [self.exact(type)]
