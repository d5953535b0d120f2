"""Random worlds, and components of them: every exported function passes its call on to the import of the same type.

One interface declares types, the others `use` them; one has a resource, with methods, static functions and a
constructor. Two are versions of one interface, and the world has functions of its own; what passes on to them is
exported by the world itself and by an interface, which may be one that is imported as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.adapters.random_text import LABELS, OUT, A, B, component_text, exported
from tests.support.random_types import Types
from witgen_runtime import abi, host


class Thing(host.Resource):
    """The resource of random worlds."""


class RandomWorld:
    """A random world: descriptors, and the text of its component. Functions by the interface that they are in.

    Some worlds are `concurrent`: there a part of the functions is async.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.concurrent = self.random.random() < 0.2
        self.types = Types(self.random)
        self.thing = abi.Resource(A, "thing")
        self._shared = [self.types.any() for _ in range(self.random.randint(1, 4))]
        self.functions = {
            name: [self._function(name, number) for number in range(self.random.randint(1, 3))] for name in (A, B, "")
        }
        self.hold = self.types.record((abi.Own(self.thing), abi.List(abi.U8), abi.STRING))
        if self.random.random() < 0.5:
            self.functions[A].append(_function("hold", [self.hold], self.hold))
        self.types.named.remove(self.hold)
        if self.random.random() < 0.5:
            self.functions[A].append(self._constructor())
        self._out = self.random.choice([OUT, B])
        self.text = component_text(self.types.named, self.hold, self.functions, self.exports())
        self.definition = self._definition()

    def _function(self, interface: str, number: int) -> abi.Function:
        random = self.random
        params = [
            random.choice(self._shared) if random.random() < 0.4 else self.types.any(2)
            for _ in range(random.choice([0, 1, 1, 2, 3, 9]))
        ]
        result = random.choice(params) if params and random.random() < 0.7 else self.types.any(2)
        if random.random() < 0.3:
            params.insert(0, abi.Borrow(self.thing))
        elif random.random() < 0.2:
            params.insert(0, abi.Own(self.thing))
            result = abi.Tuple((params[0], result))
        if random.random() < 0.3:
            # An engine that supports async functions lends several handles of parameters and lists only.
            lent = abi.Borrow(self.thing)
            lending = random.choice([lent, abi.List(lent)]) if self.concurrent else self.types.lending(self.thing)
            params.insert(random.randint(1, len(params)) if params else 0, lending)
        function = _function(f"f{number}", params, result if random.random() < 0.9 else None)
        if self.concurrent and random.random() < 0.6:
            function = replace(function, is_async=True)
        return self._of_resource(function) if interface == A and random.random() < 0.5 else function

    def _of_resource(self, function: abi.Function) -> abi.Function:
        """Return a method or a static function that is otherwise the same."""
        first, *others = function.params or (None,)
        if first is not None and isinstance(first.type, abi.Borrow):
            params, kind = (abi.Param("self", "self", first.type), *others), "method"
        else:
            params, kind = function.params, "static"
        return replace(function, name=f"[{kind}]thing.{function.name}", params=params, resource=self.thing)

    def _constructor(self) -> abi.Function:
        params = [self.types.any(2) for _ in range(self.random.randint(0, 3))]
        made = _function("construct", params, abi.Own(self.thing))
        return replace(made, name="[constructor]thing", resource=self.thing)

    def exports(self) -> dict[str, list[tuple[str, abi.Function]]]:
        """Return the exported functions by interface, with the function of the import that each passes on to."""
        found: dict[str, list[tuple[str, abi.Function]]] = {"": [], self._out: []}
        for interface, functions in self.functions.items():
            for index, function in enumerate(functions):
                found["" if index % 2 else self._out].append((interface, function))
        return found

    def _definition(self) -> host.Definition:
        imports = [
            host.Import(
                LABELS[name] if name else "",
                abi.Interface(name, ((self.thing, "Thing"),) if name == A else (), tuple(functions)),
            )
            for name, functions in self.functions.items()
        ]
        exports = [
            abi.Interface(name, (), tuple(_exported(*each) for each in functions))
            for name, functions in self.exports().items()
            if functions
        ]
        return host.Definition("test:random/random", tuple(imports), tuple(exports))


def _exported(interface: str, function: abi.Function) -> abi.Function:
    """Return the function that passes on to an imported one."""
    made = _function(exported(interface, function), function.params, function.result)
    return replace(made, is_async=function.is_async)


def _function(name: str, params: Sequence[abi.Type | abi.Param], result: abi.Type | None) -> abi.Function:
    listed = [p if isinstance(p, abi.Param) else abi.Param(f"p{i}", f"p{i}", p) for i, p in enumerate(params)]
    return abi.Function(name, name.replace("-", "_"), tuple(listed), result)
