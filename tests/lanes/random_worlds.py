"""Random worlds, and components of them: every exported function passes its call on to the import of the same type.

One interface declares types, the others `use` them; one has a resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from witgen.runtime import abi, host

from .random_text import OUT, A, B, component_text, exported
from .random_types import Types


class Thing(host.Resource):
    """The resource of random worlds."""


class RandomWorld:
    """A random world: descriptors, and the text of its component. Functions of `a` and `b`, named after both."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.types = Types(self.random)
        self.thing = abi.Resource(A, "thing")
        self._shared = [self.types.any() for _ in range(self.random.randint(1, 4))]
        self.functions = {
            name: [self._function(number) for number in range(self.random.randint(1, 3))] for name in (A, B)
        }
        self.hold = self.types.record((abi.Own(self.thing), abi.List(abi.U8), abi.STRING))
        if self.random.random() < 0.5:
            self.functions[A].append(_function("hold", [self.hold], self.hold))
        self.types.named.remove(self.hold)
        self.text = component_text(self.types.named, self.hold, self.functions, self.exports())
        self.definition = self._definition()

    def _function(self, number: int) -> abi.Function:
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
        return _function(f"f{number}", params, result if random.random() < 0.9 else None)

    def exports(self) -> dict[str, list[tuple[str, abi.Function]]]:
        """Return the exported functions by interface, with the function of the import that each passes on to."""
        found: dict[str, list[tuple[str, abi.Function]]] = {"": [], OUT: []}
        for interface, functions in self.functions.items():
            for index, function in enumerate(functions):
                found["" if index % 2 else OUT].append((interface, function))
        return found

    def _definition(self) -> host.Definition:
        imports = [
            host.Import(name[-1], abi.Interface(name, ((self.thing, "Thing"),) if name == A else (), tuple(functions)))
            for name, functions in self.functions.items()
        ]
        exports = [
            abi.Interface(
                name, (), tuple(_function(exported(*each), each[1].params, each[1].result) for each in functions)
            )
            for name, functions in self.exports().items()
            if functions
        ]
        return host.Definition("test:random/random", tuple(imports), tuple(exports))


def _function(name: str, params: Sequence[abi.Type | abi.Param], result: abi.Type | None) -> abi.Function:
    listed = [p if isinstance(p, abi.Param) else abi.Param(f"p{i}", f"p{i}", p) for i, p in enumerate(params)]
    return abi.Function(name, name.replace("-", "_"), tuple(listed), result)
