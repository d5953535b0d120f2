"""Components that workers run: their exports by name, and values on their way in and out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import new_class
from typing import Any, Final
from uuid import UUID, uuid5

from ...loading.bindings import generated
from ...resolver.component import world_name
from ...runtime import abi, check
from ...runtime.host import World
from ...runtime.host.shape import describe
from ...runtime.values import Err, Ok
from .codec import Encoded, Reference, decode, encode, has_handles
from .errors import WorkerError

__all__ = ["Export", "Program", "component_id"]

_IDS: Final = UUID("5d7cc4a4-4d3e-5d0b-9d52-6f0a7f8a2c11")
"""The namespace of component ids: on this machine, a component is what its file is called."""


def component_id(name: str) -> UUID:
    """Return the id of the component of a name."""
    return uuid5(_IDS, name)


@dataclass(frozen=True, slots=True)
class Export:
    """An exported function."""

    interface: str
    function: abi.Function

    @property
    def name(self) -> str:
        """The name in full, as Golem writes it: `ns:package/interface.{function}`."""
        return f"{self.interface}.{{{self.function.name}}}" if self.interface else self.function.name

    @property
    def params(self) -> abi.Tuple:
        """The types of the parameters."""
        return abi.Tuple(tuple(param.type for param in self.function.params))

    def request(self, arguments: Sequence[object]) -> Encoded:
        """Return the arguments of a call as they stand in an oplog; or raise `ValueError`."""
        if len(arguments) != len(self.function.params):
            names = ", ".join(param.name for param in self.function.params)
            raise TypeError(f"{self.name} takes ({names}), not {len(arguments)} arguments")
        values = check.arguments(self.function, arguments, lambda _, value: value)
        return encode(self.params, values, _no_handles)

    def arguments(self, request: Encoded) -> list[Any]:
        """Return recorded arguments."""
        return list(decode(self.params, request, _no_handles))

    def check(self, request: Encoded) -> None:
        """Raise unless recorded arguments are of the parameters' types: another version may have others."""
        try:
            check.arguments(self.function, self.arguments(request), lambda _, value: value)
        except (TypeError, ValueError, LookupError, AttributeError, StopIteration) as error:
            shown = describe(self.function)
            raise WorkerError(f"this call does not fit the worker's version of the component: {shown}") from error

    def call(self, function: Any, arguments: Sequence[object]) -> Encoded:
        """Call the bound function and return its response; a declared error is one too."""
        try:
            value = function(*arguments)
        except Exception as error:
            raises = self.function.raises
            if raises is None or not isinstance(error, raises):
                raise
            declared = self.function.result.err if isinstance(self.function.result, abi.Result) else None
            value = Err(error if isinstance(declared, abi.Variant) else getattr(error, "value", None))
        else:
            if self.function.raises is not None:
                value = Ok(value)
        return encode(self.function.result, value, _no_handles)

    def result(self, response: Encoded) -> Any:
        """Return a response as a value: `Ok` or `Err` where the function declares a result."""
        return decode(self.function.result, response, _no_handles)


def _no_handles(type_: abi.Own | abi.Borrow, _: Any) -> Reference:
    raise WorkerError(f"a worker cannot be called with, or return, a handle of `{type_.resource.name}`")


class Program:
    """One version of a component.

    Args:
        path: its file.
        name: what it is called.

    Attributes:
        content: the component's bytes.
        world: the class of its world.

    Raises:
        WitError: the file is not a component.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, name: str) -> None:
        made, self.content, _ = generated(path, world=world_name(f"{name}.wasm"))
        self.digest = hashlib.sha256(self.content).hexdigest()
        members = {"_content": self.content, "__doc__": made.__doc__, "__module__": made.__module__}
        self.world: type[World] = new_class(made.__name__, (made,), exec_body=lambda body: body.update(members))

    @property
    def exports(self) -> Iterator[Export]:
        """All functions that can be called from outside."""
        for interface in self.world._definition.exports:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (as `composition`)
            for function in interface.functions:
                if function.resource is None:
                    yield Export(interface.name, function)

    def find(self, name: str) -> Export:
        """Return the function of a name: in full, or as much of it as tells it apart.

        Raises:
            WorkerError: there is none, or there are several.
        """
        exports = list(self.exports)
        found = [export for export in exports if name in _names(export)]
        if len(found) == 1:
            self._refuse_handles(found[0])
            return found[0]
        if found:
            listed = ", ".join(export.name for export in found)
            raise WorkerError(f"several functions are called `{name}`: {listed}")
        raise WorkerError(f"the component exports no function `{name}`{_advice(name, exports)}")

    def _refuse_handles(self, export: Export) -> None:
        if any(has_handles(param.type) for param in export.function.params) or has_handles(export.function.result):
            raise WorkerError(f"`{export.name}` takes or returns handles, which cannot be passed to or from a worker")

    def lifecycle(self, interface: str) -> Export | None:
        """Return the only function of an interface of `golem:api`, where the component exports it."""
        path = f"golem:api/{interface}"
        return next((each for each in self.exports if each.interface.partition("@")[0] == path), None)


def _names(export: Export) -> set[str]:
    """Return all that a function may be called by."""
    name = export.function.name
    if not export.interface:
        return {name}
    path = export.interface.partition("@")[0]
    interface = path.rpartition("/")[2]
    spelt = {f"{place}{form}" for place in (export.interface, path, interface) for form in (f"#{name}", f".{{{name}}}")}
    return {name, *spelt, f"{interface}.{name}", f"{interface}/{name}"}


def _advice(name: str, exports: list[Export]) -> str:
    known = [spelt for export in exports for spelt in (export.function.name, export.name)]
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; it exports {', '.join(export.name for export in exports)}" if exports else "; it exports none"
