"""Objects that a worker keeps for other workers, which refer to them by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from witgen_runtime import abi

from ..errors import WorkerError
from ..oplog.codec import Handle, Reference

__all__ = ["DROPS", "Held", "held_functions"]

DROPS: Final = "[drop]"
"""The name prefix of the functions that drop an object."""


class Held:
    """The objects of one loaded worker. Replay recreates the same ones in the same order."""

    def __init__(self) -> None:
        self._objects: dict[int, tuple[abi.Resource, Any]] = {}
        self._count = 0

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._objects)

    def hold(self, type_: Handle, value: Any) -> Reference:
        """Keep an object and return its reference."""
        self._count += 1
        self._objects[self._count] = (type_.resource, value)
        return Reference(self._count)

    def lend(self, type_: Handle, reference: Reference) -> Any:
        """Return the object with a number; an object that the call takes over is no longer kept."""
        self.known(type_, reference)
        _, value = self._objects[reference.number]
        if isinstance(type_, abi.Own):
            del self._objects[reference.number]
        return value

    def known(self, type_: Handle, reference: Reference) -> None:
        """Raise if no object has the number."""
        resource, _ = self._objects.get(reference.number, (None, None))
        if resource is not type_.resource:
            raise WorkerError(f"the worker has no {type_.resource.name} {reference.number}; it may have been dropped")


def held_functions(interface: abi.Interface) -> Iterator[tuple[abi.Function, tuple[str, ...]]]:
    """Yield the functions of an interface that other workers may call on its objects, with their names there.

    Golem's names are `counter.new`, `counter.increment` and `counter.drop`.
    """
    for function in interface.functions:
        constructs = function.kind is abi.FunctionKind.CONSTRUCTOR
        names = (f"{function.plain_name}.new" if constructs else function.plain_name,)
        yield function, (function.name, *names)
    for resource, _ in interface.resources:
        params = (abi.Param("self", "self", abi.Own(resource)),)
        name = f"{DROPS}{resource.name}"
        yield abi.Function(name, "drop", params, None), (name, f"{resource.name}.drop")
