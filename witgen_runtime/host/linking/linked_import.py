"""The imports of one component, each with its implementation."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from ... import abi
from .. import signatures
from ..adapters.calling.stream_calls import obstacle
from ..errors import LinkError
from .definition import Import, Needs
from .implementations import Implementation
from .provided import ProvidedImplementation

__all__ = ["LinkedImport", "is_refused", "not_native", "refuse"]

_NO_ASYNC = "wasmtime's C API cannot implement it, and adapters cannot be put around the component"


@dataclass(frozen=True, eq=False)
class LinkedImport:
    """One of a component's imports: its name, the functions that the component uses, and its implementation."""

    name: str
    implementation: Implementation
    used: frozenset[str]
    text: frozenset[str]
    direct: frozenset[str]
    polled: frozenset[str]
    lent: frozenset[str]
    carried: frozenset[str]
    """The functions whose streams and futures have adapters."""
    refusal: str

    @property
    def item(self) -> Import:
        """The import of the world."""
        return self.implementation.item

    @classmethod
    def all(cls, implementations: Iterable[Implementation], needs: Needs) -> list[LinkedImport]:
        """Return the component's imports of a world."""
        known, nothing = {each.item.name: each for each in implementations}, frozenset[str]()
        return [
            cls(
                name,
                known[of],
                needs.functions[name],
                needs.text.get(("import", name), nothing),
                needs.direct.get(("import", name), nothing),
                needs.polled.get(name, nothing),
                needs.lent.get(name, nothing),
                needs.numbers.get(("import", name), nothing),
                needs.refusal,
            )
            for name, of in needs.imports.items()
            # wasmtime's are only looked at for adapters.
            if of in known and (needs.adapters or not known[of].native)
        ]

    def problems(self, *, awaits: bool) -> Iterator[str]:
        """Report what the implementation lacks."""
        if isinstance(self.implementation, ProvidedImplementation):
            return self.implementation.differences(self.used, awaits=awaits, unserved=self._unserved())
        return self.implementation.missing(awaits=awaits, unserved=self._unserved(), refused=self.without_adapter())

    def _unserved(self) -> dict[str, str]:
        """Return the async functions that the component imports and that have no adapter, with the reason."""
        reason = f"{_NO_ASYNC}: {self.refusal}" if self.refusal else _NO_ASYNC
        return {
            each.name: reason
            for each in self.item.interface.functions
            if each.is_async and each.name in self.used and each.name not in self.polled
        }

    def without_adapter(self) -> set[str]:
        """Return the functions with streams or futures that lack an adapter; calling one raises the reason."""
        functions = self.item.interface.functions
        return {each.name for each in functions if signatures.passes_ends(each) and is_refused(each, self.carried)}


def is_refused(function: abi.Function, carried: Container[str]) -> bool:
    """Return whether a function with streams or futures cannot be called; `carried` are those with an adapter."""
    return function.name not in carried or obstacle(function) is not None


def refuse(function: abi.Function, *_: object, **__: object) -> NoReturn:
    """Return why a function cannot be called."""
    reason = obstacle(function) or "streams and futures need adapters, and the component has none"
    raise LinkError(f"{signatures.describe(function)} cannot be called: {reason}")


def not_native(linked: Iterable[LinkedImport]) -> list[LinkedImport]:
    """Return those of a component's imports that are not wasmtime's."""
    return [each for each in linked if not each.implementation.native]
