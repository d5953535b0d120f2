"""The Python names of WIT types and declared errors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from ...base.frozen import frozen
from ...wit.model import ir
from ...wit.model.children import children
from .memo import Memo
from .names import Namespace, camel, class_name, shouty, snake

__all__ = [
    "NO_RENAMES",
    "ErrorFacts",
    "FunctionFacts",
    "Renames",
    "TypeFacts",
    "aliased",
    "contains_handle",
    "contains_stream",
    "declared_result",
    "ends",
    "error_name",
    "identity",
    "is_used",
    "named_types",
    "spelt_size",
    "used_as_error",
]


@frozen
class TypeFacts:
    """A named type: its Python name, the names of its parts, its descriptor, its exception.

    `members` are attributes of a record, case classes of a variant, members of an enum or flags. `exception` is the
    class raised if the type is a function's error: the type's own name for a variant (whose cases derive from it). A
    type that `use` brings in has an exception if its origin has, under a separate name.
    """

    id: ir.TypeId
    name: str
    constant: str
    members: tuple[str, ...]
    exception: str | None


@frozen
class ErrorFacts:
    """A function's declared error: the exception class and the scope whose module has it.

    `definition` is the named type that it stands for. Without one the class belongs to one function alone, and
    `payload` is the type of its `value`.
    """

    owner: ir.TypeOwner
    name: str
    own: bool
    payload: ir.Type | None = None
    definition: ir.TypeId | None = None


@frozen
class FunctionFacts:
    """A function: its Python name, parameter names, descriptor and declared error."""

    function: ir.Function
    name: str
    constant: str
    params: tuple[str, ...]
    ok: ir.Type | None
    error: ErrorFacts | None

    @property
    def wit_params(self) -> tuple[ir.Param, ...]:
        """The parameters without `self`."""
        method = self.function.kind.tag is ir.FunctionKindTag.METHOD
        return self.function.params[1:] if method else self.function.params


class Renames(NamedTuple):
    """Classes that a user named: of types, and of the errors of functions, by the scope and the function's name.

    `keys` are the keys of the option that chose them.
    """

    types: Mapping[ir.TypeId, str]
    errors: Mapping[tuple[ir.TypeOwner, str], str]
    keys: Mapping[ir.TypeId | tuple[ir.TypeOwner, str], str]

    def with_one(self, target: ir.TypeId | tuple[ir.TypeOwner, str], name: str, key: str) -> Renames:
        """Return these with one more."""
        types, errors, keys = self
        if isinstance(target, tuple):
            return Renames(types, {**errors, target: name}, {**keys, target: key})
        return Renames({**types, target: name}, errors, {**keys, target: key})

    def origin(self, resolve: ir.Resolve, id: ir.TypeId) -> ir.TypeId | None:
        """Return the type whose chosen name applies to `id`: itself, or the origin of a `use` under the same name."""
        while id not in self.types:
            definition = resolve.type_def(id)
            kind = definition.kind
            if not is_used(resolve, id) or not isinstance(kind, ir.Alias) or not isinstance(kind.type, ir.TypeRef):
                return None
            id = kind.type.id
            if resolve.type_def(id).name != definition.name:
                return None
        return id


NO_RENAMES = Renames({}, {}, {})


def is_used(resolve: ir.Resolve, id: ir.TypeId) -> bool:
    """Return whether `use` brings a type in: an alias of a type in another scope."""
    definition = resolve.type_def(id)
    if not isinstance(definition.kind, ir.Alias) or not isinstance(definition.kind.type, ir.TypeRef):
        return False
    return resolve.type_def(definition.kind.type).owner != definition.owner


def declared_result(resolve: ir.Resolve, function: ir.Function) -> ir.Result | None:
    """Return the `result<…>` that the function returns directly, if it does (aliases followed)."""
    if isinstance(function.result, ir.TypeRef):
        kind = resolve.type_def(resolve.dealias(function.result.id)).kind
        if isinstance(kind, ir.Result):
            return kind
    return None


def used_as_error(resolve: ir.Resolve) -> frozenset[ir.TypeId]:
    """Return every definition (aliases followed) that is the error of some function anywhere in the tree.

    The whole tree counts, not one world, so that a type's class does not change when a world grows.
    """
    found: set[ir.TypeId] = set()
    for function in all_functions(resolve):
        result = declared_result(resolve, function)
        if result is not None and isinstance(result.err, ir.TypeRef):
            found.add(error_definition(resolve, result.err.id))
    return frozenset(found)


def error_definition(resolve: ir.Resolve, id: ir.TypeId) -> ir.TypeId:
    """Return the named definition an error type stands for; a handle stands for its resource."""
    id = resolve.dealias(id)
    kind = resolve.type_def(id).kind
    if isinstance(kind, ir.Own | ir.Borrow):
        return resolve.dealias(kind.resource)
    return id


def all_functions(resolve: ir.Resolve) -> Iterator[ir.Function]:
    """Yield every function of every interface and world."""
    for interface in resolve.interfaces:
        yield from interface.functions.values()
    for world in resolve.worlds:
        for item in (*world.imports.values(), *world.exports.values()):
            if isinstance(item, ir.Function):
                yield item


def identity(resolve: ir.Resolve, type: ir.Type | ir.TypeId) -> Hashable:
    """Return a key that is equal for types that componentize-py treats as one: a name, or their structure."""
    if isinstance(type, ir.Prim):
        return type
    id = resolve.dealias(type.id if isinstance(type, ir.TypeRef) else type)
    definition = resolve.type_def(id)
    if isinstance(definition.kind, ir.Alias) and isinstance(definition.kind.type, ir.Prim):
        return definition.kind.type
    if definition.name is not None:
        return id
    return (definition.kind.__class__, *(identity(resolve, part) for part in children(definition.kind)))


class _Held:
    """Collects the parts of a type at any depth, visiting each type once."""

    def __init__(self, of_itself: Callable[[ir.Resolve, ir.TypeId, ir.TypeKind], ir.TypeId | None]) -> None:
        self._of_itself = of_itself
        self._memo: Memo[ir.TypeId, frozenset[ir.TypeId]] = Memo()

    def of(self, resolve: ir.Resolve, type: ir.Type) -> frozenset[ir.TypeId]:
        if isinstance(type, ir.Prim):
            return frozenset()
        known = self._memo.of(resolve)
        if type.id not in known:
            kind = resolve.type_def(type).kind
            inner = frozenset[ir.TypeId]().union(*(self.of(resolve, part) for part in children(kind)))
            own = self._of_itself(resolve, type.id, kind)
            known[type.id] = inner if own is None else inner | {own}
        return known[type.id]


def _own_handle(resolve: ir.Resolve, id: ir.TypeId, kind: ir.TypeKind) -> ir.TypeId | None:
    if isinstance(kind, ir.Own | ir.Borrow):
        return resolve.dealias(kind.resource)
    return id if isinstance(kind, ir.Resource) else None


def _own_end(_: ir.Resolve, id: ir.TypeId, kind: ir.TypeKind) -> ir.TypeId | None:
    return id if isinstance(kind, ir.Stream | ir.Future) else None


_HANDLES = _Held(_own_handle)
_ENDS = _Held(_own_end)


def handles(resolve: ir.Resolve, type: ir.Type) -> frozenset[ir.TypeId]:
    """Return the resource definitions that values of `type` hold handles to."""
    return _HANDLES.of(resolve, type)


def contains_handle(resolve: ir.Resolve, type: ir.Type) -> bool:
    """Return whether values of `type` hold handles."""
    return bool(handles(resolve, type))


def ends(resolve: ir.Resolve, type: ir.Type) -> frozenset[ir.TypeId]:
    """Return the streams and futures that values of `type` hold."""
    return _ENDS.of(resolve, type)


def aliased(resolve: ir.Resolve, type: ir.Type) -> ir.Type:
    """Return a type with its aliases followed."""
    while isinstance(type, ir.TypeRef) and isinstance(kind := resolve.type_def(type).kind, ir.Alias):
        type = kind.type
    return type


def contains_stream(resolve: ir.Resolve, type: ir.Type) -> bool:
    """Return whether values of `type` hold streams or futures."""
    return bool(ends(resolve, type))


_SIZES: Memo[ir.TypeId, int] = Memo()


def spelt_size(resolve: ir.Resolve, type: ir.Type) -> int:
    """Return how many types an annotation has that spells out aliases; names of records and their like are one each.

    Aliases may double the size each (`type b = tuple<a, a>`), so that none can be spelt out unseen.
    """
    if isinstance(type, ir.Prim):
        return 1
    known = _SIZES.of(resolve)
    if type.id not in known:
        kind = resolve.type_def(type).kind
        opaque = isinstance(kind, ir.Record | ir.Variant)
        known[type.id] = 1 if opaque else 1 + sum(spelt_size(resolve, part) for part in children(kind))
    return known[type.id]


def named_types(
    resolve: ir.Resolve,
    types: dict[str, ir.TypeId],
    errors: frozenset[ir.TypeId],
    constants: Namespace,
    renames: Renames = NO_RENAMES,
) -> dict[ir.TypeId, TypeFacts]:
    """Name the types that one scope declares."""
    return _Namer(resolve, types, errors, constants, renames).facts


class _Namer:
    """Names of one scope's types: the types' own names first, then derived ones."""

    def __init__(
        self,
        resolve: ir.Resolve,
        types: dict[str, ir.TypeId],
        errors: frozenset[ir.TypeId],
        constants: Namespace,
        renames: Renames,
    ) -> None:
        self._resolve = resolve
        self._types = types
        self._errors = errors
        self._constants = constants
        self._classes = Namespace()
        origins = {id: renames.origin(resolve, id) for id in types.values()} if renames.types else {}
        chosen = {id: renames.types[origin] for id, origin in origins.items() if origin is not None}
        wanted = {id: class_name(name) for name, id in types.items()}
        self._names = {id: self._classes.take(name) for id, name in {**chosen, **wanted, **chosen}.items()}

    @cached_property
    def facts(self) -> dict[ir.TypeId, TypeFacts]:
        return {id: self._one(wit_name, id) for wit_name, id in self._types.items()}

    def _one(self, wit_name: str, id: ir.TypeId) -> TypeFacts:
        name = self._names[id]
        kind = self._resolve.type_def(id).kind
        exception: str | None = None
        if id in self._errors and isinstance(kind, ir.Variant):
            exception = name
        elif id in self._errors or self._is_used_error(id):
            exception = self._classes.take(exception_name(name))
        return TypeFacts(id, name, self._constants.take(shouty(wit_name)), self._members(name, kind), exception)

    def _is_used_error(self, id: ir.TypeId) -> bool:
        """Return whether `use` brings in a type for which another scope has a second class, to raise."""
        origin = self._resolve.dealias(id)
        kind = self._resolve.type_def(origin).kind
        is_other = not isinstance(kind, ir.Variant | ir.Resource)
        return origin in self._errors and is_other and is_used(self._resolve, id)

    def _members(self, name: str, kind: ir.TypeKind) -> tuple[str, ...]:
        match kind:
            case ir.Record(fields):
                return tuple(snake(field.name) for field in fields)
            case ir.Variant(cases):
                return tuple(self._classes.take(name + camel(case.name)) for case in cases)
            case ir.Enum(cases):
                return tuple(shouty(case.name) for case in cases)
            case ir.Flags(flags):
                return tuple(shouty(flag.name) for flag in flags)
            case _:
                return ()


def error_name(function: str) -> str:
    """Name the exception of a function whose error has no name: `FileReadError` for `[method]file.read`."""
    return camel(function.rpartition("]")[2].replace(".", "-")) + "Error"


def exception_name(name: str) -> str:
    """Name the exception that carries a value of a type other than a variant."""
    return f"{name}Exception" if name.endswith("Error") else f"{name}Error"
