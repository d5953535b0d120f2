"""`_abi/`: the descriptors that hosts and guests compile their converters from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.numbers import number_form
from ..facts.types import FunctionFacts, TypeFacts
from ..facts.world import DESCRIPTOR_NAMES, ScopeFacts, WorldFacts
from .displays import display, literal
from .env import render_template
from .imports import Imports
from .module import module_view

__all__ = ["abi_expression", "render_abi"]


@frozen
class Constant:
    """A module-level descriptor."""

    name: str
    expression: str


@frozen
class Table:
    """An interface's descriptor: pairs of a resource's constant and its class, names of function constants."""

    name: str
    instance: str
    resources: tuple[str, ...]
    functions: tuple[str, ...]


def render_abi(facts: WorldFacts, scope: ScopeFacts) -> str:
    """Return the descriptor module of one scope."""
    writer = _Writer(facts, scope)
    constants = [*writer.types(), *writer.functions()]
    tables = list(writer.tables())
    exported = [constant.name for constant in constants] + [table.name for table in tables]
    doc = f"How `{scope.title}` looks at the component boundary."
    module = module_view(facts, scope, doc=doc, imports=writer.imports, exported=exported)
    return render_template("abi.py.jinja", module=module, constants=constants, tables=tables, abi=writer.abi)


def abi_expression(facts: WorldFacts, imports: Imports, kind: ir.TypeKind) -> str:
    """Return the descriptor of an unnamed type, as a module beside `_abi/` writes it."""
    return _Writer(facts, facts.own, imports, beside=True).structure(kind)


class _Writer:
    """Writes descriptors as Python expressions, for a scope's own module or for one `beside` all of them."""

    def __init__(
        self, facts: WorldFacts, scope: ScopeFacts, imports: Imports | None = None, *, beside: bool = False
    ) -> None:
        self._facts = facts
        self._resolve = facts.resolve
        self._scope = scope
        self._beside = beside
        types, functions = (each.constant for each in scope.types.values()), (each.constant for each in scope.functions)
        self.imports = imports or Imports([*DESCRIPTOR_NAMES, *types, *functions])
        self.abi = self.imports.module(".._runtime", "abi")

    def types(self) -> Iterator[Constant]:
        """Yield a descriptor for every type that the scope defines; a `use`d one is that of its origin."""
        defined = [(self._resolve.type_def(id), fact) for id, fact in self._scope.types.items()]
        # Resources first: a component has them in this order, and they need no other descriptor.
        for definition, fact in sorted(defined, key=lambda item: not isinstance(item[0].kind, ir.Resource)):
            if not isinstance(definition.kind, ir.Alias):
                yield Constant(fact.constant, self._definition(definition, fact))

    def functions(self) -> Iterator[Constant]:
        """Yield a descriptor for every function."""
        for function in self._scope.functions:
            yield Constant(function.constant, self._function(function))

    def tables(self) -> Iterator[Table]:
        """Yield the interface, or the world's own imports and exports."""
        if self._scope.owner.interface is not None:
            yield self._table("INTERFACE", self._scope.functions, resources=True)
        else:
            yield self._table("IMPORTS", self._facts.imported, resources=True)
            yield self._table("EXPORTS", self._facts.exported, resources=False)

    def _table(self, name: str, functions: Iterable[FunctionFacts], *, resources: bool) -> Table:
        own = tuple(
            f"({fact.constant}, {literal(fact.name)})"
            for id, fact in self._scope.types.items()
            if resources and isinstance(self._resolve.type_def(id).kind, ir.Resource)
        )
        return Table(name, self._scope.instance, own, tuple(function.constant for function in functions))

    def _call(self, name: str, *arguments: str) -> str:
        return f"{self.abi}.{name}({', '.join(arguments)})"

    def _class(self, name: str) -> str:
        """Return the expression for a class of `types/`, which is imported as a module."""
        return f"{self.imports.module('..types', self._scope.module, '_types')}.{name}"

    def _definition(self, definition: ir.TypeDef, fact: TypeFacts) -> str:
        quoted = literal(definition.name or "")
        match definition.kind:
            case ir.Record(fields):
                descriptors = (
                    self._call("Field", literal(field.name), literal(attribute), self._type(field.type))
                    for field, attribute in zip(fields, fact.members, strict=True)
                )
                return self._call("Record", quoted, self._class(fact.name), display(descriptors), self._declared())
            case ir.Variant(cases):
                descriptors = (
                    self._call("Case", literal(case.name), self._class(name), *self._payload(case))
                    for case, name in zip(cases, fact.members, strict=True)
                )
                return self._call("Variant", quoted, display(descriptors), self._declared())
            case ir.Enum(cases):
                names = display(literal(case.name) for case in cases)
                return self._call("Enum", quoted, self._class(fact.name), names, self._declared())
            case ir.Flags(flags):
                names = display(literal(flag.name) for flag in flags)
                return self._call("Flags", quoted, self._class(fact.name), names, self._declared())
            case ir.Resource():
                return self._call("Resource", literal(self._scope.instance), quoted)
            case kind:
                return self.structure(kind)

    def _declared(self) -> str:
        return f"interface={literal(self._scope.instance)}"

    def _payload(self, case: ir.Case) -> tuple[str, ...]:
        return () if case.type is None else (self._type(case.type),)

    def _type(self, type: ir.Type | None) -> str:
        if type is None:
            return "None"
        if isinstance(type, ir.Prim):
            return f"{self.abi}.{type.name}"
        id = self._resolve.dealias(type.id)
        definition = self._resolve.type_def(id)
        if isinstance(definition.kind, ir.Resource):
            return self._call("Own", self._constant(id))
        if isinstance(definition.kind, ir.Alias):
            return self._type(definition.kind.type)
        return self._constant(id) if definition.name is not None else self.structure(definition.kind)

    def _constant(self, id: ir.TypeId) -> str:
        id = self._resolve.dealias(id)
        scope, name = self._facts.scope_of(id), self._facts.type(id).constant
        if self._beside:
            return f"{self.imports.module('.._abi', scope.module, f'_{scope.module}_abi')}.{name}"
        return name if scope is self._scope else f"{self.imports.module('.', scope.module)}.{name}"

    def structure(self, kind: ir.TypeKind) -> str:
        """Return the descriptor of an unnamed type."""
        match kind:
            case ir.Tuple(types):
                return self._call("Tuple", display(self._type(type) for type in types))
            case ir.List(element):
                form = number_form(self._resolve, element, self._facts.numbers(self._scope.owner))
                return self._call("List", self._type(element), *([] if form == "list" else [literal(form)]))
            case ir.Option(type) | ir.Stream(type) | ir.Future(type):
                return self._call(kind.__class__.__name__, self._type(type))
            case ir.Result(ok, err):
                return self._call("Result", self._type(ok), self._type(err))
            case ir.FixedList(element, size):
                return self._call("FixedList", self._type(element), str(size))
            case ir.Map(key, value):
                return self._call("Map", self._type(key), self._type(value))
            case ir.Own(resource) | ir.Borrow(resource):
                return self._call(kind.__class__.__name__, self._constant(resource))
            case ir.Alias(type):
                return self._type(type)
            case ir.Record() | ir.Variant() | ir.Enum() | ir.Flags() | ir.Resource():
                msg = f"{kind} has a name"
                raise LookupError(msg)
            case _:
                assert_never(kind)

    def _function(self, facts: FunctionFacts) -> str:
        function = facts.function
        params = display(
            self._call("Param", literal(param.name), literal(name), self._type(param.type))
            for param, name in zip(function.params, facts.params, strict=True)
        )
        arguments = [literal(function.name), literal(facts.name), params]
        if function.result is not None:
            arguments.append(f"result={self._type(function.result)}")
        if facts.error is not None:
            arguments.append(f"raises={self._raises(facts)}")
        if function.kind.resource is not None:
            arguments.append(f"resource={self._constant(function.kind.resource)}")
        if function.kind.is_async:
            arguments.append("is_async=True")
        return self._call("Function", *arguments)

    def _raises(self, facts: FunctionFacts) -> str:
        error = facts.error
        if error is None:
            return "None"
        if error.owner == self._scope.owner:
            return self._class(error.name)
        module = self._facts.scopes[error.owner].module
        return self.imports.name(f"..types.{module}", error.name)
