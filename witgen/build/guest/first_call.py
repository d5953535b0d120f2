"""Renews, at the first call of an instance, what was frozen when the component was built.

Every instance starts from the same snapshot: generators that were made without a seed would give the same numbers in
all of them.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

__all__ = ["FirstCall"]


class FirstCall:
    """Notes which generators are made without a seed while the application is imported, and seeds them anew later."""

    def __init__(self) -> None:
        # By their ids, because generators of users may compare as they like.
        self._unseeded: WeakValueDictionary[int, random.Random] = WeakValueDictionary()
        self._methods: dict[str, Callable[..., Any]] = {}

    def prepare(self) -> None:
        """Begin to note generators."""
        self._replace("seed", _is_random)
        self._replace("setstate", _is_never_random)

    def _replace(self, name: str, leaves_unseeded: Callable[..., bool]) -> None:
        method = self._methods[name] = getattr(random.Random, name)

        def noted(generator: random.Random, *arguments: Any, **options: Any) -> None:
            if leaves_unseeded(*arguments, **options):
                self._unseeded[id(generator)] = generator
            else:
                self._unseeded.pop(id(generator), None)
            method(generator, *arguments, **options)

        setattr(random.Random, name, noted)

    def finish(self) -> None:
        """Stop noting, and wait for the first call.

        componentize-py takes `random.seed` from the application's Python, and calls it once: before the first exported
        function, after it has set the environment and the arguments.
        """
        for name, method in self._methods.items():
            setattr(random.Random, name, method)
        seed = random.seed

        def first_call(*arguments: Any, **options: Any) -> None:
            random.seed = seed
            seed(*arguments, **options)
            for generator in list(self._unseeded.values()):
                random.Random.seed(generator)  # a subclass may take other arguments
            self._unseeded.clear()
            _renew()

        random.seed = first_call


def _is_random(a: object = None, version: int = 2) -> bool:
    """Return whether these arguments of `seed` stand for a seed of the system's."""
    del version
    return a is None


def _is_never_random(state: object) -> bool:
    """Return False: `setstate` makes a generator go on where another one was."""
    del state
    return False


def _renew() -> None:
    """Reset what modules of the standard library keep of their past."""
    modules: dict[str, Any] = {**sys.modules}
    if (uuid := modules.get("uuid")) is not None:
        uuid._last_timestamp = None  # noqa: SLF001
        if uuid._node is not None:  # noqa: SLF001 - a random one, as a component knows no hardware address
            uuid._node = uuid._random_getnode()  # noqa: SLF001
    if (logging := modules.get("logging")) is not None:
        logging._startTime = time.time_ns()  # noqa: SLF001
