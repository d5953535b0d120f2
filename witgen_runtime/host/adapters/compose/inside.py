"""Composes a component with one adapter inside: core modules that copy between its memory and the adapter's.

The component stays what it is, but for its types, in which lists are addresses and counts, and for its canonical
functions. Those that pass lists get the adapter's memory, and core code between them and the guest's that copies lists
from memory to memory at once. wasmtime copies them element by element where an adapter is another component.

That is possible for components as wit-component makes them, with synchronous functions. All others are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .... import abi
from ...linking.versions import Versions
from ..code.allocator import REALLOC
from ..names import INSIDE, PREFIX
from ..plan import Plan
from ..refusal import Refusal
from ..wasm.definitions import Definition, Lift, Lower, Reference, Whole, read_definitions
from ..wasm.encoding import ComponentBuilder, Section, Sort, signed, unsigned
from ..wasm.reader import Outer
from ..wasm.shapes import ENDS, TOKEN, Function, Interface, Kind, Resource, Shape, carries_lists, reaches
from ..wasm.type_reader import Meaning, Signature
from ..wasm.type_writer import Look, define, signature
from .adapter_form import Form
from .announced import announced_memory
from .between import Between, Called
from .comparing import compare
from .nested import rewrite_nested
from .rewriting import rewritten

__all__ = ["compose_inside"]

_LOOK = Look("direct")
_MEMORY, _REALLOC, _POST_RETURN = b"\x03", b"\x04", b"\x05"


def compose_inside(guest: bytes, outer: Outer, plan: Plan, exports: Sequence[abi.Interface]) -> bytes:
    """Return the component with an adapter inside; raise `Refusal` where that cannot be done.

    `plan` has lists in `direct` form, and nothing else that needs adapters. `exports` are the bindings' descriptors.

    Raises:
        DifferentTypes: those have other types than the component.
    """
    found = read_definitions(guest, outer, rewrite_nested)
    names = Versions(found.exports)
    for interface in exports:
        name = names.find(interface.name)
        if name is not None:
            theirs = Interface(interface.name, functions=found.exports[name].functions)
            compare([theirs], lambda _, interface=interface: interface)  # type: ignore[misc]
    _check(outer, plan, found.all, found.types)
    return _Composer(outer, plan, found.all, found.types).composed()


def _check(outer: Outer, plan: Plan, definitions: Sequence[Definition], types: Sequence[Meaning]) -> None:
    for item in outer.imports:
        if item.name.startswith(PREFIX):
            raise Refusal(item.name, f"the component imports something whose name begins with {PREFIX}")
    if any(isinstance(each, Signature) and each.is_async for each in types):
        raise Refusal("", "the component has async functions")
    if any(isinstance(each, Shape) and reaches(each, lambda part: part.kind in ENDS) for each in types):
        raise Refusal("", "the component has streams or futures")
    changed = {each.name for each in plan.lists}
    kept = [each for each in outer.interfaces if each.carries_lists("direct") and each.name not in changed]
    theirs = {shape for interface in kept for shape in _shapes(interface)}
    for meaning in (*outer.types, *(each.meaning for each in definitions)):
        if isinstance(meaning, Shape) and meaning in theirs:
            raise Refusal("", "the component shares types that have lists with an interface of wasmtime")


def _shapes(interface: Interface) -> Iterator[Shape]:
    """Yield the types with lists in them of an interface."""
    seen = set[Shape]()
    named = [each for each in interface.types.values() if isinstance(each, Shape)]
    pending = [*named, *(shape for function in interface.functions for shape in function.types)]
    while pending:
        shape = pending.pop()
        if shape not in seen and carries_lists(shape, "direct"):
            seen.add(shape)
            yield shape
            pending += [part for part in shape.parts if part is not None]


def _passes_lists(function: Function) -> bool:
    return any(carries_lists(shape, "direct") for shape in function.types)


def _lifts_lists(lift: Lift) -> bool:
    return _passes_lists(lift.signature.function(""))


class _Composer:
    def __init__(self, outer: Outer, plan: Plan, definitions: Sequence[Definition], types: Sequence[Meaning]) -> None:
        self._outer = outer
        self._plan = plan
        self._definitions = definitions
        self._indices = {
            meaning: index for index, meaning in enumerate(types) if isinstance(meaning, (Shape, Resource))
        }
        self._builder = ComponentBuilder()
        self._new: dict[Sort, list[int]] = {sort: [] for sort in Sort}
        """The new indices of definitions, by sort and index; -1 where they are not known yet."""
        self._core_functions = [each for each in definitions if each.sort is Sort.CORE_FUNC]
        self._memories = [each for each in definitions if each.sort is Sort.CORE_MEMORY]
        self._lifts = [each for each in definitions if isinstance(each, Lift) and _lifts_lists(each)]
        self._lifted: dict[Lift, tuple[int, int | None]] = {}
        self._lowered: list[tuple[Lower, Function]] = []
        self._memory = self._allocate = 0

    def composed(self) -> bytes:
        self._lead()
        self._add_memory()
        for each in self._definitions:
            self._add(each)
        return self._builder.encoded()

    # What leads to the imports

    def _lead(self) -> None:
        builder = self._builder
        for section, content in rewritten(self._outer, self._form, look=_LOOK):
            builder.copy(section, content)
        counts = {Sort.TYPE: len(self._outer.types)}
        for sort in (Sort.INSTANCE, Sort.FUNC):
            counts[sort] = sum(item.sort is sort for item in self._outer.imports)
        for sort, count in counts.items():
            self._new[sort] = list(range(count))
            builder.count(sort, count)

    def _form(self, interface: Interface) -> Form:
        return Form(inside=_LOOK if interface in self._plan.lists else Look())

    def _add_memory(self) -> None:
        builder = self._builder
        type_ = builder.type(signature((), TOKEN, self._value))
        announce = builder.lower(builder.import_(INSIDE, Sort.FUNC, type_), [])
        allocator, self._memory = announced_memory(builder, announce)
        self._allocate = builder.alias(Sort.CORE_FUNC, allocator, REALLOC)

    # Definitions

    def _add(self, definition: Definition) -> None:
        if isinstance(definition, Lower) and self._lowers_lists(definition):
            assert definition.function is not None
            self._lowered.append((definition, definition.function))
            self._new[Sort.CORE_FUNC].append(-1)
            return
        if self._lowered and not isinstance(definition, Lower) and definition.section is not Section.ALIAS:
            self._add_lowered()
        if isinstance(definition, Lift) and _lifts_lists(definition):
            self._new[Sort.FUNC].append(self._lift(definition))
        elif isinstance(definition, Whole):
            add = self._builder.core_module if definition.sort is Sort.CORE_MODULE else self._builder.component
            self._new[definition.sort].append(add(definition.content))
        else:
            added = self._builder.add(definition.section, self._encoded(definition), definition.sort)
            self._new[definition.sort].append(added)

    def _encoded(self, definition: Definition) -> bytes:
        if definition.section is Section.TYPE and definition.meaning is not None:
            return self._type(definition.meaning)
        return b"".join(part if isinstance(part, bytes) else unsigned(self._index(part)) for part in definition.parts)

    def _index(self, reference: Reference) -> int:
        """Return the new index of a definition."""
        sort, index = reference
        known = self._new[sort]
        if index >= len(known) or known[index] < 0:
            raise Refusal("", "the component's binary names something that it does not have yet")
        return known[index]

    def _type(self, meaning: Meaning) -> bytes:
        if isinstance(meaning, Signature):
            return signature(meaning.params, meaning.result, self._value, is_async=meaning.is_async)
        if not isinstance(meaning, Shape):
            raise Refusal("", "the component has a type of another kind after its imports")
        seen = _LOOK.seen(meaning)
        return define(seen, self._value, self._resource) if seen.kind is not Kind.PRIMITIVE else self._value(seen)

    def _value(self, shape: Shape) -> bytes:
        if shape.kind is Kind.PRIMITIVE:
            return bytes((shape.primitive,))
        return signed(self._index((Sort.TYPE, self._indices[shape])))

    def _resource(self, resource: Resource) -> int:
        return self._index((Sort.TYPE, self._indices[resource]))

    # Functions that the guest calls

    def _lowers_lists(self, lower: Lower) -> bool:
        if lower.function is None:
            return False
        known = any(interface.name == lower.interface for interface in self._plan.lists)
        return known and _passes_lists(lower.function)

    def _add_lowered(self) -> None:
        """Add the code between imports and the guest."""
        between = self._between([each for each, _ in self._lowered])
        for lower, function in self._lowered:
            index = self._builder.lower(self._index((Sort.FUNC, lower.index)), self._options())
            called = Called(index, function.params, function.result)
            between.lowered(called, self._realloc(lower))
        places = [place for place, index in enumerate(self._new[Sort.CORE_FUNC]) if index < 0]
        for place, index in zip(places, between.finish(), strict=True):
            self._new[Sort.CORE_FUNC][place] = index
        self._lowered.clear()

    def _options(self) -> list[bytes]:
        return [_MEMORY + unsigned(self._memory), _REALLOC + unsigned(self._allocate)]

    def _between(self, functions: Sequence[Lower | Lift]) -> Between:
        memories = {each.options.memory for each in functions}
        if len(memories) != 1 or None in memories:
            raise Refusal("", "the component's functions have several memories")
        memory = self._early(Sort.CORE_MEMORY, next(each for each in memories if each is not None))
        return Between(self._builder, self._memory, self._allocate, memory)

    def _realloc(self, function: Lower | Lift) -> int | None:
        realloc = function.options.realloc
        return None if realloc is None else self._early(Sort.CORE_FUNC, realloc)

    def _early(self, sort: Sort, index: int) -> int:
        """Return the new index of a core function or memory, which an alias may not have defined yet."""
        known = self._new[sort]
        if index < len(known) and known[index] >= 0:
            return known[index]
        definitions = self._core_functions if sort is Sort.CORE_FUNC else self._memories
        if index >= len(definitions) or definitions[index].section is not Section.ALIAS:
            raise Refusal("", "the component has core functions that it defines in an unknown order")
        return self._builder.add(Section.ALIAS, self._encoded(definitions[index]), sort)

    # Functions of the guest

    def _lift(self, lift: Lift) -> int:
        if lift not in self._lifted:
            self._add_lifted()
        core, post_return = self._lifted[lift]
        options = self._options()
        if post_return is not None:
            options.append(_POST_RETURN + unsigned(post_return))
        return self._builder.lift(core, options, self._index((Sort.TYPE, lift.type)))

    def _add_lifted(self) -> None:
        """Add the code between the guest and its callers, for all functions at once."""
        between = self._between(self._lifts)
        for lift in self._lifts:
            of, post_return = lift.signature, lift.options.post_return
            core = Called(self._early(Sort.CORE_FUNC, lift.core), of.params, of.result)
            after = None if post_return is None else self._early(Sort.CORE_FUNC, post_return)
            between.lifted(core, self._realloc(lift), after)
        found = iter(between.finish())
        for lift in self._lifts:
            self._lifted[lift] = (next(found), next(found) if lift.options.post_return is not None else None)
