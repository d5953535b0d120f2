"""What a lane gives is what the plain path gives: random worlds, random values, calls within calls."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wit_values import same

from witgen.runtime import abi, host

from .random_text import exported
from .random_types import Values
from .random_worlds import RandomWorld, Thing

_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


class _Calls:
    """Calls every export with random values, and plays the host that each call ends up in."""

    def __init__(self, world: RandomWorld, seed: int) -> None:
        self._world = world
        self._random = Random(seed)
        self._values = Values(self._random, Thing)
        self._expected: list[tuple[tuple[Any, ...], Any]] = []
        self.bound: dict[str, Any] = {}

    def imports(self, interface: str) -> Any:
        """Return what implements an interface."""
        members: dict[str, Any] = {"Thing": Thing}
        for function in self._world.functions[interface]:
            members[function.python] = staticmethod(self._answer)
        return type("Imports", (), members)()

    def _answer(self, *arguments: Any) -> Any:
        expected, result = self._expected.pop()
        assert same(arguments, expected)
        if len(self._expected) < 2 and self._random.random() < 0.2:
            self.call(*self._random.choice(self.all()))
        return result

    def all(self) -> list[tuple[str, abi.Function]]:
        """Return all functions with their interfaces."""
        return [(name, function) for name, functions in self._world.functions.items() for function in functions]

    def call(self, interface: str, function: abi.Function) -> None:
        """Call the export that passes on to a function."""
        arguments = tuple(self._values.of(param.type) for param in function.params)
        result = self._values.of(function.result)
        if function.params and isinstance(function.params[0].type, abi.Own):
            result = (arguments[0], result[1]) if result is not None else None
        self._expected.append((arguments, result))
        assert same(self.bound[exported(interface, function)](*arguments), result)


def run(seed: int, calls: int = 3) -> int:
    """Run a random world with and without lanes; return how many functions had one."""
    random_world = RandomWorld(seed)
    laned = 0
    for lanes in ("off", "bytes"):
        played = _Calls(random_world, seed)

        class World(host.World):
            _definition = random_world.definition

            def _bind(self, instance: host.Instance, played: _Calls = played) -> None:
                self.instance = instance
                for interface in self._definition.exports:
                    for function in interface.functions:
                        played.bound[function.name] = instance.function(function, interface.name)

        imports = type("Imports", (), {name[-1]: played.imports(name) for name in random_world.functions})
        with World._open(random_world.text, imports, lanes=lanes) as world:
            for each in played.all():
                for _ in range(calls):
                    played.call(*each)
            laned = sum(map(len, world.instance._needs.text.values()))
    return laned


@pytest.fixture(scope="module", autouse=True)
def _uncached() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", "")
        yield


@settings(max_examples=40, derandomize=True, **_QUIET)  # type: ignore[arg-type]
@given(st.integers(0, 1 << 60))
def test_random_worlds(seed: int) -> None:
    run(seed)


@pytest.mark.long
@settings(max_examples=25_000, **_QUIET)  # type: ignore[arg-type]
@given(st.integers(0, 1 << 60))
def test_a_hundred_thousand_random_interfaces(seed: int) -> None:
    run(seed)
