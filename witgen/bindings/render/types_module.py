"""`types/`: the values that hosts and guests share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.types import TypeFacts, is_used
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import TYPES, Annotations
from .displays import literal
from .docs import paragraphs
from .env import render_template
from .imports import Imports
from .module import module_view

__all__ = ["render_types"]


@frozen
class Member:
    """A line of a class body, and its documentation."""

    text: str
    doc: str | None


@frozen
class Item:
    """A class or an alias."""

    kind: str
    name: str
    doc: str | None
    base: str | None = None
    decorators: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    target: str = ""


def render_types(facts: WorldFacts, scope: ScopeFacts) -> str | None:
    """Return the module of one scope's types, or None where it declares none."""
    builder = _Builder(facts, scope)
    items = list(builder.items())
    reexported = builder.reexported
    if not items and not reexported:
        return None
    module = module_view(
        facts,
        scope,
        doc=f"Types of `{scope.title}`.",
        imports=builder.imports,
        exported=[*reexported, *(item.name for item in items)],
    )
    return render_template("types.py.jinja", module=module, items=items, typealias=builder.alias_marker(items))


class _Builder:
    """Builds the items of one module in WIT order, so that every alias follows its target."""

    def __init__(self, facts: WorldFacts, scope: ScopeFacts) -> None:
        self._facts = facts
        self._resolve = facts.resolve
        self._scope = scope
        defined = {
            name
            for id, fact in scope.types.items()
            if facts.resource_of(id) in {None, id}
            for name in (fact.name, fact.exception or fact.name, *fact.members)
        }
        defined.update(function.error.name for function in scope.functions if function.error and function.error.own)
        self.imports = Imports(defined)
        self._annotations = Annotations(facts, self.imports, TYPES, scope.module)
        self.reexported: list[str] = []
        for id in filter(partial(is_used, self._resolve), scope.types):
            self._reexport(id)

    def alias_marker(self, items: list[Item]) -> str:
        """Return the local name of TypeAlias where an alias needs it."""
        return self.imports.name("typing", "TypeAlias") if any(item.kind == "alias" for item in items) else ""

    def items(self) -> Iterator[Item]:
        """Yield every class and alias of the module."""
        marked = self._facts.marked_resources(self._scope)
        for id, fact in self._scope.types.items():
            if not is_used(self._resolve, id):
                yield from self._named(id, fact, marked=fact in marked)
        for function in self._scope.functions:
            if function.error is not None and function.error.own:
                doc = f"The error of `{function.function.name}`."
                yield self._exception(function.error.name, doc, function.error.payload)

    def _reexport(self, id: ir.TypeId) -> None:
        kind = self._resolve.type_def(id).kind
        if self._facts.resource_of(id) is not None or not isinstance(kind, ir.Alias):
            return
        target = kind.type
        if isinstance(target, ir.TypeRef):
            origin, fact = self._facts.type(target.id), self._facts.type(id)
            module = self._facts.scope_of(target.id).module
            self.reexported.append(self.imports.reexport(f".{module}", origin.name, fact.name))
            if origin.exception is not None and fact.exception is not None:
                self.reexported.append(self.imports.reexport(f".{module}", origin.exception, fact.exception))

    def _named(self, id: ir.TypeId, fact: TypeFacts, *, marked: bool) -> Iterator[Item]:
        definition = self._resolve.type_def(id)
        doc = definition.docs.contents if definition.docs else None
        match definition.kind:
            case ir.Record(fields):
                members = tuple(self._fields(fact, fields))
                doc = doc or f"`record {definition.name}`."
                yield Item("class", fact.name, doc, self._value(), self._slots(), members)
            case ir.Variant(cases):
                yield from self._variant(fact, definition, cases)
            case ir.Enum(cases):
                members = tuple(
                    Member(f"{name} = {literal(case.name)}", _text(case.docs))
                    for name, case in zip(fact.members, cases, strict=True)
                )
                base = self.imports.name("enum", "Enum")
                yield Item("class", fact.name, doc or f"`enum {definition.name}`.", base, members=members)
            case ir.Flags(flags):
                members = tuple(
                    Member(f"{name} = 1 << {index}", _text(flag.docs))
                    for index, (name, flag) in enumerate(zip(fact.members, flags, strict=True))
                )
                base = self.imports.name("enum", "Flag")
                yield Item("class", fact.name, doc or f"`flags {definition.name}`.", base, members=members)
            case ir.Resource():
                if marked:
                    base = self.imports.name(".._runtime.values", "Resource")
                    text = f"A `{definition.name}` inside a value; the classes of hosts and guests derive from it."
                    yield Item("class", fact.name, text, base)
            case kind:
                if self._facts.resource_of(id) is None:
                    target = self._annotations.structure(kind)
                    if "array[" in target:  # which is generic since CPython 3.12 only
                        target = literal(target)
                    yield Item("alias", fact.name, doc, target=target)
        if fact.exception is not None and fact.exception != fact.name:
            payload = ir.TypeRef(id)
            yield self._exception(fact.exception, f"Carries `{definition.name}` as an error.", payload)

    def _fields(self, fact: TypeFacts, fields: tuple[ir.Field, ...]) -> Iterator[Member]:
        annotations = Annotations(self._facts, self.imports, TYPES, self._scope.module, shadowed=fact.members)
        for name, field in zip(fact.members, fields, strict=True):
            yield Member(f"{name}: {annotations.exact(field.type)}", _text(field.docs))

    def _variant(self, fact: TypeFacts, definition: ir.TypeDef, cases: tuple[ir.Case, ...]) -> Iterator[Item]:
        error = fact.exception is not None
        doc = _text(definition.docs)
        if error:
            base = self.imports.name(".._runtime.values", "WitError")
            yield Item("class", fact.name, paragraphs(doc, f"Base of the cases of `variant {definition.name}`."), base)
        for name, case in zip(fact.members, cases, strict=True):
            yield self._case(name, fact.name if error else None, case, definition.name or "")
        if not error:
            yield Item("alias", fact.name, doc, target=" | ".join(fact.members))

    def _case(self, name: str, base: str | None, case: ir.Case, variant: str) -> Item:
        doc = _text(case.docs) or f"Case `{case.name}` of `variant {variant}`."
        members = () if case.type is None else (Member(f"value: {self._annotations.exact(case.type)}", None),)
        decorators = self._slots() if base is None else self._plain(members)
        return Item("class", name, doc, base or self._value(), decorators, members)

    def _exception(self, name: str, doc: str, payload: ir.Type | None) -> Item:
        base = self.imports.name(".._runtime.values", "WitError")
        members = () if payload is None else (Member(f"value: {self._annotations.exact(payload)}", None),)
        return Item("class", name, doc, base, self._plain(members), members)

    def _value(self) -> str:
        """Return the local name of the base of values."""
        return self.imports.name(".._runtime.values", "Value")

    def _slots(self) -> tuple[str, ...]:
        return (f"{self.imports.name('dataclasses', 'dataclass')}(slots=True)",)

    def _plain(self, members: tuple[Member, ...]) -> tuple[str, ...]:
        # Exceptions compare by WitError's rule; without a payload there is nothing to initialise.
        return (f"{self.imports.name('dataclasses', 'dataclass')}(eq=False)",) if members else ()


def _text(docs: ir.Docs | None) -> str | None:
    return docs.contents if docs else None
