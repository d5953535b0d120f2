"""The modules that componentize-py makes of a world: found late, so that tests can put their own in place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .naming import camel

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

    def resource_class(self, interface: str, resource: str) -> Any:
        """Return the class of an imported resource."""
        return getattr(self.module(interface), camel(resource))

    def load(self, interface: str) -> None:
        """Import a module while the component is built: inside a finished component nothing can be imported."""
        try:
            self.module(interface)
        except OutsideComponentError:
            return


def _find(path: str) -> Any:
    found = sys.modules.get(path)
    if found is not None:
        return found
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        raise OutsideComponentError(
            f"{path} exists only inside a component that componentize-py built (or where a test put a fake in its place)"
        ) from error
