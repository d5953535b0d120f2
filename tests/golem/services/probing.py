"""A guest that runs what a test tells it, with the local services."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, Self, TypeAlias, Unpack

from witgen.golem.local import Services
from witgen_runtime.host import InputStream, OpenOptions, OutputStream

__all__ = ["Guest", "Sources", "Start"]


class Sources:
    """Streams by name, for the guest to ask for."""

    def __init__(self) -> None:
        self.inputs: dict[str, InputStream] = {}
        self.outputs: dict[str, OutputStream] = {}

    def input(self, name: str) -> InputStream:
        return self.inputs[name]

    def output(self, name: str) -> OutputStream:
        return self.outputs[name]


class Guest:
    """One component instance; calling it runs Python in there and returns what that put into `out`."""

    def __init__(self, component: Path, services: Services, **options: Unpack[OpenOptions]) -> None:
        self.sources = Sources()
        self.world = services.open(component, {"test:services/sources": self.sources}, **options)

    def __call__(self, code: str, /, **values: object) -> list[Any]:
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        answer = self.world.run(given + dedent(code))
        assert answer.startswith("["), answer
        found: list[Any] = ast.literal_eval(answer)
        return found

    def close(self) -> None:
        self.world.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


Start: TypeAlias = Callable[..., Guest]
"""What runs one more instance: with the test's services, or others, and settings of `Guest`."""
