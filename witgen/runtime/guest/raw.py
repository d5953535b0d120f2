"""The modules that componentize-py makes of a world: there only while a component is built, and in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = ["OutsideComponentError", "RawModules", "raw_types"]


class OutsideComponentError(RuntimeError):
    """A wrapper was called where there is no component round it: on plain CPython, without fakes."""


def raw_types() -> Any:
    """Return componentize-py's module of Ok, Err and Some."""
    return _find("componentize_py_types")


class RawModules:
    """Finds the raw module and the raw class of an item by the name of the instance that declares it."""

    def __init__(self, world_module: str, imports: Mapping[str, str], exports: Mapping[str, str]) -> None:
        self.world_module = world_module
        self.imports = imports
        self.exports = exports

    def module(self, interface: str) -> Any:
        """Return the module with an imported instance's functions; "" is the world itself."""
        return _find(f"{self.world_module}.imports.{self.imports[interface]}" if interface else self.world_module)

    def type_class(self, interface: str, name: str) -> Any:
        """Return the class of a type; one that is imported and exported exists once, on the import side."""
        if interface and interface not in self.imports:
            path = f"{self.world_module}.exports.{self.exports[interface]}"
            return getattr(_find(path), name)
        return getattr(self.module(interface), name)

    def starters(self, interface: str, protocol: str) -> dict[str, Any]:
        """Return the functions by which componentize-py starts a protocol's async exports; they call the plain ones.

        The protocols of interfaces are found in `exports`, those of resources in a module of the interface below it.
        """
        module = self.world_module
        if interface:
            module = f"{module}.exports.{self.exports[interface]}"
        found: dict[str, Any] = {}
        for place in (module, f"{self.world_module}.exports"):
            try:
                members = vars(getattr(_find(place), protocol, object))
            except OutsideComponentError:
                continue
            found |= {name: member for name, member in members.items() if name.startswith("_async_start_")}
        return found

    def load(self, interface: str) -> bool:
        """Import a module while the component is built; False where there is no component."""
        try:
            self.module(interface)
        except OutsideComponentError:
            return False
        return True


def _find(path: str) -> Any:
    found = sys.modules.get(path)
    if found is not None:
        return found
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        raise OutsideComponentError(f"{path} exists only inside a component that componentize-py built") from error
