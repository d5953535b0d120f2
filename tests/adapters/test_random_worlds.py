"""What an adapter gives is what the plain path gives: random worlds, random values, calls within calls."""

from __future__ import annotations

import itertools
import os
import secrets
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.random_text import LABELS, A, exported
from tests.adapters.random_worlds import RandomWorld, Thing
from tests.support.random_types import Values, same
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.calling.bound_imports import INSIDE
from witgen_runtime.host.convert import element_rows
from witgen_runtime.host.linking import preparation

pytestmark = pytest.mark.slow

_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


class _Calls:
    """Calls every export with random values, and plays the host that each call ends up in."""

    def __init__(self, world: RandomWorld, seed: int) -> None:
        self._world = world
        self._random = Random(seed)
        self._thing = self._resource()
        self._values = Values(self._random, lambda: object.__new__(self._thing))
        self._expected: list[tuple[tuple[Any, ...], Any]] = []
        self.bound: dict[str, Any] = {}

    def _resource(self) -> Any:
        """Return the class of the world's resource."""
        members: dict[str, Any] = {"__init__": lambda *_: None}
        for function in self._world.functions[A]:
            if function.name.startswith("[constructor]"):
                members["__new__"] = staticmethod(lambda _, *arguments: self._answer(*arguments))
            elif function.name.startswith("[static]"):
                members[function.python] = staticmethod(self._answer)
            elif function.resource is not None:
                members[function.python] = self._method()
        return type("Thing", (Thing,), members)

    def _method(self) -> Any:
        def method(*arguments: Any) -> Any:
            return self._answer(*arguments)

        return method

    def imports(self) -> Any:
        """Return what implements the world's imports."""
        imports = SimpleNamespace()
        for interface, functions in self._world.functions.items():
            members = {each.python: self._answer for each in functions if each.resource is None}
            if interface:
                setattr(imports, LABELS[interface], SimpleNamespace(Thing=self._thing, **members))
            else:
                vars(imports).update(members)
        # An interface of nothing but a resource is implemented by its class.
        if all(function.resource is not None for function in self._world.functions[A]):
            imports.a = self._thing
        return imports

    def _answer(self, *arguments: Any) -> Any:
        expected, result = self._expected.pop()
        assert same(arguments, expected)
        # Calls within calls; async functions run in threads, which cannot call.
        if not self._world.concurrent and len(self._expected) < 2 and self._random.random() < 0.2:
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


def _engine(*, concurrent: bool) -> host.Engine:
    """Return an engine that compiles quickly."""
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    return host.make_engine(config, host.Settings(concurrent=concurrent))


ENGINES = {concurrent: _engine(concurrent=concurrent) for concurrent in (False, True)}


def run(seed: int, calls: int = 3) -> int:
    """Run a random world with and without adapters; return how many interfaces had one.

    Lists are copied to and from the memory of the adapter inside the component where there are no async functions, and
    then to and from those of adapters outside. In some worlds they travel as text after that, as they do where Python
    does not find these memories; in half of them short lists of records are converted by columns, as long ones are.
    """
    random_world = RandomWorld(seed)
    adapted = 0
    ways = [("off", True, False), ("bytes", True, True), ("bytes", True, False)]
    for adapters, finds, inside in (*ways, *((("bytes", False, False),) * (seed % 4 == 0))):
        played = _Calls(random_world, seed)

        class World(host.World):
            _definition = random_world.definition

            def _bind(self, instance: host.Instance, played: _Calls = played) -> None:
                self.instance = instance
                for interface in self._definition.exports:
                    for function in interface.functions:
                        played.bound[function.name] = instance.function(function, interface.name)

        concurrent = random_world.definition.concurrent
        with host.Store(ENGINES[concurrent], concurrent=concurrent) as store, pytest.MonkeyPatch.context() as patch:
            if seed % 2:
                patch.setattr(element_rows, "_MANY", 1)
            if not finds:
                patch.setattr(preparation, "finds_memories", lambda _: False)
            patch.setattr(preparation, "request", partial(preparation.request, inside=inside))
            world = World._instantiate(store, random_world.text, played.imports(), adapters=adapters)
            for each in played.all():
                for _ in range(calls):
                    played.call(*each)
            needs = world.instance._needs
            taken = {"off": {}, "bytes": needs.direct if finds else needs.text}[adapters]
            assert sum(map(len, (*needs.direct.values(), *needs.text.values()))) == sum(map(len, taken.values()))
            adapted = sum(map(bool, taken.values()))
            is_inside = INSIDE.name in needs.adapters
            assert is_inside == (inside and adapted > 0 and not concurrent)
    return adapted


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
def test_many_random_interfaces() -> None:
    """A thousand interfaces in about a minute, with other worlds each time; or as many as the environment says.

    Before a release, and after each change of what helpers are like (an hour of processor time):

        WITGEN_RANDOM_INTERFACES=100000 pytest -m long -s tests/adapters/test_random_worlds.py

    `WITGEN_RANDOM_SEED` is the number of the first world; a failure says which number to begin at to see it again.
    """
    wanted = int(os.environ.get("WITGEN_RANDOM_INTERFACES", "1000"))
    first = int(os.environ.get("WITGEN_RANDOM_SEED", secrets.randbits(40)))
    done = 0
    for seed in itertools.count(first):
        try:
            done += run(seed, 1)
        except BaseException as failure:
            failure.add_note(f"WITGEN_RANDOM_SEED={seed}")
            raise
        if seed % 1000 == 0:
            print(f"world {seed}: {done} interfaces", flush=True)
        if done >= wanted:
            break
