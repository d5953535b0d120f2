"""A world, as its guest modules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import abi
from .exporting import Export
from .importing import Importer
from .naming import camel
from .raw import RawModules
from .serving import install

__all__ = ["World"]


@dataclass(frozen=True)
class World:
    """Where componentize-py puts what the world imports and exports: instance name → module."""

    module: str
    imports: Mapping[str, str]
    exports: Mapping[str, str]

    def importer(self, interface: abi.Interface, module: str) -> Importer:
        """Return what binds the functions of an imported interface by their WIT names, for the module `module`."""
        return Importer(self._raw(), interface, module)

    def maker(self, name: str) -> Callable[..., Any]:
        """Return componentize-py's function that makes both ends of a stream or future."""
        return self._raw().maker(name)

    def serve(self, module: str, *exports: Export) -> None:
        """Install what the world exports into the application module `module`.

        Raises:
            TypeError: something that WIT declares is missing; everything missing is named.
        """
        install(self._raw(), camel(self.module.replace(".", "-").replace("_", "-")), module, exports)

    def _raw(self) -> RawModules:
        return RawModules(self.module, self.imports, self.exports)
