"""The core module between a guest's memory and that of the adapter inside its component.

Memory 0 is the adapter's, memory 1 the guest's. Blocks of the adapter's memory are freed in the order of calls: a
guest's call of an import sets their end to what it was; the host does so for the calls of exports that it makes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..code.allocator import TOP
from ..code.copying import Copies, Direction, check_alignment, take_block
from ..refusal import Refusal
from ..wasm.code import Body, CoreModule
from ..wasm.encoding import ComponentBuilder, Sort
from ..wasm.layout import MAX_FLAT, Core, flatten, layout_of
from ..wasm.shapes import Kind, Shape

__all__ = ["Between", "Called"]

_OURS, _GUESTS = 0, 1
_HEADER = 8
"""Bytes before a result in the adapter's memory, with the address of the guest's result."""
_REALLOC_PARAMS = (Core.I32,) * 4
_I32_ADD, _I32_SUB = 0x6A, 0x6B


class Called:
    """A core function of the component, by its index, and the types of the function that it is.

    Attributes:
        types: those of the parameters.
        spilled: whether the parameters lie in memory.
        flat: the core values of the parameters, or the one that is their address.
        result: the result's type if that lies in memory.
        returned: the core values of the result, or the one that is its address.
    """

    def __init__(self, index: int, params: Sequence[tuple[str, Shape]], result: Shape | None) -> None:
        self.index = index
        self.types = [shape for _, shape in params]
        flat, returned = flatten(self.types), layout_of(result).flat if result is not None else ()
        self.spilled = len(flat) > MAX_FLAT
        self.flat = (Core.I32,) if self.spilled else flat
        self.result = result if len(returned) > 1 else None
        self.returned = returned if self.result is None else (Core.I32,)


class Between:
    """Builds the module. Its functions are those of `lowered` and `lifted`, in their order."""

    def __init__(self, builder: ComponentBuilder, ours: int, allocate: int, guests: int) -> None:
        self._builder = builder
        self._module = CoreModule()
        self._wires: list[tuple[str, Sort, int]] = []
        self._known: dict[int, int] = {}
        for name, memory in (("ours", ours), ("guests", guests)):
            self._module.import_memory("", name)
            self._wires.append((name, Sort.CORE_MEMORY, memory))
        self._allocate = self._wire(allocate, _REALLOC_PARAMS, (Core.I32,))
        self._inwards = Direction(self._module, _GUESTS, _OURS, self._allocate)
        self._outwards: dict[int, Direction] = {}
        self._pending: list[tuple[Called, int, int | None, int | None, bool]] = []

    def _wire(self, function: int, params: Sequence[Core], results: Sequence[Core]) -> int:
        """Let the code call a core function of the component; return the number it has in the code."""
        if function not in self._known:
            name = f"f{len(self._wires)}"
            self._wires.append((name, Sort.CORE_FUNC, function))
            self._known[function] = self._module.import_function("", name, params, results)
        return self._known[function]

    def _wire_realloc(self, realloc: int | None) -> int | None:
        return None if realloc is None else self._wire(realloc, _REALLOC_PARAMS, (Core.I32,))

    def lowered(self, called: Called, realloc: int | None) -> None:
        """Add a function that the guest calls; `realloc` is the guest's."""
        function = self._wire(called.index, *_as_lowered(called))
        self._pending.append((called, function, self._wire_realloc(realloc), None, False))

    def lifted(self, called: Called, realloc: int | None, post_return: int | None) -> None:
        """Add a function of the guest, and one after it that is its post-return function if it has one."""
        function = self._wire(called.index, called.flat, called.returned)
        after = None if post_return is None else self._wire(post_return, called.returned, ())
        self._pending.append((called, function, self._wire_realloc(realloc), after, True))

    def finish(self) -> list[int]:
        """Add the module to the component; return its functions."""
        builder, bodies = self._builder, list[Body]()
        for called, function, realloc, after, lifts in self._pending:
            bodies.append((self._lift if lifts else self._lower)(called, function, realloc))
            if after is not None:
                bodies.append(self._after(called, after))
        names = [f"between{number}" for number in range(len(bodies))]
        for body, name in zip(bodies, names, strict=True):
            self._module.function(body, name)
        given = builder.core_instance(self._wires)
        instance = builder.instantiate_core(builder.core_module(self._module.encoded()), [("", given)])
        return [builder.alias(Sort.CORE_FUNC, instance, name) for name in names]

    def _to_us(self, body: Body) -> Copies:
        return Copies(body, self._inwards)

    def _to_guest(self, body: Body, realloc: int | None, types: Sequence[Shape], *, spilled: bool) -> Copies:
        allocate = realloc or 0
        if allocate not in self._outwards:
            self._outwards[allocate] = Direction(self._module, _OURS, _GUESTS, allocate)
        copies = Copies(body, self._outwards[allocate])
        if realloc is None and (spilled or any(map(copies.reaches, types))):
            raise Refusal("", "a function of the component needs a `realloc` and has none")
        return copies

    def _pass_params(self, body: Body, called: Called, copies: Copies, allocate: int) -> None:
        """Copy what the parameters point to."""
        if called.spilled:
            whole = Shape(Kind.TUPLE, tuple(called.types))
            body.const(layout_of(whole).size)
            block = take_block(body, allocate, layout_of(whole).alignment)
            copies.whole(whole, 0, block)
            body.get(block)
            body.set(0)
            return
        first = 0
        for shape in called.types:
            copies.flat(shape, range(first, first + len(layout_of(shape).flat)))
            first += len(layout_of(shape).flat)

    def _lower(self, called: Called, function: int, realloc: int | None) -> Body:
        """Write a function that the guest calls."""
        result, body = called.result, Body(*_as_lowered(called))
        top = body.local()
        body.const(TOP)
        body.load(Core.I32, 0)
        body.set(top)
        self._pass_params(body, called, self._to_us(body), self._allocate)
        body.get(*range(len(called.flat)))
        if result is None:
            body.call(function)
        else:
            # Blocks of the adapter lie at multiples of 8, whatever is asked for.
            body.const(layout_of(result).size)
            block = take_block(body, self._allocate, 1)
            body.get(block)
            body.call(function)
            check_alignment(body, len(called.flat), layout_of(result).alignment)
            self._to_guest(body, realloc, [result], spilled=False).whole(result, block, len(called.flat))
        body.const(TOP)
        body.get(top)
        body.store(0)
        return body

    def _lift(self, called: Called, function: int, realloc: int | None) -> Body:
        """Write a function that calls the guest's."""
        body = Body(called.flat, called.returned)
        copies = self._to_guest(body, realloc, called.types, spilled=called.spilled)
        self._pass_params(body, called, copies, realloc or 0)
        body.get(*range(len(called.flat)))
        body.call(function)
        result = called.result
        if result is not None:
            returned, target = body.local(), body.local()
            body.set(returned)
            body.const(_HEADER + layout_of(result).size)
            block = take_block(body, self._allocate, 1)
            body.get(block, returned)
            body.store(0)
            body.get(block)
            body.const(_HEADER)
            body.emit(_I32_ADD)
            body.set(target)
            self._to_us(body).whole(result, returned, target)
            body.get(target)
        return body

    def _after(self, called: Called, function: int) -> Body:
        """Write a post-return function, which calls the guest's with the address of the guest's own result."""
        body = Body(called.returned)
        if called.result is not None:
            body.get(0)
            body.const(_HEADER)
            body.emit(_I32_SUB)
            body.load(Core.I32, 0)
        else:
            body.get(*range(len(called.returned)))
        body.call(function)
        return body


def _as_lowered(called: Called) -> tuple[tuple[Core, ...], tuple[Core, ...]]:
    """Return parameters and results of a function that the guest calls: it says where the result is to be."""
    return (called.flat, called.returned) if called.result is None else ((*called.flat, Core.I32), ())
